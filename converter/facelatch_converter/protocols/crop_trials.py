"""Crops by the thousand: a cohort's templates and a protocol's attempts as embeddings, without frames around them.

What `locate` and the liveness checks would have refused is not refused here: this shows how the encoder tells people
apart. `attempt_trials` shows the rest, on fewer people.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from facelatch import enrolment, quality
from facelatch.matching import EMBEDDING_SIZE
from facelatch.preprocess import CropSpec
from facelatch_converter.protocols import crop_cache
from facelatch_converter.protocols.attempt_scores import Embeddings, Samples, stack
from facelatch_converter.protocols.cast import load_generator
from facelatch_converter.protocols.contenders import Contender
from facelatch_converter.protocols.named import Cohort, Protocol
from facelatch_converter.protocols.take_crops import Tensors, render_tensors
from facelatch_converter.protocols.takes import attempt_take, enrolment_take, reference_take

POSES = enrolment.WANTED
"""Embeddings of a template, as many as the board's own enrolment takes."""
REFERENCES = 2
"""Frames of each enrolled person in any pose: what single frames are compared with."""


@dataclass(frozen=True, slots=True)
class Stage:
    """What every job needs."""

    face_model: Path
    contenders: tuple[Contender, ...]
    cache: Path | None = None
    """Where rendered tensors are kept; None: nowhere."""


@dataclass(frozen=True, slots=True)
class CohortJob:
    """Templates and references of some of a cohort's people."""

    stage: Stage
    cohort: Cohort
    people: range

    @property
    def cost(self) -> int:
        """How many crops are rendered."""
        return len(self.people) * (POSES + REFERENCES)

    def run(self) -> dict[str, Embeddings]:
        """By contender: (people, POSES + REFERENCES, 128), the template first."""
        found = _embed(self.stage, self.people, self._render, f"{self.cohort}")
        return {name: samples.embeddings for name, samples in found.items()}

    def _render(self, number: int, spec: CropSpec) -> Tensors:
        generator = load_generator(self.stage.face_model)
        template = enrolment_take(generator, self.cohort, number)
        references = [reference_take(generator, self.cohort, number, place) for place in range(REFERENCES)]
        parts = [render_tensors(generator, template, range(POSES), spec)]
        parts += [render_tensors(generator, take, [0], spec) for take in references]
        return np.concatenate(parts)


@dataclass(frozen=True, slots=True)
class AttemptJob:
    """Attempts at the door by some of a protocol's people, or by their twins."""

    stage: Stage
    protocol: Protocol
    people: range
    attempts: int
    frames: int
    by_twins: bool = False

    @property
    def cost(self) -> int:
        """How many crops are rendered."""
        return len(self.people) * self.attempts * self.frames

    def run(self) -> dict[str, Samples]:
        """By contender: (people, attempts, frames)."""
        what = f"{self.protocol} {self.attempts} {self.frames} {self.by_twins}"
        found = _embed(self.stage, self.people, self._render, what)
        shape = (len(self.people), self.attempts, self.frames)
        return {
            name: Samples(
                samples.embeddings.reshape(*shape, EMBEDDING_SIZE), samples.coverages.reshape(shape)
            )
            for name, samples in found.items()
        }

    def _render(self, number: int, spec: CropSpec) -> Tensors:
        generator = load_generator(self.stage.face_model)
        takes = (
            attempt_take(generator, self.protocol, number, attempt, self.frames, by_twin=self.by_twins)
            for attempt in range(self.attempts)
        )
        return np.concatenate([render_tensors(generator, take, range(self.frames), spec) for take in takes])


def _embed(
    stage: Stage, people: range, render: Callable[[int, CropSpec], Tensors], what: str
) -> dict[str, Samples]:
    """Each contender's samples (people, crops); contenders of one crop share the renderings."""
    found: dict[str, list[Samples]] = {contender.name: [] for contender in stage.contenders}
    for spec in dict.fromkeys(contender.spec for contender in stage.contenders):
        networks = [(one.name, one.open()) for one in stage.contenders if one.spec == spec]
        key = f"{stage.face_model.name} {stage.face_model.stat().st_size} {what}"
        for tensors in _rendered(stage.cache, people, spec, key, render):
            exact = tensors.astype(np.float32)
            coverages = np.array([quality.coverage(tensor) for tensor in exact])
            for name, embed in networks:
                found[name].append(Samples(np.stack([embed(tensor) for tensor in exact]), coverages))
    return {name: stack(samples) for name, samples in found.items()}


def _rendered(
    folder: Path | None, people: range, spec: CropSpec, key: str, render: Callable[[int, CropSpec], Tensors]
) -> Iterator[Tensors]:
    """Each person's tensors, out of the cache where they are there."""
    for number in people:
        yield crop_cache.cached(folder, f"{key} {number}", spec, partial(render, number, spec))
