"""A camera that does as it is told, frames and failures alike: the double behind the daemon's tests."""

from collections.abc import Iterator, Sequence

from facelatch.errors import CameraError
from facelatch.frames import Frame


class ScriptedCamera:
    """Plays a script of frames; an exception in it is raised when its turn comes."""

    driver = "scripted"

    def __init__(self, script: Sequence[Frame | Exception], serial: str = "scripted") -> None:
        self._script = iter(script)
        self._serial = serial
        self.closed = False
        self.resets = 0
        """How often the device was reset."""

    @property
    def serial(self) -> str:
        """The serial number it was given."""
        return self._serial

    def frames(self) -> Iterator[Frame]:
        """Yield what is left of the script: a second call goes on where the first one failed."""
        while True:
            if self.closed:
                raise CameraError("the scripted camera is closed")
            step = next(self._script, None)
            if step is None:
                return
            if isinstance(step, Exception):
                raise step
            yield step

    def reset(self) -> None:
        """Count; what a reset mends is the script's affair."""
        self.resets += 1

    def close(self) -> None:
        """Refuse frames from now on; may be called twice."""
        self.closed = True
