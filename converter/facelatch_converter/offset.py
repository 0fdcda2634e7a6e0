"""What all faces have in common is no identity: how much of it an encoder keeps.

An encoder without a pole has a constant offset in its last layer, which moves every embedding the same way and so
shrinks all distances, between people as much as within one; part of it is taken out. With a pole, its height does that.
Either way people are afterwards as far apart as those of any other encoder, and the EER hardly moves; a run's record
has the EER before and after.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from facelatch_converter.metrics import pair_distances

Real = npt.NDArray[np.float32]

WANTED_IMPOSTOR_DISTANCE = 1.25
"""Mean distance between different people after settling. The seed work reports 1.1, and those whom a generator that
training never saw made are nearer to each other by a tenth."""

_HIGHEST = 20.0
"""Of a pole, in lengths of the sides: there all faces are one."""


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
    share = _halve(
        lambda share: _mean_impostor(raw - np.float32(share) * mean, labels) < wanted, none, everything
    )
    excess: Real = (np.float32(share) * mean).astype(np.float32)
    return excess


def excess_height(
    raw: Real,
    labels: npt.NDArray[np.int32],
    embed: Callable[[Real], Real],
    wanted: float = WANTED_IMPOSTOR_DISTANCE,
) -> float:
    """How far to lower the pole, so that different people are `wanted` apart on average; it may have to be raised.

    `raw` (n, 128) are outputs before the angle from the pole is doubled, their height first; `embed` makes embeddings
    of such. At the lowest the pole is as high as the sides are long, where people are as far apart as they can be.
    """
    height, length = float(raw[:, 0].mean()), float(np.linalg.norm(raw[:, 1:], axis=1).mean())

    def are_near(lower: float) -> bool:
        moved = raw.copy()
        moved[:, 0] -= np.float32(lower)
        return _mean_distance(embed(moved), labels) < wanted

    return _halve(are_near, height - _HIGHEST * length, height - length)


def _halve(is_too_little: Callable[[float], bool], low: float, high: float) -> float:
    """The least that is enough, between two numbers; what grows with it is found by halving."""
    for _ in range(30):
        middle = (low + high) / 2
        if is_too_little(middle):
            low = middle
        else:
            high = middle
    return high


def to_unit_rows(raw: Real) -> Real:
    """Outputs (..., 128) as embeddings of unit length."""
    unit: Real = raw / np.linalg.norm(raw, axis=-1, keepdims=True)
    return unit


def _mean_impostor(raw: Real, labels: npt.NDArray[np.int32]) -> float:
    return _mean_distance(to_unit_rows(raw), labels)


def _mean_distance(embeddings: Real, labels: npt.NDArray[np.int32]) -> float:
    _, impostor = pair_distances(embeddings, labels)
    return float(impostor.mean(dtype=np.float64))
