"""A Kinect v1's depth: raw 11-bit readings to millimetres, each where the colour camera sees it.

The arithmetic is the device's own: its memory holds the distances of its zero plane and, for either axis, a cubic that
tells how far pixels move between its infrared and its colour camera. How they are read was found out by the OpenKinect
project (libfreenect, src/registration.c). Results are the same to the bit, but for two kinds of reading that are none
here: those of 65.5 m and more, which there wrap round to near ones, and those that land just left of the image, which
there are rounded into its first column.
"""

from dataclasses import dataclass
from math import isfinite

import numpy as np
import numpy.typing as npt

from facelatch.frames import DepthImage, Intrinsics

WIDTH, HEIGHT = 640, 480
NO_READING = 2047
"""What the device sends for a pixel without a reading: the largest number of 11 bits."""
BEYOND_MM = 10_000
"""Readings from here on are none."""

_FRACTION = 256
"""Steps per pixel."""
_FAR_OUTSIDE = 1 << 28
"""A column that no shift brings back into the image."""

Whole = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Cubic:
    """How far pixels move along one axis, by row (y) and column (x), as differences in the device's fixed point.

    `dxdx` is by how much the movement changes from column to column at the start, `dxdxdx` by how much that does, and
    so on; `a` to `d` are the constant third differences by x and x, y and y, y and x, and x and y of the second ones.
    """

    start: int
    dx: int = 0
    dy: int = 0
    dxdx: int = 0
    dydx: int = 0
    dydy: int = 0
    a: int = 0
    b: int = 0
    c: int = 0
    d: int = 0

    def to_pixels(self) -> npt.NDArray[np.float64]:
        """The movement of every pixel, (height, width)."""
        rows, columns = np.arange(HEIGHT, dtype=np.int64), np.arange(WIDTH, dtype=np.int64)
        by_x_twice = _wrap(self.dxdx, 5, -3) + (rows + 1) * self.c
        by_x = _wrap(self.dx, 11, 3) + np.cumsum(_wrap(self.dydx, 5, -3) + rows * self.d >> 8)
        by_y = _wrap(self.dy, 11, 3) + _before(_wrap(self.dydy, 5, -3) + rows * self.b >> 8)
        first = _wrap(self.start, 13, 4) + np.cumsum(by_y >> 6)
        by_x_along = by_x[:, None] + _before(by_x_twice[:, None] + columns * self.a >> 8)
        return np.asarray((first[:, None] + _before(by_x_along >> 6)) / (1 << 17))


@dataclass(frozen=True, slots=True)
class Calibration:
    """What a Kinect knows of its own cameras; lengths in centimetres, as it keeps them."""

    emitter_cm: float
    """From the infrared camera to the projector."""
    colour_cm: float
    """From the infrared camera to the colour camera."""
    plane_cm: float
    """How far the zero plane is."""
    plane_pixel_cm: float
    """How wide a pixel of 1280 is on the zero plane."""
    shift: float
    """The reading of the zero plane, in units of four."""
    across: Cubic
    down: Cubic

    def __post_init__(self) -> None:
        """Refuse what no Kinect can have: a device that was not read holds zeros."""
        lengths = (self.emitter_cm, self.colour_cm, self.plane_cm, self.plane_pixel_cm, self.shift)
        if not all(isfinite(length) and length > 0 for length in lengths):
            raise ValueError(f"lengths must be positive, found {', '.join(f'{one:g}' for one in lengths)}")


NOMINAL = Calibration(
    emitter_cm=7.5,
    colour_cm=2.4,
    plane_cm=120.0,
    plane_pixel_cm=0.1042,
    shift=200.0,
    across=Cubic(start=3115, dx=-2566),
    down=Cubic(start=4557, dy=-2566),
)
"""A Kinect whose two cameras look exactly ahead, the colour camera with 531 pixels of focal length."""


def to_mm(calibration: Calibration) -> DepthImage:
    """Millimetres for each of the 2048 readings, cut to whole ones; 0 for none and for what is too far."""
    steps = np.arange(NO_READING + 1) / 4 - calibration.shift - 0.375
    metric = steps * calibration.plane_pixel_cm
    with np.errstate(divide="ignore", invalid="ignore"):
        depth = 10 * (
            metric * calibration.plane_cm / (calibration.emitter_cm - metric) + calibration.plane_cm
        )
    fits = (depth > 0) & (depth < BEYOND_MM)
    fits[NO_READING] = False
    return np.where(fits, depth, 0).astype(np.uint16)


class KinectRegistration:
    """Brings raw depth images into the view of one Kinect's colour camera."""

    def __init__(self, calibration: Calibration) -> None:
        rows, columns = np.mgrid[:HEIGHT, :WIDTH]
        across = columns + calibration.across.to_pixels() + 1
        down = rows + calibration.down.to_pixels() + 1
        inside = (across >= 0) & (down >= 0) & (across < WIDTH) & (down < HEIGHT)
        self._mm = to_mm(calibration)
        self._shift = _shift(calibration, self._mm)
        self._columns = np.where(inside, across * _FRACTION, _FAR_OUTSIDE).astype(np.int32).ravel()
        self._row_starts = np.where(inside, np.trunc(down) * WIDTH, 0).astype(np.int32).ravel()
        self.intrinsics = _intrinsics(calibration, across, down)

    def to_colour(self, raw: DepthImage) -> DepthImage:
        """Millimetres in the colour view; where several readings land on one pixel the nearest stays."""
        readings = raw.ravel()
        # What is no number of 11 bits counts as no reading.
        columns = (self._columns + self._shift.take(readings, mode="clip")) >> 8
        # One comparison for both sides: seen as unsigned, what is left of the image is far to the right of it.
        kept = np.flatnonzero(columns.view(np.uint32) < WIDTH)
        targets = self._row_starts.take(kept) + columns.take(kept)
        depth = self._mm.take(readings.take(kept), mode="clip")
        registered = np.zeros(HEIGHT * WIDTH, np.uint16)
        registered[targets] = depth
        # Some were overwritten by one behind them: those go in again, which settles within a few rounds.
        while (hidden := np.flatnonzero(depth < registered.take(targets))).size:
            targets, depth = targets.take(hidden), depth.take(hidden)
            registered[targets] = depth
        return registered.reshape(HEIGHT, WIDTH)


def _shift(calibration: Calibration, mm: DepthImage) -> npt.NDArray[np.int32]:
    """By how many steps each reading moves to the right, besides what its pixel does."""
    # libfreenect has this one product in single precision.
    per_mm = 1 / float(np.float32(calibration.plane_pixel_cm * 2 * 10))
    baseline, plane = calibration.colour_cm * per_mm * 10, calibration.plane_cm * per_mm * 10
    here = np.where(mm > 0, mm, 1) * per_mm
    pixels = baseline * (here - plane) / here + 0.375
    return np.where(mm > 0, pixels * _FRACTION, _FAR_OUTSIDE).astype(np.int32)


def _intrinsics(
    calibration: Calibration, across: npt.NDArray[np.float64], down: npt.NDArray[np.float64]
) -> Intrinsics:
    """Of the colour camera: the infrared one's focal length, times how registration scales the image's middle."""
    infrared_px = calibration.plane_cm / (calibration.plane_pixel_cm * 2)
    left, right, top, bottom = WIDTH // 4, WIDTH * 3 // 4, HEIGHT // 4, HEIGHT * 3 // 4
    scale_x = float((across[:, right] - across[:, left]).mean()) / (right - left)
    scale_y = float((down[bottom] - down[top]).mean()) / (bottom - top)
    fx, fy = round(infrared_px * scale_x, 1), round(infrared_px * scale_y, 1)
    if not (400 < fx < 700 and 400 < fy < 700):
        raise ValueError(f"focal lengths of a Kinect are about 530 pixels, found {fx:g} and {fy:g}")
    return Intrinsics(fx, fy, WIDTH / 2, HEIGHT / 2)


def _wrap(value: int, left: int, right: int) -> int:
    """Shifted left within 32 bits, where a number's upper bits fall out, and then right (or left again)."""
    wrapped = (value << left) & 0xFFFFFFFF
    signed = wrapped - (1 << 32) if wrapped >> 31 else wrapped
    return signed >> right if right > 0 else signed << -right


def _before(steps: Whole) -> Whole:
    """What has been summed up before each step, along the last axis."""
    return np.cumsum(steps, axis=-1) - steps
