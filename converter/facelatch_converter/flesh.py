"""Shape beyond the model's vectors: weight, age and a smooth warp that makes every head its own.

A linear model's people all lie in one space of a hundred directions, and an encoder that has seen no others may rely
on that. Weight and age move skin where faces gain and lose it (cheeks, jowls, throat; Coleman and Grover, "The anatomy
of the aging face", Aesthetic Surgery Journal 26, 2006); the warp moves everything.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from facelatch_converter.regions import Regions
from facelatch_converter.waves import waves

Real = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Flesh:
    """How a person differs from what the model's vectors say."""

    weight_mm: float
    """Thickness added to the cheeks and below the chin; negative is gaunt."""
    sag_mm: float
    """How far cheeks, jowls and brows hang down."""
    warp_mm: float
    """Root mean square of the smooth warp."""


def draw_flesh(rng: np.random.Generator) -> Flesh:
    """Any weight and age; the warp is a millimetre or two."""
    return Flesh(
        weight_mm=float(np.clip(rng.normal(0, 2.2), -4, 7)),
        sag_mm=float(rng.beta(1.1, 2.5) * 6),
        warp_mm=float(rng.uniform(0, 2.0)),
    )


def flesh_out(shape: Real, normals: Real, regions: Regions, flesh: Flesh, rng: np.random.Generator) -> Real:
    """How far each vertex is moved, (n, 3) mm; equal `rng` gives the same warp for another weight or age."""
    moved = normals * (regions.fat * np.float32(flesh.weight_mm))[:, None]
    # Skin slides down and, where it gathers, outwards.
    moved[:, 1] -= regions.sag * np.float32(flesh.sag_mm)
    moved += normals * (regions.fat * regions.sag * np.float32(0.4 * flesh.sag_mm))[:, None]
    # Long waves make a head wider, longer or crooked, shorter ones give it another cheekbone or chin.
    for length_mm, share in ((55.0, 0.85), (22.0, 0.5)):
        for axis in range(3):
            field = waves(shape, rng, 4, length_mm)
            moved[:, axis] += field * np.float32(flesh.warp_mm * share / np.sqrt(3))
    return moved.astype(np.float32, copy=False)
