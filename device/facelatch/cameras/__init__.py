"""Cameras deliver `Frame`s; each driver is one module, chosen by name."""

from collections.abc import Iterator
from typing import Protocol

from facelatch.frames import Frame


class Camera(Protocol):
    """An open camera; `close` it, however the work ends."""

    @property
    def driver(self) -> str:
        """The driver's name as in the config: `realsense`, `replay`, `scripted`."""

    @property
    def serial(self) -> str:
        """The device's own serial number; a recording gives the recorded one."""

    def frames(self) -> Iterator[Frame]:
        """Yield frames as they come; ends where a recording ends.

        Raises `CameraUnpluggedError` or `CameraStalledError` when the device fails, so that an end
        of the iterator always means an end of the recording.
        """

    def close(self) -> None:
        """Free the device; may be called twice."""
