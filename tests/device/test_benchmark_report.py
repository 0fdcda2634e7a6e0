import json
from dataclasses import replace

import pytest

from facelatch.benchmark import Comparison, Measurement, Summary
from facelatch.benchmark_report import Report, Rivals, to_record, to_text
from facelatch.diagnosis.board import Board

PI = Board("Raspberry Pi 5", "Cortex-A76", 4, "ondemand", {"cpu-thermal": 50.0}, ())
SUMMARY = Summary(100, 1.0, 2.0, 3.0, 4.0)
RUN = Measurement({"capture": SUMMARY, "encode": SUMMARY, "whole": Summary(100, 9.0, 12.5, 15.0, 19.75)}, 3)
CLEAR = Rivals(SUMMARY, Summary(100, 8.0, 16.0, 24.0, 32.0), Comparison(100, 8.0, 7.9, 8.1))
REPORT = Report(
    source="replay owner",
    model="default (0123456789ab), ai-edge-litert",
    versions={"facelatch": "0.1.0", "ai-edge-litert": "2.3.0"},
    before=PI,
    after=replace(PI, temperatures_c={"cpu-thermal": 61.2}, throttling=("throttled now",)),
    runs={1: RUN, 4: RUN},
    resident_mib=(120.4, 131.0),
    rival="seed, tflite-runtime",
    rivals={1: CLEAR},
)


@pytest.mark.parametrize(
    "line",
    [
        "board     Raspberry Pi 5: Cortex-A76, 4 cores, governor ondemand",
        "heat      cpu-thermal 50 -> 61 °C; throttled now",
        "model     default (0123456789ab), ai-edge-litert",
        "versions  facelatch 0.1.0, ai-edge-litert 2.3.0",
        "frames    replay owner",
        "memory    120 MiB resident, 131 MiB at most",
        "one core         min      p50      p90      p99  ms",
        "4 cores          min      p50      p90      p99  ms",
        "  whole         9.00    12.50    15.00    19.75",
        "  100 samples, 3 frames without a usable face",
        "  second        8.00    16.00    24.00    32.00  seed, tflite-runtime",
        "  the second takes 8.00 times as long (95 % confidence: 7.90 to 8.10)",
    ],
)
def test_text_says(line: str) -> None:
    assert line in to_text(REPORT).splitlines()


@pytest.mark.parametrize(
    ("comparison", "words"),
    [
        pytest.param(
            Comparison(100, 1.01, 0.97, 1.04), "0.97 to 1.04); no clear difference", id="no-difference"
        ),
        pytest.param(Comparison(3, 1.5, float("nan"), float("nan")), "too few pairs to say", id="too-few"),
    ],
)
def test_text_claims_no_more_than_the_pairs_show(comparison: Comparison, words: str) -> None:
    assert words in to_text(replace(REPORT, rivals={1: replace(CLEAR, comparison=comparison)}))


def test_a_board_that_tells_nothing_leaves_no_hole() -> None:
    silent = Board(None, "unknown", 0, None, {}, None)
    text = to_text(replace(REPORT, before=silent, after=silent, resident_mib=None, rivals=None))
    assert "heat      temperature is not told; throttling is not told" in text
    assert "None" not in text
    assert "nan" not in text


def test_record_is_strict_json() -> None:
    unsure = replace(CLEAR, comparison=Comparison(3, 1.5, float("nan"), float("nan")))
    record = json.loads(json.dumps(to_record(replace(REPORT, rivals={1: unsure})), allow_nan=False))
    assert record["runs"][0]["cores"] == 1
    assert record["runs"][0]["stages_ms"]["whole"] == {
        "count": 100,
        "min": 9.0,
        "p50": 12.5,
        "p90": 15.0,
        "p99": 19.75,
    }
    assert record["throttling"] == ["throttled now"]
    assert record["temperatures_c"]["after"] == {"cpu-thermal": 61.2}
    assert record["resident_mib"] == [120.4, 131.0]
    (comparison,) = record["comparisons"]
    assert (comparison["ratio"], comparison["low"], comparison["clear"]) == (1.5, None, False)
    assert comparison["second_ms"]["p50"] == 16.0
