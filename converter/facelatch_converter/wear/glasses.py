"""Glasses fitted to a face: rims, bridge, temples and lenses, clear or dark.

Measures are those of frames as they are sold (ISO 8624 boxed lens system: lens 42-60 mm wide, 28-50 mm high, 15-22 mm
apart; 11-17 mm before the eye). A triangulating camera sees through a clear lens badly: refraction and reflected
projector spots give holes and wrong readings; a dark lens is read as a surface, or not at all.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from facelatch_converter.face_model import FaceModel
from facelatch_converter.wear.meshes import Mesh, grid, joined, tube
from facelatch_converter.wear.worn import Worn, combine, cover

Real = npt.NDArray[np.float32]

OUTLINE = 28
"""Corners of a lens' outline."""
RINGS = 6

_LEFT_EYE, _RIGHT_EYE = tuple(range(36, 42)), tuple(range(42, 48))


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """Where glasses sit on a face, millimetres in the head's axes."""

    middle: Real
    """(3,), between the lenses' middles."""
    tilt: Real
    """(3, 3), rows: across, up along the lens, out of the lens."""
    apart: float
    half_wide: float
    half_high: float
    square: float
    """Exponent of the outline: 2 is an ellipse, 5 nearly a box."""
    curve: float
    """Radius of the lens' surface."""
    ears: Real
    """(2, 3), where the temples end."""


def clear_glasses(model: FaceModel, vertices: Real, rng: np.random.Generator) -> Worn:
    """Glasses that one sees through, with reflections; depth behind the lenses is lost or false."""
    fit = _fit(model, vertices, rng, large=False)
    lens = _lenses(fit)
    spots = _reflections(lens[0], fit, rng)
    loss = float(rng.uniform(0.15, 1.0))
    # Infrared projectors are mirrored where they sit, so that their spot is small and strong.
    opacity = np.stack([rng.uniform(0.02, 0.12) + 0.8 * spots, 0.05 + 0.7 * spots], axis=1)
    glass = cover(lens, rng.uniform(0.5, 0.95, 3), 0.9, np.clip(loss + 0.5 * spots, 0, 1), _share(opacity))
    return combine([_frame(fit, rng), glass])


def sunglasses(model: FaceModel, vertices: Real, rng: np.random.Generator) -> Worn:
    """Glasses with dark lenses; dyes let infrared through or they do not, and then depth stops at the lens."""
    fit = _fit(model, vertices, rng, large=True)
    lens = _lenses(fit)
    spots = _reflections(lens[0], fit, rng)[:, None]
    tint = rng.uniform(0.01, 0.06) * rng.uniform(0.6, 1.4, 3)
    # Reflected sky brightens a dark lens, often more at its top.
    height = (lens[0] - fit.middle) @ fit.tilt[1] / fit.half_high
    sky = rng.uniform(0, 0.15) * np.clip(0.5 + height / 2, 0, 1)
    albedo = tint + sky[:, None] + rng.uniform(0.1, 0.5) * spots
    loss = float(rng.uniform(0.1, 1.0))
    opacity = None
    if rng.random() < 0.5:
        dark = np.column_stack([np.full(len(albedo), rng.uniform(0.8, 0.98)), np.full(len(albedo), 0.2)])
        opacity = _share(dark + spots * 0.1)
    glass = cover(lens, albedo, rng.uniform(0.02, 0.3), loss, opacity)
    return combine([_frame(fit, rng), glass])


def _fit(model: FaceModel, vertices: Real, rng: np.random.Generator, large: bool) -> Fit:
    landmarks = vertices[model.landmarks]
    eyes = np.stack([landmarks[list(eye)].mean(0) for eye in (_LEFT_EYE, _RIGHT_EYE)])
    apart = float(rng.uniform(15, 22))
    half_wide = float(rng.uniform(26, 32) if large else rng.uniform(21, 29))
    half_high = float(rng.uniform(0.65, 0.9) * half_wide)
    middle = eyes.mean(0) + np.array((0, rng.uniform(-6, 1), 0))
    # The foremost part of an open eye lies some 3 mm before the plane of its lids' corners.
    middle[2] = eyes[:, 2].max() + 3 + rng.uniform(11, 17)
    lean = np.deg2rad(rng.uniform(2, 12))
    across = np.array((1, 0, 0)) if not large else _unit(eyes[1] - eyes[0])
    out = np.array((0, -np.sin(lean), np.cos(lean)))
    up = np.cross(out, across)
    return Fit(
        middle.astype(np.float32),
        np.stack([across, up, np.cross(across, up)]).astype(np.float32),
        apart,
        half_wide,
        half_high,
        float(rng.uniform(2, 5)),
        float(rng.uniform(75, 160)),
        (landmarks[[0, 16]] + ((-3, 4, -12), (3, 4, -12))).astype(np.float32),
    )


def _rings(fit: Fit, shares: Real) -> Real:
    """Outlines of both lenses (2, shares, OUTLINE, 3), shrunk to each share; the image's left lens first."""
    angle = np.linspace(0, 2 * np.pi, OUTLINE, endpoint=False, dtype=np.float32)
    wide, high = _power(np.cos(angle), 2 / fit.square), _power(np.sin(angle), 2 / fit.square)
    local = np.empty((2, len(shares), OUTLINE, 3), np.float32)
    half = fit.apart / 2 + fit.half_wide
    local[..., 0] = shares[:, None] * fit.half_wide * wide
    local[0, ..., 0] -= half
    local[1, ..., 0] += half
    local[..., 1] = shares[:, None] * fit.half_high * high
    # Both lenses lie on one curve that wraps about the face.
    sag = (local[..., 0] ** 2 + local[..., 1] ** 2 / 4) / (2 * fit.curve)
    local[..., 2] = -np.minimum(sag, 30)
    return local @ fit.tilt + fit.middle


def _lenses(fit: Fit) -> Mesh:
    rings = _rings(fit, np.linspace(0.02, 1, RINGS, dtype=np.float32))
    return joined([(lens.reshape(-1, 3), grid(RINGS, OUTLINE, around=True)) for lens in rings])


def _frame(fit: Fit, rng: np.random.Generator) -> Worn:
    thick = float(rng.uniform(0.5, 3.0))
    meshes = []
    rims = list(_rings(fit, np.ones(1, np.float32))[:, 0])
    if rng.random() < 0.85:
        meshes += [tube(rim, thick, thick, fit.tilt[2], ring=True) for rim in rims]
    meshes.append(_bridge(fit, rims, max(thick, 1.0)))
    height = max(thick, float(rng.uniform(1.0, 6.0)))
    for rim, ear in zip(rims, fit.ears, strict=True):
        hinge = rim[np.abs(rim[:, 0] - fit.middle[0]).argmax()] + fit.tilt[1] * fit.half_high * 0.4
        bend = hinge + (ear - hinge) * 0.12
        bend[0] = ear[0] + (hinge[0] - ear[0]) * 0.45
        meshes.append(tube((hinge, bend, ear), 1.2, height, (0, 1, 0)))
    dark = rng.random() < 0.6
    tone = rng.uniform(0.005, 0.06) if dark else rng.uniform(0.1, 0.7)
    albedo = tone * rng.uniform(0.5, 1.5, 3)
    return cover(joined(meshes), albedo, rng.uniform(0.03, 0.6), rng.uniform(0.1, 0.6))


def _bridge(fit: Fit, rims: list[Real], thick: float) -> Mesh:
    inner = [
        rim[np.abs(rim[:, 0] - fit.middle[0]).argmin()] + fit.tilt[1] * fit.half_high * 0.35 for rim in rims
    ]
    top = (inner[0] + inner[1]) / 2 + fit.tilt[2] * 3 + fit.tilt[1] * 2
    return tube((inner[0], top, inner[1]), thick, thick, fit.tilt[2])


def _reflections(points: Real, fit: Fit, rng: np.random.Generator) -> Real:
    """Strength (n,) of what the lenses mirror: windows, lamps and the projector, at the same place in both."""
    local = (points - fit.middle) @ fit.tilt.T
    half = fit.apart / 2 + fit.half_wide
    x, y = local[:, 0] - np.sign(local[:, 0]) * half, local[:, 1]
    strength = np.zeros(len(points), np.float32)
    for _ in range(int(rng.integers(0, 3))):
        place = rng.uniform(-0.7, 0.7, 2) * (fit.half_wide, fit.half_high)
        wide = rng.uniform(2.5, 12, 2)
        spot = np.exp(-(((x - place[0]) / wide[0]) ** 2) - ((y - place[1]) / wide[1]) ** 2)
        strength += rng.uniform(0.3, 1) * spot
    return np.clip(strength, 0, 1).astype(np.float32)


def _share(opacity: npt.NDArray[np.floating[Any]]) -> Real:
    """Opacities below 1, so that depth passes."""
    return np.clip(opacity, 0, 0.99).astype(np.float32)


def _power(values: Real, exponent: float) -> Real:
    bent: Real = np.sign(values) * np.abs(values) ** exponent
    return bent


def _unit(vector: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.float64]:
    unit: npt.NDArray[np.float64] = vector / max(float(np.linalg.norm(vector)), 1e-6)
    return unit
