"""Hair that a depth camera cannot see through: a fringe and long hair.

Strands scatter the projected pattern, so that depth on hair is rough and full of holes.
"""

from dataclasses import replace

import numba
import numpy as np
import numpy.typing as npt

from facelatch_converter.face_model import FaceModel
from facelatch_converter.people import HAIR_TONES, Person
from facelatch_converter.wear.head_map import HeadMap, map_head
from facelatch_converter.wear.meshes import Indices, grid, torn_grid
from facelatch_converter.wear.worn import Worn, combine, cover

Real = npt.NDArray[np.float32]


def fringe(model: FaceModel, person: Person, vertices: Real, rng: np.random.Generator) -> Worn:
    """Hair that falls from the crown over the forehead, down to the brows or over them."""
    head = map_head(model, vertices).taut(5, 1.0)
    landmarks = vertices[model.landmarks]
    brow = float(landmarks[[19, 24], 1].mean())
    rows, columns = 14, 72
    azimuth = np.linspace(-1, 1, columns, dtype=np.float32) * np.deg2rad(rng.uniform(35, 70))
    top = np.full(columns, np.deg2rad(rng.uniform(68, 80)), np.float32)
    # Swept to one side: low on one side of the forehead, high on the other.
    ends = brow + rng.uniform(-22, 28) + azimuth * rng.normal(0, 18)
    ends += _strands(columns, rng) * rng.uniform(2, 9)
    bottom = head.elevation_at(azimuth, ends)
    down = np.linspace(0, 1, rows, dtype=np.float32)[:, None]
    elevation = top + (bottom - top) * down
    rough = rng.normal(0, rng.uniform(0.3, 2.0), elevation.shape) + _strands(columns, rng) * 1.2
    lift = rng.uniform(3, 10) * np.sin(np.pi * np.clip(0.15 + down * 0.75, 0, 1)) + 2
    radius = head.radius(azimuth, elevation) + lift + rough
    # Thin at the ends: whole strands are missing there.
    keep = (down[1:] < rng.uniform(0.5, 1)) | (_strands(columns - 1, rng) > rng.uniform(-2, 0))
    sheet = (head.at(azimuth, elevation, radius).reshape(-1, 3), torn_grid(keep))
    tone = tone_of(person, rng)
    hair = _strand_cover(sheet, (rows, columns), tone, rng)
    worn = [replace(hair, shade=_under_hair(model, vertices, ends.mean()))]
    if person.bald:
        worn.append(_crown(head, landmarks, tone, rng))
    return combine(worn)


def long_hair(model: FaceModel, person: Person, vertices: Real, rng: np.random.Generator) -> Worn:
    """Hair over the crown and down the sides of the face, in front of the ears and part of the cheeks."""
    head = map_head(model, vertices).taut(9, 1.5, spare=3)
    tone = tone_of(person, rng)
    parts = [_crown(head, vertices[model.landmarks], tone, rng)]
    one_sided = rng.random() < 0.25
    for side in (rng.choice((-1, 1)),) if one_sided else (-1, 1):
        parts.append(_curtain(head, side, tone, rng))
    return combine(parts)


def _crown(head: HeadMap, landmarks: Real, tone: Real, rng: np.random.Generator) -> Worn:
    """A cap of hair above the hairline."""
    rows, columns = 10, 48
    azimuth = np.linspace(-np.pi, np.pi, columns, endpoint=False, dtype=np.float32)
    brow, ear = float(landmarks[[19, 24], 1].mean()), float(landmarks[[0, 16], 1].mean())
    share = ((1 + np.cos(azimuth)) / 2) ** 2
    line = ear - 5 + (brow + rng.uniform(25, 50) - ear + 5) * share
    bottom = head.elevation_at(azimuth, line)
    down = np.linspace(0, 1, rows, dtype=np.float32)[:, None]
    elevation = np.deg2rad(89) + (bottom - np.deg2rad(89)) * down
    thick = 1.5 + rng.uniform(5, 22) * (1 - down**3) + rng.normal(0, 0.8, elevation.shape)
    points = head.at(azimuth, elevation, head.radius(azimuth, elevation) + thick)
    sheet = (points.reshape(-1, 3), grid(rows, columns, around=True))
    return _strand_cover(sheet, (rows, columns), tone, rng)


def _curtain(head: HeadMap, side: int, tone: Real, rng: np.random.Generator) -> Worn:
    """Hair that hangs straight or in waves from the temple past the jaw."""
    rows, columns = 26, 34
    down = np.linspace(0, 1, rows, dtype=np.float32)[:, None]
    high = head.centre_mm[1] + rng.uniform(65, 85)
    height = high + (head.centre_mm[1] - rng.uniform(60, 170) - high) * down
    wave = np.sin(down * rng.uniform(2, 14) + rng.uniform(0, 6)) * rng.uniform(0, 8) * down
    front = np.deg2rad(rng.uniform(42, 82) + wave + rng.normal(0, 8) * down)
    across = np.linspace(0, 1, columns, dtype=np.float32)
    # Columns run to the right, from the face on one side and towards it on the other.
    across = across[::side]
    azimuth = side * (front + (np.deg2rad(150) - front) * across)
    reach = _hanging(head, azimuth, np.broadcast_to(height, azimuth.shape))
    rough = rng.normal(0, rng.uniform(0.3, 1.8), reach.shape) + _strands(columns, rng) * rng.uniform(0.5, 2.5)
    # It lies close at the front edge and fuller behind.
    reach = reach + rng.uniform(4, 18) * np.clip(across * 6, 0.25, 1) + wave * 0.5 + rough
    x, z = reach * np.sin(azimuth), reach * np.cos(azimuth)
    points = np.stack(
        [x + head.centre_mm[0], np.broadcast_to(height, x.shape), z + head.centre_mm[2]], axis=-1
    )
    keep = (down[1:] < rng.uniform(0.6, 1)) | (_strands(columns - 1, rng) > rng.uniform(-2, -0.5))
    mesh = (points.reshape(-1, 3).astype(np.float32), torn_grid(keep))
    return _strand_cover(mesh, (rows, columns), tone, rng)


def _hanging(head: HeadMap, azimuth: Real, height: Real) -> Real:
    """How far from the vertical axis hair hangs (rows, columns): as wide as the head is anywhere above."""
    steep = np.linspace(np.deg2rad(75), np.deg2rad(-60), 28, dtype=np.float32)[:, None]
    middle = azimuth[len(azimuth) // 2]
    reach = head.radius(middle, steep)
    flat = np.maximum.accumulate(reach * np.cos(steep), axis=0)
    heights = head.centre_mm[1] + reach * np.sin(steep)
    hanging: Real = _interpolated(height.astype(np.float32), heights, flat)
    return hanging


@numba.njit(cache=True, nogil=True)
def _interpolated(height: Real, heights: Real, reach: Real) -> Real:
    """Each column's reach at its heights; both the wanted and the known heights fall from row to row."""
    found = np.empty_like(height)
    last = heights.shape[0] - 1
    for column in range(height.shape[1]):
        place = 0
        for row in range(height.shape[0]):
            while place < last and heights[place + 1, column] > height[row, column]:
                place += 1
            after = min(place + 1, last)
            gap = heights[place, column] - heights[after, column]
            share = (heights[place, column] - height[row, column]) / gap if gap > 1e-6 else np.float32(0)
            share = min(max(share, np.float32(0)), np.float32(1))
            found[row, column] = reach[place, column] + share * (reach[after, column] - reach[place, column])
    return found


def _strand_cover(
    sheet: tuple[Real, Indices], shape: tuple[int, int], tone: Real, rng: np.random.Generator
) -> Worn:
    """Hair on a sheet of (rows, columns) vertices: strands run down the columns."""
    rows, columns = shape
    stripes = np.exp(rng.uniform(0.1, 0.4) * _strands(columns, rng) + rng.normal(0, 0.1, (rows, columns)))
    albedo = tone * stripes.reshape(-1, 1)
    return cover(sheet, albedo, infrared_of(albedo), rng.uniform(0.15, 0.75))


def _strands(columns: int, rng: np.random.Generator) -> Real:
    """A number per column of about unit variance that neighbours share in twos and threes."""
    single = rng.standard_normal(columns + 2)
    strands: Real = ((single[:-2] + single[1:-1] + single[2:]) / 1.7).astype(np.float32)
    return strands


def tone_of(person: Person, rng: np.random.Generator) -> Real:
    """Linear albedo of the person's hair (3,), or of any hair where they are bald."""
    if person.hair_albedo is not None:
        return np.array(person.hair_albedo, np.float32)
    tone = HAIR_TONES[rng.integers(len(HAIR_TONES))] * rng.uniform(0.75, 1.25)
    linear: Real = ((np.clip(tone, 4, 252) / 255) ** 2.2).astype(np.float32)
    return linear


def infrared_of(albedo: Real) -> Real:
    """Hair is brighter at 850 nm than to the eye, dark hair most."""
    bright: Real = (0.12 + 0.45 * np.clip(albedo.mean(-1), 0, 1) ** 0.45).astype(np.float32)
    return bright


def _under_hair(model: FaceModel, vertices: Real, end_mm: float) -> Real:
    """The shade that hair throws on the forehead below its ends."""
    below = np.clip((end_mm - vertices[:, 1]) / 14, 0, 1)
    front = vertices[:, 2] > vertices[model.landmarks[0], 2]
    shade: Real = np.where(front & (vertices[:, 1] > end_mm - 60), 0.65 + 0.35 * below, 1).astype(np.float32)
    return shade
