import numpy as np
import numpy.typing as npt
import pytest

from facelatch_converter.offset import excess_offset

LABELS = np.repeat(np.arange(20, dtype=np.int32), 4)


def _outputs(offset: float) -> npt.NDArray[np.float32]:
    rng = np.random.default_rng(1)
    people = rng.normal(size=(20, 128))[LABELS]
    return (people + rng.normal(0, 0.4, (80, 128)) + offset).astype(np.float32)


def _distance_between_people(raw: npt.NDArray[np.float32]) -> float:
    unit = raw / np.linalg.norm(raw, axis=1, keepdims=True)
    distances = np.linalg.norm(unit[:, None] - unit[None], axis=2)
    return float(distances[LABELS[:, None] != LABELS[None]].mean())


def test_the_wanted_distance_is_reached() -> None:
    raw = _outputs(2.0)
    assert _distance_between_people(raw) < 0.8
    settled = raw - excess_offset(raw, LABELS, wanted=1.15)
    assert _distance_between_people(settled) == pytest.approx(1.15, abs=0.005)


def test_distances_that_are_large_enough_stay() -> None:
    assert not excess_offset(_outputs(0.0), LABELS, wanted=1.15).any()


def test_more_than_the_mean_is_never_taken() -> None:
    raw = _outputs(2.0)
    np.testing.assert_allclose(excess_offset(raw, LABELS, wanted=1.9), raw.mean(0), rtol=1e-6)
