"""Cameras by name: the built-in drivers, and those that installed packages bring."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from facelatch.cameras import Camera
from facelatch.cameras.installed import open_installed
from facelatch.errors import ConfigError
from facelatch.fields import printable

Option = bool | int | float | str


@dataclass(frozen=True, slots=True)
class DriverSettings:
    """What a driver is opened with: `[camera]` of the config."""

    serial: str = ""
    """The camera's serial number; empty: the only camera that is plugged in."""
    recording: Path | None = None
    """What to play instead of a live camera."""
    stall_s: float = 5.0
    """Seconds without a frame after which the driver raises `CameraStalledError`."""
    options: Mapping[str, Option] = field(default_factory=dict)
    """`[camera.options]`: whatever this one driver knows; see `refuse_unknown`."""


def open_camera(driver: str, settings: DriverSettings) -> Camera:
    """The open camera: of a built-in driver, or of one that a package brings under that name.

    There is no fallback to another driver. Raises `ConfigError` for a driver that does not exist or is not
    installed and for an option that it does not know, `CameraError` for a camera that is not there and
    `CaptureError` for a recording that does not fit.
    """
    built_in = BUILT_IN.get(driver)
    return built_in(settings) if built_in is not None else open_installed(driver, settings, tuple(BUILT_IN))


def reset_device(driver: str, settings: DriverSettings) -> None:
    """Reset the device of a camera that does not open; does nothing where only an open camera can be reset.

    Raises `CameraError` where the device is not there, or is not the only one that may be meant.
    """
    if driver == "realsense" and settings.recording is None:
        from facelatch.cameras.realsense_sdk import load_sdk, reset_camera  # noqa: PLC0415

        reset_camera(load_sdk(), settings.serial)


def refuse_unknown(options: Mapping[str, Option], known: tuple[str, ...]) -> None:
    """A `ConfigError` for the first option that a driver does not know."""
    for name in options:
        if name not in known:
            listed = f"known are {', '.join(known)}" if known else "this driver has none"
            raise ConfigError(f"unknown option: camera.options.{printable(name)}; {listed}")


# Each driver is imported only when it is asked for, so that a board without its library can use the others.


def _open_realsense(settings: DriverSettings) -> Camera:
    from facelatch.cameras.realsense import RealSenseCamera  # noqa: PLC0415
    from facelatch.cameras.realsense_options import parse_options  # noqa: PLC0415

    options = parse_options(settings.options)
    timeout_ms = round(settings.stall_s * 1000)
    return RealSenseCamera(settings.serial, settings.recording, timeout_ms, options=options)


def _open_kinect(settings: DriverSettings) -> Camera:
    from facelatch.cameras.kinect import KinectCamera  # noqa: PLC0415

    refuse_unknown(settings.options, ())
    if settings.recording is not None:
        raise ConfigError(
            "the camera driver kinect plays no recordings; leave camera.recording empty, or play a capture folder "
            "with the driver replay"
        )
    return KinectCamera(settings.serial, settings.stall_s)


def _open_replay(settings: DriverSettings) -> Camera:
    from facelatch.cameras.replay import ReplayCamera  # noqa: PLC0415

    refuse_unknown(settings.options, ())
    if settings.recording is None:
        raise ConfigError("the camera driver replay plays a capture folder; set camera.recording to one")
    return ReplayCamera(settings.recording)


BUILT_IN: Mapping[str, Callable[[DriverSettings], Camera]] = {
    "realsense": _open_realsense,
    "kinect": _open_kinect,
    "replay": _open_replay,
}
"""Drivers of this package by name; no other package can take their names."""
