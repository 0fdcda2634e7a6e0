import numpy as np
import pytest

from facelatch_converter.noise import chance, patches


def test_chances_of_normal_numbers_are_nearly_uniform() -> None:
    drawn = chance(np.random.default_rng(1).standard_normal(100_000, np.float32))
    for part in np.linspace(0.1, 0.9, 9):
        assert (drawn < part).mean() == pytest.approx(part, abs=0.015)


@pytest.mark.filterwarnings("error")
def test_a_place_without_a_variance_of_its_own_has_a_chance_too() -> None:
    far = patches((1, 1), 1.0, np.random.default_rng(1))
    assert abs(far[0, 0]) > 1000
    found = chance(np.concatenate([far, -far]))
    assert ((found >= 0) & (found <= 1)).all()
    assert found.sum() == pytest.approx(1)
