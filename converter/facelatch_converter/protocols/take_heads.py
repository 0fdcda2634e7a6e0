"""The head of a take before the camera, with what it wears; frames and crops are rendered of the same one."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from facelatch_converter.protocols.cast import Generator
from facelatch_converter.protocols.takes import Take
from facelatch_converter.render import Posed, express
from facelatch_converter.wear.accessories import wear
from facelatch_converter.wear.worn import Worn, dress

Real = npt.NDArray[np.float32]

_DRESSING = 2
"""Tells what is worn from what else all views of a take share."""


@dataclass(frozen=True, slots=True, eq=False)
class Head:
    """A take's head before it is turned: the same in all of its views."""

    vertices_mm: Real
    worn: tuple[Worn, ...]


def make_head(generator: Generator, take: Take) -> Head:
    """The person with the take's expression and accessory."""
    vertices = express(generator.model, take.person, take.expression)
    name = take.circumstances.accessory
    if not name:
        return Head(vertices, ())
    rng = take.circumstance(_DRESSING)
    return Head(vertices, (wear(name, generator.model, take.person, vertices, rng),))


def pose_head(generator: Generator, take: Take, head: Head, number: int) -> Posed:
    """The head in view `number`, lit."""
    view = take.views[number]
    return dress(generator.model, take.person, head.vertices_mm, head.worn, view, take.light)
