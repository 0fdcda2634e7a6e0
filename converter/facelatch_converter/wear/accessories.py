"""What people wear before a camera, by name: glasses, caps, hair, masks, scarves and hands.

Everything is a mesh fitted to the person's own head as it is at the moment, so that it keeps its place through every
shape and expression; `worn.dress` joins it to the head for both ways of rendering.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from facelatch_converter.face_model import FaceModel
from facelatch_converter.people import Person
from facelatch_converter.wear import beard, coverings, glasses, hair, headwear
from facelatch_converter.wear.worn import Worn, dress

__all__ = ["ACCESSORIES", "PRACTISED", "Worn", "dress", "wear"]

Real = npt.NDArray[np.float32]
Maker = Callable[[FaceModel, Person, Real, np.random.Generator], Worn]

_MAKERS: dict[str, Maker] = {
    "clear-glasses": lambda model, _, vertices, rng: glasses.clear_glasses(model, vertices, rng),
    "sunglasses": lambda model, _, vertices, rng: glasses.sunglasses(model, vertices, rng),
    "cap": lambda model, _, vertices, rng: headwear.cap(model, vertices, rng),
    "fringe": hair.fringe,
    "long-hair": hair.long_hair,
    "beard": beard.beard,
    "medical-mask": lambda model, _, vertices, rng: coverings.medical_mask(model, vertices, rng),
    "head-scarf": lambda model, _, vertices, rng: headwear.head_scarf(model, vertices, rng),
    "hand": coverings.hand,
}

ACCESSORIES: tuple[str, ...] = tuple(_MAKERS)

_HIDE_MOST = ("medical-mask", "hand")
_OFTEN = np.array([2.0 if name in _HIDE_MOST else 1.0 for name in ACCESSORIES])
PRACTISED = _OFTEN / _OFTEN.sum()
"""How often training draws each of `ACCESSORIES`: what hides most of a face takes most practice."""


def wear(
    name: str, model: FaceModel, person: Person, expressed_vertices: Real, rng: np.random.Generator
) -> Worn:
    """One accessory, drawn anew and fitted to a head with these vertices (n, 3), in the head's axes.

    Raises `ValueError` for a name that is not one of `ACCESSORIES`.
    """
    if name not in _MAKERS:
        raise ValueError(f"unknown accessory {name!r}; known are {', '.join(ACCESSORIES)}")
    return _MAKERS[name](model, person, expressed_vertices, rng)
