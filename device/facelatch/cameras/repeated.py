"""A recording played over and over."""

from collections.abc import Callable, Iterator

from facelatch.cameras import Camera
from facelatch.frames import Frame


class Repeated:
    """Frames without end from a recording that has one; opens the camera again where it ends.

    Yields None when it has just done so, because the wait for that is no frame's time.
    """

    def __init__(self, open_: Callable[[], Camera]) -> None:
        self._open = open_
        self._camera = open_()
        self._frames = self._camera.frames()
        self._is_fresh = True
        self.name = f"{self._camera.driver} {self._camera.serial}".strip()

    def __iter__(self) -> Iterator[Frame | None]:
        return self

    def __next__(self) -> Frame | None:
        frame = next(self._frames, None)
        if frame is None:
            if self._is_fresh:
                raise StopIteration
            self._camera.close()
            self._camera = self._open()
            self._frames = self._camera.frames()
        self._is_fresh = frame is None
        return frame

    def close(self) -> None:
        """Free the camera."""
        self._camera.close()
