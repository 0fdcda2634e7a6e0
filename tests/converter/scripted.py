"""A made-up way from frames to samples, for tests of what is measured with it; no face, no model."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from facelatch.acquisition import Failure, Sample
from facelatch.frames import Frame
from facelatch.liveness import PadCheck
from facelatch.locate import Located, Missing
from facelatch.matching import Embedding
from facelatch.preprocess import FacePoint
from facelatch_converter.datasets import CaptureRef
from facelatch_converter.protocols.people_comparisons import PeopleComparisons, by_people, is_own
from tests.factories import make_frame

LIVE = (PadCheck("depth-coverage", True, 0.9, 0.5), PadCheck("plane", True, 8.0, 4.0))
FLAT = (PadCheck("depth-coverage", True, 0.9, 0.5), PadCheck("plane", False, 1.0, 4.0))

NO_FACE_MM, FLAT_MM, BROKEN_MM, COVERED_MM = 1, 2, 3, 4
"""Depths that tell the scripted way what to answer; any other depth is a person's number."""


def embedding_of(person: int, frame: int = 0, spread: float = 0.3) -> Embedding:
    """A unit vector of one person, a little different in each frame."""
    centre = np.random.default_rng(person).normal(size=128)
    noise = np.random.default_rng(1000 * person + frame + 1).normal(size=128)
    vector = centre / np.linalg.norm(centre) + spread * noise / np.linalg.norm(noise)
    return (vector / np.linalg.norm(vector)).astype(np.float32)


def sample(embedding: Embedding, checks: tuple[PadCheck, ...] = LIVE, coverage: float = 1.0) -> Sample:
    """A sample as `acquire` gives it."""
    located = Located(FacePoint(320, 240, 500), (200, 150, 200, 200), 160.0)
    return Sample(located, embedding, checks, None, {}, coverage)


def scripted_comparisons(
    rng: np.random.Generator,
    callers: int,
    attempts: int,
    people: int,
    apart: float = 1.1,
    spread: float = 0.1,
) -> PeopleComparisons:
    """Made-up distances of attempts from enrolled people, the first of whom make them."""
    scores = rng.normal(apart, spread, (callers, attempts, people, 1)).astype(np.float32)
    own = is_own(scores)
    scores[own] = rng.normal(0.4, spread, (np.count_nonzero(own), 1))
    return by_people(scores)


@dataclass(frozen=True, slots=True)
class ScriptedAcquirer:
    """Answers by the frame's depth."""

    def open(self) -> Callable[[Frame], Sample | Failure]:
        """Nothing to load."""
        return _answer


def _answer(frame: Frame) -> Sample | Failure:
    depth = int(frame.depth_mm[0, 0])
    if depth == NO_FACE_MM:
        return Failure(Missing.NO_FACE)
    if depth == FLAT_MM:
        return sample(embedding_of(100), FLAT)
    if depth == COVERED_MM:
        return sample(embedding_of(101), coverage=0.3)
    if depth == BROKEN_MM:
        return sample(np.full(128, np.nan, np.float32))
    return sample(embedding_of(depth, frame.timestamp_ns))


def capture(
    subject: str, name: str, depths_mm: tuple[int, ...], attack: str | None = None, first: int = 0
) -> CaptureRef:
    """A capture whose frames have the given depths; `first` is the number of its first frame."""
    return CaptureRef(subject, name, partial(_frames, depths_mm, first), attack)


def people(count: int, captures: int) -> list[CaptureRef]:
    """`captures` one-frame captures of each of `count` people."""
    return [
        capture(f"person-{person:03d}", f"{index:02d}", (10 + person,), first=index)
        for person in range(count)
        for index in range(captures)
    ]


def _frames(depths_mm: tuple[int, ...], first: int) -> Iterator[Frame]:
    for index, depth in enumerate(depths_mm):
        yield make_frame(depth, (4, 4), timestamp_ns=first + index)
