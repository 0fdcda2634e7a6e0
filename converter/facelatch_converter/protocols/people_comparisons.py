"""Comparisons that know whose they are, so that bounds speak of people and not of comparisons.

A caller's attempts are compared with everybody enrolled: a hundred thousand comparisons of sixty callers show less than
as many of strangers who never meet twice.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from facelatch import matching
from facelatch_converter import metrics
from facelatch_converter.metrics import Comparisons, Rate
from facelatch_converter.protocols.attempt_scores import Scores

Counts = npt.NDArray[np.float64]

_ROUNDING = 1e-9
"""A share of a variance that is only what sums of it were rounded by."""

FARTHEST = np.float32(matching.FARTHEST)
"""The score of what no threshold grants, because an embedding is broken."""


@dataclass(frozen=True, slots=True, eq=False)
class PeopleComparisons(Comparisons):
    """Sorted comparisons, and the same by the two people compared; built by `by_people`."""

    by_owner: Scores
    """(callers, attempts, people, places): caller 0 is enrolled as person 0, and so on."""
    by_twin: Scores | None
    """The same of each caller's twin, where they alone are impostors."""

    def fnmr_by_people(self, threshold: float) -> Rate:
        """As `fnmr_at`, with bounds of callers drawn anew."""
        return _rate(*self.false_non_matches(threshold))

    def fmr_by_people(self, threshold: float) -> Rate:
        """As `fmr_at`, with bounds of people drawn anew, callers and enrolled."""
        return _rate(*self.false_matches(threshold))

    def false_non_matches(self, threshold: float) -> tuple[Counts, Counts]:
        """Errors and trials (callers, callers), of each caller with its own enrolment."""
        each = _each(self.by_owner)
        refused = each - _within(self.by_owner, threshold).diagonal()
        return np.diag(refused), np.diag(np.full(len(refused), each))

    def false_matches(self, threshold: float) -> tuple[Counts, Counts]:
        """Errors and trials (callers, people) of each two who are not the same; of twins (callers, callers)."""
        if self.by_twin is not None:
            matched = _within(self.by_twin, threshold).diagonal()
            return np.diag(matched), np.diag(np.full(len(matched), _each(self.by_twin)))
        matched = _within(self.by_owner, threshold)
        callers, people = matched.shape
        strangers = ~np.eye(callers, people, dtype=bool)
        return matched * strangers, _each(self.by_owner) * strangers


def by_people(by_owner: Scores, by_twin: Scores | None = None) -> PeopleComparisons:
    """Each caller against its own enrolment and against everybody else's; with twins, only these are impostors.

    A twin meets its caller's enrolment and nobody else.
    """
    own, owners = is_own(by_owner), np.minimum(by_owner, FARTHEST)
    twins = None if by_twin is None else np.minimum(by_twin, FARTHEST)
    impostor = owners[~own] if twins is None else twins[own]
    pooled = metrics.comparisons(owners[own].ravel(), impostor.ravel())
    return PeopleComparisons(pooled.genuine, pooled.impostor, owners, twins)


def is_own(scores: Scores) -> npt.NDArray[np.bool_]:
    """Which scores (callers, attempts, people, places) are of the caller's own enrolment."""
    callers, each, people, _ = scores.shape
    own = np.arange(callers)[:, None] == np.arange(people)
    return np.repeat(own[:, None], each, axis=1)


def design_effect(errors: Counts, trials: Counts) -> float | None:
    """How many times the variance of a share exceeds that of independent trials, at least 1; None: nobody knows.

    `errors` and `trials` (callers, people) count what each two people have in common; caller 0 is person 0, and so on.
    The variance is the one that holds where people are drawn at random: any two comparisons with a person in common
    depend on each other, whether that person came to the door or is enrolled. Nothing is known of it where nothing or
    everything failed, of a single caller, and where all people failed alike or their differences cancel out.
    Source: Aronow, Samii and Assenova, "Cluster-robust variance estimation for dyadic data", Political Analysis 23
    (2015), of a ratio's residuals and corrected for how few the callers are.
    """
    callers = len(trials)
    if callers == 1:
        return None
    total = trials.sum()
    share = errors.sum() / total
    residual = errors - share * trials
    among_callers = residual[:, :callers]
    of_person = residual.sum(0)
    of_person[:callers] += residual.sum(1) - among_callers.diagonal()
    # Two comparisons of the same two people share both of them, and were counted once for each.
    of_two = np.triu(among_callers + among_callers.T, 1)
    shared_by_both = np.square(of_two).sum() + np.square(residual[:, callers:]).sum()
    clustered = (np.square(of_person).sum() - shared_by_both) * callers / (callers - 1)
    independent = share * (1 - share) * total
    known = independent > 0 and clustered > _ROUNDING * independent
    return max(1.0, float(clustered / independent)) if known else None


def _within(scores: Scores, threshold: float) -> Counts:
    """How many scores of two people (callers, people) are at most the threshold, compared in double precision."""
    limit = np.float32(threshold)
    if float(limit) > threshold:
        limit = np.nextafter(limit, np.float32(-np.inf))
    found: Counts = (scores <= limit).sum(axis=(1, 3)).astype(np.float64)
    return found


def _each(scores: Scores) -> float:
    """Comparisons of any two people."""
    return float(scores.shape[1] * scores.shape[3])


def _rate(errors: Counts, trials: Counts) -> Rate:
    count, failed = int(trials.sum()), int(errors.sum())
    effect = design_effect(errors, trials)
    if effect is not None:
        return Rate(failed, count, worth=count / effect)
    # Some failed, and nobody knows how much they have in common: at least a caller each is a trial.
    return Rate(failed, count, worth=None if failed in (0, count) else float(len(trials)))
