"""Smooth noise over a surface: sums of random plane waves."""

import numba
import numpy as np
import numpy.typing as npt

Real = npt.NDArray[np.float32]


def waves(points: Real, rng: np.random.Generator, count: int, length_mm: float) -> Real:
    """Noise at each point (n,), of about unit variance; `length_mm` is how far it takes to change by its own size."""
    directions = (rng.normal(size=(count, 3)) / length_mm).astype(np.float32)
    phases = rng.uniform(0, 2 * np.pi, count).astype(np.float32)
    noise: Real = _sum(points, directions, phases)
    return noise


@numba.njit(cache=True, nogil=True, fastmath=True)
def _sum(points: Real, directions: Real, phases: Real) -> Real:
    """Sum of waves at each point (n,), of about unit variance.

    The waves are parabolas instead of sines, which differ by at most 0.06 and cost a tenth.
    """
    field = np.zeros(len(points), np.float32)
    turn, half = np.float32(1 / (2 * np.pi)), np.float32(0.5)
    for k in range(len(phases)):
        x, y, z = directions[k, 0] * turn, directions[k, 1] * turn, directions[k, 2] * turn
        phase = phases[k] * turn
        for i in range(len(points)):
            place = points[i, 0] * x + points[i, 1] * y + points[i, 2] * z + phase
            # From -1/2 to 1/2 of a period, then a parabola through the sine's zeros and extremes.
            place -= np.floor(place + half)
            field[i] += place * (np.float32(8) - np.float32(16) * abs(place))
    unit: Real = field * np.sqrt(np.float32(2) / len(phases))
    return unit
