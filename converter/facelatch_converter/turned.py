"""Crops turned to the front: the face's surface as a camera straight before it would see it.

A trial, measured by `facelatch-convert compare-recipes`: the board's preprocessing does not do it.
"""

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from facelatch.pose import HeadPose, to_pose
from facelatch.preprocess import NEUTRAL, Crop, CropSpec
from facelatch.shapes import fit, quadratic_terms
from facelatch_converter.rasterise import NOTHING, interpolate, rasterise

Real = npt.NDArray[np.float32]
Exact = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int32]

_EVERY = 3
"""The pose is measured on every third pixel: cells of 5.4 mm at 112 pixels."""

_FAR_MM = 10_000.0
"""Where the rasteriser's camera stands: so far away that its view has no perspective to speak of."""

_MOST_DEG = 45.0
"""Of a turn; what is measured beyond it is an error."""


def to_front(crop: Crop, spec: CropSpec) -> Crop:
    """The crop with its head turned to the front about the crop's middle; as it is where there is no pose to measure.

    What the head hid is stretched over; a hole of the depth stays one where it is wider than a pixel or two.
    """
    seen = crop.depth_mm > 0
    x, y = _grid(spec)
    near = float(np.median(crop.depth_mm[seen])) if seen.any() else 0.0
    cells = (slice(None, None, _EVERY),) * 2
    z = crop.depth_mm.astype(np.float64) - near
    pose = to_pose(x[cells], y[cells], z[cells], seen[cells])
    if pose is None:
        return crop
    places = seen[cells]
    shape = fit(quadratic_terms(x[cells][places], y[cells][places]), z[cells][places], scale_mm=8)
    whole = np.where(seen, z, np.clip(quadratic_terms(x, y) @ shape, -spec.span_mm, spec.span_mm))
    turned = np.stack([x, y, whole - shape[0]], -1).reshape(-1, 3) @ _rotation(pose).T
    turned[:, 2] += shape[0]
    scale = spec.size_px / spec.span_mm
    projected = np.column_stack([turned[:, :2] * scale + spec.size_px / 2, turned[:, 2] + _FAR_MM])
    attributes = np.column_stack([crop.intensity.reshape(-1, 3), turned[:, 2] + near, seen.ravel()])
    triangles = _triangles(spec.size_px)
    _, index, weights = rasterise(projected.astype(np.float32), triangles, spec.size_px, spec.size_px)
    image = interpolate(attributes.astype(np.float32), triangles, index, weights)
    nothing = index == NOTHING
    return Crop(
        intensity=np.where(nothing[..., None], np.float32(NEUTRAL), image[..., :3]),
        depth_mm=np.where(nothing | (image[..., 4] < 0.5), np.float32(0), image[..., 3]),
    )


def _rotation(pose: HeadPose) -> Exact:
    """The rotation that brings where the face looks onto the optical axis; camera axes: x right, y down, z away."""
    yaw, pitch = np.radians(np.clip([pose.yaw_deg, pose.pitch_deg], -_MOST_DEG, _MOST_DEG))
    about_y = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]])
    about_x = np.array([[1, 0, 0], [0, np.cos(pitch), -np.sin(pitch)], [0, np.sin(pitch), np.cos(pitch)]])
    rotation: Exact = about_x @ about_y
    return rotation


@lru_cache(maxsize=2)
def _grid(spec: CropSpec) -> tuple[Exact, Exact]:
    """x and y (size, size) of the pixels' middles, millimetres from the crop's; do not write into them."""
    along = (np.arange(spec.size_px) + 0.5 - spec.size_px / 2) * spec.span_mm / spec.size_px
    x, y = np.meshgrid(along, along)
    return x, y


@lru_cache(maxsize=2)
def _triangles(size_px: int) -> Indices:
    """Two for every four neighbouring pixels, front side towards the camera; do not write into them."""
    places = np.arange(size_px * size_px, dtype=np.int32).reshape(size_px, size_px)
    first, right, below, last = places[:-1, :-1], places[:-1, 1:], places[1:, :-1], places[1:, 1:]
    return np.concatenate(
        [
            np.stack([first, below, right], -1).reshape(-1, 3),
            np.stack([right, below, last], -1).reshape(-1, 3),
        ]
    )
