import math
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facelatch.benchmark import Summary, compare, interleave, measure, summarise, timed
from facelatch.frames import Frame
from tests.factories import make_frame

MS = 1_000_000
times = st.lists(st.integers(1, 10**12), min_size=1, max_size=200)


class Clock:
    """Stands still unless work moves it."""

    def __init__(self) -> None:
        self.now_ns = 0
        self.log: list[str] = []

    def __call__(self) -> int:
        return self.now_ns

    def work(self, name: str, ms: int) -> Callable[[], None]:
        def spend() -> None:
            self.now_ns += ms * MS
            self.log.append(name)

        return spend


def test_percentiles_are_times_that_were_measured() -> None:
    summary = summarise([n * MS for n in range(100, 0, -1)])
    assert (summary.count, summary.min_ms) == (100, 1)
    assert (summary.p50_ms, summary.p90_ms, summary.p99_ms) == (50, 90, 99)


@given(times)
def test_percentiles_are_ordered_and_among_the_times(times_ns: list[int]) -> None:
    summary = summarise(times_ns)
    found = [summary.min_ms, summary.p50_ms, summary.p90_ms, summary.p99_ms]
    assert found == sorted(found)
    assert set(found) <= {time / 1e6 for time in times_ns}


def test_no_times_have_no_summary() -> None:
    with pytest.raises(ValueError, match="at least one"):
        summarise([])


def test_timed_is_the_clocks_difference() -> None:
    clock = Clock()
    assert timed(clock.work("a", 7), clock) == 7 * MS


def frames_for(clock: Clock, count: int, ms: int = 33) -> Iterator[Frame]:
    for _ in range(count):
        clock.now_ns += ms * MS
        yield make_frame(size=(4, 4))


def test_stages_are_measured_after_the_warm_up() -> None:
    clock = Clock()
    stage_ms = iter([90, 90, 5, 6, 7])

    def process(frame: Frame) -> dict[str, int]:
        ms = next(stage_ms)
        clock.now_ns += ms * MS
        return {"encode": (ms - 1) * MS}

    found = measure(frames_for(clock, 5), process, count=3, warm_up=2, clock=clock)
    assert found is not None
    assert set(found.stages) == {"capture", "encode", "whole"}
    assert found.stages["capture"] == Summary(3, 33, 33, 33, 33)
    assert (found.stages["encode"].min_ms, found.stages["encode"].p50_ms) == (4, 5)
    assert found.stages["whole"].p99_ms == 7
    assert found.failures == 0


def test_frames_without_a_sample_are_counted_and_not_timed() -> None:
    clock = Clock()
    answers = iter([None, {"encode": MS}, None, {"encode": 3 * MS}])
    found = measure(frames_for(clock, 4), lambda _: next(answers), count=9, warm_up=1, clock=clock)
    assert found is not None
    assert found.stages["encode"] == Summary(1, 3, 3, 3, 3)
    assert found.failures == 2


@pytest.mark.parametrize(
    "frames",
    [
        pytest.param(0, id="no-frames"),
        pytest.param(2, id="ends-in-the-warm-up"),
        pytest.param(10**6, id="endless"),
    ],
)
def test_without_samples_nothing_is_claimed(frames: int) -> None:
    clock = Clock()
    assert measure(frames_for(clock, frames), lambda _: None, count=2, warm_up=2, clock=clock) is None
    assert clock.now_ns <= 16 * 33 * MS


def test_interleaving_takes_turns_in_both_orders_and_leaves_out_the_warm_up() -> None:
    clock = Clock()
    works = [clock.work("a", 2), clock.work("b", 16)]
    first, second = interleave(works, rounds=4, warm_up=1, clock=clock)
    assert "".join(clock.log) == "ba" + "ab" + "ba" + "ab" + "ba"
    assert first == [2 * MS] * 4
    assert second == [16 * MS] * 4


def test_of_three_each_starts_a_round_in_its_turn() -> None:
    clock = Clock()
    works = [clock.work(name, ms) for name, ms in (("a", 1), ("b", 2), ("c", 3))]
    assert interleave(works, rounds=4, warm_up=2, clock=clock) == ([MS] * 4, [2 * MS] * 4, [3 * MS] * 4)
    assert "".join(clock.log) == "bca" + "cab" + "abc" + "bca" + "cab" + "abc"


def test_a_steady_eightfold_is_clear() -> None:
    found = compare([2 * MS] * 30, [16 * MS] * 30)
    assert (found.pairs, found.ratio, found.low, found.high) == (30, 8, 8, 8)
    assert found.is_clear


def test_a_machine_that_slows_down_does_not_bend_the_ratio() -> None:
    drift = [MS * n for n in range(1, 41)]
    assert compare(drift, [2 * time for time in drift]).ratio == pytest.approx(2)


def test_equal_work_with_noise_is_not_clear() -> None:
    rng = np.random.default_rng(3)
    first, second = (rng.integers(90, 110, 200).tolist() for _ in range(2))
    found = compare(first, second)
    assert found.low < 1 < found.high
    assert not found.is_clear


@pytest.mark.parametrize("pairs", [1, 5])
def test_too_few_pairs_claim_nothing(pairs: int) -> None:
    found = compare([1] * pairs, [9] * pairs)
    assert found.ratio == 9
    assert math.isnan(found.low)
    assert math.isnan(found.high)
    assert not found.is_clear


@pytest.mark.parametrize(
    ("count", "low", "high"),
    [
        # Tables of the sign test at 0.025 a side: 6 -> 1st, 10 -> 2nd, 20 -> 6th, 25 -> 8th.
        pytest.param(6, 1, 6, id="6"),
        pytest.param(10, 2, 9, id="10"),
        pytest.param(20, 6, 15, id="20"),
        pytest.param(25, 8, 18, id="25"),
    ],
)
def test_the_interval_is_the_sign_tests(count: int, low: int, high: int) -> None:
    found = compare([1] * count, list(range(1, count + 1)))
    assert (found.low, found.high) == (low, high)


def test_the_interval_holds_the_truth_19_times_of_20() -> None:
    rng = np.random.default_rng(7)
    held = 0
    for _ in range(400):
        ratios = rng.lognormal(0, 1, 41)
        found = compare([1000] * 41, np.maximum(1, ratios * 1000).astype(int).tolist())
        held += found.low <= 1 <= found.high
    assert held >= 0.93 * 400


def test_thousands_of_pairs_are_no_trouble() -> None:
    found = compare([10] * 5000, list(range(1, 5001)))
    assert found.low < found.ratio < found.high


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param([], [], id="none"),
        pytest.param([1, 2], [1], id="odd"),
        pytest.param([1, 0], [1, 1], id="coarse-clock"),
    ],
)
def test_what_is_no_pair_is_refused(first: list[int], second: list[int]) -> None:
    with pytest.raises(ValueError, match="a comparison needs"):
        compare(first, second)


@given(times)
def test_a_series_against_itself_has_the_ratio_1(series: list[int]) -> None:
    found = compare(series, series)
    assert found.ratio == 1
    assert not found.is_clear
