"""Error rates of comparisons and of attack detection, each with what its sample size can show.

Distances are Euclidean, lower is closer; a comparison matches when its distance is at most the threshold, as
on the board. Terms and formulas: ISO/IEC 19795-1 (FMR, FNMR, DET) and ISO/IEC 30107-3 (APCER, BPCER).
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from facelatch_converter.errors import ClaimError

Distances = npt.NDArray[np.float32] | npt.NDArray[np.float64]
Reals = npt.NDArray[np.float64]

TARGET_FMRS = (1e-2, 1e-3, 1e-4, 1e-5, 1e-6)


@dataclass(frozen=True, slots=True)
class Rate:
    """`errors` among `trials`, with 95 % bounds."""

    errors: int
    trials: int
    worth: float | None = None
    """How many independent trials would show as much; None: not known, and each counts in full."""

    def __post_init__(self) -> None:
        """Refuse a share of nothing."""
        if not 0 <= self.errors <= self.trials or self.trials == 0:
            raise ClaimError(f"a rate needs trials and at most as many errors, found {self}")

    @property
    def value(self) -> float:
        """The measured share, 0 to 1."""
        return self.errors / self.trials

    @property
    def bounds(self) -> tuple[float, float]:
        """95 % bounds: the rule of three where no (or every) trial failed, Wilson's interval otherwise."""
        trials = self.trials if self.worth is None else self.worth
        if self.errors == 0:
            return 0.0, min(1.0, 3 / trials)
        if self.errors == self.trials:
            return max(0.0, 1 - 3 / trials), 1.0
        return _wilson(self.value, trials)


def _wilson(share: float, trials: float) -> tuple[float, float]:
    """Wilson, J. Am. Stat. Assoc. 22 (1927) 209: a two-sided 95 % interval of a share."""
    z = 1.959964
    middle = (share + z**2 / (2 * trials)) / (1 + z**2 / trials)
    half = z * np.sqrt(share * (1 - share) / trials + z**2 / (4 * trials**2)) / (1 + z**2 / trials)
    return float(middle - half), float(middle + half)


@dataclass(frozen=True, slots=True, eq=False)
class Comparisons:
    """Sorted distances of genuine and of impostor comparisons; built by `comparisons`."""

    genuine: Distances
    impostor: Distances

    def fmr_at(self, threshold: float) -> Rate:
        """Impostor comparisons that would match."""
        return Rate(_count_within(self.impostor, threshold), self.impostor.size)

    def fnmr_at(self, threshold: float) -> Rate:
        """Genuine comparisons that would not match."""
        return Rate(self.genuine.size - _count_within(self.genuine, threshold), self.genuine.size)


def _count_within(distances: Distances, threshold: float) -> int:
    """How many sorted distances are at most `threshold`, compared as the board does, in double precision."""
    return bisect_right(distances, threshold, key=float)


@dataclass(frozen=True, slots=True)
class EqualError:
    """Where FMR and FNMR meet; between two measured thresholds, on the line between their points."""

    rate: float
    threshold: float


@dataclass(frozen=True, slots=True, eq=False)
class DetCurve:
    """FMR and FNMR over rising thresholds, thinned where neighbours look alike."""

    thresholds: Reals
    fmr: Reals
    fnmr: Reals


def comparisons(genuine: Distances, impostor: Distances) -> Comparisons:
    """Sorted comparisons; a distance that is not a finite number is refused, not dropped."""
    for name, distances in (("genuine", genuine), ("impostor", impostor)):
        unusable = int(np.count_nonzero(~np.isfinite(distances)))
        if unusable:
            raise ClaimError(f"{unusable} of {distances.size} {name} distances are not finite numbers")
    return Comparisons(_sorted(genuine), _sorted(impostor))


def _sorted(distances: Distances) -> Distances:
    ordered = distances.copy()
    ordered.sort()
    return ordered


def eer(measured: Comparisons) -> EqualError:
    """The equal error rate, exact for these comparisons."""
    if measured.genuine.size == 0 or measured.impostor.size == 0:
        raise ClaimError(
            f"an equal error rate needs genuine and impostor comparisons, found {measured.genuine.size} "
            f"and {measured.impostor.size}"
        )
    threshold = _crossing(measured)
    below = float(np.nextafter(threshold, -np.inf))
    fmr_below, fmr = measured.fmr_at(below).value, measured.fmr_at(threshold).value
    fnmr_below, fnmr = measured.fnmr_at(below).value, measured.fnmr_at(threshold).value
    share = (fnmr_below - fmr_below) / ((fnmr_below - fmr_below) + (fmr - fnmr))
    return EqualError(fmr_below + share * (fmr - fmr_below), threshold)


def _crossing(measured: Comparisons) -> float:
    """The smallest observed distance at which FMR is no longer below FNMR.

    FMR rises and FNMR falls with the threshold, both only at observed distances: two binary searches.
    """

    def crossed(threshold: np.floating[Any]) -> bool:
        return measured.fmr_at(float(threshold)).value >= measured.fnmr_at(float(threshold)).value

    candidates = []
    for distances in (measured.genuine, measured.impostor):
        index = bisect_left(distances, True, key=crossed)
        if index < distances.size:
            candidates.append(float(distances[index]))
    return min(candidates)


def threshold_at_fmr(impostor: Distances, target: float) -> float:
    """The loosest threshold at which these impostor comparisons show an FMR of at most `target`.

    `impostor` need not be sorted. Raises `ClaimError` where fewer than one false match would be allowed.
    """
    if not 0 < target < 1:
        raise ClaimError(f"an FMR is a share between 0 and 1, found {target:g}")
    allowed = int(np.floor(impostor.size * target + 1e-9))
    if allowed == 0:
        raise ClaimError(
            f"{impostor.size} impostor comparisons cannot show an FMR of {target:g}; "
            f"at least {int(np.ceil(1 / target - 1e-9))} are needed"
        )
    first_refused = np.partition(impostor, allowed)[allowed]
    return float(np.nextafter(float(first_refused), -np.inf))


def det_curve(measured: Comparisons, points: int = 400) -> DetCurve:
    """Both error rates over the thresholds that matter: by rank of either distribution, dense at its ends."""
    ranks = np.unique(np.r_[np.geomspace(1, 0.5e9, points), np.linspace(1, 1e9, points)])
    observed = []
    for distances in (measured.genuine, measured.impostor):
        index = np.unique((ranks / 1e9 * (distances.size - 1)).astype(np.intp))
        lowest = np.arange(min(points, distances.size))
        observed += [distances[index], distances[lowest], distances[distances.size - 1 - lowest]]
    thresholds = np.unique(np.concatenate(observed).astype(np.float64))
    fmr = np.searchsorted(measured.impostor, thresholds, side="right") / measured.impostor.size
    fnmr = 1 - np.searchsorted(measured.genuine, thresholds, side="right") / measured.genuine.size
    return DetCurve(thresholds, fmr, fnmr)


def apcer(accepted_as_live: npt.ArrayLike) -> Rate:
    """Attack presentations of one species that passed every liveness check; report each species by itself."""
    passed = np.asarray(accepted_as_live, bool)
    return Rate(int(passed.sum()), passed.size)


def bpcer(accepted_as_live: npt.ArrayLike) -> Rate:
    """Presentations of live people that a liveness check refused."""
    passed = np.asarray(accepted_as_live, bool)
    return Rate(int((~passed).sum()), passed.size)


@dataclass(frozen=True, slots=True, eq=False)
class PairBlock:
    """Some of all unordered pairs: indices of both sides and their distance."""

    first: npt.NDArray[np.intp]
    second: npt.NDArray[np.intp]
    distance: npt.NDArray[np.float32]


def pair_blocks(embeddings: npt.NDArray[np.float32], rows: int = 256) -> Iterator[PairBlock]:
    """Every unordered pair of different rows exactly once, in blocks that fit in memory.

    Computed in double precision, so that the short way by inner products agrees with the board's distance.
    """
    points = np.asarray(embeddings, np.float64)
    squares = np.einsum("ij,ij->i", points, points)
    for start in range(0, len(points) - 1, rows):
        stop = min(start + rows, len(points))
        columns = np.arange(start + 1, len(points))
        squared = squares[start:stop, None] + squares[columns] - 2 * points[start:stop] @ points[columns].T
        later = columns[None] > np.arange(start, stop)[:, None]
        first, second = np.nonzero(later)
        distance = np.sqrt(np.maximum(squared[first, second], 0)).astype(np.float32)
        yield PairBlock(first + start, columns[second], distance)


def pair_distances(
    embeddings: npt.NDArray[np.float32], identity: npt.NDArray[np.integer[Any]]
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Distances of all genuine and of all impostor pairs; `identity` (n,) is equal for rows of one person."""
    genuine, impostor = [np.empty(0, np.float32)], [np.empty(0, np.float32)]
    for block in pair_blocks(embeddings):
        same = identity[block.first] == identity[block.second]
        genuine.append(block.distance[same])
        impostor.append(block.distance[~same])
    return np.concatenate(genuine), np.concatenate(impostor)
