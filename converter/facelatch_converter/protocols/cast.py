"""Who stands before the camera: a cohort's people, their twins, and themselves years later."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from facelatch_converter import ageing
from facelatch_converter.face_model import FaceModel, load_face_model
from facelatch_converter.look_alikes import near
from facelatch_converter.people import Person, draw_person
from facelatch_converter.protocols.named import Cohort, Protocol
from facelatch_converter.regions import Regions, find_regions

Real = npt.NDArray[np.float32]

_PERSON, _OTHER, _YEARS = 0, 10, 11
"""What a seed's third number stands for; `synthetic` has others."""


@dataclass(frozen=True, slots=True, eq=False)
class Generator:
    """A face generator with what is derived from it."""

    model: FaceModel
    regions: Regions


@lru_cache(maxsize=2)
def load_generator(face_model: Path) -> Generator:
    """The generator in a file, loaded once in each process; raises `FaceModelError` for a bad one."""
    model = load_face_model(face_model)
    return Generator(model, find_regions(model))


@lru_cache(maxsize=2)
def draw_owner(generator: Generator, cohort: Cohort, number: int) -> Person:
    """Person `number` of a cohort, as enrolled."""
    rng = np.random.default_rng([cohort.seed, number, _PERSON])
    return draw_person(generator.model, generator.regions, rng)


@lru_cache(maxsize=2)
def draw_caller(generator: Generator, protocol: Protocol, number: int) -> Person:
    """The same person at the door: later, where the protocol says so."""
    if not protocol.drift:
        return draw_owner(generator, protocol.cohort, number)
    years = np.random.default_rng([protocol.seed, number, _YEARS])
    return _relative(generator, protocol.cohort, number, protocol.drift, years, has_aged=True)


@lru_cache(maxsize=2)
def draw_twin(generator: Generator, protocol: Protocol, number: int) -> Person:
    """Somebody else of the same skin and hair, as near in shape as the protocol says."""
    if protocol.twin is None:
        raise ValueError(f"{protocol.name} has no twins")
    rng = np.random.default_rng([protocol.seed, number, _OTHER])
    return _relative(generator, protocol.cohort, number, protocol.twin, rng)


def _relative(
    generator: Generator,
    cohort: Cohort,
    number: int,
    apart: float,
    rng: np.random.Generator,
    *,
    has_aged: bool = False,
) -> Person:
    """The person with coefficients on the way to somebody whom `rng` draws; everything else as it was."""
    other = rng.normal(size=len(generator.model.identity_mm)).astype(np.float32)
    return draw_person(
        generator.model,
        generator.regions,
        np.random.default_rng([cohort.seed, number, _PERSON]),
        reshape=lambda weights: near(weights, other, apart),
        regrow=lambda hair: ageing.grown(hair, rng) if has_aged else hair,
        reflesh=lambda flesh: ageing.fallen(flesh, rng) if has_aged else flesh,
    )
