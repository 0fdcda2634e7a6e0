"""Who resembles whom: batches of people who are alike teach what tells them apart.

Of people drawn at random, hardly any two are so alike that an encoder in training mistakes one for the other, and
those that never are have nothing left to teach. Among hundreds that are remembered there are some.
"""

import numpy as np
import numpy.typing as npt

from facelatch_converter.face_model import FaceModel

Real = npt.NDArray[np.float32]


def reach_mm(model: FaceModel) -> Real:
    """How far each shape coefficient (identities,) moves the skin, root mean square in millimetres."""
    reach: Real = np.sqrt((model.identity_mm**2).sum(2).mean(1))
    return reach


def draw_groups(shapes: Real, count: int, size: int, rng: np.random.Generator) -> list[int]:
    """`count` different places among `shapes` (people, coefficients), in groups of `size`.

    Each group is somebody drawn at random and those who are nearest to them and in no group yet. Raises `ValueError`
    where there are fewer shapes than places.
    """
    if count > len(shapes):
        raise ValueError(f"{count} people cannot be drawn from {len(shapes)}")
    free = np.ones(len(shapes), bool)
    chosen: list[int] = []
    while len(chosen) < count:
        first = int(rng.choice(np.flatnonzero(free)))
        apart = np.where(free, np.square(shapes - shapes[first]).sum(1), np.inf)
        group = np.argsort(apart, kind="stable")[: min(size, count - len(chosen))]
        free[group] = False
        chosen += [int(place) for place in group]
    return chosen


def near(weights: Real, other: Real, apart: float) -> Real:
    """Coefficients between two people's, on the arc and not on the chord: the mean face must not come nearer.

    `apart` is the expected distance from the first, 1 being that of two strangers; from 0 to 1.
    """
    if not 0 <= apart <= 1:
        raise ValueError(f"two people are 0 to 1 strangers' distances apart, found {apart}")
    # On a sphere two directions at an angle a are sqrt(2 - 2 cos a) apart, and strangers sqrt(2).
    along = 1 - apart**2
    between: Real = (along * weights + np.sqrt(1 - along**2) * other).astype(np.float32)
    return between
