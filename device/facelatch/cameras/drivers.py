"""Cameras by name."""

from pathlib import Path

from facelatch.cameras import Camera
from facelatch.errors import ConfigError

DRIVERS = ("realsense", "replay")


def open_camera(
    driver: str, *, serial: str = "", recording: Path | None = None, stall_s: float = 5.0
) -> Camera:
    """The open camera; `recording` is a file for realsense and a capture folder for replay.

    There is no fallback to another driver. Raises `ConfigError` for a driver that does not exist or is not
    installed, `CameraError` for a camera that is not there and `CaptureError` for a recording that does not
    fit.
    """
    if driver == "realsense":
        # Imported here, so that a board without the SDK can replay.
        from facelatch.cameras.realsense import RealSenseCamera  # noqa: PLC0415

        return RealSenseCamera(serial, recording, timeout_ms=round(stall_s * 1000))
    if driver == "replay":
        from facelatch.cameras.replay import ReplayCamera  # noqa: PLC0415

        if recording is None:
            raise ConfigError("the camera driver replay plays a capture folder; set camera.recording to one")
        return ReplayCamera(recording)
    raise ConfigError(f"there is no camera driver {driver!r}; known are {', '.join(DRIVERS)}")
