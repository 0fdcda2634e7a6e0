"""What else happens to a face before the encoder sees it: holes, caps, smoothing, noise, colour casts, missing light.

Applied to crops in training only. The aim is not to look real but to leave the encoder nothing to rely on that a
real camera, an unseen face or a pair of glasses would take away. What belongs to a camera and its surroundings is a
`Style`; where all crops of a batch share one, only faces tell people apart.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from facelatch.preprocess import NEUTRAL, Crop

Real = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Style:
    """How a camera and its surroundings change every crop alike."""

    smoothing_px: float
    """Width of the depth's smoothing, in crop pixels; 0 for none."""
    noise_mm: float
    """Standard deviation of noise added to the depth."""
    noise_px: float
    """How far neighbouring readings share that noise."""
    lost: float
    """Share of readings that are missing, in patches."""
    gamma: float
    gain: tuple[float, float, float]
    grey: bool
    blur_px: float
    """Of the image; 0 for none."""
    grain: float
    """Noise of the image, as a share of white."""
    shift_px: tuple[int, int]
    """How far the image lies beside the depth, (right, down)."""


def draw_style(rng: np.random.Generator) -> Style:
    """Another camera on another day."""
    noisy = rng.random() < 0.35
    exposure = rng.uniform(0.6, 1.3)
    gain = exposure * rng.normal(1, 0.08, 3)
    return Style(
        smoothing_px=_draw_smoothing(rng),
        noise_mm=float(rng.uniform(0.2, 2.5)) * noisy,
        noise_px=float(rng.uniform(0, 1.6)),
        lost=float(rng.uniform(0.02, 0.3)) * (rng.random() < 0.2),
        gamma=float(rng.uniform(0.65, 1.5)),
        gain=(float(gain[0]), float(gain[1]), float(gain[2])),
        grey=bool(rng.random() < 0.35),
        blur_px=float(rng.uniform(0.4, 1.6)) * (rng.random() < 0.35),
        grain=float(rng.uniform(0, 0.03)),
        shift_px=(
            int(np.clip(np.rint(rng.normal(0, 0.8)), -2, 2)),
            int(np.clip(np.rint(rng.normal(0, 0.8)), -2, 2)),
        ),
    )


def _draw_smoothing(rng: np.random.Generator) -> float:
    """Width of a Gaussian: mostly a face stays sharp enough, now and then only its large shapes are left."""
    kind = rng.random()
    if kind < 0.4:
        return float(rng.uniform(0.5, 1.8))
    if kind < 0.5:
        return float(rng.uniform(1.8, 3.2))
    return float(rng.uniform(3.2, 8.0)) if kind < 0.6 else 0.0


def augment(crop: Crop, style: Style, rng: np.random.Generator) -> Crop:
    """The crop as another day, another sensor or a hat would show it."""
    depth = _reshape(crop.depth_mm, style, rng)
    holes = _holes(depth.shape[0], rng) | _lost(depth.shape[0], style, rng)
    return Crop(
        intensity=_recolour(crop.intensity, style, rng),
        depth_mm=np.where(holes, np.float32(0), depth),
    )


def blind(crop: Crop) -> Crop:
    """The crop without any usable image: depth alone must do."""
    return Crop(intensity=np.full_like(crop.intensity, NEUTRAL), depth_mm=crop.depth_mm)


def _reshape(depth_mm: Real, style: Style, rng: np.random.Generator) -> Real:
    """Smooth displacement of up to 1.5 mm, then the style's noise and smoothing."""
    seen = depth_mm > 0
    size = depth_mm.shape[0]
    cells = int(rng.integers(5, 13))
    waves = rng.standard_normal((cells, cells), np.float32) * np.float32(rng.uniform(0, 1.5))
    depth = depth_mm + cv2.resize(waves, (size, size), interpolation=cv2.INTER_CUBIC)
    if style.noise_mm > 0:
        noise = rng.standard_normal((size, size), np.float32)
        if style.noise_px > 0.3:
            noise = np.asarray(cv2.GaussianBlur(noise, (0, 0), style.noise_px), np.float32)
            # Keep unit variance: a Gaussian leaves 1 / (4 pi width^2) of white noise.
            noise *= np.float32(max(1.0, np.sqrt(4 * np.pi) * style.noise_px))
        depth = depth + noise * np.float32(style.noise_mm)
    if style.smoothing_px > 0:
        share = cv2.GaussianBlur(seen.astype(np.float32), (0, 0), style.smoothing_px)
        smooth = cv2.GaussianBlur(np.where(seen, depth, 0).astype(np.float32), (0, 0), style.smoothing_px)
        depth = smooth / np.maximum(share, 1e-3)
    return np.where(seen, depth, np.float32(0)).astype(np.float32)


def _lost(size: int, style: Style, rng: np.random.Generator) -> Mask:
    """Patches without readings, as on dark hair, in sunlight and far away."""
    if style.lost <= 0:
        return np.zeros((size, size), bool)
    cells = int(rng.integers(10, 40))
    field = cv2.resize(
        rng.standard_normal((cells, cells), np.float32), (size, size), interpolation=cv2.INTER_LINEAR
    )
    lost: Mask = field > np.quantile(field[::4, ::4], 1 - style.lost)
    return lost


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


def _recolour(image: Real, style: Style, rng: np.random.Generator) -> Real:
    """The style's exposure, white balance, contrast and sharpness, under light that falls off to one side."""
    kept = image != NEUTRAL
    scaled = np.clip(image * np.float32(1 / 255), 0, 1) ** np.float32(style.gamma)
    scaled *= np.array(style.gain, np.float32)
    if style.grey:
        scaled = np.repeat(scaled.mean(2, keepdims=True), 3, axis=2)
    if rng.random() < 0.4:
        size = image.shape[0]
        corners = rng.uniform(0.55, 1.35, (2, 2)).astype(np.float32)
        scaled *= cv2.resize(corners, (size, size), interpolation=cv2.INTER_LINEAR)[..., None]
    if style.blur_px > 0:
        scaled = np.asarray(cv2.GaussianBlur(scaled, (0, 0), style.blur_px), np.float32)
    scaled += rng.standard_normal(scaled.shape, np.float32) * np.float32(style.grain)
    coloured = np.where(kept, np.clip(scaled, 0, 1) * np.float32(255), np.float32(NEUTRAL)).astype(np.float32)
    return _shift(coloured, *style.shift_px)


def _shift(image: Real, right: int, down: int) -> Real:
    """The image moved; what comes in from outside is neutral."""
    if right == 0 and down == 0:
        return image
    height, width = image.shape[:2]
    shifted = np.full_like(image, np.float32(NEUTRAL))
    shifted[max(down, 0) : height + min(down, 0), max(right, 0) : width + min(right, 0)] = image[
        max(-down, 0) : height + min(-down, 0), max(-right, 0) : width + min(-right, 0)
    ]
    return shifted
