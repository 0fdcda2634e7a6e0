"""What a person wears, as a mesh in the head's axes, and how it is brought before the camera with the head."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from facelatch_converter.face_model import FaceModel
from facelatch_converter.people import Person
from facelatch_converter.render import Light, Posed, Veil, View, join, light_mesh, place
from facelatch_converter.wear.meshes import Indices, Mesh

Real = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Worn:
    """Something on a head, in the head's axes and before the head is turned."""

    vertices_mm: Real
    """(n, 3)"""
    triangles: Indices
    """(m, 3)"""
    albedo: Real
    """(n, 3), linear reflectance 0..1 in red, green and blue."""
    infrared_albedo: Real
    """(n,)"""
    loss: Real
    """(n,), 0..1: how likely a depth reading on (or through) it is lost or false."""
    opacity: Real | None = None
    """(n, 2), the share of visible and of infrared light that it keeps back; None: all of it.

    Depth passes through whatever is not wholly opaque.
    """
    shade: Real | None = None
    """(vertices of the head,), the share of light that it leaves the head; None: all of it."""


def cover(
    mesh: Mesh,
    albedo: npt.ArrayLike,
    infrared: npt.ArrayLike,
    loss: npt.ArrayLike,
    opacity: Real | None = None,
    shade: Real | None = None,
) -> Worn:
    """A mesh with properties that are each one for all vertices or one per vertex."""
    vertices, triangles = mesh
    count = len(vertices)
    return Worn(
        vertices,
        triangles,
        np.clip(np.broadcast_to(np.asarray(albedo, np.float32), (count, 3)), 0.005, 0.95),
        np.clip(np.broadcast_to(np.asarray(infrared, np.float32), (count,)), 0.01, 0.95),
        np.clip(np.broadcast_to(np.asarray(loss, np.float32), (count,)), 0, 1),
        opacity,
        shade,
    )


def combine(parts: Sequence[Worn]) -> Worn:
    """Several pieces as one."""
    offsets = np.cumsum([0, *(len(part.vertices_mm) for part in parts[:-1])])
    see_through = any(part.opacity is not None for part in parts)
    shades = [part.shade for part in parts if part.shade is not None]
    return Worn(
        np.concatenate([part.vertices_mm for part in parts]),
        np.concatenate(
            [part.triangles + offset for part, offset in zip(parts, offsets, strict=True)], dtype=np.int32
        ),
        np.concatenate([part.albedo for part in parts]),
        np.concatenate([part.infrared_albedo for part in parts]),
        np.concatenate([part.loss for part in parts]),
        np.concatenate([_opacity(part) for part in parts]) if see_through else None,
        np.prod(shades, axis=0) if shades else None,
    )


def dress(
    model: FaceModel, person: Person, vertices_mm: Real, worn: Sequence[Worn], view: View, light: Light
) -> Posed:
    """A head (expressed vertices) with what it wears as one lit mesh before the camera.

    Goes into `render_crop` and `render_frame` like the head alone; without anything worn it is what `pose` gives.
    """
    albedo = person.albedo
    for item in worn:
        if item.shade is not None:
            albedo = albedo * item.shade[:, None]
    head = light_mesh(place(vertices_mm, view), model.triangles, albedo, person.infrared_albedo, light)
    return join([head, *(_posed(item, view, light) for item in worn)]) if worn else head


def _posed(item: Worn, view: View, light: Light) -> Posed:
    lit = light_mesh(place(item.vertices_mm, view), item.triangles, item.albedo, item.infrared_albedo, light)
    attributes = np.column_stack([lit.attributes, item.loss])
    if item.opacity is None:
        return Posed(lit.vertices_mm, lit.triangles, attributes)
    clear = (item.opacity[item.triangles] < 1).any((1, 2))
    veil = Veil(
        lit.vertices_mm,
        np.ascontiguousarray(item.triangles[clear]),
        np.column_stack([attributes, item.opacity]).astype(np.float32),
    )
    return Posed(lit.vertices_mm, np.ascontiguousarray(item.triangles[~clear]), attributes, (veil,))


def _opacity(item: Worn) -> Real:
    return np.ones((len(item.vertices_mm), 2), np.float32) if item.opacity is None else item.opacity
