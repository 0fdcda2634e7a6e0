"""Neck and shoulders in clothes: a stack of ovals below a head, so that a frame does not show a floating face."""

import numpy as np
import numpy.typing as npt

from facelatch_converter.render import Light, Posed, View, body_offset_mm, light_mesh

Real = npt.NDArray[np.float32]

RINGS_MM = (
    # below the nose, half width, half depth, behind the nose
    (150, 60, 62, 108),
    (175, 112, 72, 112),
    (200, 185, 95, 112),
    (255, 215, 115, 108),
    (360, 225, 125, 105),
    (520, 225, 125, 105),
)
SEGMENTS = 40


def make_torso(view: View, light: Light, rng: np.random.Generator) -> Posed:
    """Shoulders below a head in this view, in cloth of a random colour."""
    x, y, z = np.array(view.position_mm) + body_offset_mm(view) * (1, -1, -1)
    angles = np.linspace(0, 2 * np.pi, SEGMENTS, endpoint=False)
    scale = rng.uniform(0.88, 1.12)
    rings = []
    for below, wide, deep, behind in RINGS_MM:
        ring = np.empty((SEGMENTS, 3), np.float32)
        ring[:, 0] = x + scale * wide * np.cos(angles)
        ring[:, 1] = y + scale * below
        ring[:, 2] = z + behind + scale * deep * np.sin(angles)
        rings.append(ring)
    cloth = rng.uniform(0.02, 0.8) * rng.uniform(0.6, 1, 3)
    vertices = np.concatenate(rings)
    return light_mesh(
        vertices,
        _stitch(len(rings)),
        np.broadcast_to(cloth.astype(np.float32), vertices.shape).copy(),
        np.full(len(vertices), rng.uniform(0.2, 0.8), np.float32),
        light,
    )


def _stitch(rings: int) -> npt.NDArray[np.int32]:
    """Two triangles per cell between neighbouring rings, outside counter-clockwise."""
    triangles = []
    for ring in range(rings - 1):
        for k in range(SEGMENTS):
            a, b = ring * SEGMENTS + k, ring * SEGMENTS + (k + 1) % SEGMENTS
            c, d = a + SEGMENTS, b + SEGMENTS
            triangles += [(a, b, c), (b, d, c)]
    return np.array(triangles, np.int32)
