"""What goes wrong between a sensor and the board, by name: too much filtering, few readings, images that do not fit.

Filters are those of depth cameras' own kits: an edge-preserving smoother that runs along rows and columns (Gastal and
Oliveira, "Domain transform for edge-aware image and video processing", ACM Transactions on Graphics 30, 2011; Intel,
"Depth post-processing for Intel RealSense D400 depth cameras", 2018), hole filling and decimation.
"""

from dataclasses import replace

import cv2
import numba
import numpy as np
import numpy.typing as npt

from facelatch_converter.noise import chance, patches
from facelatch_converter.render import Rendering

Real = npt.NDArray[np.float32]

OVER_SMOOTHED = "over-smoothed"
DECIMATED = "decimated"
LOW_COVERAGE = "low-coverage"
NOISY = "noisy"
MISREGISTERED = "misregistered"
MOTION = "motion"

FAULTS: tuple[str, ...] = (OVER_SMOOTHED, DECIMATED, LOW_COVERAGE, NOISY, MISREGISTERED, MOTION)


def check_fault(fault: str) -> None:
    """Raise `ValueError` for a name that is neither empty nor one of `FAULTS`."""
    if fault and fault not in FAULTS:
        raise ValueError(f"unknown fault {fault!r}; known are {', '.join(FAULTS)}")


def disturb(rendering: Rendering, fault: str, rng: np.random.Generator) -> Rendering:
    """The images as they lie over the depth after a fault: colour shifted, or both images blurred and shifted."""
    check_fault(fault)
    if fault not in (MISREGISTERED, MOTION):
        return rendering
    rendering = _before_a_wall(rendering, rng)
    if fault == MISREGISTERED:
        return replace(rendering, colour=_shift(rendering.colour, 4.0 / rendering.sensor_px, rng))
    kernel = _streak(float(rng.uniform(2, 14)) / rendering.sensor_px, float(rng.uniform(0, np.pi)))
    colour, infrared = (
        np.asarray(cv2.filter2D(image, -1, kernel, borderType=cv2.BORDER_REPLICATE), np.float32)
        for image in (rendering.colour, rendering.infrared)
    )
    return replace(rendering, colour=_shift(colour, 5.0 / rendering.sensor_px, rng), infrared=infrared)


def filter_depth(depth_mm: Real, fault: str, rendering: Rendering, rng: np.random.Generator) -> Real:
    """Measured depth (height, width) after a fault; 0 is no reading, before and after."""
    check_fault(fault)
    scale = rendering.sensor_px
    if fault == OVER_SMOOTHED:
        keep = np.float32((1 - rng.uniform(0.1, 0.4)) ** scale)
        smooth = _smooth(depth_mm, keep, np.float32(rng.uniform(10, 60)), int(rng.integers(2, 6)))
        return _fill_left(smooth, round(float(rng.uniform(2, 30)) / scale)) if rng.random() < 0.5 else smooth
    if fault == DECIMATED:
        return _decimate(depth_mm, float(rng.uniform(4, 9)) / scale)
    if fault == LOW_COVERAGE:
        near = max(float(np.median(depth_mm[depth_mm > 0])) if depth_mm.any() else 500.0, 100.0)
        pixels_per_mm = rendering.focal_px / scale / near
        width = float(np.exp(rng.uniform(np.log(1.5), np.log(14)))) * pixels_per_mm
        lost = chance(patches(depth_mm.shape, width, rng)) < rng.uniform(0.2, 0.6)
        return np.where(lost, 0, depth_mm).astype(np.float32)
    return depth_mm


def _before_a_wall(rendering: Rendering, rng: np.random.Generator) -> Rendering:
    """The images with some wall where a crop's rendering is empty, so that it can move over the face."""
    empty = rendering.depth_mm == 0
    wall = np.clip(rng.uniform(20, 235) + rng.normal(0, 15, 3), 5, 250).astype(np.float32)
    return replace(
        rendering,
        colour=np.where(empty[..., None], wall, rendering.colour),
        infrared=np.where(empty, wall.mean() * np.float32(0.3), rendering.infrared),
    )


def _shift(image: Real, most_px: float, rng: np.random.Generator) -> Real:
    """Moved by up to `most_px`, and a hair larger or smaller, as a wrong calibration does."""
    height, width = image.shape[:2]
    angle, far = rng.uniform(0, 2 * np.pi), rng.uniform(0.25, 1) * most_px
    zoom = 1 + rng.normal(0, 0.004)
    matrix = np.array([[zoom, 0, (1 - zoom) * width / 2 + far * np.cos(angle)],
                       [0, zoom, (1 - zoom) * height / 2 + far * np.sin(angle)]])  # fmt: skip
    moved = cv2.warpAffine(image, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved, np.float32)


def _streak(length_px: float, angle: float) -> Real:
    """A line of this length in a kernel that sums to one."""
    size = 2 * int(np.ceil(max(length_px, 1) / 2)) + 1
    kernel = np.zeros((size, size), np.float32)
    along = np.linspace(-0.5, 0.5, 4 * size) * length_px
    columns = np.clip(np.rint(size // 2 + along * np.cos(angle)), 0, size - 1).astype(int)
    rows = np.clip(np.rint(size // 2 + along * np.sin(angle)), 0, size - 1).astype(int)
    np.add.at(kernel, (rows, columns), 1)
    return kernel / np.float32(kernel.sum())


def _decimate(depth_mm: Real, factor: float) -> Real:
    """One reading for each square of `factor` pixels, the mean of those within it."""
    if factor <= 1:
        return depth_mm
    height, width = depth_mm.shape
    small = (max(round(width / factor), 1), max(round(height / factor), 1))
    share = cv2.resize((depth_mm > 0).astype(np.float32), small, interpolation=cv2.INTER_AREA)
    mean = cv2.resize(depth_mm, small, interpolation=cv2.INTER_AREA) / np.maximum(share, 1e-3)
    few = np.where(share >= 0.5, mean, 0).astype(np.float32)
    return np.asarray(cv2.resize(few, (width, height), interpolation=cv2.INTER_NEAREST), np.float32)


@numba.njit(cache=True, nogil=True)
def _smooth(depth_mm: Real, keep: np.float32, step_mm: np.float32, passes: int) -> Real:
    """Each reading drawn towards the one before it, forth and back along rows and columns, but not across steps."""
    smooth = depth_mm.copy()
    height, width = smooth.shape
    for _ in range(passes):
        for turned in range(2):
            lines, length = (height, width) if turned == 0 else (width, height)
            for line in range(lines):
                for back in range(2):
                    before = np.float32(0)
                    for place in range(length):
                        at = length - 1 - place if back else place
                        y, x = (line, at) if turned == 0 else (at, line)
                        here = smooth[y, x]
                        if here > 0 and before > 0 and abs(here - before) < step_mm:
                            here = here + keep * (before - here)
                            smooth[y, x] = here
                        before = here
    return smooth


@numba.njit(cache=True, nogil=True)
def _fill_left(depth_mm: Real, most_px: int) -> Real:
    """Holes filled with the last reading to their left, up to `most_px` wide."""
    filled = depth_mm.copy()
    for y in range(filled.shape[0]):
        last, since = np.float32(0), 0
        for x in range(filled.shape[1]):
            if depth_mm[y, x] > 0:
                last, since = depth_mm[y, x], 0
            else:
                since += 1
                if since <= most_px:
                    filled[y, x] = last
    return filled
