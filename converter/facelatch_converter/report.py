"""One `report.html` that shows an evaluation without any other file: words, tables and pictures."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from facelatch_converter.evaluate import NEAR_ZERO, Numbers

BOUNDS = (
    "The bounds treat comparisons as independent. Pairs share captures, so the true uncertainty is larger; the number "
    "of people counts more than the number of pairs."
)
ONE_COMPARISON = (
    "FMR and FNMR are errors of one comparison of two captures. An attempt at a board is several: it fuses up to 3 "
    "samples and compares that with all 12 or more embeddings of a template, and to identify, that of every user. "
    "So a stranger may match more often in an attempt than in a comparison."
)


@dataclass(frozen=True, slots=True)
class Picture:
    """A PNG in both looks, and what it shows."""

    name: str
    light: bytes
    dark: bytes
    caption: str


def to_html(numbers: Numbers, pictures: Sequence[Picture]) -> str:
    """The whole page. `numbers` is the content of `metrics.json`."""
    model, data = numbers["model"], numbers["data"]
    parts = [
        f"<h1>{escape(model['name'])}: evaluation</h1>",
        f"<p>{_method(numbers)}</p>",
        _headline(numbers),
        "".join(figure(picture) for picture in pictures),
        "<h2>Error rates of one comparison</h2>",
        _rates(numbers),
        "<h2>Distances</h2>",
        _distances(numbers),
        "<h2>Failures to acquire</h2>",
        _failures(numbers),
        "<h2>Presentation attack detection</h2>",
        _pad(numbers),
        "<h2>What was measured</h2>",
        table([[key.replace("_", " "), escape(str(value))] for key, value in (model | data).items()]),
        "<h2>What these figures do not say</h2>",
        _limits(numbers),
    ]
    return page(f"{model['name']}: evaluation", "\n".join(parts))


def page(title: str, body: str) -> str:
    """A whole page; `body` is HTML."""
    return _PAGE.replace("@TITLE@", escape(title)).replace("@BODY@", body)


def percent(share: float) -> str:
    """A share for people: two significant digits below one per cent."""
    return f"{share:.2%}" if share >= 0.01 or share == 0 else f"{share * 100:.2g}%"


def rate(found: Mapping[str, Any]) -> str:
    """A rate with its bounds and counts, in one line."""
    if found["value"] is None:
        return "not measured: no face was found in any"
    return (
        f"{percent(found['value'])} (95% bounds {percent(found['low'])} to {percent(found['high'])}; "
        f"{found['errors']:,} of {found['trials']:,})"
    )


def pad_lines(pad: Mapping[str, Any]) -> list[str]:
    """The errors of liveness, a line each."""
    lines = [] if pad["bpcer"] is None else [f"live captures refused (BPCER): {rate(pad['bpcer'])}"]
    for species, found in pad["apcer"].items():
        lines.append(f"{species} accepted (APCER), where a face was found: {rate(found)}")
        lines.append(f"{species} without a face found (no response): {rate(found['no_response'])}")
    return lines


def warnings(numbers: Mapping[str, Any]) -> list[str]:
    """What makes these figures look better or worse than they are."""
    notes = []
    if numbers["data"].get("fitted_on_these_people"):
        notes.append("the threshold was fitted on these people; on new people it may do worse")
    close = numbers["distances"].get("impostor_near_zero", 0)
    if close:
        notes.append(
            f"{close:,} impostor comparisons are closer than {NEAR_ZERO:g}: two subjects may be one person, or "
            "the encoder gives nearly the same for everybody"
        )
    return notes


def _method(numbers: Numbers) -> str:
    data, counts = numbers["data"], numbers["comparisons"]
    return (
        f"{data['captures']:,} captures of {data['subjects']:,} people from {escape(str(data['source']))} "
        "went through the code that runs on the board: locate, metric crop, int8 encoder, liveness. Of each "
        f"capture {escape(str(data['fusion']))}. Every two captures were compared: "
        f"{counts['genuine']:,} genuine pairs (one person) and "
        f"{counts['impostor']:,} impostor pairs (two people)."
    )


def _headline(numbers: Numbers) -> str:
    at = numbers["at_threshold"]
    tiles = [
        ("FMR", percent(at["fmr"]["value"]), f"strangers who match at {at['threshold']:.3f}"),
        ("FNMR", percent(at["fnmr"]["value"]), "owners who do not match there"),
        ("EER", percent(numbers["eer"]["rate"]), f"both equal, at {numbers['eer']['threshold']:.3f}"),
    ]
    cells = "".join(
        f"<div><b>{name}</b><strong>{value}</strong><span>{note}</span></div>" for name, value, note in tiles
    )
    return f'<section class="tiles">{cells}</section>'


def _rates(numbers: Numbers) -> str:
    at = numbers["at_threshold"]
    rows = [
        [f"the card's threshold, {at['threshold']:.4f}", f"FMR {rate(at['fmr'])}", f"FNMR {rate(at['fnmr'])}"]
    ]
    for point in numbers["fnmr_at_fmr"]:
        asked = f"FMR at most {percent(point['fmr'])}"
        if "not_shown" in point:
            rows.append([asked, "not claimed", escape(point["not_shown"])])
        else:
            rows.append([asked, f"threshold {point['threshold']:.4f}", f"FNMR {rate(point['fnmr'])}"])
    return table(rows, ["at", "", ""])


def _distances(numbers: Numbers) -> str:
    own = numbers["distances"]
    seed = own["seed_work"]
    return table(
        [
            ["genuine, mean", f"{own['genuine_mean']:.3f}", f"{seed['genuine_mean']:.2f}"],
            ["impostor, mean", f"{own['impostor_mean']:.3f}", f"{seed['impostor_mean']:.2f}"],
            ["threshold", f"{numbers['at_threshold']['threshold']:.3f}", f"{seed['threshold']:.2f}"],
        ],
        ["", "this model", "seed work, as published on its own pictures"],
    )


def _failures(numbers: Numbers) -> str:
    found = numbers["failures_to_acquire"]
    rows = [
        ["captures without any usable face", rate(found["captures"])],
        ["&emsp;samples-disagree", f"{found['samples_disagree']:,} captures"],
        ["frames without a usable face", rate(found["frames"])],
    ]
    rows += [[f"&emsp;{escape(reason)}", f"{count:,} frames"] for reason, count in found["reasons"].items()]
    return table(rows)


def _pad(numbers: Numbers) -> str:
    pad = numbers["pad"]
    rows = []
    if pad["bpcer"] is not None:
        rows.append(["BPCER: live captures refused", rate(pad["bpcer"]), _checks(pad, "live")])
    for species, found in pad["apcer"].items():
        rows.append([f"APCER of {escape(species)}: attacks accepted", rate(found), _checks(pad, species)])
        rows.append([f"&emsp;no face found in {escape(species)}", rate(found["no_response"]), ""])
    note = "" if pad["apcer"] else "<p>No capture here is an attack, so no APCER is claimed.</p>"
    return table(rows, ["", "", "refused by"]) + note


def _checks(pad: Numbers, group: str) -> str:
    found = pad["refusals_by_check"].get(group, {})
    return ", ".join(f"{escape(name)} {count:,}" for name, count in found.items()) or "none"


def _limits(numbers: Numbers) -> str:
    notes = [
        escape(ONE_COMPARISON),
        "What a door lets in also depends on retries, on failures to acquire and on liveness (FAR and FRR), which "
        "this page does not state.",
        BOUNDS,
        "A rate is only claimed down to one expected false match; where none was seen, the upper bound is "
        "three divided by the number of comparisons.",
    ]
    if numbers["data"]["rendered"]:
        notes.insert(0, "The faces are rendered. Nothing here was measured on real people.")
    if numbers["data"].get("threshold_fitted_here"):
        notes.insert(0, "The threshold was fitted on these same comparisons; on new people it may do worse.")
    notes = [escape(note) for note in warnings(numbers)] + notes
    return "<ul>" + "".join(f"<li>{note}</li>" for note in notes) + "</ul>"


def figure(picture: Picture) -> str:
    """A picture in the page itself, light or dark as the reader has it."""
    light, dark = (
        "data:image/png;base64," + base64.b64encode(data).decode() for data in (picture.light, picture.dark)
    )
    return (
        f'<figure><picture><source srcset="{dark}" media="(prefers-color-scheme: dark)">'
        f'<img src="{light}" alt="{escape(picture.name)}"></picture>'
        f"<figcaption>{escape(picture.caption)}</figcaption></figure>"
    )


def table(rows: Sequence[Sequence[str]], head: Sequence[str] = ()) -> str:
    """Cells are HTML: escape foreign text before."""
    top = "<tr>" + "".join(f"<th>{cell}</th>" for cell in head) + "</tr>" if any(head) else ""
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<div class="wide"><table>{top}{body}</table></div>'


_PAGE = """<!doctype html>
<html lang="en-GB">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>@TITLE@</title>
<style>
:root { --surface: #fcfcfb; --ink: #0b0b0b; --quiet: #52514e; --line: #e1e0d9; --tile: #f3f2ee; }
@media (prefers-color-scheme: dark) {
  :root { --surface: #1a1a19; --ink: #fff; --quiet: #c3c2b7; --line: #383835; --tile: #242422; }
}
body { background: var(--surface); color: var(--ink); font: 16px/1.55 system-ui, sans-serif;
  max-width: 56rem; margin: 0 auto; padding: 1.5rem 1rem 4rem; }
h1 { font-size: 1.7rem; line-height: 1.2; } h2 { font-size: 1.15rem; margin: 2.4rem 0 .5rem; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(11rem, 1fr)); gap: .8rem;
  margin: 1.5rem 0; }
.tiles div { background: var(--tile); border-radius: .6rem; padding: .8rem 1rem; }
.tiles b { display: block; color: var(--quiet); font-weight: 600; font-size: .85rem; }
.tiles strong { display: block; font-size: 1.9rem; line-height: 1.3; }
.tiles span, figcaption { color: var(--quiet); font-size: .9rem; }
figure { margin: 1.8rem 0; } img { max-width: 100%; height: auto; display: block; }
figcaption { margin-top: .4rem; }
.wide { overflow-x: auto; } table { border-collapse: collapse; width: 100%; font-size: .93rem; }
th { text-align: left; color: var(--quiet); font-weight: 600; }
th, td { padding: .4rem .9rem .4rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
td { font-variant-numeric: tabular-nums; overflow-wrap: anywhere; min-width: 7rem; }
</style>
</head>
<body>
@BODY@
</body>
</html>
"""
