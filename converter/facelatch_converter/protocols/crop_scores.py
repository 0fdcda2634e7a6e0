"""Comparisons of a protocol from crops: single frames, and whole attempts against templates."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from facelatch import matching
from facelatch_converter import metrics
from facelatch_converter.metrics import Comparisons
from facelatch_converter.protocols.attempt_scores import (
    Embeddings,
    Samples,
    attempt_scores,
    nearest_distances,
)
from facelatch_converter.protocols.crop_trials import POSES

FARTHEST = np.float32(matching.FARTHEST)
"""The score of what no threshold grants, because an embedding is broken."""

SHOWN = 6
"""Pairs that are worth a look, of each kind."""

Scores = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Pair:
    """One single-frame comparison: the first frame of an attempt and a reference of an enrolled person."""

    caller: int
    attempt: int
    enrolled: int
    place: int
    distance: float


@dataclass(frozen=True, slots=True, eq=False)
class CropScores:
    """A contender's comparisons in a protocol."""

    single: Comparisons
    """One frame at the door against one frame of an enrolled person."""
    attempts: dict[int, Comparisons]
    """Whole attempts of so many frames against templates: the smallest threshold that grants."""
    worst_genuine: tuple[Pair, ...]
    """Single comparisons, the farthest first; of each caller one."""
    closest_impostors: tuple[Pair, ...]
    """The closest first; of each caller one."""


def score_crops(
    cohort: Embeddings,
    attempts: Samples,
    twins: Samples | None,
    frames: Sequence[int],
    reach: float,
) -> CropScores:
    """Every attempt (callers, attempts, frames) against everybody of the cohort (people, crops, 128).

    With twins, the impostors are each person's twin and nobody else.
    """
    templates, references = cohort[:, :POSES], cohort[:, POSES:]
    by_owner = _single(attempts, references)
    by_twin = None if twins is None else _single(twins, references)
    own, strangers = _split(by_owner)
    others = strangers if by_twin is None else _split(by_twin)[0]
    closest = _extremes(by_owner, own=False, farthest=False)
    return CropScores(
        single=metrics.comparisons(own, others),
        attempts={count: _whole(attempts, twins, templates, count, reach) for count in frames},
        worst_genuine=_extremes(by_owner, own=True, farthest=True),
        closest_impostors=closest if by_twin is None else _extremes(by_twin, own=True, farthest=False),
    )


def _single(attempts: Samples, references: Embeddings) -> Scores:
    """The first frame of each attempt against each reference, (callers, attempts, people, references)."""
    probes = attempts.in_a_row().embeddings[:, 0]
    places = range(references.shape[1])
    found = [nearest_distances(probes, references[:, place : place + 1]) for place in places]
    return np.stack(found, axis=2).reshape(*attempts.coverages.shape[:2], len(references), len(places))


def _whole(
    attempts: Samples, twins: Samples | None, templates: Embeddings, frames: int, reach: float
) -> Comparisons:
    """Attempts of so many frames against templates."""

    def against(samples: Samples) -> Scores:
        scores = attempt_scores(samples.first(frames).in_a_row(), templates, reach)
        return scores.reshape(*samples.coverages.shape[:2], len(templates), 1)

    own, strangers = _split(against(attempts))
    return metrics.comparisons(own, strangers if twins is None else _split(against(twins))[0])


def _is_own(scores: Scores) -> npt.NDArray[np.bool_]:
    """Which scores (callers, attempts, people, places) are of the caller's own enrolment."""
    callers, each, people, _ = scores.shape
    own = np.arange(callers)[:, None] == np.arange(people)
    return np.repeat(own[:, None], each, axis=1)


def _split(scores: Scores) -> tuple[Scores, Scores]:
    """Scores against the caller's own enrolment and against everybody else's."""
    own, bounded = _is_own(scores), np.minimum(scores, FARTHEST)
    return bounded[own].ravel(), bounded[~own].ravel()


def _extremes(scores: Scores, *, own: bool, farthest: bool) -> tuple[Pair, ...]:
    """The `SHOWN` most extreme comparisons, of different callers."""
    # What is not asked for goes to the far end; a broken embedding shows nothing.
    left_out = (_is_own(scores) != own)[..., None] | ~np.isfinite(scores)
    signed = np.where(left_out, np.inf, -scores if farthest else scores).reshape(len(scores), -1)
    best = signed.argmin(axis=1)
    pairs = []
    for caller in np.argsort(signed[np.arange(len(scores)), best])[:SHOWN]:
        if np.isfinite(signed[caller, best[caller]]):
            attempt, enrolled, place = np.unravel_index(best[caller], scores.shape[1:])
            distance = float(scores[caller, attempt, enrolled, place])
            pairs.append(Pair(int(caller), int(attempt), int(enrolled), int(place), distance))
    return tuple(pairs)
