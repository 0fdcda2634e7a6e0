import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facelatch_converter.encoder_speed import (
    ENCODER,
    SEED,
    YARDSTICK,
    Finding,
    find,
    split,
    to_lines,
    to_record,
)

MS = 1_000_000
MACS = {ENCODER: 40_000_000, SEED: 160_000_000, YARDSTICK: 200_000_000}


def steady(rounds: int = 10, encoder_ms: int = 1, seed_ms: int = 8, yardstick_ms: int = 2) -> Finding:
    """The encoder at 40, the seed variant at 20 and the convolution at 100 GMAC/s, unless told otherwise."""
    times = {ENCODER: [encoder_ms * MS] * rounds, SEED: [seed_ms * MS] * rounds}
    return find({**times, YARDSTICK: [yardstick_ms * MS] * rounds}, MACS, busy_ns=9 * MS, passed_ns=10 * MS)


def test_the_lead_and_the_shares_are_those_of_the_arithmetic() -> None:
    found = steady()
    assert (found.lead.ratio, found.lead_p25, found.lead.pairs) == (8, 8, 10)
    shares = {name: speed.matrix_share for name, speed in found.speeds.items()}
    assert shares == pytest.approx({ENCODER: 0.4, SEED: 0.2, YARDSTICK: 1})
    rates = {name: speed.gmacs_per_s for name, speed in found.speeds.items()}
    assert rates == pytest.approx({ENCODER: 40, SEED: 20, YARDSTICK: 100})
    assert found.core_share == 0.9


@pytest.mark.parametrize(
    ("encoder_ns", "seed_ns", "yardstick_ns"),
    [
        pytest.param(
            [MS * n for n in range(1, 31)],
            [8 * MS * n for n in range(1, 31)],
            [2 * MS * n for n in range(1, 31)],
            id="slows-down-all-along",
        ),
        pytest.param(
            [MS] * 26 + [90 * MS] * 4,
            [8 * MS] * 30,
            [30 * MS] * 4 + [2 * MS] * 26,
            id="disturbed-now-and-then",
        ),
    ],
)
def test_a_machine_with_other_work_does_not_bend_the_figures(
    encoder_ns: list[int], seed_ns: list[int], yardstick_ns: list[int]
) -> None:
    times = {ENCODER: encoder_ns, SEED: seed_ns, YARDSTICK: yardstick_ns}
    found = find(times, MACS, busy_ns=1, passed_ns=2)
    assert found.lead.ratio == pytest.approx(8)
    assert found.speeds[ENCODER].matrix_share == pytest.approx(0.4)
    assert found.speeds[SEED].matrix_share == pytest.approx(0.2)


@given(st.lists(st.integers(1, 10**9), min_size=1, max_size=50))
def test_networks_of_the_same_times_are_as_fast_as_each_other(times: list[int]) -> None:
    found = find({ENCODER: times, SEED: times, YARDSTICK: times}, dict.fromkeys(MACS, 7), 3, 2)
    assert (found.lead.ratio, found.lead_p25, found.core_share) == (1, 1, 1)
    assert [speed.matrix_share for speed in found.speeds.values()] == [1, 1, 1]
    assert all(speed.p25_ms <= speed.p50_ms for speed in found.speeds.values())


@pytest.mark.parametrize(
    ("times", "message"),
    [
        pytest.param({ENCODER: [1, 2], SEED: [1], YARDSTICK: [1, 2]}, "needs pairs", id="a-round-is-missing"),
        pytest.param({ENCODER: [], SEED: [], YARDSTICK: []}, "needs pairs", id="no-rounds"),
        pytest.param({ENCODER: [0], SEED: [1], YARDSTICK: [1]}, "positive times", id="no-time-passed"),
    ],
)
def test_series_that_say_nothing_are_refused(times: dict[str, list[int]], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        find(times, MACS, 1, 1)


@pytest.mark.parametrize(
    ("rounds", "sizes"),
    [
        pytest.param(400, [50] * 8, id="equal"),
        pytest.param(11, [2, 2, 2, 1, 1, 1, 1, 1], id="with-a-remainder"),
        pytest.param(3, [1, 1, 1], id="fewer-than-portions"),
    ],
)
def test_rounds_are_split_evenly(rounds: int, sizes: list[int]) -> None:
    assert split(rounds, 8) == sizes


def test_the_table_says_how_fast_and_how_sure() -> None:
    lines = to_lines("ai-edge-litert 2.3.0", steady())
    assert " ".join(lines[0].split()) == "ai-edge-litert 2.3.0 MMAC p25 p50 ms GMAC/s of the matrix rate"
    assert [line.split() for line in lines[1:4]] == [
        ["encoder", "40.0", "1.000", "1.000", "40.0", "40.0%"],
        ["seed", "variant", "160.0", "8.000", "8.000", "20.0", "20.0%"],
        ["1x1", "convolution", "200.0", "2.000", "2.000", "100.0", "100.0%"],
    ]
    assert "8.00 times as fast as the seed variant (95 % confidence: 8.00 to 8.00)" in lines[4]
    assert lines[5].endswith("had its core for 90% of the time")


def test_few_rounds_are_not_called_sure() -> None:
    found = steady(rounds=3)
    assert math.isnan(found.lead.low)
    assert "too few rounds to say how sure" in to_lines("x", found)[4]
    record = json.loads(json.dumps(to_record(found), allow_nan=False))
    assert record["times_as_fast_as_seed"] == {
        "rounds": 3,
        "ratio": 8,
        "low": None,
        "high": None,
        "ratio_p25": 8,
    }


def test_the_record_has_each_network() -> None:
    record = to_record(steady())
    assert record["networks"] == {
        name: {
            "macs": MACS[name],
            "p25_ms": ms,
            "p50_ms": ms,
            "gmacs_per_s": pytest.approx(rate),
            "matrix_share": pytest.approx(share),
        }
        for name, ms, rate, share in ((ENCODER, 1, 40, 0.4), (SEED, 8, 20, 0.2), (YARDSTICK, 2, 100, 1))
    }
    assert record["core_share"] == 0.9
