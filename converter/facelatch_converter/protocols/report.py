"""Everything that an evaluation of protocols leaves in its folder: numbers, pictures and the page that shows them."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from facelatch_converter import failure_gallery, plots, projections
from facelatch_converter.errors import OutputError
from facelatch_converter.evaluate import Numbers
from facelatch_converter.evaluation_report import remove_report
from facelatch_converter.failure_gallery import Case
from facelatch_converter.plots import DARK, LIGHT, Look
from facelatch_converter.protocols import page
from facelatch_converter.protocols import plots as protocol_plots
from facelatch_converter.protocols.crop_trials import Stage
from facelatch_converter.protocols.named import Protocol
from facelatch_converter.protocols.numbers import Shown
from facelatch_converter.protocols.plots import Bar
from facelatch_converter.protocols.trials import Trials
from facelatch_converter.report import Picture

FRR_BAR = 0.05
"""What an attempt may cost its owner in any of the protocols."""
_MOST_CURVES = 10
_MOST_CASES = 12
_PEOPLE_SHOWN = 40


@dataclass(frozen=True, slots=True, eq=False)
class Findings:
    """What pictures are drawn of."""

    protocols: Sequence[Protocol]
    stage: Stage
    trials: Trials
    shown: Mapping[str, Mapping[str, Shown]]
    """By protocol and contender."""

    @property
    def main(self) -> Protocol:
        """The protocol whose embeddings and curves stand for the rest: unlock, where it was measured."""
        return next((one for one in self.protocols if one.name == "unlock"), self.protocols[0])


def write_report(folder: Path, numbers: Numbers, findings: Findings) -> None:
    """Write `PROTOCOL_FILES` into `folder`, made where it is missing; of an older report there, nothing stays.

    Raises `OutputError` if it cannot be written.
    """
    pictures = draw(numbers, findings)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        remove_report(folder)
        (folder / "metrics.json").write_text(json.dumps(numbers, indent=2, allow_nan=False) + "\n")
        for one in pictures:
            (folder / f"{one.name}.png").write_bytes(one.light)
        (folder / "report.html").write_text(page.to_html(numbers, pictures), encoding="utf-8")
    except OSError as error:
        raise OutputError(f"{folder}: the report cannot be written: {error.strerror}") from error


def draw(numbers: Numbers, findings: Findings) -> list[Picture]:
    """All pictures; those of the embeddings only where there are enough of them."""
    return [*_draw_curves(numbers, findings), *_draw_people(findings), *_draw_cases(findings)]


def _draw_curves(numbers: Numbers, findings: Findings) -> list[Picture]:
    main = findings.main.name
    first = numbers["contenders"][0]
    by_contender = {name: shown.curve for name, shown in findings.shown[main].items()}
    worst = sorted(numbers["protocols"], key=lambda name: -_eer(numbers, name, first))
    by_protocol = {
        name: findings.shown[name][first].curve for name in dict.fromkeys([main, *worst[:_MOST_CURVES]])
    }
    rows = {
        "crops": [_crop_bar(name, found, first) for name, found in numbers["protocols"].items()],
        "whole frames": [_film_bar(name, found, first) for name, found in numbers["protocols"].items()],
    }
    rows = {label: found for label, found in rows.items() if any(bar.value is not None for bar in found)}
    what = "FRR of attempts of 5 frames at the card's threshold, with 95 % bounds"
    return [
        _both(
            "det",
            f"Protocol {main}: one frame against one frame, each network by itself. Lower left is better.",
            lambda look: protocol_plots.curves(by_contender, look),
        ),
        _both(
            "det-protocols",
            f"{first}: protocol {main} and those with the highest EER.",
            lambda look: protocol_plots.curves(by_protocol, look),
        ),
        _both(
            "frr",
            "How often the owner is not let in, by protocol. The dashed line is 5 %. Whole frames went through the "
            "board's whole way; crops skip locating, liveness and failures to acquire, and are many more.",
            lambda look: protocol_plots.bars(rows, FRR_BAR, what, look),
        ),
    ]


def _draw_people(findings: Findings) -> list[Picture]:
    main, first = findings.main, findings.stage.contenders[0].name
    attempts = findings.trials.attempts[main.name][first].embeddings[:_PEOPLE_SHOWN, :, 0]
    names = [f"p{number:05d}" for number in range(len(attempts)) for _ in range(attempts.shape[1])]
    embeddings = attempts.reshape(-1, attempts.shape[-1])
    if len(embeddings) < projections.FEWEST or not np.isfinite(embeddings).all():
        return []
    tsne, pca = projections.tsne(embeddings, main.seed), projections.pca(embeddings)
    return [
        _both(
            "tsne",
            f"t-SNE of first frames of attempts in protocol {main.name}: those of one person should lie together.",
            lambda look: plots.people(tsne, names, look),
        ),
        _both(
            "pca",
            "PCA of the same: a straight look along the two widest directions.",
            lambda look: plots.people(pca, names, look),
        ),
    ]


def _draw_cases(findings: Findings) -> list[Picture]:
    first = findings.stage.contenders[0]
    genuine: list[Case] = []
    impostor: list[Case] = []
    for protocol in findings.protocols:
        shown = findings.shown[protocol.name][first.name]
        genuine += [Case(protocol, pair) for pair in shown.worst_genuine]
        impostor += [Case(protocol, pair, protocol.twin is not None) for pair in shown.closest_impostors]
    genuine.sort(key=lambda case: -case.pair.distance)
    impostor.sort(key=lambda case: case.pair.distance)
    kinds = (
        ("worst-genuine", "One person, the farthest apart", genuine),
        ("closest-impostors", "Two people, the closest", impostor),
    )
    pictures = []
    for name, what, cases in kinds:
        chosen = _spread(cases)
        tiles = failure_gallery.draw_cases(findings.stage.face_model, chosen, first.spec)
        captions = [f"{case.protocol.name} {case.pair.distance:.2f}" for case in chosen]
        data = failure_gallery.to_rows(tiles, captions, 4)
        caption = f"{what}: at the door above, enrolled below; image and depth as the encoder sees them."
        pictures.append(Picture(name, data, data, caption))
    return pictures


def _spread(cases: Sequence[Case]) -> list[Case]:
    """The first of each protocol, then the seconds, and so on: one hard protocol must not fill the picture."""
    by_protocol: dict[str, list[Case]] = {}
    for case in cases:
        by_protocol.setdefault(case.protocol.name, []).append(case)
    longest = max((len(found) for found in by_protocol.values()), default=0)
    rounds = [
        found[place] for place in range(longest) for found in by_protocol.values() if place < len(found)
    ]
    return rounds[:_MOST_CASES]


def _eer(numbers: Numbers, protocol: str, contender: str) -> float:
    return float(numbers["protocols"][protocol]["crops"][contender]["single"]["eer"])


def _crop_bar(name: str, found: Numbers, contender: str) -> Bar:
    rate = found["crops"][contender]["attempts"]["5"]["frr"]
    return Bar(name, rate["value"], rate["low"], rate["high"])


def _film_bar(name: str, found: Numbers, contender: str) -> Bar:
    whole = (found["filmed"].get(contender) or {}).get("5")
    return (
        Bar(name, None)
        if whole is None
        else Bar(name, *(whole["frr"][key] for key in ("value", "low", "high")))
    )


def _both(name: str, caption: str, draw_in: Callable[[Look], bytes]) -> Picture:
    return Picture(name, draw_in(LIGHT), draw_in(DARK), caption)
