"""An equal error rate with the bounds that its number of people allows.

Comparisons of the same people hang together, so the bounds come from drawing whole subjects anew with replacement
(bootstrap; Bolle, Ratha and Pankanti, "Error analysis of pattern recognition systems - the subsets bootstrap", 2004).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from facelatch_converter.errors import ClaimError
from facelatch_converter.metrics import comparisons, eer, pair_blocks

Real = npt.NDArray[np.float32]
Whole = npt.NDArray[np.int32]

DRAWS = 200
_THRESHOLDS = 400


@dataclass(frozen=True, slots=True)
class SubjectEer:
    """What a set of faces shows of an encoder."""

    rate: float
    low: float
    high: float
    """95 % bounds."""
    genuine: int
    impostor: int
    """Comparisons; of one capture's frames with each other there are none."""
    genuine_mean: float
    impostor_mean: float
    d_prime: float
    """How far apart the two kinds of distances lie, in standard deviations (pooled): without scale, higher is better.
    """


@dataclass(frozen=True, slots=True, eq=False)
class _Pairs:
    """Distances, sorted, with the subjects of both sides."""

    distance: Real
    first: Whole
    second: Whole


def measure_eer(embeddings: Real, subjects: Whole, captures: Whole, seed: int) -> SubjectEer:
    """The EER over all pairs of different captures; `subjects` and `captures` (n,) are numbers from 0.

    Raises `ClaimError` where there is no genuine or no impostor comparison.
    """
    genuine, impostor = _pairs(embeddings, subjects, captures)
    rate = eer(comparisons(genuine.distance, impostor.distance)).rate
    rng = np.random.default_rng(seed)
    people = int(subjects.max()) + 1
    drawn = [
        found
        for _ in range(DRAWS)
        if (found := _redrawn(genuine, impostor, rng.multinomial(people, np.full(people, 1 / people))))
        is not None
    ]
    low, high = np.quantile(drawn or [0.0, 1.0], (0.025, 0.975))
    return SubjectEer(
        rate=rate,
        low=min(float(low), rate),
        high=max(float(high), rate),
        genuine=genuine.distance.size,
        impostor=impostor.distance.size,
        genuine_mean=float(genuine.distance.mean(dtype=np.float64)),
        impostor_mean=float(impostor.distance.mean(dtype=np.float64)),
        d_prime=_d_prime(genuine.distance, impostor.distance),
    )


def _d_prime(genuine: Real, impostor: Real) -> float:
    """The difference of the means over the pooled standard deviation (Green and Swets, 1966)."""
    apart = impostor.mean(dtype=np.float64) - genuine.mean(dtype=np.float64)
    variances = genuine.var(dtype=np.float64), impostor.var(dtype=np.float64)
    # Distances are at most 2; without any spread the number stays finite, as JSON wants it.
    return float(apart / max(np.sqrt(np.mean(variances)), 1e-6))


def _pairs(embeddings: Real, subjects: Whole, captures: Whole) -> tuple[_Pairs, _Pairs]:
    kinds: tuple[list[_Pairs], list[_Pairs]] = ([], [])
    for block in pair_blocks(embeddings):
        one, other = subjects[block.first], subjects[block.second]
        between = captures[block.first] != captures[block.second]
        for kind, chosen in zip(kinds, ((one == other) & between, one != other), strict=True):
            kind.append(_Pairs(block.distance[chosen], one[chosen], other[chosen]))
    return _sorted(kinds[0], "genuine"), _sorted(kinds[1], "impostor")


def _sorted(parts: list[_Pairs], name: str) -> _Pairs:
    distance = np.concatenate([np.empty(0, np.float32), *(part.distance for part in parts)])
    if distance.size == 0:
        raise ClaimError(f"there is no {name} comparison; captures of two people, two of each, are needed")
    order = np.argsort(distance, kind="stable")
    first, second = (np.concatenate([getattr(part, side) for part in parts]) for side in ("first", "second"))
    return _Pairs(distance[order], first[order], second[order])


def _redrawn(genuine: _Pairs, impostor: _Pairs, counts: npt.NDArray[np.int64]) -> float | None:
    """The EER with each subject taken `counts` times; None where that leaves nothing to compare."""
    joined = np.concatenate([genuine.distance, impostor.distance])
    thresholds = np.quantile(joined, np.linspace(0, 1, _THRESHOLDS))
    shares = []
    for pairs, weights in (
        (genuine, counts[genuine.first]),
        (impostor, counts[impostor.first] * counts[impostor.second]),
    ):
        total = np.concatenate([[0], np.cumsum(weights)])
        if total[-1] == 0:
            return None
        shares.append(total[np.searchsorted(pairs.distance, thresholds, side="right")] / total[-1])
    return float(np.maximum(1 - shares[0], shares[1]).min())
