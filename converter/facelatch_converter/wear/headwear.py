"""Caps, hats and head scarves laid upon a head."""

import numpy as np
import numpy.typing as npt

from facelatch_converter.face_model import FaceModel
from facelatch_converter.wear.head_map import HeadMap, map_head
from facelatch_converter.wear.meshes import Mesh, double_sided, grid
from facelatch_converter.wear.worn import Worn, combine, cover

Real = npt.NDArray[np.float32]


def cap(model: FaceModel, vertices: Real, rng: np.random.Generator) -> Worn:
    """A cap with a peak, a hat with a brim all round, or a beanie; the brim shades the face."""
    head = map_head(model, vertices).taut(7, 1.5, spare=3)
    landmarks = vertices[model.landmarks]
    brow, ear = float(landmarks[[19, 24], 1].mean()), float(landmarks[[0, 16], 1].mean())
    kind = rng.random()
    beanie = kind > 0.8
    front = brow + (rng.uniform(-4, 22) if beanie else rng.uniform(6, 30))
    back = ear + rng.uniform(-25, 20)
    dome = _dome(head, front, back, rng.uniform(2, 6), 0.0 if beanie else rng.uniform(0, 18), rng)
    cloth = _cloth(rng)
    worn = [cover(dome, cloth * _knit(len(dome[0]), beanie, rng), rng.uniform(0.1, 0.8), rng.uniform(0, 0.1))]
    if not beanie:
        reach = np.deg2rad(180) if kind > 0.65 else np.deg2rad(rng.uniform(50, 68))
        tone = cloth if rng.random() < 0.7 else _cloth(rng)
        brim = _brim(head, (front, back), reach, float(rng.uniform(40, 75)), rng)
        worn.append(cover(brim, tone, rng.uniform(0.1, 0.8), 0.1, shade=_shade(model, vertices, front, rng)))
    return combine(worn)


def head_scarf(model: FaceModel, vertices: Real, rng: np.random.Generator) -> Worn:
    """Cloth around head, ears, chin and throat that leaves the face free."""
    head = map_head(model, vertices).taut(11, 2.0, spare=3)
    rows, columns = 20, 80
    around = np.linspace(0, 2 * np.pi, columns, endpoint=False, dtype=np.float32)
    top, low = np.deg2rad(rng.uniform(34, 48)), np.deg2rad(rng.uniform(44, 56))
    wide = np.deg2rad(rng.uniform(44, 66))
    tall = np.where(np.sin(around) > 0, top, low)
    opening = wide * tall / np.hypot(wide * np.sin(around), tall * np.cos(around))
    away = opening + (np.deg2rad(172) - opening) * np.linspace(0, 1, rows, dtype=np.float32)[:, None] ** 1.5
    # Directions about the axis that points out of the face.
    x, y, z = np.sin(away) * np.cos(around), np.sin(away) * np.sin(around), np.cos(away)
    azimuth, elevation = np.arctan2(x, z).astype(np.float32), np.arcsin(y).astype(np.float32)
    folds = np.sin(around * rng.integers(5, 12) + away * rng.uniform(-6, 6) + rng.uniform(0, 6))
    thick = rng.uniform(3, 9) + folds * rng.uniform(0, 2.5) + rng.normal(0, 0.3, away.shape)
    # About the throat the cloth stays close, however wide the collar below it is.
    radius = np.minimum(head.radius(azimuth, elevation) + thick, np.where(elevation < -0.9, 150, 200))
    mesh = (head.at(azimuth, elevation, radius).reshape(-1, 3), grid(rows, columns, around=True))
    pattern = np.exp(
        rng.uniform(0, 0.4) * np.sin(azimuth * rng.uniform(5, 25) + elevation * rng.uniform(-25, 25))
    )
    return cover(
        mesh,
        _cloth(rng) * pattern.reshape(-1, 1),
        rng.uniform(0.2, 0.85),
        rng.uniform(0, 0.12),
    )


def _dome(
    head: HeadMap, front: float, back: float, thick: float, puff: float, rng: np.random.Generator
) -> Mesh:
    rows, columns = 12, 56
    azimuth = np.linspace(-np.pi, np.pi, columns, endpoint=False, dtype=np.float32)
    bottom = head.elevation_at(azimuth, _line(azimuth, front, back))
    down = np.linspace(0, 1, rows, dtype=np.float32)[:, None]
    elevation = np.deg2rad(89) + (bottom - np.deg2rad(89)) * down
    lift = thick + puff * np.sin(np.pi * np.clip(down, 0, 1)) + rng.normal(0, 0.4, elevation.shape)
    points = head.at(azimuth, elevation, head.radius(azimuth, elevation) + lift)
    return points.reshape(-1, 3), grid(rows, columns, around=True)


def _line(azimuth: Real, front: float, back: float) -> Real:
    """The height of a cap's edge in each direction."""
    line: Real = (back + (front - back) * (1 + np.cos(azimuth)) / 2).astype(np.float32)
    return line


def _brim(
    head: HeadMap, edge_mm: tuple[float, float], reach: float, length: float, rng: np.random.Generator
) -> Mesh:
    """A curved sheet that stands out from the cap's edge between -reach and reach."""
    rows, columns = 6, 40
    azimuth = np.linspace(-reach, reach, columns, dtype=np.float32)
    # It begins under the cap's edge, so that no skin shows between them.
    elevation = head.elevation_at(azimuth, _line(azimuth, *edge_mm) + 4)
    inner = head.at(azimuth, elevation, head.radius(azimuth, elevation) + 1.5)
    peaked = reach < np.pi
    share = np.sqrt(np.clip(np.cos(azimuth / reach * np.pi / 2), 0, 1)) if peaked else np.full(columns, 0.8)
    # A peak points forwards as a whole, a hat's brim away from the head.
    spread = azimuth * (0.35 if peaked else 1.0)
    slope = np.deg2rad(rng.uniform(0, 22))
    out = np.stack([np.sin(spread), np.full(columns, -np.tan(slope)), np.cos(spread)], axis=1)
    far = np.linspace(0, 1, rows, dtype=np.float32)[:, None, None]
    points = inner + far * (length * share)[:, None] * out
    points[..., 1] -= rng.uniform(0, 18) * (azimuth / reach) ** 2 * (1 if peaked else 0) * far[..., 0]
    sheet = (points.reshape(-1, 3).astype(np.float32), grid(rows, columns))
    return double_sided(sheet, 1.5)


def _shade(model: FaceModel, vertices: Real, front: float, rng: np.random.Generator) -> Real:
    """How much light a brim leaves the face: least on the forehead, all of it from the mouth downwards."""
    low = float(vertices[model.landmarks[51], 1])
    dark = rng.uniform(0.3, 1)
    share = np.clip((front - vertices[:, 1]) / max(front - low, 1), 0, 1)
    before = vertices[:, 2] > vertices[model.landmarks[0], 2]
    shade: Real = np.where(before, dark + (1 - dark) * share, 1).astype(np.float32)
    return shade


def _cloth(rng: np.random.Generator) -> Real:
    """Linear albedo (3,) of dyed cloth, black and white included."""
    cloth: Real = (rng.uniform(0.08, 0.95) ** 2.2 * rng.uniform(0.3, 1, 3)).astype(np.float32)
    return cloth


def _knit(count: int, knitted: bool, rng: np.random.Generator) -> Real:
    pattern: Real = np.exp(rng.normal(0, 0.15 if knitted else 0.03, (count, 1))).astype(np.float32)
    return pattern
