"""What distances measured on site say about the threshold: at most that it has to be stricter.

A model's threshold was fitted where the model was measured. Another camera, light or population can bring different
people nearer to each other; whoever installs a door can see that in a few minutes, with the people who are there.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from facelatch.card import OperatingPoint
from facelatch.matching import Embedding, Template, fuse, template_distance
from facelatch.session import SessionRule, counted

Distances = npt.NDArray[np.float64]

MARGIN = 0.05
"""How much farther than the threshold the nearest impostor must stay: about what two visits differ by."""

TAIL_COMPARISONS, TAIL_PAIRS = 10, 10
"""So many comparisons must lie below a quantile, and so many pairs of people behind it, before it is believed."""

LEAST = 0.05
"""A threshold below this lets nobody in: two frames of one person are farther apart."""


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """One person's frames against one template."""

    who: str
    user: str
    """Whose template it is; the same word as `who` where the comparisons are genuine."""
    singles: Distances
    """Every sample against every embedding: what a card's operating points count."""
    attempts: Distances
    """Of several samples as a session fuses them, to the template. A session refuses more: it limits each one too."""

    @property
    def is_genuine(self) -> bool:
        """Whether both are one person."""
        return self.who == self.user


class Reason(StrEnum):
    """Why a threshold is recommended."""

    ENOUGH = "enough"
    """The one in use keeps everybody out who tried."""
    NEAR_IMPOSTOR = "near-impostor"
    """Somebody else came too near."""
    SHIFTED = "shifted"
    """Other people are nearer on site than where the model was measured."""
    INSEPARABLE = "inseparable"
    """No threshold keeps strangers out and lets anybody in."""
    NO_IMPOSTOR = "no-impostor"
    """Nobody else was compared, so nothing can be said."""


@dataclass(frozen=True, slots=True)
class Advice:
    """The threshold to use on site, never looser than the one in use."""

    threshold: float | None
    """None where none can be recommended."""
    reason: Reason


def compare(
    who: str, samples: Sequence[Embedding], coverages: Sequence[float], template: Template, rule: SessionRule
) -> Series:
    """Samples of one person, in the order taken, against a template; as many as the rule's frames make an attempt.

    `coverages` say how much of the face each sample shows. An attempt that a session would refuse because its samples
    disagree counts with all of them fused.
    """
    starts = range(0, len(samples) - rule.frames + 1, rule.frames)
    groups = [slice(start, start + rule.frames) for start in starts]
    attempts = [
        template_distance(_fused(samples[group], coverages[group], rule.reach), template) for group in groups
    ]
    return Series(who, template.user, _singles(samples, template), _finite(attempts))


def _fused(samples: Sequence[Embedding], coverages: Sequence[float], reach: float) -> Embedding:
    return fuse([samples[place] for place in counted(samples, coverages, reach)] or samples)


def compare_templates(one: Template, other: Template) -> Series:
    """Two enrolled people: each stored embedding of the first stands for an attempt at the other's template."""
    samples = list(one.embeddings)
    attempts = [template_distance(sample, other) for sample in samples]
    return Series(one.user, other.user, _singles(samples, other), _finite(attempts))


def advise(impostor: Sequence[Series], points: Sequence[OperatingPoint], in_use: float) -> Advice:
    """The strictest of what is in use, what keeps the nearest impostor out, and what the tail asks for.

    The tail's shift comes on top of the margin that a card's threshold keeps: that is for those who were not here.
    """
    attempts = join(series.attempts for series in impostor)
    if attempts.size == 0:
        return Advice(None, Reason.NO_IMPOSTOR)
    wanted = {
        Reason.ENOUGH: in_use,
        Reason.NEAR_IMPOSTOR: float(attempts.min()) - MARGIN,
        Reason.SHIFTED: in_use - shift(impostor, points),
    }
    reason = min(wanted, key=lambda name: wanted[name])
    if reason is Reason.ENOUGH:
        return Advice(in_use, reason)
    # Rounded down, so that what is written into a file is no looser.
    threshold = math.floor(wanted[reason] * 1000) / 1000
    return Advice(threshold, reason) if threshold >= LEAST else Advice(None, Reason.INSEPARABLE)


def shift(impostor: Sequence[Series], points: Sequence[OperatingPoint]) -> float:
    """By how much the nearest of the impostors are nearer than the card says; 0 where too few were compared.

    The quantile of the lowest FMR that these comparisons can show, against the card's threshold there.
    """
    singles = join(series.singles for series in impostor)
    shown = [point for point in points if point.fmr * singles.size >= TAIL_COMPARISONS]
    if not shown or pairs(impostor) < TAIL_PAIRS:
        return 0.0
    point = min(shown, key=lambda one: one.fmr)
    return max(0.0, point.threshold - float(np.quantile(singles, point.fmr)))


def pairs(series: Sequence[Series]) -> int:
    """How many pairs of people were compared, in whichever direction."""
    return len({frozenset((one.who, one.user)) for one in series if one.attempts.size})


def upper_bound(errors: int, trials: int) -> float:
    """The largest rate that `errors` among independent trials leave possible, with 95 % confidence.

    The rule of three where there were none, Wilson's interval (J. Am. Stat. Assoc. 22, 1927) otherwise; 1 for no
    trial, which shows nothing.
    """
    if trials == 0 or errors >= trials:
        return 1.0
    if errors == 0:
        return min(1.0, 3 / trials)
    z, share = 1.959964, errors / trials
    middle = share + z**2 / (2 * trials)
    half = z * math.sqrt(share * (1 - share) / trials + z**2 / (4 * trials**2))
    return (middle + half) / (1 + z**2 / trials)


def join(parts: Iterable[Distances]) -> Distances:
    """All distances in one array."""
    return np.concatenate([np.empty(0), *parts])


def _singles(samples: Sequence[Embedding], template: Template) -> Distances:
    probes = np.asarray(samples, np.float64).reshape(-1, template.embeddings.shape[1])
    apart = np.linalg.norm(probes[:, None] - template.embeddings[None], axis=2).ravel()
    return _finite(apart)


def _finite(distances: npt.ArrayLike) -> Distances:
    """Without those that are no number: a session refuses them, so they are nobody's distance."""
    found = np.asarray(distances, np.float64).reshape(-1)
    finite: Distances = found[np.isfinite(found)]
    return finite
