import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facelatch.optics.kinect_pairs import TICKS_HZ, WITHIN_TICKS, Pair, Pairing

PERIOD = TICKS_HZ // 30
WRAP = 2**32


def depth(number: int) -> "np.ndarray[tuple[int, int], np.dtype[np.uint16]]":
    return np.full((1, 1), number, np.uint16)


def colour(number: int) -> "np.ndarray[tuple[int, int, int], np.dtype[np.uint8]]":
    return np.full((1, 1, 3), number, np.uint8)


def play(events: list[tuple[str, int, int]], start_ns: int = 0) -> list[Pair]:
    """What comes of (kind, number, ticks) in their order."""
    pairing = Pairing(start_ns)
    found = [
        pairing.add_depth(depth(number), ticks % WRAP)
        if kind == "depth"
        else pairing.add_colour(colour(number), ticks % WRAP)
        for kind, number, ticks in events
    ]
    return [pair for pair in found if pair is not None]


def streams(count: int, lag_ticks: int, first_ticks: int = 0) -> list[tuple[str, int, int]]:
    """Both streams at their full rate, in the order of their times."""
    events = [("depth", number, first_ticks + number * PERIOD) for number in range(count)]
    events += [("colour", number, first_ticks + lag_ticks + number * PERIOD) for number in range(count)]
    return sorted(events, key=lambda event: event[2])


@given(lag_ticks=st.integers(0, PERIOD), first_ticks=st.integers(0, WRAP - 1))
def test_every_moment_is_paired_once_whatever_the_lag_and_the_counter(
    lag_ticks: int, first_ticks: int
) -> None:
    pairs = play(streams(8, lag_ticks, first_ticks), start_ns=5)
    assert len(pairs) >= 7
    for pair in pairs:
        apart = int(pair.colour[0, 0, 0]) * PERIOD + lag_ticks - int(pair.depth[0, 0]) * PERIOD
        assert abs(apart) <= WITHIN_TICKS
    times = [pair.timestamp_ns for pair in pairs]
    assert times[0] == 5
    assert np.diff(times) == pytest.approx(1e9 / 30, abs=1)
    assert len({int(pair.depth[0, 0]) for pair in pairs}) == len(pairs)


@pytest.mark.parametrize(
    ("events", "paired"),
    [
        pytest.param([("depth", 1, 0), ("depth", 2, 9), ("colour", 3, 9)], [(2, 3)], id="the-newest-waits"),
        pytest.param([("depth", 1, 0), ("colour", 2, PERIOD)], [], id="too-late"),
        pytest.param(
            [("depth", 1, 0), ("colour", 2, PERIOD), ("depth", 3, PERIOD)], [(3, 2)], id="the-younger-waits"
        ),
        pytest.param(
            [("colour", 1, 0), ("depth", 2, 3 * PERIOD), ("colour", 3, 3 * PERIOD)],
            [(2, 3)],
            id="lost-images",
        ),
        pytest.param([("colour", 1, 0), ("colour", 2, PERIOD)], [], id="colour-alone"),
        pytest.param([("depth", 1, 0), ("colour", 2, 0), ("colour", 3, 0)], [(1, 2)], id="each-image-once"),
        pytest.param([("depth", 1, WRAP - 9), ("colour", 2, 9)], [(1, 2)], id="the-counter-starts-again"),
        pytest.param([("colour", 2, WRAP - 9), ("depth", 1, 9)], [(1, 2)], id="the-other-way-round"),
        pytest.param([("depth", 1, 0), ("colour", 2, WITHIN_TICKS)], [(1, 2)], id="just-in-time"),
        pytest.param([("depth", 1, 0), ("colour", 2, WITHIN_TICKS + 1)], [], id="just-too-late"),
    ],
)
def test_who_is_paired_with_whom(events: list[tuple[str, int, int]], paired: list[tuple[int, int]]) -> None:
    pairs = play(events)
    assert [(int(pair.depth[0, 0]), int(pair.colour[0, 0, 0])) for pair in pairs] == paired


def test_an_hour_is_an_hour_although_the_counter_starts_again_every_71_seconds() -> None:
    events = [
        (kind, number % 250, number * 30 * TICKS_HZ) for number in range(121) for kind in ("depth", "colour")
    ]
    pairs = play(events)
    assert pairs[-1].timestamp_ns - pairs[0].timestamp_ns == 3600 * 10**9


def test_rounding_does_not_add_up() -> None:
    """A tick is 16.67 ns."""
    events = [(kind, 0, number) for number in range(1, 3002) for kind in ("depth", "colour")]
    assert play(events)[-1].timestamp_ns == 50_000
