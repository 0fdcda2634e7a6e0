"""What a demonstration showed, as a table for people and as a record for programs."""

from collections.abc import Iterator, Mapping

from facelatch.demonstration.demo import Played, Report
from facelatch.guidance import to_hint


def to_table(report: Report) -> str:
    """Enrolment, one line for each attempt, the times, and whether all was as expected."""
    return "\n".join(_lines(report))


def to_record(report: Report) -> Mapping[str, object]:
    """What `--json` prints."""
    return {
        "as_expected": report.is_as_expected,
        "threshold": report.threshold,
        "enrolled_directions": list(report.enrolled),
        "attempts": [_attempt_record(played) for played in report.played],
        "stages_p50_ms": dict(report.stages_ms),
        "samples": report.samples,
    }


def to_times(report: Report) -> str:
    """The stages' medians on one line."""
    parts = [f"{stage} {spent:.1f}" for stage, spent in report.stages_ms.items()]
    return f"{', '.join(parts)} ms (p50 of {report.samples} frames with a face)"


def _lines(report: Report) -> Iterator[str]:
    yield f"the owner is enrolled from {len(report.enrolled)} directions"
    yield f"a distance of at most {report.threshold:.3f} matches"
    yield ""
    width = max(len("attempt"), *(len(played.planned.label) for played in report.played))
    yield f"     {'attempt':{width}}  {'expected':10} {'outcome':10} {'distance':>8}  {'lock':8}  reason"
    for played in report.played:
        verdict = played.verdict
        expected = "/".join(played.planned.expected)
        found = "-" if verdict.distance is None else f"{verdict.distance:.3f}"
        yield (
            f"{'ok' if played.is_as_expected else 'NOT':4} {played.planned.label:{width}}  {expected:10} "
            f"{verdict.outcome:10} {found:>8}  {'released' if played.lock else 'secured':8}  "
            f"{to_hint(verdict.reason)}"
        ).rstrip()
    yield ""
    yield to_times(report)
    wrong = sum(not played.is_as_expected for played in report.played)
    yield "all as expected" if report.is_as_expected else f"{wrong} of {len(report.played)} not as expected"


def _attempt_record(played: Played) -> Mapping[str, object]:
    verdict = played.verdict
    return {
        "label": played.planned.label,
        "capture": str(played.planned.capture),
        "expected": [outcome.value for outcome in played.planned.expected],
        "outcome": verdict.outcome.value,
        "as_expected": played.is_as_expected,
        "distance": verdict.distance,
        "reason": verdict.reason,
        "lock": list(played.lock),
    }
