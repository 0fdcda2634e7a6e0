"""One `report.html` of named protocols: tables and pictures in a single file."""

from collections.abc import Sequence
from html import escape

from facelatch_converter import report
from facelatch_converter.evaluate import Numbers
from facelatch_converter.protocols.card import (
    ELSEWHERE_HEAD,
    FILMED_BOUNDS,
    NOBODY_ENROLLED,
    bounded,
    elsewhere,
)
from facelatch_converter.report import Picture

_LIMITS = (
    "All faces are rendered. Nothing here was measured on real people.",
    "Crops come straight from the renderer, placed as the board's locator was measured to place them. They skip "
    "locating, liveness and failures to acquire; they are there for the many comparisons that a small rate takes.",
    "Whole frames went through the board's own code from frame to verdict, on fewer people. Their FAR compares those "
    "attempts with templates made of crops.",
    "FAR is of one stranger against one template. With several users on a board a stranger has as many chances.",
    "The bounds of crops are those of people drawn anew: comparisons of the same two people, or with the same one, "
    "count for less than as many of others. Where nothing failed, comparisons count in full (rule of three).",
    FILMED_BOUNDS,
    "A rate is only claimed where at least ten errors at that rate would be expected among the comparisons.",
)


def to_html(numbers: Numbers, pictures: Sequence[Picture]) -> str:
    """The whole page. `numbers` is the content of `metrics.json`."""
    model = numbers["model"]
    parts = [
        f"<h1>{escape(model['name'])}: protocols</h1>",
        f"<p>{_method(numbers)}</p>",
        "".join(report.figure(picture) for picture in pictures[:3]),
    ]
    for name in numbers["contenders"]:
        parts += [f"<h2>{escape(name)}</h2>", *contender_tables(numbers, name)]
    parts += ["".join(report.figure(picture) for picture in pictures[3:])]
    parts += ["<h2>Protocols</h2>", report.table(protocol_rows(numbers), ["", "", "seeds"])]
    notes = "".join(f"<li>{escape(note)}</li>" for note in _LIMITS)
    parts += ["<h2>What these figures do not say</h2>", f"<ul>{notes}</ul>"]
    return report.page(f"{model['name']}: protocols", "\n".join(parts))


def _method(numbers: Numbers) -> str:
    scale = numbers["scale"]
    return escape(
        f"Rendered people of {numbers['face_model']}. In each protocol {scale['callers']:,} made {scale['attempts']} "
        f"attempts of {scale['frames']} frames against {scale['people']:,} enrolled people, as crops; "
        f"{scale['filmed']:,} of them enrolled and made {scale['filmed_attempts']} attempts each in whole frames. "
        f"The card's threshold is {numbers['model']['threshold']:.4f}."
    )


def contender_tables(numbers: Numbers, contender: str) -> list[str]:
    """Single comparisons, attempts as crops and in whole frames, and crops at other thresholds."""
    found = numbers["protocols"]
    single = {name: one["crops"][contender]["single"] for name, one in found.items()}
    parts = [
        "<h3>One frame against one frame</h3>",
        report.table([single_row(name, one) for name, one in single.items()], SINGLE_HEAD),
    ]
    longest_first = reversed(next(iter(found.values()))["crops"][contender]["attempts"])
    for frames in longest_first:
        rows = [
            attempt_row(name, one["crops"][contender]["attempts"][frames], film_of(one, contender), frames)
            for name, one in found.items()
        ]
        parts += [
            f"<h3>Attempts of {frames} frame{'s' * (frames != '1')}</h3>",
            report.table(rows, ATTEMPT_HEAD),
        ]
    for threshold, rows in elsewhere(numbers, contender):
        escaped = [[escape(cell) for cell in row] for row in rows]
        parts += [f"<h3>Crops at a threshold of {threshold:.4f}</h3>", report.table(escaped, ELSEWHERE_HEAD)]
    return parts


SINGLE_HEAD = (
    "protocol", "EER", "FMR", "FNMR", "FNMR at FMR 1e-3", "1e-4", "1e-6", "genuine mean", "impostor mean",
    "impostor comparisons",
)  # fmt: skip
ATTEMPT_HEAD = (
    "protocol",
    "FAR",
    "FRR",
    "FRR at FAR 1e-6",
    "impostor attempts",
    "FRR in whole frames",
    "FTA",
    "FAR in whole frames",
    "not enrolled",
)


def single_row(name: str, found: Numbers) -> list[str]:
    """A protocol's single comparisons in cells."""
    return [
        escape(name),
        report.percent(found["eer"]),
        bounded(found.get("fmr")),
        bounded(found.get("fnmr")),
        *(bounded(point.get("fnmr")) for point in found["fnmr_at_fmr"]),
        f"{found['genuine_mean']:.3f}",
        f"{found['impostor_mean']:.3f}",
        f"{found['impostor']:,}",
    ]


def attempt_row(name: str, crops: Numbers, filmed: Numbers | None, frames: str) -> list[str]:
    """A protocol's attempts of so many frames in cells; `filmed` is None where nothing was."""
    strictest = crops["frr_at_far"][-1]
    return [
        escape(name),
        bounded(crops.get("far")),
        bounded(crops.get("frr")),
        bounded(strictest.get("frr")),
        f"{crops['impostor']:,}",
        *film_cells(filmed, frames),
    ]


def film_cells(filmed: Numbers | None, frames: str) -> list[str]:
    """FRR, FTA, FAR and failures to enrol in whole frames; the last one is all there is where nobody enrolled."""
    if filmed is None:
        return ["not filmed", "", "", ""]
    not_enrolled = bounded(filmed["enrolment"]["failures_to_enrol"])
    if frames not in filmed:
        return [NOBODY_ENROLLED, "", "", not_enrolled]
    return [*(bounded(filmed[frames][rate]) for rate in ("frr", "fta", "far")), not_enrolled]


def film_of(protocol: Numbers, contender: str) -> Numbers | None:
    """What was filmed of a protocol, if anything was."""
    filmed: Numbers | None = protocol["filmed"].get(contender)
    return filmed


def protocol_rows(numbers: Numbers) -> list[list[str]]:
    """What each protocol is."""
    return [
        [
            escape(name),
            escape(one["about"] + (f"; kept out of training: {one['kept_out']}" if one["kept_out"] else "")),
            f"{one['seeds']['enrolment']}, {one['seeds']['attempts']}",
        ]
        for name, one in numbers["protocols"].items()
    ]
