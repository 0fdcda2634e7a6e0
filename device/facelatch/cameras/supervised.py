"""A camera over an opener that survives whatever the device, its driver and its cable do."""

import gc
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field, replace
from typing import TypeVar

from facelatch.cameras import Aimable, Camera, Resettable
from facelatch.cameras.guarded import describe
from facelatch.errors import (
    CameraForeignError,
    CameraStalledError,
    CameraUnpluggedError,
    CaptureError,
    ConfigError,
    FacelatchError,
)
from facelatch.frames import Frame
from facelatch.status import CameraState
from facelatch.supervision.health import SENTENCES, Health, HealthRule, Trouble
from facelatch.supervision.recovery import Recovery, Step
from facelatch.supervision.signs import to_signs

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Source:
    """Where frames come from, and what is borne of them."""

    open: Callable[[], Camera]
    """Must look for the device anew each time: nobody tells of one that was plugged in again."""
    serial: str = ""
    """The only camera to be trusted; empty: the first one that is, until the process ends."""
    rule: HealthRule = field(default_factory=HealthRule)
    reset: Callable[[], object] = lambda: None
    """Resets a device that is there and that nobody could open yet, as one that the process before left hanging."""


@dataclass(frozen=True, slots=True)
class _Failure:
    trouble: Trouble
    sentence: str


class SupervisedCamera:
    """Yields frames only while the camera is trusted, and gets it back whenever it is not, for ever.

    `tell` hears of each change before the next frame. `pause` waits for so many seconds, with signs of life,
    and says whether to stop; it is called for each frame that is withheld too. Only `ConfigError` and
    `MemoryError` get through: settings are mended by people, memory by a new process. A recording's damage
    (`CaptureError`) gets through as well, as playing it again would not mend it.
    """

    def __init__(
        self,
        source: Source,
        tell: Callable[[CameraState], object],
        pause: Callable[[float], bool],
        clock: Callable[[], int],
    ) -> None:
        """`clock` is monotonic, in nanoseconds."""
        self._source = source
        self._tell = tell
        self._pause = pause
        self._clock = clock
        self._expected = source.serial
        self._camera: Camera | None = None
        self._trusted: Camera | None = None
        """The last one that was trusted, closed by now or not."""
        self._recovery = Recovery()
        self._health = Health(source.rule)
        self._state = CameraState(serial=source.serial)
        self.driver = "supervised"

    @property
    def serial(self) -> str:
        """Of the camera that is trusted or waited for."""
        return self._state.serial

    def frames(self) -> Iterator[Frame]:
        """Yield good new frames; ends where a recording ends or `pause` says so."""
        while True:
            failure = yield from self._stream()
            if failure is None or self._recover(failure):
                return

    def aim(self, box: tuple[int, int, int, int]) -> None:
        """Tell a camera that can use it where the face is; what goes wrong there shows in its frames."""
        camera = self._camera
        if isinstance(camera, Aimable):
            self._attempt(lambda: camera.aim(box))

    def close(self) -> None:
        """Free the device; may be called twice."""
        camera, self._camera = self._camera, None
        if camera is not None:
            self._attempt(camera.close)

    def _stream(self) -> Generator[Frame, None, _Failure | None]:
        """Open and yield until something fails; None where all is over."""
        opened = self._attempt(self._source.open)
        if isinstance(opened, _Failure):
            return opened
        self._camera, self._health = opened, Health(self._source.rule)
        begun = self._attempt(lambda: (opened.serial, opened.frames()))
        if isinstance(begun, _Failure):
            return begun
        serial, stream = begun
        if self._expected and serial != self._expected:
            wanted = "the config names" if self._source.serial else "the daemon began with"
            return _Failure(
                Trouble.WRONG_SERIAL,
                f"camera {serial} is connected, {wanted} {self._expected}; plug that one in, "
                "or set camera.serial and restart the daemon",
            )
        self._change(serial=serial, trying=_PROVE)
        # Opening may take seconds, and so may the first frame: no sign of life for both would count as a hang.
        self._pause(0)
        while True:
            asked_ns = self._clock()
            frame = self._attempt(lambda: next(stream, None))
            if frame is None:
                return None if self._source.rule.is_recording else _ENDED
            failure = frame if isinstance(frame, _Failure) else self._judge(frame, asked_ns)
            if isinstance(frame, _Failure) or failure is not None:
                return failure
            if self._health.is_trusted and self._health.is_new:
                yield frame
            elif self._pause(0):
                return None

    def _judge(self, frame: Frame, asked_ns: int) -> _Failure | None:
        """Take a frame's signs into account; a failure where they are a trouble."""
        now_ns = self._clock()
        signs = self._attempt(lambda: to_signs(frame))
        if isinstance(signs, _Failure):
            return signs
        self._health = self._health.after(signs, now_ns, now_ns - asked_ns)
        if self._health.trouble is not None:
            return _Failure(self._health.trouble, SENTENCES[self._health.trouble])
        if self._health.is_trusted and not self._state.is_trusted:
            self._expected = self._expected or self._state.serial
            self._trusted = self._camera
            self._recovery = self._recovery.after_trust(now_ns)
            recovered = self._state.recoveries + (self._state.trouble is not None)
            self._change(is_trusted=True, trouble=None, sentence="", trying="", recoveries=recovered)
        elif not self._health.is_trusted and self._state.is_trusted:
            self._change(is_trusted=False, trying=_PROVE)
        return None

    def _recover(self, failure: _Failure) -> bool:
        """Tell, take the next step, and wait as long as it needs; true where asked to stop."""
        self._recovery = self._recovery.after_failure(self._clock())
        plan = self._recovery.plan
        self._change(
            is_trusted=False,
            trouble=failure.trouble,
            sentence=failure.sentence,
            trying=f"{plan.step}, in {plan.wait_s:g} s",
        )
        # A foreign device may be somebody else's.
        if plan.resets and failure.trouble is not Trouble.WRONG_SERIAL:
            self._reset()
        self.close()
        if plan.step is not Step.RESTART:
            # What a driver's library keeps of a lost device goes with the last object of it.
            gc.collect()
        return self._pause(plan.wait_s)

    def _reset(self) -> None:
        """Reset the device: one that does not open is reached through who last had it, or through its driver."""
        camera = self._camera or self._trusted
        if camera is None:
            self._attempt(self._source.reset)
        elif isinstance(camera, Resettable):
            self._attempt(camera.reset)

    def _attempt(self, call: Callable[[], T]) -> T | _Failure:
        """What `call` gives, or how it failed; nothing that a driver raises is fatal but what must be."""
        try:
            return call()
        except (ConfigError, MemoryError):
            raise
        except CaptureError as error:
            if self._source.rule.is_recording:
                raise
            return _Failure(Trouble.GARBAGE, str(error))
        except Exception as error:
            return _to_failure(error)

    def _change(self, **changes: object) -> None:
        state = replace(self._state, **changes)  # type: ignore[arg-type]
        if state != self._state:
            self._state = state
            self._tell(state)


_PROVE = "wait for good frames"
_ENDED = _Failure(Trouble.STALLED, "the driver ended a live camera's stream")


def _to_failure(error: Exception) -> _Failure:
    """The trouble behind a driver's exception; our own errors bring their sentence."""
    if isinstance(error, CameraForeignError):
        return _Failure(Trouble.WRONG_SERIAL, str(error))
    if isinstance(error, CameraUnpluggedError):
        return _Failure(Trouble.UNPLUGGED, str(error))
    if isinstance(error, CameraStalledError):
        return _Failure(Trouble.STALLED, str(error))
    if isinstance(error, FacelatchError):
        return _Failure(Trouble.DRIVER_FAILED, str(error))
    # What `Frame` says of wrong shapes and types, and numpy of a buffer that is too short.
    if isinstance(error, ValueError):
        return _Failure(Trouble.GARBAGE, f"the driver delivers what is no frame ({describe(error)})")
    return _Failure(Trouble.DRIVER_FAILED, f"the camera's driver failed ({describe(error)})")
