import numpy as np
import numpy.typing as npt
import pytest

from facelatch_converter.errors import ClaimError
from facelatch_converter.metrics import comparisons, eer, pair_distances
from facelatch_converter.subject_eer import _d_prime, measure_eer

Rows = tuple[npt.NDArray[np.float32], npt.NDArray[np.int32], npt.NDArray[np.int32]]


def people(count: int, captures: int, frames: int, spread: float) -> Rows:
    rng = np.random.default_rng(8)
    subjects = np.arange(count, dtype=np.int32).repeat(captures * frames)
    numbers = np.arange(count * captures, dtype=np.int32).repeat(frames)
    rows = rng.normal(size=(count, 128))[subjects] + rng.normal(0, spread, (len(subjects), 128))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32), subjects, numbers


def test_the_rate_is_that_of_all_pairs_between_captures() -> None:
    rows, subjects, captures = people(12, 3, 1, spread=2.5)
    found = measure_eer(rows, subjects, captures, seed=1)
    genuine, impostor = pair_distances(rows, subjects)
    assert found.rate == pytest.approx(eer(comparisons(genuine, impostor)).rate)
    assert (found.genuine, found.impostor) == (12 * 3, 36 * 35 // 2 - 36)
    assert found.genuine_mean == pytest.approx(float(genuine.mean()), rel=1e-5)
    assert 0 < found.low <= found.rate <= found.high < 0.5


def test_frames_of_one_capture_are_not_compared() -> None:
    rows, subjects, captures = people(5, 2, 2, spread=0.5)
    assert measure_eer(rows, subjects, captures, seed=1).genuine == 5 * 4


def test_bounds_narrow_with_people() -> None:
    widths = []
    for count in (8, 80):
        found = measure_eer(*people(count, 3, 1, spread=2.5), seed=1)
        widths.append(found.high - found.low)
    assert widths[1] < widths[0] / 1.5


def test_equal_seeds_give_equal_bounds() -> None:
    parts = people(9, 2, 1, spread=2.0)
    assert measure_eer(*parts, seed=4) == measure_eer(*parts, seed=4)


@pytest.mark.parametrize(
    ("count", "captures", "name"),
    [pytest.param(4, 1, "genuine", id="one-capture"), pytest.param(1, 4, "impostor", id="one-person")],
)
def test_nothing_to_compare_is_refused(count: int, captures: int, name: str) -> None:
    with pytest.raises(ClaimError, match=f"no {name} comparison"):
        measure_eer(*people(count, captures, 1, spread=1.0), seed=1)


def test_d_prime_is_the_distance_of_the_means_in_standard_deviations() -> None:
    genuine, impostor = (np.random.default_rng(3).normal(mean, 0.1, 4000) for mean in (0.4, 0.7))
    found = _d_prime(genuine.astype(np.float32), impostor.astype(np.float32))
    assert found == pytest.approx(3.0, abs=0.1)
    # Stretching all distances is no gain.
    stretched = _d_prime((1.7 * genuine).astype(np.float32), (1.7 * impostor).astype(np.float32))
    assert stretched == pytest.approx(found, rel=1e-5)
    same = np.full(3, 0.5, np.float32)
    assert np.isfinite(_d_prime(same, same + 1))
