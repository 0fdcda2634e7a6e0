import numpy as np
import pytest

from facelatch_converter.noise import chance, patches


def test_chances_of_normal_numbers_are_nearly_uniform() -> None:
    drawn = chance(np.random.default_rng(1).standard_normal(100_000, np.float32))
    for part in np.linspace(0.1, 0.9, 9):
        assert (drawn < part).mean() == pytest.approx(part, abs=0.015)


def test_a_patch_of_one_pixel_varies_like_any_other() -> None:
    drawn = np.array([patches((1, 1), 3.0, np.random.default_rng(seed)) for seed in range(400)])
    assert drawn.std() == pytest.approx(1, abs=0.1)


@pytest.mark.filterwarnings("error")
def test_what_is_far_out_has_a_chance_too() -> None:
    found = chance(np.array([-1e6, 0, 1e6], np.float32))
    assert found == pytest.approx([0, 0.5, 1])
