import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facelatch.preprocess import Crop, CropSpec, encode, oval
from facelatch.quality import KEPT, counted, coverage

SPEC = CropSpec(size_px=48)


def covered(share: float, seed: int = 1) -> float:
    rng = np.random.default_rng(seed)
    depth = np.where(rng.random((48, 48)) < share, 500, 0).astype(np.float32)
    return coverage(encode(Crop(np.full((48, 48, 3), 90, np.float32), depth), SPEC))


@pytest.mark.parametrize("share", [0.0, 0.25, 0.5, 0.8, 1.0])
def test_coverage_is_the_share_of_the_oval_with_depth(share: float) -> None:
    assert covered(share) == pytest.approx(share, abs=0.05)


def test_what_lies_outside_the_oval_does_not_count() -> None:
    depth = np.where(oval(48), 0, 500).astype(np.float32)
    assert coverage(encode(Crop(np.zeros((48, 48, 3), np.float32), depth), SPEC)) == 0


def test_a_tensor_of_no_numbers_covers_nothing() -> None:
    assert coverage(np.full((48, 48, 4), np.nan, np.float32)) == 0


@pytest.mark.parametrize(
    ("coverages", "places"),
    [
        pytest.param([0.8], (0,), id="one"),
        pytest.param([0.1], (0,), id="one-however-bad"),
        pytest.param([0.8, 0.8 * KEPT, 0.7], (0, 1, 2), id="alike"),
        pytest.param([0.8, 0.3, 0.79], (0, 2), id="one-worse"),
        pytest.param([0.8, 0.1, 0.1], (0, 1), id="more-than-half"),
        pytest.param([0.8, 0.1, 0.8, 0.1], (0, 1, 2), id="more-than-half-of-four"),
        pytest.param([0.8, 0.1], (0, 1), id="more-than-half-of-two"),
        pytest.param([0.1, 0.2, 0.8, 0.3, 0.25], (2, 3, 4), id="the-better-half-in-order"),
        pytest.param([0.8, math.nan, 0.8], (0, 2), id="not-a-number"),
        pytest.param([math.nan, math.nan], (0, 1), id="nothing-known"),
        pytest.param([0.0, 0.0, 0.0], (0, 1, 2), id="nothing-seen"),
        pytest.param([], (), id="none"),
    ],
)
def test_the_worst_covered_samples_are_set_aside(coverages: list[float], places: tuple[int, ...]) -> None:
    assert counted(coverages) == places


@given(st.lists(st.floats(-1, 2) | st.just(math.nan), min_size=1, max_size=12))
def test_more_than_half_and_the_best_always_count(coverages: list[float]) -> None:
    places = counted(coverages)
    assert 2 * len(places) > len(coverages)
    assert list(places) == sorted(set(places))
    usable = [value if value >= 0 else 0.0 for value in coverages]
    assert min(usable[place] for place in places) >= max(
        (usable[place] for place in range(len(usable)) if place not in places), default=0.0
    )
    assert max(usable) in [usable[place] for place in places]
