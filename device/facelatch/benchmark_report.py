"""A benchmark's results as a table for people and as a record for programs."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from facelatch.benchmark import STAGES, Comparison, Measurement, Summary
from facelatch.diagnosis.board import Board


@dataclass(frozen=True, slots=True)
class Rivals:
    """Two encoders measured in turns on the same number of cores."""

    first: Summary
    second: Summary
    comparison: Comparison


@dataclass(frozen=True, slots=True)
class Report:
    """One run of `facelatch bench`. Runs and rivals are by the number of cores."""

    source: str
    """Where the frames came from."""
    model: str
    versions: Mapping[str, str]
    before: Board
    after: Board
    runs: Mapping[int, Measurement]
    resident_mib: tuple[float, float] | None
    """Now and at its highest, with one encoder loaded."""
    rival: str = ""
    """The second encoder's name."""
    rivals: Mapping[int, Rivals] | None = None


def to_text(report: Report) -> str:
    """What is printed in a terminal; times are milliseconds."""
    board = report.before
    lines = [
        f"board     {board.model or 'no board name'}: {board.cpu}, {board.cores} cores"
        + (f", governor {board.governor}" if board.governor else ""),
        f"heat      {_heat(report)}",
        f"model     {report.model}",
        f"versions  {', '.join(f'{name} {version}' for name, version in report.versions.items())}",
        f"frames    {report.source}",
    ]
    if report.resident_mib is not None:
        now, highest = report.resident_mib
        lines.append(f"memory    {now:.0f} MiB resident, {highest:.0f} MiB at most")
    for cores, run in report.runs.items():
        lines += ["", *_table(cores, run)]
    for cores, rivals in (report.rivals or {}).items():
        lines += ["", *_rivalry(report, cores, rivals)]
    return "\n".join(lines)


def to_record(report: Report) -> Mapping[str, object]:
    """What `--json` prints; null stands for what could not be said."""
    return {
        "source": report.source,
        "model": report.model,
        "versions": dict(report.versions),
        "board": {
            "model": report.before.model,
            "cpu": report.before.cpu,
            "cores": report.before.cores,
            "governor": report.before.governor,
        },
        "temperatures_c": {
            "before": dict(report.before.temperatures_c),
            "after": dict(report.after.temperatures_c),
        },
        "throttling": None if report.after.throttling is None else list(report.after.throttling),
        "resident_mib": None if report.resident_mib is None else list(report.resident_mib),
        "runs": [
            {
                "cores": cores,
                "failures": run.failures,
                "stages_ms": {stage: _record(summary) for stage, summary in run.stages.items()},
            }
            for cores, run in report.runs.items()
        ],
        "comparisons": [
            {
                "cores": cores,
                "rival": report.rival,
                "first_ms": _record(rivals.first),
                "second_ms": _record(rivals.second),
                "pairs": rivals.comparison.pairs,
                "ratio": rivals.comparison.ratio,
                "low": _finite(rivals.comparison.low),
                "high": _finite(rivals.comparison.high),
                "clear": rivals.comparison.is_clear,
            }
            for cores, rivals in (report.rivals or {}).items()
        ],
    }


def _table(cores: int, run: Measurement) -> Iterator[str]:
    yield f"{_cores(cores):12}{'min':>8}{'p50':>9}{'p90':>9}{'p99':>9}  ms"
    for stage in STAGES:
        if stage in run.stages:
            yield f"  {stage:10}{_row(run.stages[stage])}"
    counted = run.stages["whole"].count
    yield f"  {counted} samples, {run.failures} frames without a usable face"


def _rivalry(report: Report, cores: int, rivals: Rivals) -> Iterator[str]:
    found = rivals.comparison
    yield f"{_cores(cores)}, encoders in turns ({found.pairs} pairs)"
    yield f"  {'first':10}{_row(rivals.first)}  {report.model}"
    yield f"  {'second':10}{_row(rivals.second)}  {report.rival}"
    if math.isnan(found.low):
        yield f"  the second takes {found.ratio:.2f} times as long; too few pairs to say how sure that is"
        return
    verdict = "" if found.is_clear else "; no clear difference"
    yield (
        f"  the second takes {found.ratio:.2f} times as long "
        f"(95 % confidence: {found.low:.2f} to {found.high:.2f}){verdict}"
    )


def _cores(cores: int) -> str:
    return "one core" if cores == 1 else f"{cores} cores"


def _row(summary: Summary) -> str:
    return f"{summary.min_ms:8.2f}{summary.p50_ms:9.2f}{summary.p90_ms:9.2f}{summary.p99_ms:9.2f}"


def _record(summary: Summary) -> Mapping[str, float]:
    return {
        "count": summary.count,
        "min": summary.min_ms,
        "p50": summary.p50_ms,
        "p90": summary.p90_ms,
        "p99": summary.p99_ms,
    }


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _heat(report: Report) -> str:
    """Temperatures before and after, and what the firmware says; a board may tell neither."""
    after = report.after.temperatures_c
    zones = [
        f"{name} {celsius:.0f} -> {after[name]:.0f} °C"
        for name, celsius in report.before.temperatures_c.items()
        if name in after
    ]
    if report.after.throttling is None:
        throttling = "throttling is not told"
    else:
        throttling = ", ".join(report.after.throttling) or "not throttled"
    return f"{', '.join(zones) or 'temperature is not told'}; {throttling}"
