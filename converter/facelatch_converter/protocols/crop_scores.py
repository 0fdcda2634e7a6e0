"""Comparisons of a protocol from crops: single frames, and whole attempts against templates."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from facelatch_converter.protocols.attempt_scores import (
    Embeddings,
    Samples,
    Scores,
    attempt_scores,
    nearest_distances,
)
from facelatch_converter.protocols.crop_trials import POSES
from facelatch_converter.protocols.people_comparisons import PeopleComparisons, by_people, is_own

SHOWN = 6
"""Pairs that are worth a look, of each kind."""


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

    single: PeopleComparisons
    """One frame at the door against one frame of an enrolled person."""
    attempts: dict[int, PeopleComparisons]
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
    closest = _extremes(by_owner, own=False, farthest=False)
    return CropScores(
        single=by_people(by_owner, by_twin),
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
) -> PeopleComparisons:
    """Attempts of so many frames against templates."""

    def against(samples: Samples) -> Scores:
        scores = attempt_scores(samples.first(frames).in_a_row(), templates, reach)
        return scores.reshape(*samples.coverages.shape[:2], len(templates), 1)

    return by_people(against(attempts), None if twins is None else against(twins))


def _extremes(scores: Scores, *, own: bool, farthest: bool) -> tuple[Pair, ...]:
    """The `SHOWN` most extreme comparisons, of different callers."""
    # What is not asked for goes to the far end; a broken embedding shows nothing.
    left_out = (is_own(scores) != own)[..., None] | ~np.isfinite(scores)
    signed = np.where(left_out, np.inf, -scores if farthest else scores).reshape(len(scores), -1)
    best = signed.argmin(axis=1)
    pairs = []
    for caller in np.argsort(signed[np.arange(len(scores)), best])[:SHOWN]:
        if np.isfinite(signed[caller, best[caller]]):
            attempt, enrolled, place = np.unravel_index(best[caller], scores.shape[1:])
            distance = float(scores[caller, attempt, enrolled, place])
            pairs.append(Pair(int(caller), int(attempt), int(enrolled), int(place), distance))
    return tuple(pairs)
