"""The protocols' section of a model card, from `metrics.json` alone: tables in Markdown."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from facelatch_converter import report
from facelatch_converter.evaluate import Numbers
from facelatch_converter.protocols.options import CARD_TITLE

NOBODY_ENROLLED = "nobody enrolled"
"""In place of rates of attempts on whole frames: there was no template to compare with."""
FILMED_BOUNDS = "The bounds of whole frames treat attempts as independent."
_ALLOWED_TIMES = 10
"""How much more often than claimed strangers may match where training never was."""
_COMPARED_AT = 1e-3
"""The FMR at which networks' thresholds are compared: the lowest that a usual run shows by hundreds of errors."""


def to_markdown(numbers: Numbers, title: str = CARD_TITLE) -> str:
    """The section, its title included."""
    first, *others = numbers["contenders"]
    parts = [
        f"## {title}",
        _method(numbers),
        f"### {first}: one frame against one frame",
        _single(numbers, first),
    ]
    parts += [f"### {first}: whole attempts", _attempts(numbers, first)]
    parts += _elsewhere(numbers, first)
    kept_out = {name: one for name, one in numbers["protocols"].items() if one["kept_out"]}
    if kept_out:
        parts += ["### Kept out of training", _kept_out(numbers, kept_out, first)]
    if others:
        parts += ["### Other networks, the same renderings", _others(numbers)]
    return "\n\n".join(parts) + "\n"


def _method(numbers: Numbers) -> str:
    scale = numbers["scale"]
    filmed = f" {FILMED_BOUNDS}" if scale["filmed"] else ""
    return (
        f"Rendered people of {numbers['face_model']}: {scale['people']:,} enrolled in each way, of whom "
        f"{scale['callers']:,} came to the door {scale['attempts']} times for {scale['frames']} frames, as crops "
        f"straight from the renderer; {scale['filmed']:,} of them enrolled and came {scale['filmed_attempts']} times "
        "in whole frames through the board's own locate, preprocess, encode, liveness and session code. All rates are "
        f"at the card's threshold, {numbers['model']['threshold']:.4f}, unless a column or heading says otherwise; in "
        "brackets 95 % bounds, of people drawn anew and not of comparisons; where nothing failed, three in so many "
        f"trials.{filmed}"
    )


def _single(numbers: Numbers, contender: str) -> str:
    rows = []
    for name, one in numbers["protocols"].items():
        found = one["crops"][contender]["single"]
        at = {point["at"]: point.get("fnmr") for point in found["fnmr_at_fmr"]}
        rows.append(
            [
                name,
                report.percent(found["eer"]),
                bounded(found.get("fmr")),
                bounded(found.get("fnmr")),
                *(bounded(rate) for rate in at.values()),
                f"{found['genuine_mean']:.2f} / {found['impostor_mean']:.2f}",
            ]
        )
    head = ["protocol", "EER", "FMR", "FNMR", "FNMR at FMR 1e-3", "1e-4", "1e-6", "mean distance own / other"]
    return table(head, rows)


def _attempts(numbers: Numbers, contender: str) -> str:
    rows = []
    for name, one in numbers["protocols"].items():
        five, three, single = (one["crops"][contender]["attempts"][frames] for frames in ("5", "3", "1"))
        filmed = one["filmed"].get(contender) or {}
        whole, enrolment = filmed.get("5"), filmed.get("enrolment")
        at = {point["at"]: point.get("frr") for point in five["frr_at_far"]}
        rows.append(
            [
                name,
                bounded(five.get("far")),
                bounded(three.get("far")),
                f"{five['impostor']:,}",
                bounded(five.get("frr")),
                bounded(three.get("frr")),
                bounded(single.get("frr")),
                bounded(at.get(1e-4)),
                bounded(at.get(1e-6)),
                "not filmed" if not filmed else NOBODY_ENROLLED if whole is None else bounded(whole["frr"]),
                "" if whole is None else bounded(whole["fta"]),
                "" if enrolment is None else bounded(enrolment["failures_to_enrol"]),
            ]
        )
    head = [
        "protocol", "FAR, 5 frames", "FAR, 3 frames", "impostor attempts", "FRR, 5 frames", "FRR, 3 frames",
        "FRR, 1 frame", "FRR, 5 frames, at FAR 1e-4", "1e-6", "FRR in whole frames, 5", "FTA", "not enrolled",
    ]  # fmt: skip
    return table(head, rows)


def _elsewhere(numbers: Numbers, contender: str) -> list[str]:
    """A table for each of the other thresholds that were asked for."""
    parts = []
    for threshold, rows in elsewhere(numbers, contender):
        parts += [
            f"### {contender}: crops at a threshold of {threshold:.4f}",
            table(ELSEWHERE_HEAD, rows),
        ]
    return parts


ELSEWHERE_HEAD = (
    "protocol", "FMR", "FNMR", "FAR, 5 frames", "FRR, 5 frames", "FRR, 3 frames", "FRR, 1 frame",
)  # fmt: skip


def elsewhere(numbers: Numbers, contender: str) -> Iterator[tuple[float, list[list[str]]]]:
    """Each of the other thresholds, and each protocol's rates there below `ELSEWHERE_HEAD`."""
    for place, threshold in enumerate(other_thresholds(numbers, contender)):
        yield (
            threshold,
            [
                [name, *_elsewhere_cells(one["crops"][contender], place)]
                for name, one in numbers["protocols"].items()
            ],
        )


def other_thresholds(numbers: Numbers, contender: str) -> list[float]:
    """What `also_at` named; empty where it named nothing, or for a network without a threshold."""
    protocol = next(iter(numbers["protocols"].values()))
    return [point["threshold"] for point in protocol["crops"][contender]["single"].get("also_at", ())]


def _elsewhere_cells(crops: Numbers, place: int) -> list[str]:
    single = crops["single"]["also_at"][place]
    by_frames = {frames: found["also_at"][place] for frames, found in crops["attempts"].items()}
    return [
        bounded(single["fmr"]),
        bounded(single["fnmr"]),
        bounded(by_frames["5"]["far"]),
        *(bounded(by_frames[frames]["frr"]) for frames in ("5", "3", "1")),
    ]


def _kept_out(numbers: Numbers, kept_out: Mapping[str, Numbers], contender: str) -> str:
    claimed = numbers["model"]["claimed_fmr"]
    rows = []
    for name, one in kept_out.items():
        found = one["crops"][contender]["single"]
        verdict = f"{found['fmr']['value'] / claimed:.1f} times"
        rows.append([name, one["kept_out"], bounded(found["fmr"]), verdict, f"{found['impostor_mean']:.2f}"])
    found_on = table(["protocol", "never trained on", "FMR", "of the claim", "impostor mean"], rows)
    return (
        f"{found_on}\n\nThe card claims an FMR of {claimed:g}; up to {_ALLOWED_TIMES} times that is the aim. Kept out "
        "is the sensor or the filter itself: training has noise of other sensors, and smoothing of another kind."
    )


def _others(numbers: Numbers) -> str:
    names = numbers["contenders"]
    rows = [
        [name, *(report.percent(one["crops"][each]["single"]["eer"]) for each in names)]
        for name, one in numbers["protocols"].items()
    ]
    return f"{table(['EER', *names], rows)}\n\n{_thresholds(numbers)}"


def _thresholds(numbers: Numbers) -> str:
    """At which distance each network shows a rate: what runs one model under two runtimes should agree."""
    names = numbers["contenders"]
    rows = [
        [name, *(_threshold_at(one["crops"][each]["single"]) for each in names)]
        for name, one in numbers["protocols"].items()
    ]
    return table([f"threshold at an FMR of {_COMPARED_AT:g}", *names], rows)


def _threshold_at(found: Mapping[str, Any]) -> str:
    (threshold,) = (point.get("threshold") for point in found["fnmr_at_fmr"] if point["at"] == _COMPARED_AT)
    return "not shown" if threshold is None else f"{threshold:.4f}"


def bounded(rate: Mapping[str, Any] | None) -> str:
    """A rate with its bounds in short."""
    if rate is None:
        return "not claimed"
    low, high = report.percent(rate["low"]), report.percent(rate["high"])
    return f"{report.percent(rate['value'])} ({low} to {high})"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
