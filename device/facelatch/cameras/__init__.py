"""Cameras deliver `Frame`s; each driver is one module, chosen by name. How to write one: docs/cameras.md."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol, runtime_checkable

from facelatch.frames import Frame


class Camera(Protocol):
    """An open camera; `close` it, however the work ends."""

    @property
    def driver(self) -> str:
        """The driver's name as in the config: `realsense`, `kinect`, `replay`."""

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


@runtime_checkable
class Resettable(Protocol):
    """A camera whose device can be told to start anew."""

    def reset(self) -> None:
        """Reset the device itself; the camera must be closed and opened anew afterwards.

        Called on a closed camera too, where its device is there and does not open: reach it if you can.
        """


@runtime_checkable
class Aimable(Protocol):
    """A camera whose exposure can look at a part of its view."""

    def aim(self, box: tuple[int, int, int, int]) -> None:
        """A face is at (x, y, width, height) pixels of the last frame; call as often as one is found."""


@runtime_checkable
class Informative(Protocol):
    """A camera that tells an installer more than its frames do."""

    def facts(self) -> Mapping[str, str]:
        """What it is, in words by name: `model`, `usb`, `firmware`, `exposure`; only what it knows."""

    def notes(self) -> Sequence[str]:
        """What was asked of it and it cannot do, a sentence each."""
