"""What else happens to a face before the encoder sees it: holes, caps, smoothing, colour casts, missing light.

Applied to crops in training only. The aim is not to look real but to leave the encoder nothing to rely on that a
real camera, an unseen face or a pair of glasses would take away.
"""

import cv2
import numpy as np
import numpy.typing as npt

from facelatch.preprocess import NEUTRAL, Crop

Real = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]


def augment(crop: Crop, rng: np.random.Generator) -> Crop:
    """The crop as another day, another sensor or a hat would show it."""
    depth = _reshape(crop.depth_mm, rng)
    holes = _holes(depth.shape[0], rng)
    return Crop(
        intensity=_recolour(crop.intensity, rng),
        depth_mm=np.where(holes, np.float32(0), depth),
    )


def blind(crop: Crop) -> Crop:
    """The crop without any usable image: depth alone must do."""
    return Crop(intensity=np.full_like(crop.intensity, NEUTRAL), depth_mm=crop.depth_mm)


def _reshape(depth_mm: Real, rng: np.random.Generator) -> Real:
    """Smooth displacement of up to 1.5 mm, and in half of all cases the smoothing of a driver's filters."""
    seen = depth_mm > 0
    size = depth_mm.shape[0]
    cells = int(rng.integers(5, 13))
    waves = rng.standard_normal((cells, cells), np.float32) * np.float32(rng.uniform(0, 1.5))
    depth = depth_mm + cv2.resize(waves, (size, size), interpolation=cv2.INTER_CUBIC)
    if rng.random() < 0.5:
        width = float(rng.uniform(0.5, 1.8))
        share = cv2.GaussianBlur(seen.astype(np.float32), (0, 0), width)
        smooth = cv2.GaussianBlur(np.where(seen, depth, 0).astype(np.float32), (0, 0), width)
        depth = smooth / np.maximum(share, 1e-3)
    return np.where(seen, depth, np.float32(0)).astype(np.float32)


def _holes(size: int, rng: np.random.Generator) -> Mask:
    """Where readings are lost: behind lenses, in spots, under a cap or a fringe, below a scarf."""
    rows, columns = np.mgrid[0:size, 0:size].astype(np.float32) / size - 0.5
    holes = np.zeros((size, size), bool)
    if rng.random() < 0.3:
        apart, high = rng.uniform(0.13, 0.19), rng.uniform(-0.17, -0.06)
        for side in (-1, 1):
            for _ in range(int(rng.integers(1, 7))):
                middle = (side * apart + rng.normal() * 0.05, high + rng.normal() * 0.03)
                holes |= _ellipse(rows, columns, middle, rng.uniform(0.02, 0.08), rng.uniform(0.01, 0.045))
    for _ in range(int(rng.poisson(0.6))):
        middle = (rng.uniform(-0.4, 0.4), rng.uniform(-0.4, 0.4))
        holes |= _ellipse(rows, columns, middle, rng.uniform(0.01, 0.1), rng.uniform(0.01, 0.08))
    if rng.random() < 0.35:
        edge = rng.standard_normal((1, 8), np.float32) * np.float32(0.02)
        brim = cv2.resize(edge, (size, 1), interpolation=cv2.INTER_CUBIC)
        holes |= rows < -0.46 + rng.uniform(0, 0.24) + brim
    if rng.random() < 0.2:
        holes |= rows > rng.uniform(0.24, 0.46)
    return holes


def _ellipse(rows: Real, columns: Real, middle: tuple[float, float], wide: float, high: float) -> Mask:
    inside: Mask = ((columns - middle[0]) / wide) ** 2 + ((rows - middle[1]) / high) ** 2 < 1
    return inside


def _recolour(image: Real, rng: np.random.Generator) -> Real:
    """Another exposure, white balance, contrast and sharpness; in one of five cases without colour."""
    kept = image != NEUTRAL
    scaled = np.clip(image * np.float32(1 / 255), 0, 1) ** np.float32(rng.uniform(0.75, 1.3))
    scaled *= (rng.uniform(0.6, 1.3) * rng.normal(1, 0.06, 3)).astype(np.float32)
    if rng.random() < 0.2:
        scaled = np.repeat(scaled.mean(2, keepdims=True), 3, axis=2)
    if rng.random() < 0.3:
        scaled = np.asarray(cv2.GaussianBlur(scaled, (0, 0), float(rng.uniform(0.4, 1.3))), np.float32)
    scaled += rng.standard_normal(scaled.shape, np.float32) * np.float32(rng.uniform(0, 0.02))
    return np.where(kept, np.clip(scaled, 0, 1) * np.float32(255), np.float32(NEUTRAL)).astype(np.float32)
