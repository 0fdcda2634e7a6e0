"""The loop behind the door: frames in, events and a released lock out.

Everything it touches is passed in, the clock and the waiting as well. However it ends, the lock is secured.
"""

from collections.abc import Callable, Sequence
from contextlib import closing
from typing import Protocol

from facelatch.attempts import Examine
from facelatch.cameras import Camera
from facelatch.door import Door
from facelatch.errors import CameraError, LockError
from facelatch.events import Notice
from facelatch.frames import Frame
from facelatch.matching import Template
from facelatch.notify import Notifier
from facelatch.session import Outcome, Verdict
from facelatch.watch import Watch

FIRST_RETRY_S = 1.0
LONGEST_RETRY_S = 30.0


class Stop(Protocol):
    """Says whether the process was asked to stop, and waits no longer than until then."""

    @property
    def is_set(self) -> bool:
        """Whether it was asked."""

    def wait(self, seconds: float) -> bool:
        """Wait, or return early when asked; says whether that was so."""


class Daemon:
    """Watches one door until it is asked to stop or a recording ends.

    Nobody is granted on anything but new frames of a camera that works: what was collected before a failure
    is thrown away. Raises `LockError` when the lock cannot be driven, as its state is then unknown.
    """

    def __init__(
        self,
        *,
        open_camera: Callable[[], Camera],
        examine: Examine,
        gallery: Callable[[], Sequence[Template]],
        threshold: float,
        watch: Watch,
        door: Door,
        notifier: Notifier,
        stop: Stop,
        clock: Callable[[], int],
        beat_s: float | None = None,
    ) -> None:
        """`clock` is monotonic, in nanoseconds; `beat_s` is how often `notifier` must hear at least."""
        self._open_camera = open_camera
        self._examine = examine
        self._gallery = gallery
        self._threshold = threshold
        self._watch = watch
        self._door = door
        self._notifier = notifier
        self._stop = stop
        self._clock = clock
        self._beat_s = beat_s
        self._beaten_ns: int | None = None
        self._retry_s = FIRST_RETRY_S
        self._is_ready = False
        self._is_lost = False

    def run(self) -> None:
        """Watch; the lock is secured and the end is told, whatever happens."""
        self._door.tell(Notice.STARTED)
        try:
            self._watch_until_told()
        except LockError as error:
            self._door.tell(Notice.LOCK_FAILED, str(error))
            raise
        finally:
            self._door.tell(Notice.STOPPED)

    def _watch_until_told(self) -> None:
        try:
            self._door.lock.secure()
            while not self._stop.is_set and not self._has_ended():
                self._wait(self._retry_s)
                self._retry_s = min(2 * self._retry_s, LONGEST_RETRY_S)
        finally:
            self._notifier.stopping()
            self._door.lock.secure()

    def _has_ended(self) -> bool:
        """Take frames until told to stop (true), a recording ends (true) or the camera fails (false)."""
        try:
            with closing(self._open_camera()) as camera:
                self._door.camera = camera.serial
                for frame in camera.frames():
                    self._found()
                    self._look(frame)
                    self._beat()
                    if self._stop.is_set:
                        break
                return True
        except CameraError as error:
            self._lose(error)
            return False

    def _look(self, frame: Frame) -> None:
        if not self._watch.wants(frame.timestamp_ns, self._clock()):
            return
        found = self._examine(frame)
        self._watch, verdict = self._watch.after(frame.timestamp_ns, found, self._gallery, self._threshold)
        if verdict is not None:
            self._answer(verdict)

    def _answer(self, verdict: Verdict) -> None:
        self._notifier.status(f"{verdict.outcome.value}: {verdict.reason or verdict.user}")
        self._door.answer(verdict, self._wait)
        now_ns = self._clock()
        self._watch = self._watch.answered(verdict.outcome, now_ns)
        until_ns = self._watch.lockout.locked_until_ns
        if until_ns is not None and self._watch.lockout.is_locked(now_ns):
            reason = f"for {(until_ns - now_ns) / 1e9:.0f} s"
            self._door.tell(Outcome.LOCKED_OUT, reason)
            self._notifier.status(f"locked out {reason} after {self._watch.lockout.refusals} refusals")

    def _found(self) -> None:
        """Note that a frame came."""
        self._retry_s = FIRST_RETRY_S
        if self._is_lost:
            self._is_lost = False
            self._door.tell(Notice.CAMERA_BACK)
        elif self._is_ready:
            return
        self._become_ready()
        self._notifier.status(f"watching for {len(self._gallery())} enrolled")

    def _lose(self, error: CameraError) -> None:
        """Forget the attempt under way and tell once that the camera is gone."""
        self._watch = self._watch.interrupted()
        if not self._is_lost:
            self._is_lost = True
            self._door.tell(Notice.CAMERA_LOST, str(error))
        self._become_ready()
        self._notifier.status(f"no camera, trying again in {self._retry_s:g} s: {error}")

    def _become_ready(self) -> None:
        """Say so once: with the first frame, or without a camera, which may be plugged in later."""
        if not self._is_ready:
            self._is_ready = True
            self._notifier.ready()

    def _wait(self, seconds: float) -> None:
        """Wait with signs of life, as long as nobody asks to stop."""
        left_s = seconds
        while left_s > 0 and not self._stop.is_set:
            part_s = min(left_s, self._beat_s or left_s)
            self._stop.wait(part_s)
            self._beat()
            left_s -= part_s

    def _beat(self) -> None:
        if self._beat_s is None:
            return
        now_ns = self._clock()
        if self._beaten_ns is None or now_ns - self._beaten_ns >= self._beat_s * 5e8:
            self._beaten_ns = now_ns
            self._notifier.watchdog()
