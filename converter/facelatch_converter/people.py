"""Random people: a shape, a skin, hair and a beard, drawn from a seed.

Skin tones follow the ten steps of the Monk Skin Tone scale (E. Monk, 2022, values as published); everything else
is drawn from plausible ranges, as wide as life rather than as usual.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from facelatch_converter.face_model import FaceModel
from facelatch_converter.flesh import Flesh, draw_flesh, flesh_out
from facelatch_converter.rasterise import vertex_normals
from facelatch_converter.regions import Regions
from facelatch_converter.waves import waves

Real = npt.NDArray[np.float32]

MONK_SKIN_TONES = np.array(
    [
        (0xF6, 0xED, 0xE4), (0xF3, 0xE7, 0xDB), (0xF7, 0xEA, 0xD0), (0xEA, 0xDA, 0xBA), (0xD7, 0xBD, 0x96),
        (0xA0, 0x7E, 0x56), (0x82, 0x5C, 0x43), (0x60, 0x41, 0x34), (0x3A, 0x31, 0x2A), (0x29, 0x24, 0x20),
    ],
    np.float32,
)  # fmt: skip
HAIR_TONES = np.array(
    [
        (18, 15, 14),
        (45, 32, 24),
        (78, 54, 36),
        (120, 86, 52),
        (176, 140, 92),
        (130, 62, 34),
        (150, 148, 146),
        (225, 222, 216),
    ],
    np.float32,
)
IRIS_TONES = np.array([(58, 38, 24), (92, 62, 32), (110, 98, 62), (96, 118, 134), (92, 120, 88)], np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Person:
    """One made-up person, without an expression."""

    vertices_mm: Real
    """(n, 3), centred on the nose."""
    albedo: Real
    """(n, 3), linear reflectance 0..1 in red, green and blue."""
    infrared_albedo: Real
    """(n,), linear reflectance at 850 nm."""
    weights: Real
    """(identities,), the shape coefficients; known, so usable as a training target."""
    hair_albedo: tuple[float, float, float] | None = None
    """Linear reflectance of the hair; None where no tone is known."""
    bald: bool = False


@dataclass(frozen=True, slots=True)
class Hair:
    """What grows: how long, how far down, in which tone."""

    scalp_mm: float
    """How far hair stands off; 0 is bald."""
    hairline_mm: float
    """Shifts the hairline up (positive) or down."""
    beard_mm: float
    """Thickness of the beard; 0 is shaven, below 1 is stubble."""
    moustache_only: bool
    tone: tuple[float, float, float]


def draw_person(
    model: FaceModel,
    regions: Regions,
    rng: np.random.Generator,
    spread: float = 1.0,
    *,
    reshape: Callable[[Real], Real] = lambda weights: weights,
    regrow: Callable[[Hair], Hair] = lambda hair: hair,
    reflesh: Callable[[Flesh], Flesh] = lambda flesh: flesh,
) -> Person:
    """A new person; `spread` scales the shape coefficients (1: as the scanned population).

    From an equal `rng`, `reshape` makes a relative with other coefficients and the same skin, `regrow` the same
    person with other hair, and `reflesh` the same person heavier, lighter or older.
    """
    weights = reshape((rng.normal(size=len(model.identity_mm)) * spread).astype(np.float32))
    flat = model.identity_mm.reshape(len(weights), -1)
    shape = model.vertices_mm + (weights @ flat).reshape(-1, 3)
    shape = (shape - regions.centre_mm) * np.float32(rng.normal(1, 0.02))
    hair = regrow(draw_hair(rng))
    # Random numbers of its own: whatever is drawn of the flesh, skin and hair stay the same.
    own = rng.spawn(1)[0]
    normals = vertex_normals(shape.astype(np.float32), model.triangles)
    shape = shape + flesh_out(shape.astype(np.float32), normals, regions, reflesh(draw_flesh(own)), own)
    shape = shape + normals * (_bumps(shape, rng) + _hair_mm(shape, regions, hair, rng))[:, None]
    albedo, infrared = paint(shape, regions, hair, rng)
    tone = (np.clip(hair.tone, 4, 252) / 255) ** 2.2
    strands = (float(tone[0]), float(tone[1]), float(tone[2]))
    return Person(shape.astype(np.float32), albedo, infrared, weights, strands, bald=hair.scalp_mm == 0)


def draw_hair(rng: np.random.Generator) -> Hair:
    """Hair as heads have it: one in seven bald, one in two without any beard."""
    kind = rng.random()
    scalp = 0.0 if kind < 0.15 else float(rng.uniform(2, 12) if kind < 0.6 else rng.uniform(10, 35))
    bearded = rng.random()
    beard = 0.0 if bearded < 0.5 else float(rng.uniform(0.1, 1) if bearded < 0.75 else rng.uniform(1, 10))
    tone = HAIR_TONES[rng.integers(len(HAIR_TONES))] * rng.uniform(0.75, 1.25)
    return Hair(
        scalp_mm=scalp,
        hairline_mm=float(rng.normal(0, 8)),
        beard_mm=beard,
        moustache_only=bool(rng.random() < 0.25),
        tone=(float(tone[0]), float(tone[1]), float(tone[2])),
    )


def paint(shape: Real, regions: Regions, hair: Hair, rng: np.random.Generator) -> tuple[Real, Real]:
    """Linear albedo (n, 3) and infrared albedo (n,) of a person's skin, eyes, lips, brows and hair."""
    place = rng.uniform(0, len(MONK_SKIN_TONES) - 1)
    below = int(place)
    above = min(below + 1, len(MONK_SKIN_TONES) - 1)
    skin = MONK_SKIN_TONES[below] + (place - below) * (MONK_SKIN_TONES[above] - MONK_SKIN_TONES[below])
    skin = skin * rng.normal((1.0, 0.92, 0.88), 0.03)
    colour = np.broadcast_to(skin.astype(np.float32), shape.shape).copy()
    infrared = np.full(len(shape), rng.uniform(0.5, 0.65), np.float32)

    colour *= 1 + waves(shape, rng, 8, 12)[:, None] * rng.uniform(0.01, 0.05)
    blood = np.array([0.10, -0.06, -0.05], np.float32) * rng.uniform(0, 1.4)
    colour *= 1 + regions.cheek[:, None] * blood
    _blend(colour, infrared, np.exp(-((regions.lid_mm / 9) ** 2)) * rng.uniform(0, 0.35), skin * 0.6, 0.45)
    _freckle(colour, shape, regions, rng)
    lips = skin * np.array([0.92, 0.66, 0.66]) * rng.uniform(0.75, 1.1)
    _blend(colour, infrared, regions.lip * rng.uniform(0.4, 1), lips, 0.5)
    tone = np.array(hair.tone, np.float32)
    _paint_brows(colour, infrared, regions, tone, rng)
    _blend(
        colour, infrared, np.exp(-((regions.lid_mm / rng.uniform(1.2, 2.2)) ** 2)) * 0.8, skin * 0.25, 0.25
    )
    growth = regions.moustache if hair.moustache_only else np.maximum(regions.beard, regions.moustache)
    cover = min(1.0, hair.beard_mm**0.5) * rng.uniform(0.6, 1)
    hair_infrared = float(0.12 + 0.4 * tone.mean() / 255)
    _blend(colour, infrared, growth * cover, tone * rng.uniform(0.8, 1.2), hair_infrared)
    if hair.scalp_mm > 0:
        strands = 1 + waves(shape, rng, 8, 5)[:, None] * 0.15
        scalp = np.clip((regions.scalp_mm - hair.hairline_mm) / 8, 0, 1)
        _blend(colour, infrared, scalp, tone * strands, hair_infrared)
    _paint_eyes(colour, infrared, regions, rng)
    return ((np.clip(colour, 4, 252) / 255) ** 2.2).astype(np.float32), infrared


def _paint_brows(
    colour: Real, infrared: Real, regions: Regions, tone: Real, rng: np.random.Generator
) -> None:
    width = rng.uniform(2.5, 5.5) * (1 - rng.uniform(0.2, 0.7) * regions.brow_along)
    reach = rng.uniform(0.75, 1.0)
    strength = np.exp(-((regions.brow_mm / width) ** 4)) * (regions.brow_along <= reach)
    _blend(colour, infrared, strength * rng.uniform(0.25, 0.95), tone * rng.uniform(0.5, 1.0), 0.3)


def _paint_eyes(colour: Real, infrared: Real, regions: Regions, rng: np.random.Generator) -> None:
    iris = IRIS_TONES[rng.integers(len(IRIS_TONES))] * rng.uniform(0.7, 1.2)
    for mask, tone, reflectance in (
        (regions.sclera, np.array((188, 180, 174)) * rng.uniform(0.75, 1.05), 0.5),
        (regions.iris, iris, 0.25),
        (regions.pupil, np.array((10, 8, 8)), 0.04),
        (regions.mouth, np.array((46, 18, 18)), 0.1),
    ):
        colour[mask] = tone
        infrared[mask] = reflectance


def _blend(colour: Real, infrared: Real, weight: Real, tone: npt.ArrayLike, reflectance: float) -> None:
    """Paint over, in place."""
    colour += weight[:, None] * (np.asarray(tone, np.float32) - colour)
    infrared += weight * (np.float32(reflectance) - infrared)


def _freckle(colour: Real, shape: Real, regions: Regions, rng: np.random.Generator) -> None:
    """Moles: a few dark spots on the front of the face, in place."""
    front = np.flatnonzero(regions.front)
    for vertex in rng.choice(front, rng.poisson(3)):
        near = np.sum((shape - shape[vertex]) ** 2, axis=1) < rng.uniform(1.5, 3.5) ** 2
        colour[near] *= np.float32(rng.uniform(0.35, 0.7))


def _bumps(shape: Real, rng: np.random.Generator) -> Real:
    """Shape that the model's vectors cannot make: smooth displacement along the normal, (n,) mm."""
    displacement = np.zeros(len(shape), np.float32)
    for length_mm, size in ((45, 1.0), (18, 0.5)):
        displacement += waves(shape, rng, 6, length_mm / 2) * np.float32(rng.uniform(0, size))
    return displacement


def _hair_mm(shape: Real, regions: Regions, hair: Hair, rng: np.random.Generator) -> Real:
    """How far hair and beard stand off the skin, (n,) mm."""
    scalp = np.clip((regions.scalp_mm - hair.hairline_mm) / 25, 0, 1) * hair.scalp_mm
    growth = (
        regions.moustache * 0.6 if hair.moustache_only else np.maximum(regions.beard, regions.moustache * 0.6)
    )
    rough = 1 + 0.15 * waves(shape, rng, 8, 6)
    thickness: Real = ((scalp + growth * hair.beard_mm) * rough).astype(np.float32)
    return thickness
