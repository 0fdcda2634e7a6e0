"""What all faces have in common is no identity: how much of it an encoder keeps.

Training leaves a constant offset in the last layer, which moves every embedding the same way and so shrinks all
distances, between people as much as within one. Taking part of it out puts them on the scale that the seed work made
familiar and moves the EER little; a run's record has the EER before and after.
"""

import numpy as np
import numpy.typing as npt

from facelatch_converter.metrics import pair_distances

Real = npt.NDArray[np.float32]

WANTED_IMPOSTOR_DISTANCE = 1.15
"""Mean distance between different people after settling; the seed work reports 1.1."""


def excess_offset(raw: Real, labels: npt.NDArray[np.int32], wanted: float = WANTED_IMPOSTOR_DISTANCE) -> Real:
    """The part of the mean output (128,) to subtract, so that different people are `wanted` apart on average.

    `raw` (n, 128) are outputs before normalisation. All of the mean where even that is not enough, nothing where
    the distances are large enough already.
    """
    mean = raw.mean(0)
    none, everything = 0.0, 1.0
    if _mean_impostor(raw, labels) >= wanted:
        return np.zeros_like(mean)
    if _mean_impostor(raw - mean, labels) < wanted:
        whole: Real = mean
        return whole
    # The distance grows with the share taken out, so halving finds it.
    for _ in range(30):
        middle = (none + everything) / 2
        if _mean_impostor(raw - np.float32(middle) * mean, labels) < wanted:
            none = middle
        else:
            everything = middle
    excess: Real = (np.float32(everything) * mean).astype(np.float32)
    return excess


def to_unit_rows(raw: Real) -> Real:
    """Outputs (..., 128) as embeddings of unit length."""
    unit: Real = raw / np.linalg.norm(raw, axis=-1, keepdims=True)
    return unit


def _mean_impostor(raw: Real, labels: npt.NDArray[np.int32]) -> float:
    _, impostor = pair_distances(to_unit_rows(raw), labels)
    return float(impostor.mean(dtype=np.float64))
