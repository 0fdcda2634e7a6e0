"""What depth cameras do to a scene: noise, steps, shadows and holes, for whole frames and for crops.

A stereo or structured-light camera measures disparity d = f b / z, so an error of s pixels in d becomes
z^2 s / (f b) millimetres. Sources: Intel, "Tuning D435 and D415 depth cameras for best performance" (subpixel error,
invalid band); Ahn et al., "Analysis and noise modeling of the Intel RealSense D435 for mobile robots", URAI 2019;
Khoshelham and Elberink, "Accuracy and resolution of Kinect depth data", Sensors 12 (2012), 1437-1454 (1/8 px steps,
quadratic noise); Nguyen et al., "Modeling Kinect sensor noise", 3DIMPVT 2012 (grazing angles);
Intel, "RealSense D400 Series Product Family Datasheet" (baselines 50, 55 and 95 mm, fields of view, 126 disparities).
"""

from dataclasses import dataclass, replace

import numba
import numpy as np
import numpy.typing as npt

from facelatch.frames import Frame, Intrinsics
from facelatch.preprocess import NEUTRAL, Crop, CropSpec
from facelatch_converter.faults import NOISY, disturb, filter_depth
from facelatch_converter.noise import around, chance, correlated_noise, patches
from facelatch_converter.render import Rendering
from facelatch_converter.time_of_flight import TIME_OF_FLIGHT, TimeOfFlight, measure_flight

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
    edge_px: float = 0.0
    """Up to how far on both sides of a step readings are lost, drawn per frame."""
    largest_px: float = float("inf")
    """Disparities beyond this are not searched: what is nearer has no reading."""


ACTIVE_STEREO = Sensor("active-stereo", 385.0, 50.0, (0.03, 0.10), 1 / 32, 2.0, 1, 0.22, 1.5, 126.0)
"""A RealSense D435 at 640 x 480."""
NARROW_STEREO = Sensor("narrow-stereo", 620.0, 55.0, (0.03, 0.10), 1 / 32, 2.0, 1, 0.22, 1.5, 126.0)
"""A D415: the same chip behind narrower lenses, 65 x 40 degrees, so less noise and a longer shortest distance."""
WIDE_BASELINE = Sensor("wide-baseline", 386.0, 95.0, (0.03, 0.12), 1 / 32, 2.0, 1, 0.22, 2.0, 126.0)
"""A D455: wide shadows, little noise, nothing nearer than 0.3 m."""
KINECT_V1 = Sensor("kinect-v1", 580.0, 75.0, (0.04, 0.10), 1 / 8, 1.0, 0, 0.15, 1.0)
AnySensor = Sensor | TimeOfFlight
SENSORS: dict[str, AnySensor] = {
    sensor.name: sensor for sensor in (ACTIVE_STEREO, NARROW_STEREO, WIDE_BASELINE, KINECT_V1, TIME_OF_FLIGHT)
}

_NOWHERE = np.float32(1e9)
"""Farther than anything: beyond what was rendered."""


def expose(
    rendering: Rendering,
    sensor: AnySensor,
    intrinsics: Intrinsics,
    rng: np.random.Generator,
    timestamp_ns: int = 0,
    grain: tuple[float, float] = (0.5, 3.0),
    fault: str = "",
) -> Frame:
    """The frame that a camera delivers of a rendering, perhaps with one of `faults.FAULTS`.

    `grain` bounds the images' noise in grey levels.
    """
    depth = measure(rendering, sensor, rng, fault)
    rendering = disturb(rendering, fault, rng)
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


def measure(rendering: Rendering, sensor: AnySensor, rng: np.random.Generator, fault: str = "") -> Real:
    """Depth as the sensor reports it, (height, width) millimetres, 0 where it reports nothing.

    `fault` is what the camera's driver does to it, one of `faults.FAULTS`; the images' faults are `faults.disturb`'s.
    """
    if isinstance(sensor, TimeOfFlight):
        measured = measure_flight(rendering, sensor, rng)
    else:
        measured = _triangulate(rendering, _worse(sensor) if fault == NOISY else sensor, rng)
    if rendering.loss is not None:
        measured = _lose(measured, rendering.loss, rendering, rng)
    return filter_depth(measured, fault, rendering, rng)


def _worse(sensor: Sensor) -> Sensor:
    """The sensor with three times the noise, as without its projector."""
    return replace(sensor, noise_px=(2 * sensor.noise_px[1], 3 * sensor.noise_px[1]))


def _triangulate(rendering: Rendering, sensor: Sensor, rng: np.random.Generator) -> Real:
    scale = rendering.sensor_px
    depth = _fatten(rendering.depth_mm, sensor.fatten_px / scale, rng)
    seen = depth > 0
    focal_baseline = np.float32(sensor.focal_px * sensor.baseline_mm)
    disparity = np.where(seen, focal_baseline / np.where(seen, depth, 1), 0).astype(np.float32)
    hidden = _shadow(disparity, rendering.focal_px / sensor.focal_px / scale)
    if sensor.edge_px > 0:
        hidden |= _near_edge(depth, float(rng.uniform(0, sensor.edge_px)) / scale, rng)
    noise = correlated_noise(depth.shape, sensor.blur_px * rendering.focal_px / sensor.focal_px, scale, rng)
    disparity = disparity + noise * np.float32(rng.uniform(*sensor.noise_px))
    step = np.float32(sensor.step_px)
    # A crop's pixel averages scale^2 readings, whose rounding errors average as well.
    rounded = np.rint(disparity / step) * step
    disparity = disparity + (rounded - disparity) / np.float32(max(scale, 1.0))
    grazing = (rendering.facing < sensor.grazing) & (rng.random(depth.shape, np.float32) < 0.7)
    valid = seen & ~hidden & ~grazing & (disparity > 1) & (disparity < sensor.largest_px)
    return np.where(valid, focal_baseline / np.maximum(disparity, 1e-3), 0).astype(np.float32)


def _lose(depth_mm: Real, loss: Real, rendering: Rendering, rng: np.random.Generator) -> Real:
    """Depth with patches of holes and of false readings where the scene itself makes the sensor err.

    Behind a lens a patch is read too near (its reflections) or too far (refraction) by up to some centimetres; hair
    does the same in strands. Patches are some millimetres wide, whatever the resolution.
    """
    lost = loss > 0
    columns, rows = np.flatnonzero(lost.any(0)), np.flatnonzero(lost.any(1))
    if not rows.size:
        return depth_mm
    part = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    depth, weight = depth_mm[part], loss[part]
    middle = float(np.median(rendering.depth_mm[part][lost[part]]))
    pixels_per_mm = rendering.focal_px / rendering.sensor_px / max(middle, 100.0)
    spots = patches(depth.shape, max(float(rng.uniform(1.0, 4.0)) * pixels_per_mm, 0.4), rng)
    likely = chance(spots)
    holes = likely < weight * np.float32(rng.uniform(0.3, 1.0))
    # The same patches from elsewhere: as rough, and independent of which of them are wrong.
    error = np.roll(spots, [side // 2 for side in depth.shape], (0, 1)) * rng.uniform(1, 14) + rng.normal(
        0, 4
    )
    wrong = np.where(likely < weight, np.clip(error, -40, 40), 0)
    measured = depth_mm.copy()
    measured[part] = np.where(holes | (depth == 0), 0, np.maximum(depth + wrong, 1))
    return measured


def _fatten(depth: Real, pixels: float, rng: np.random.Generator) -> Real:
    """Near surfaces grown by `pixels`: a matching window that straddles an edge sees the nearer side."""
    if pixels < 0.01:
        return depth
    far = np.where(depth > 0, depth, _NOWHERE)
    near, _ = around(far, pixels, rng)
    edge = far - near > 30
    return np.where(edge & (near < _NOWHERE), near, depth).astype(np.float32)


def _near_edge(depth: Real, pixels: float, rng: np.random.Generator) -> npt.NDArray[np.bool_]:
    """Where a step in depth lies within `pixels` on either side: windows there match neither surface well."""
    near, far = around(np.where(depth > 0, depth, _NOWHERE), pixels, rng)
    edge: npt.NDArray[np.bool_] = far - near > 20
    return edge


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
