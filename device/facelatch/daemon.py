"""The loop behind the door: frames in, events and a released lock out.

Everything it touches is passed in, the clock and the waiting as well. However it ends, the lock is secured.
"""

from collections.abc import Callable, Sequence
from contextlib import closing

from facelatch.acquisition import Sample
from facelatch.attempts import Examine
from facelatch.cameras.supervised import Source, SupervisedCamera
from facelatch.door import Door
from facelatch.errors import LockError
from facelatch.frames import Frame
from facelatch.heartbeat import Heartbeat, Stop
from facelatch.keeping.panel import Mood
from facelatch.lockout import Lockout
from facelatch.matching import Template
from facelatch.reports import Reports
from facelatch.session import Verdict
from facelatch.status import CameraState
from facelatch.watch import Watch


class Daemon:
    """Watches one door until it is asked to stop or a recording ends.

    Nobody is granted on anything but new frames of a camera that is trusted: what was collected before a doubt
    is thrown away. Raises `LockError` when the lock cannot be driven, as its state is then unknown.
    """

    def __init__(
        self,
        *,
        source: Source,
        examine: Examine,
        gallery: Callable[[], Sequence[Template]],
        threshold: float,
        watch: Watch,
        keep: Callable[[Lockout, int], object],
        door: Door,
        reports: Reports,
        heartbeat: Heartbeat,
        stop: Stop,
        clock: Callable[[], int],
    ) -> None:
        """`clock` is monotonic, in nanoseconds; `keep` writes a lock-out down for the daemon after this one."""
        self._camera = SupervisedCamera(source, self._noticed, heartbeat.wait, clock)
        self._examine = examine
        self._gallery = gallery
        self._threshold = threshold
        self._watch = watch
        self._keep = keep
        self._door = door
        self._reports = reports
        self._heartbeat = heartbeat
        self._stop = stop
        self._clock = clock

    def run(self, reason: str | None = None) -> None:
        """Watch; the lock is secured and the end is told, whatever happens.

        `reason` is told with the start: why there is a new daemon, where the one before did not end as it should.
        """
        self._reports.started(reason)
        try:
            self._watch_until_told()
        except LockError as error:
            self._reports.lock_failed(str(error))
            raise
        finally:
            self._reports.stopped()

    def _watch_until_told(self) -> None:
        try:
            self._door.lock.secure()
            self._reports.lockout(self._watch.lockout, self._clock())
            self._heartbeat.beat()
            with closing(self._camera):
                for frame in self._camera.frames():
                    self._look(frame)
                    self._door.show(self._mood())
                    self._heartbeat.beat()
                    self._keep(self._watch.lockout, self._clock())
                    if self._stop.is_set:
                        break
            # A recording ends at once, who was granted at its end still has to get in.
            self._heartbeat.wait(self._door.left_s(self._clock()))
        finally:
            self._reports.stopping()
            self._door.lock.secure()

    def _look(self, frame: Frame) -> None:
        if not self._watch.wants(frame.timestamp_ns, self._clock()):
            return
        found = self._examine(frame)
        if isinstance(found, Sample):
            self._camera.aim(found.located.box)
        self._watch, verdict = self._watch.after(frame.timestamp_ns, found, self._gallery, self._threshold)
        if verdict is not None:
            self._answer(verdict)

    def _answer(self, verdict: Verdict) -> None:
        """Count first: a refusal that is told of is one that is on record."""
        before, now_ns = self._watch.lockout, self._clock()
        self._watch = self._watch.counted(verdict.outcome, now_ns)
        self._keep(self._watch.lockout, now_ns)
        self._reports.verdict(verdict, len(self._gallery()))
        self._door.answer(verdict, self._clock())
        self._watch = self._watch.rested(self._clock())
        if self._watch.lockout != before:
            self._reports.lockout(self._watch.lockout, now_ns)

    def _mood(self) -> Mood:
        if self._watch.lockout.is_locked(self._clock()):
            return Mood.LOCKED_OUT
        return Mood.IDLE if self._watch.session is None else Mood.LOOKING

    def _noticed(self, state: CameraState) -> None:
        """No attempt reaches across a moment without trust."""
        if not state.is_trusted:
            self._watch = self._watch.interrupted()
            self._door.show(Mood.FAULT)
        self._reports.camera(state, len(self._gallery()), self._clock())
