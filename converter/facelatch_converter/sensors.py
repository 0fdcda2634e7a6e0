"""What depth cameras do to a scene: noise, steps, shadows and holes, for whole frames and for crops.

A stereo or structured-light camera measures disparity d = f b / z, so an error of s pixels in d becomes
z^2 s / (f b) millimetres. Sources: Intel, "Tuning D435 and D415 depth cameras for best performance" (subpixel error,
invalid band); Ahn et al., "Analysis and noise modeling of the Intel RealSense D435 for mobile robots", URAI 2019;
Khoshelham and Elberink, "Accuracy and resolution of Kinect depth data", Sensors 12 (2012), 1437-1454 (1/8 px steps,
quadratic noise); Nguyen et al., "Modeling Kinect sensor noise", 3DIMPVT 2012 (grazing angles).
"""

from dataclasses import dataclass

import cv2
import numba
import numpy as np
import numpy.typing as npt

from facelatch.frames import Frame, Intrinsics
from facelatch.preprocess import NEUTRAL, Crop, CropSpec
from facelatch_converter.render import Rendering

Real = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Sensor:
    """A depth camera that triangulates."""

    name: str
    focal_px: float
    """Of the depth sensor itself, at the resolution of the frames."""
    baseline_mm: float
    """Positive: what the near object hides lies to its left in the image."""
    noise_px: tuple[float, float]
    """Standard deviation of the disparity, drawn per frame between these."""
    step_px: float
    """Disparity is rounded to multiples of this."""
    blur_px: float
    """How far neighbouring readings share their noise: half a matching window."""
    fatten_px: int
    """By how much near surfaces grow over far ones."""
    grazing: float
    """Cosine below which a surface returns too little to be matched."""


ACTIVE_STEREO = Sensor("active-stereo", 385.0, 50.0, (0.03, 0.10), 1 / 32, 2.0, 1, 0.22)
KINECT_V1 = Sensor("kinect-v1", 580.0, 75.0, (0.04, 0.10), 1 / 8, 1.0, 0, 0.15)
SENSORS = {sensor.name: sensor for sensor in (ACTIVE_STEREO, KINECT_V1)}


def expose(
    rendering: Rendering,
    sensor: Sensor,
    intrinsics: Intrinsics,
    rng: np.random.Generator,
    timestamp_ns: int = 0,
    grain: tuple[float, float] = (0.5, 3.0),
) -> Frame:
    """The frame that a camera delivers of a rendering; `grain` bounds the images' noise in grey levels."""
    depth = measure(rendering, sensor, rng)
    noise = rng.uniform(*grain)
    return Frame(
        colour=_digitise(rendering.colour, noise, rng),
        depth_mm=np.rint(np.clip(depth, 0, 65535)).astype(np.uint16),
        intrinsics=intrinsics,
        timestamp_ns=timestamp_ns,
        infrared=_digitise(rendering.infrared, noise, rng),
    )


def ideal_frame(rendering: Rendering, intrinsics: Intrinsics, timestamp_ns: int = 0) -> Frame:
    """The frame of a camera without any noise."""
    return Frame(
        colour=np.rint(np.clip(rendering.colour, 0, 255)).astype(np.uint8),
        depth_mm=np.rint(np.clip(rendering.depth_mm, 0, 65535)).astype(np.uint16),
        intrinsics=intrinsics,
        timestamp_ns=timestamp_ns,
        infrared=np.rint(np.clip(rendering.infrared, 0, 255)).astype(np.uint8),
    )


def to_crop(
    rendering: Rendering, depth_mm: Real, centre_depth_mm: float, spec: CropSpec, infrared: bool
) -> Crop:
    """A rendered crop as `preprocess.crop` would give it: what is off the face by its depth is blanked."""
    on_face = (depth_mm > 0) & (np.abs(depth_mm - np.float32(centre_depth_mm)) <= spec.depth_span_mm)
    # Where nothing was rendered a frame shows the room, which preprocessing blanks.
    off_face = ((depth_mm > 0) & ~on_face) | (rendering.depth_mm == 0)
    image = np.repeat(rendering.infrared[..., None], 3, 2) if infrared else rendering.colour
    return Crop(
        intensity=np.where(off_face[..., None], np.float32(NEUTRAL), image),
        depth_mm=np.where(on_face, depth_mm, np.float32(0)),
    )


def measure(rendering: Rendering, sensor: Sensor, rng: np.random.Generator) -> Real:
    """Depth as the sensor reports it, (height, width) millimetres, 0 where it reports nothing."""
    scale = rendering.sensor_px
    depth = _fatten(rendering.depth_mm, sensor.fatten_px / scale)
    seen = depth > 0
    focal_baseline = np.float32(sensor.focal_px * sensor.baseline_mm)
    disparity = np.where(seen, focal_baseline / np.where(seen, depth, 1), 0).astype(np.float32)
    hidden = _shadow(disparity, rendering.focal_px / sensor.focal_px / scale)
    noise = correlated_noise(depth.shape, sensor.blur_px * rendering.focal_px / sensor.focal_px, scale, rng)
    disparity = disparity + noise * np.float32(rng.uniform(*sensor.noise_px))
    step = np.float32(sensor.step_px)
    # A crop's pixel averages scale^2 readings, whose rounding errors average as well.
    rounded = np.rint(disparity / step) * step
    disparity = disparity + (rounded - disparity) / np.float32(max(scale, 1.0))
    grazing = (rendering.facing < sensor.grazing) & (rng.random(depth.shape, np.float32) < 0.7)
    valid = seen & ~hidden & ~grazing & (disparity > 1)
    return np.where(valid, focal_baseline / np.maximum(disparity, 1e-3), 0).astype(np.float32)


def correlated_noise(shape: tuple[int, ...], blur_px: float, scale: float, rng: np.random.Generator) -> Real:
    """Noise of unit variance at the sensor, smooth over `blur_px`, averaged over `scale` pixels."""
    white = rng.standard_normal(shape, np.float32)
    width = np.hypot(blur_px, scale / np.sqrt(12)) / scale
    smooth = np.asarray(cv2.GaussianBlur(white, (0, 0), float(max(width, 0.05))), np.float32)
    # The variance that is left of white noise after a Gaussian is 1 / (4 pi width^2), and averaging over a pixel
    # of the crop takes a share of the sensor's own.
    gain = np.sqrt(max(4 * np.pi * width**2, 1)) * blur_px / np.hypot(blur_px, scale / np.sqrt(12))
    noise: Real = smooth * np.float32(gain)
    return noise


def _fatten(depth: Real, pixels: float) -> Real:
    """Near surfaces grown by about `pixels`: a matching window that straddles an edge sees the nearer side."""
    reach = round(pixels)
    if reach < 1:
        return depth
    far = np.where(depth > 0, depth, np.float32(1e9))
    near = cv2.erode(far, np.ones((2 * reach + 1, 2 * reach + 1), np.uint8))
    edge = far - near > 30
    return np.where(edge & (near < 1e8), near, depth).astype(np.float32)


def _digitise(image: Real, grain: float, rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    noisy = image + rng.standard_normal(image.shape, np.float32) * np.float32(grain)
    return np.clip(np.rint(noisy), 0, 255).astype(np.uint8)


@numba.njit(cache=True, nogil=True)
def _shadow(disparity: Real, pixels_per_disparity: float) -> npt.NDArray[np.bool_]:
    """Where the second view (or the projector) cannot see, because something nearer to the right hides it.

    `pixels_per_disparity` is how many pixels of this image one pixel of disparity is.
    """
    height, width = disparity.shape
    hidden = np.zeros((height, width), np.bool_)
    for y in range(height):
        nearest = np.float32(1e9)
        for x in range(width - 1, -1, -1):
            if disparity[y, x] <= 0:
                continue
            # The reading's column in the other view.
            other = x - disparity[y, x] * pixels_per_disparity
            if other > nearest + 1:
                hidden[y, x] = True
            nearest = min(nearest, other)
    return hidden
