"""Capture folders as a camera."""

from collections.abc import Iterator
from pathlib import Path

from facelatch import captures
from facelatch.errors import CameraError
from facelatch.frames import Frame


class ReplayCamera:
    """Plays a capture folder, every frame once and without waiting."""

    driver = "replay"

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.info = captures.read_info(folder)
        self._closed = False

    @property
    def serial(self) -> str:
        """The serial number of the camera that took the capture."""
        return self.info.serial

    def frames(self) -> Iterator[Frame]:
        """Yield frames; ends where the capture ends. Raises `CaptureError` for a damaged one."""
        for frame in captures.read_frames(self._folder):
            if self._closed:
                raise CameraError(f"{self._folder}: the capture is closed")
            yield frame

    def close(self) -> None:
        """Stop playing; may be called twice."""
        self._closed = True
