"""The reports of a fine-tuning run: which is the best, and what to say of them."""

from collections.abc import Mapping, Sequence
from typing import Any

Report = Mapping[str, Any]

_FORGOTTEN, _CHANCE = 1.25, 0.0025
"""By how much, times and plus, the rendered people's error may grow before an encoder is no better."""


def best_report(reports: Sequence[Report]) -> int:
    """Which report is the best: the lowest error of the subjects kept out, and where it ties the farthest apart.

    A report with which the rendered people were forgotten is none; the first, before training, always counts.
    """
    start = reports[0].get("rendered_eer")

    def kept(report: Report) -> bool:
        return start is None or report["rendered_eer"] <= _FORGOTTEN * start + _CHANCE

    candidates = [place for place, report in enumerate(reports) if place == 0 or kept(report)]
    return min(
        candidates,
        key=lambda place: (reports[place]["eer"], reports[place]["genuine"] - reports[place]["impostor"]),
    )


def reports_since_best(reports: Sequence[Report]) -> int:
    """How many reports came after the best one."""
    return len(reports) - 1 - best_report(reports)


def to_line(report: Report) -> str:
    """A report on one line."""
    rendered = f"  rendered {100 * report['rendered_eer']:.2f} %" if "rendered_eer" in report else ""
    return (
        f"{report['crops']:8d} crops {report['elapsed_s'] / 60:6.1f} min  EER {in_words(report)}  genuine "
        f"{report['genuine']:.2f}  impostor {report['impostor']:.2f}{rendered}"
    )


def in_words(report: Report) -> str:
    """An error rate with its bounds."""
    return f"{100 * report['eer']:.2f} % ({100 * report['eer_low']:.2f} to {100 * report['eer_high']:.2f})"


def to_sentences(reports: Sequence[Report], fine_tuning: Mapping[str, Any]) -> list[str]:
    """What a run came to, in words."""
    before, after = reports[0], reports[best_report(reports)]
    counts, people = fine_tuning["validation"], fine_tuning["subjects"]["validated"]
    sentences = [
        f"{len(people)} people kept out of training, {counts['genuine']:,} genuine and {counts['impostor']:,} impostor "
        "comparisons of single frames",
        f"EER before {in_words(before)}, after {in_words(after)}",
    ]
    if "rendered_eer" in before:
        rates = [f"{100 * report['rendered_eer']:.2f} %" for report in (before, after)]
        sentences.append(f"EER of rendered people before {rates[0]}, after {rates[1]}")
    if after is not before:
        sentences.append(
            "These people chose when to stop, which flatters their error a little: measure on others."
        )
    return sentences
