"""The reports of a fine-tuning run: which is the best, and what to say of them."""

from collections.abc import Mapping, Sequence
from typing import Any

Report = Mapping[str, Any]

_FORGOTTEN, _CHANCE = 1.25, 0.0025
"""By how much, times and plus, the rendered people's error may grow before an encoder is no better."""
_NOTICEABLE = 0.01
"""By how much d' must rise to be an improvement where the error does not fall: rounding alone moves it a little."""


def best_report(reports: Sequence[Report]) -> int:
    """Which report is the best: the lowest error of the subjects kept out, and where it ties the highest d'.

    d' has no scale, so that settling, which stretches all distances, gains nothing. A report with which the rendered
    people were forgotten is none; the first, before training, always counts, and is left only for a noticeable gain.
    """
    start = reports[0].get("rendered_eer")

    def kept(report: Report) -> bool:
        return start is None or report["rendered_eer"] <= _FORGOTTEN * start + _CHANCE

    candidates = [place for place, report in enumerate(reports) if place == 0 or kept(report)]

    def order(place: int) -> tuple[float, float]:
        return reports[place]["eer"], -reports[place]["d_prime"] - (_NOTICEABLE if place == 0 else 0.0)

    return min(candidates, key=order)


def reports_since_best(reports: Sequence[Report]) -> int:
    """How many reports came after the best one."""
    return len(reports) - 1 - best_report(reports)


def to_line(report: Report) -> str:
    """A report on one line."""
    rendered = f"  rendered {100 * report['rendered_eer']:.2f} %" if "rendered_eer" in report else ""
    return (
        f"{report['crops']:8d} crops {report['elapsed_s'] / 60:6.1f} min  EER {in_words(report)}  genuine "
        f"{report['genuine']:.2f}  impostor {report['impostor']:.2f}  d' {report['d_prime']:.2f}{rendered}"
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
    if after is before:
        sentences.append(
            "Nothing was better than the encoder it began with: without forgetting rendered people, the EER of the "
            f"people kept out did not fall, nor did d' rise from {before['d_prime']:.2f}."
        )
    else:
        sentences.append(
            "These people chose when to stop, which flatters their error a little: measure on others."
        )
    return sentences
