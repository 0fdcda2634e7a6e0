"""The one path from a frame to the encoder's input, for training and for the board alike.

The crop is metric: the same millimetres per pixel at every distance, so a head keeps its true size. Everything
behind, before or beside the face is blanked, so that the encoder cannot learn a room, a collar or a haircut.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from facelatch.frames import Frame, intensity

VERSION = 1
"""Raised whenever the same frame would give another tensor; a card names the one it was trained with."""

NEUTRAL = 127.5
"""The grey (0-255) of what is not the face; it becomes 0 in the tensor."""

Tensor = npt.NDArray[np.float32]
Real = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class CropSpec:
    """What a card says of the encoder's input."""

    size_px: int = 112
    span_mm: float = 200.0
    """The crop's side at the face's distance."""
    depth_span_mm: float = 160.0
    """Depth from -half to +half of this around the face's own depth maps to +1 .. -1 (nearer is larger)."""

    def __post_init__(self) -> None:
        """Refuse a crop that cannot hold a face."""
        if not 16 <= self.size_px <= 512:
            raise ValueError(f"size_px must be 16 to 512, found {self.size_px}")
        if not 50 <= self.span_mm <= 600 or not 20 <= self.depth_span_mm <= 600:
            raise ValueError(f"spans must be 50 to 600 mm (depth: 20 to 600), found {self}")


@dataclass(frozen=True, slots=True)
class FacePoint:
    """The middle of a face in a frame: where the crop is taken and how far away it is."""

    u_px: float
    v_px: float
    depth_mm: float


@dataclass(frozen=True, slots=True, eq=False)
class Crop:
    """A metric crop before it is encoded; a renderer may make one without a frame."""

    intensity: Real
    """(size, size, 3), 0-255; `NEUTRAL` where something else than the face is seen."""
    depth_mm: Real
    """(size, size); 0 where there is no reading or no face."""


def to_tensor(frame: Frame, point: FacePoint, spec: CropSpec) -> Tensor:
    """The encoder's input, (size, size, 4) float32 in [-1, 1]: R, G, B, depth."""
    return encode(crop(frame, point, spec), spec)


def crop(frame: Frame, point: FacePoint, spec: CropSpec) -> Crop:
    """The face in metric pixels, area-averaged; readings off the face by more than the span are left out.

    Raises `ValueError` for a point that is not in front of the camera.
    """
    if not (np.isfinite(point.depth_mm) and point.depth_mm > 0):
        raise ValueError(f"a face must be in front of the camera, found {point.depth_mm} mm")
    step_x = spec.span_mm * frame.intrinsics.fx / point.depth_mm / spec.size_px
    step_y = spec.span_mm * frame.intrinsics.fy / point.depth_mm / spec.size_px
    height, width = frame.depth_mm.shape
    columns, column_weights, left, right = _taps(point.u_px, step_x, spec.size_px, width)
    rows, row_weights, top, bottom = _taps(point.v_px, step_y, spec.size_px, height)

    depth = frame.depth_mm[top:bottom, left:right].astype(np.float32)
    seen = depth > 0
    on_face = seen & (np.abs(depth - np.float32(point.depth_mm)) <= spec.depth_span_mm)
    kept = on_face | ~seen
    layers = np.empty((*depth.shape, 6), np.float32)
    np.multiply(intensity(frame)[top:bottom, left:right], kept[..., None], out=layers[..., :3])
    layers[..., 3] = kept
    layers[..., 4] = depth * on_face
    layers[..., 5] = on_face
    averaged = _resample(_resample(layers, rows - top, row_weights), columns - left, column_weights, axis=1)
    return _to_crop(averaged)


def encode(face: Crop, spec: CropSpec) -> Tensor:
    """The tensor of a crop: depth relative to the face's own median depth, all but an oval blanked."""
    tensor = np.empty((spec.size_px, spec.size_px, 4), np.float32)
    inside = oval(spec.size_px)
    # Multiplied and selected rather than indexed by a mask, which takes several times as long.
    image = face.intensity / np.float32(127.5) - np.float32(1)
    shown = inside & _covered(face.depth_mm > 0)
    np.multiply(image, shown[..., None], out=tensor[..., :3])
    tensor[..., 3] = np.where(inside, _relative(face.depth_mm, spec), np.float32(-1))
    return tensor


@lru_cache(maxsize=4)
def oval(size_px: int) -> npt.NDArray[np.bool_]:
    """Where a face can be in a crop: an ellipse 0.72 of the crop wide and 0.92 high; do not write into it."""
    centred = (np.arange(size_px, dtype=np.float32) + 0.5) / size_px * 2 - 1
    inside: npt.NDArray[np.bool_] = (centred[None] / 0.72) ** 2 + (centred[:, None] / 0.92) ** 2 <= 1
    return inside


def _covered(readings: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Where a face is: on a reading, or in a hole that readings surround.

    A sensor's shadow beside a head has no readings either, and shows the room; a hole counts where at least half
    of the square around it, a seventh of the crop wide, was read.
    """
    reach = len(readings) // 14
    window = 2 * reach + 1
    size = len(readings)
    padded = np.zeros((size + window, size + window), np.int32)
    padded[reach + 1 : reach + 1 + size, reach + 1 : reach + 1 + size] = readings
    sums = padded.cumsum(0, dtype=np.int32).cumsum(1, dtype=np.int32)
    around = (
        sums[window:, window:] - sums[:-window, window:] - sums[window:, :-window] + sums[:-window, :-window]
    )
    covered: npt.NDArray[np.bool_] = readings | (around * 2 >= window * window)
    return covered


def _relative(depth_mm: Real, spec: CropSpec) -> Real:
    """Depth in [-1, 1] around the median of the crop's middle third; no reading counts as farthest."""
    third = spec.size_px // 3
    middle = depth_mm[third:-third, third:-third]
    readings = middle[middle > 0]
    if readings.size == 0:
        return np.full_like(depth_mm, -1)
    relative = (np.float32(np.median(readings)) - depth_mm) / (spec.depth_span_mm / 2)
    clipped: Real = np.where(depth_mm > 0, np.clip(relative, -1, 1), -1).astype(np.float32)
    return clipped


def _taps(centre: float, step: float, count: int, length: int) -> tuple[npt.NDArray[np.intp], Real, int, int]:
    """For each output pixel the input pixels under its window and their share of it.

    The window is `step` wide and at least one pixel, so that enlarging interpolates linearly. Pixels beyond
    the border get no weight. Returns indices and weights (count, taps) and the input's used range.
    """
    span = max(step, 1.0)
    middles = centre + (np.arange(count) + 0.5 - count / 2) * step
    first = np.floor(middles - span / 2).astype(np.intp)
    indices = first[:, None] + np.arange(int(np.ceil(span)) + 1)
    low = np.maximum(indices, (middles - span / 2)[:, None])
    high = np.minimum(indices + 1, (middles + span / 2)[:, None])
    weights = np.where((indices >= 0) & (indices < length), np.clip(high - low, 0, None) / span, 0)
    inside = np.clip(indices, 0, length - 1)
    return inside, weights.astype(np.float32), int(inside.min()), int(inside.max()) + 1


def _resample(layers: Real, indices: npt.NDArray[np.intp], weights: Real, axis: int = 0) -> Real:
    """Weighted sums of rows (axis 0) or columns (axis 1)."""
    shape = [1, 1, 1]
    shape[axis] = len(weights)
    total = np.take(layers, indices[:, 0], axis=axis) * weights[:, 0].reshape(shape)
    for tap in range(1, indices.shape[1]):
        total += np.take(layers, indices[:, tap], axis=axis) * weights[:, tap].reshape(shape)
    return total


def _to_crop(averaged: Real) -> Crop:
    """Divide by what was seen; a pixel is the face where at least half of it is."""
    kept, on_face = averaged[..., 3], averaged[..., 5]
    with np.errstate(divide="ignore", invalid="ignore"):
        image = np.where(kept[..., None] >= 0.5, averaged[..., :3] / kept[..., None], NEUTRAL)
        depth = np.where(on_face >= 0.5, averaged[..., 4] / on_face, 0)
    return Crop(intensity=image.astype(np.float32), depth_mm=depth.astype(np.float32))
