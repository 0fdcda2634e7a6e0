"""Depth cameras that time light instead of triangulating: their noise, mixed pixels and stray light.

Sources: Sarbolandi, Lefloch and Kolb, "Kinect range sensing: structured-light versus time-of-flight Kinect", Computer
Vision and Image Understanding 139 (2015): noise by amplitude, an error that follows the intensity, flying pixels, light
that bounces in hollows; Toelgyessy et al., "Evaluation of the Azure Kinect", Sensors 21 (2021): 1 to 3 mm at 1 m.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from facelatch_converter.noise import correlated_noise
from facelatch_converter.render import Rendering

Real = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class TimeOfFlight:
    """A depth camera that times modulated light."""

    name: str
    focal_px: float
    noise_mm: tuple[float, float]
    """Standard deviation on a half-bright surface, drawn per frame between these."""
    intensity_mm: float
    """Largest error between black and white at the same distance, drawn per frame up to it."""
    bounce: float
    """Largest share by which stray light fills hollows."""
    grazing: float
    """Cosine below which too little light returns."""


TIME_OF_FLIGHT = TimeOfFlight("time-of-flight", 365.0, (0.8, 3.0), 5.0, 0.4, 0.1)


def measure_flight(rendering: Rendering, sensor: TimeOfFlight, rng: np.random.Generator) -> Real:
    """Depth as the camera reports it, (height, width) millimetres, 0 where it reports nothing."""
    seen = rendering.depth_mm > 0
    pixel = max(rendering.focal_px / sensor.focal_px / rendering.sensor_px, 0.1)
    near = float(np.median(rendering.depth_mm[seen])) if seen.any() else 500.0
    # What lies beyond a crop is some wall.
    filled = np.where(seen, rendering.depth_mm, near + 600).astype(np.float32)
    mixed = np.asarray(cv2.GaussianBlur(filled, (0, 0), max(0.5 * pixel, 0.2)), np.float32)
    flying = np.abs(mixed - filled) > 15
    amplitude = np.clip(rendering.infrared / 255, 0.03, 1)
    hollow_px = float(rng.uniform(6, 16)) * rendering.focal_px / rendering.sensor_px / max(near, 100)
    around = cv2.GaussianBlur(np.where(filled > near + 150, near, filled), (0, 0), max(hollow_px, 0.3))
    stray = np.clip(around - filled, -25, 0) * rng.uniform(0, sensor.bounce)
    error = (np.float32(0.5) - amplitude) * np.float32(rng.uniform(-1, 1) * 2 * sensor.intensity_mm)
    error = np.asarray(cv2.GaussianBlur(error, (0, 0), max(pixel, 0.3)), np.float32)
    own = 0.6 * rendering.focal_px / sensor.focal_px
    noise = correlated_noise(filled.shape, own, rendering.sensor_px, rng)
    noise *= np.float32(rng.uniform(*sensor.noise_mm)) * np.sqrt(0.5 / amplitude)
    lost = (rendering.facing < sensor.grazing) | (flying & (rng.random(seen.shape, np.float32) < 0.6))
    depth = np.where(flying, mixed, filled + stray) + error + noise
    return np.where(seen & ~lost, np.maximum(np.rint(depth), 1), 0).astype(np.float32)
