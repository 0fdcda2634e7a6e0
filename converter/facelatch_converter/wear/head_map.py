"""How far out a head reaches in every direction: what sheets, caps and hair are laid upon."""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from facelatch_converter.face_model import FaceModel
from facelatch_converter.rasterise import NOTHING, Indices, interpolate, rasterise

Real = npt.NDArray[np.float32]

AZIMUTHS, ELEVATIONS = 144, 72
"""Cells of 2.5 degrees: about 4 mm on a face."""

_BORDER = 24


@dataclass(frozen=True, slots=True, eq=False)
class HeadMap:
    """A head seen from its middle: azimuth 0 is the face, positive to the image's right; elevation 90 the crown."""

    centre_mm: Real
    """(3,)"""
    radius_mm: Real
    """(ELEVATIONS, AZIMUTHS), crown first."""

    def radius(self, azimuth: Real, elevation: Real) -> Real:
        """Distance of the surface from the middle in these directions (radians), in millimetres."""
        across, up = np.broadcast_arrays(azimuth, elevation)
        columns = np.atleast_2d(across * np.float32(AZIMUTHS / (2 * np.pi)) + np.float32(AZIMUTHS / 2 - 0.5))
        rows = np.atleast_2d(np.float32(ELEVATIONS / 2 - 0.5) - up * np.float32(ELEVATIONS / np.pi))
        np.clip(rows, 0, ELEVATIONS - 1, out=rows)
        sampled = cv2.remap(
            self.radius_mm,
            columns.astype(np.float32, copy=False),
            rows.astype(np.float32, copy=False),
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_WRAP,
        )
        radius: Real = np.asarray(sampled, np.float32).reshape(across.shape)
        return radius

    def at(self, azimuth: Real, elevation: Real, radius_mm: Real) -> Real:
        """Points (..., 3) in these directions at a distance from the middle."""
        points = np.empty(
            (*np.broadcast_shapes(azimuth.shape, elevation.shape, radius_mm.shape), 3), np.float32
        )
        flat = radius_mm * np.cos(elevation)
        points[..., 0] = flat * np.sin(azimuth) + self.centre_mm[0]
        points[..., 1] = radius_mm * np.sin(elevation) + self.centre_mm[1]
        points[..., 2] = flat * np.cos(azimuth) + self.centre_mm[2]
        return points

    def elevation_at(self, azimuth: Real, height_mm: npt.ArrayLike) -> Real:
        """The elevation in which the surface is at this height (y), found in three steps."""
        height = np.asarray(height_mm, np.float32) - self.centre_mm[1]
        elevation = np.zeros_like(azimuth)
        for _ in range(3):
            reach = self.radius(azimuth, elevation)
            elevation = np.arcsin(np.clip(height / reach, -0.99, 0.99))
        return elevation

    def taut(self, cells: int, blur: float, spare: int = 1) -> "HeadMap":
        """The surface of cloth drawn over the head: hollows narrower than `cells` are bridged, then smoothed.

        `spare` cells of width 3, 5, .. make it clear what sticks up between the map's directions.
        """
        around = self.radius_mm
        wrapped = np.concatenate([around[:, -_BORDER:], around, around[:, :_BORDER]], axis=1)
        if spare > 1:
            wrapped = cv2.dilate(wrapped, np.ones((spare, spare), np.uint8))
        closed = cv2.morphologyEx(wrapped, cv2.MORPH_CLOSE, np.ones((cells, cells), np.uint8))
        smooth = cv2.GaussianBlur(closed, (0, 0), blur)[:, _BORDER:-_BORDER]
        return HeadMap(self.centre_mm, np.maximum(smooth, self.radius_mm).astype(np.float32, copy=False))


def map_head(model: FaceModel, vertices_mm: Real) -> HeadMap:
    """The map of a head with these vertices, in the head's axes.

    Each cell follows the place of the skin that it has on the mean head, which is as near as cloth needs it and
    spares a search.
    """
    index, weights = _cells(model)
    centre = _centre(model, vertices_mm)
    surface = interpolate(vertices_mm, model.triangles, index, weights)
    surface -= centre
    return HeadMap(centre, np.sqrt(np.einsum("rck,rck->rc", surface, surface)))


def _centre(model: FaceModel, vertices_mm: Real) -> Real:
    """Behind the nose and between the ears, (3,)."""
    landmarks = vertices_mm[model.landmarks[[0, 16, 27, 33]]]
    x, _, z = landmarks[:2].mean(0)
    return np.array((x, landmarks[2:, 1].mean(), z - 15), np.float32)


@lru_cache(maxsize=2)
def _cells(model: FaceModel) -> tuple[Indices, Real]:
    """The triangle of the mean head in each direction, and where in it, as `rasterise` gives them."""
    vertices = model.vertices_mm
    x, y, z = (vertices - _centre(model, vertices)).T
    flat = np.hypot(x, z)
    projected = np.empty_like(vertices)
    projected[:, 0] = (np.arctan2(x, z) / (2 * np.pi) + 0.5) * AZIMUTHS
    projected[:, 1] = (0.5 - np.arctan2(y, flat) / np.pi) * ELEVATIONS
    # The rasteriser keeps the largest 1/z, so that this keeps the outermost surface.
    projected[:, 2] = 1e3 / np.maximum(np.hypot(flat, y), 1)
    _, index, weights = rasterise(projected, model.triangles, AZIMUTHS, ELEVATIONS)
    # No triangle crosses the seam behind the head, and none covers the pole or what is below the collar.
    gaps = (index == NOTHING).astype(np.uint8)
    _, labels = cv2.distanceTransformWithLabels(gaps, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    labels = np.asarray(labels)
    known = np.zeros(labels.max() + 1, np.intp)
    known[labels[gaps == 0]] = np.flatnonzero(gaps.ravel() == 0)
    nearest = known[labels]
    return index.reshape(-1)[nearest], weights.reshape(-1, 2)[nearest]
