"""A camera that needs no device: a ball rolls past a wall. Put your camera's SDK in its place."""

import time
from collections.abc import Iterator

import numpy as np

from facelatch.cameras.drivers import DriverSettings, refuse_unknown
from facelatch.errors import CameraError, CameraForeignError, ConfigError
from facelatch.frames import Frame, Intrinsics

SERIAL = "BALL-1"
WIDTH, HEIGHT = 320, 240
RATE_HZ = 30


def open_camera(settings: DriverSettings) -> "RollingBall":
    """What the entry point names: called with `[camera]` of the config, gives the open camera."""
    refuse_unknown(settings.options, ("radius_px", "moments"))
    radius_px = settings.options.get("radius_px", 40)
    moments = settings.options.get("moments", 0)
    if type(radius_px) is not int or not 1 <= radius_px <= 100:
        raise ConfigError(
            f"camera.options.radius_px must be a whole number from 1 to 100, found {radius_px!r}"
        )
    if type(moments) is not int or moments < 0:
        raise ConfigError(f"camera.options.moments must be a whole number from 0, found {moments!r}")
    if settings.recording is not None:
        # Frames of a recording are not supervised: a live camera must never pass for one.
        raise ConfigError("the camera driver rolling-ball plays no recordings; leave camera.recording empty")
    if settings.serial not in ("", SERIAL):
        raise CameraForeignError(
            f"ball {settings.serial} is not here, found {SERIAL}; set camera.serial to it"
        )
    return RollingBall(radius_px, moments)


class RollingBall:
    """What `facelatch.cameras.Camera` asks for: two names, `frames` and `close`."""

    driver = "rolling-ball"
    serial = SERIAL

    def __init__(self, radius_px: int, moments: int) -> None:
        self._radius_px = radius_px
        self._moments = moments
        self._is_open = True

    def frames(self) -> Iterator[Frame]:
        """Frames of the ball, 30 a second; as many as `moments`, or without end where that is 0."""
        moment, started_s = 0, time.monotonic()
        while not self._moments or moment < self._moments:
            if not self._is_open:
                raise CameraError(f"camera {self.serial} is closed")
            # A device is waited for here: for `settings.stall_s` at most, then it is a `CameraStalledError`.
            time.sleep(max(started_s + moment / RATE_HZ - time.monotonic(), 0))
            yield self._frame(moment)
            moment += 1

    def close(self) -> None:
        """A device would be given back here."""
        self._is_open = False

    def _frame(self, moment: int) -> Frame:
        rows, columns = np.mgrid[:HEIGHT, :WIDTH]
        ball = (columns - 4 * moment % WIDTH) ** 2 + (rows - HEIGHT // 2) ** 2 <= self._radius_px**2
        return Frame(
            # Always RGB; an SDK that gives BGR is turned round here.
            colour=np.where(ball[..., None], (200, 60, 30), (120, 130, 140)).astype(np.uint8),
            # Always millimetres along the optical axis and in the view of the colour camera; 0 for no reading.
            depth_mm=np.where(ball, 600, 1500).astype(np.uint16),
            intrinsics=Intrinsics(fx=300.0, fy=300.0, cx=WIDTH / 2, cy=HEIGHT / 2),
            # Monotonic: the device's clock, or time.monotonic_ns() when the image was taken.
            timestamp_ns=moment * 1_000_000_000 // RATE_HZ,
        )
