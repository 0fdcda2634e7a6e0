"""`MODEL_CARD.md`: what a person should know before trusting a model, filled from the measured numbers."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from facelatch.card import Card
from facelatch.errors import ConfigError
from facelatch_converter import card_pictures, places, report
from facelatch_converter.errors import OutputError
from facelatch_converter.parity import equalised_in_words, errors_in_words

_RENDERED = (
    "Measured on {subjects:,} rendered people ({source}). Expect worse on real ones, by an amount that nobody has "
    "measured."
)
_REAL = "Measured on {subjects:,} people of {source}. Expect other figures on other people and cameras."

RECIPES = "Recipes on one budget"
"""Of the section that `compare-recipes` writes."""
_OTHERS = (
    "What it is for", "What it is", "Training", "Errors of one comparison", "Presentation attacks", "What is not known",
    "Licence", card_pictures.TITLE, RECIPES,
)  # fmt: skip
"""Titles of sections that `bundle` and `compare-recipes` write."""

_SENTENCES = ("data", "loss", "taught", "fitted", "weights")
_TOLD = ("notice", *_SENTENCES, "settled_offset")
"""What the card says of its training in sentences."""


def to_markdown(card: Card, numbers: Mapping[str, Any]) -> str:
    """The page; `numbers` is the content of `metrics.json`, with `parity` where the float model is known."""
    data = numbers["data"]
    measured = (_RENDERED if data["rendered"] else _REAL).format(**data)
    sections = [
        f"# Model card: {card.name}",
        f"**{_sentence(card.training.get('notice', 'how it was trained is not recorded'))}**",
        measured,
        "## What it is for\n\nUnlocking a door or a screen by face with a depth camera, together with the "
        "liveness checks of facelatch and with a second way in. Not for surveillance, not for guessing age, "
        "sex or origin, and not where a wrong release endangers people.",
        "## What it is\n\n" + _what(card, numbers),
        "## Training\n\n" + _training(card.training),
        "## Errors of one comparison\n\n" + _errors(card, numbers),
        "## Presentation attacks\n\n" + _attacks(numbers["pad"]),
        "## What is not known\n\n"
        "- How it treats people by skin tone, age, sex, glasses, beards and head coverings, on real people.\n"
        "- Masks, make-up, twins and close relatives, of real people.\n"
        "- Cameras, distances and light other than those named above.",
        f"## Licence\n\n{card.licence}",
    ]
    return "\n\n".join(sections) + "\n"


def put_section(path: Path, section: str) -> None:
    """Write a section, its title included, into a model card, and the pictures that lie beside it.

    Raises `OutputError` where there is no card.
    """
    text = with_pictures(with_section(_read(path), section), path.parent / card_pictures.REPORT_FOLDER)
    with places.replacing(path) as file:
        file.write(text.encode())


def refuse_place(path: Path) -> None:
    """Raise `OutputError` where `put_section` would, so that it is known before the section is measured."""
    _read(path)
    places.refuse_unwritable(path)


def with_pictures(card: str, folder: Path) -> str:
    """A model card that shows the pictures of its report; as it is where there are none."""
    pictures = card_pictures.to_section(folder)
    return with_section(card, pictures) if pictures else card


def with_section(card: str, section: str) -> str:
    """A model card with the section in place of an older one of its title, or before what is not known."""
    title, _, _ = section.partition("\n")
    older = _find(card, title)
    if older is not None:
        _, heading, rest = card[older:].partition("\n## ")
        return card[:older] + section + (heading + rest if heading else "")
    last = _find(card, "## What is not known")
    if last is None:
        return f"{card.rstrip()}\n\n{section}"
    return f"{card[:last]}{section}\n{card[last:]}"


def _find(card: str, title: str) -> int | None:
    """Where a line is exactly this."""
    found = re.search(rf"^{re.escape(title)}$", card, re.MULTILINE)
    return None if found is None else found.start()


def refuse_title(title: str) -> None:
    """Raise `ConfigError` for a section's title that is none, or that is another command's in every card."""
    if not title.strip() or not title.isprintable():
        raise ConfigError(f"a section of a card needs a title of one line, found {title!r}")
    if title.strip() in _OTHERS:
        raise ConfigError(
            f"the section {title.strip()!r} of a card is not for evaluations; choose another title"
        )


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise OutputError(f"{path}: cannot be read ({error.strerror}); bundle writes it") from error


def _what(card: Card, numbers: Mapping[str, Any]) -> str:
    facts = {
        "input": f"{card.crop.size_px}x{card.crop.size_px}, {', '.join(card.channels)}; a crop of "
        f"{card.crop.span_mm:g} mm, depth within {card.crop.depth_span_mm:g} mm",
        "output": f"an embedding of {card.embedding_size} numbers; Euclidean distance, lower is closer",
        "file": f"encoder.tflite, int8 throughout, sha256 {card.encoder_sha256}",
    }
    parity = numbers.get("parity")
    if parity:
        model = parity["model"]
        facts["size"] = (
            f"{model['parameters'] / 1e6:.3f} M parameters, {model['macs'] / 1e6:.1f} MMAC, "
            f"{model['tflite_bytes'] / 1e6:.2f} MB"
        )
    return _items(facts)


def _training(training: Mapping[str, Any]) -> str:
    """The card's sentences, then what the run recorded."""
    told = [training[name] for name in _SENTENCES if name in training]
    settled = training.get("settled_offset")
    if settled is not None:
        told.append(_settled(settled["share"], has_pole=bool(settled.get("pole"))))
        told += [settled["note"]] if "note" in settled else []
    others = {name: value for name, value in training.items() if name not in _TOLD}
    parts = [" ".join(_sentence(_plain(part)) for part in told), _items(others)]
    return "\n\n".join(part for part in parts if part) or "Not recorded."


def _settled(share: Any, *, has_pole: bool) -> str:
    number = share if isinstance(share, float | int) else None
    if not has_pole:
        part = _plain(share) if number is None else report.percent(number)
        return f"of what all outputs have in common, their mean, {part} was taken out of the last layer"
    moved = "lowered" if number is None or number >= 0 else "raised"
    part = _plain(share) if number is None else report.percent(abs(number))
    return f"so that people are as far apart as usual, the pole was {moved} by {part} of its height"


def _sentence(text: object) -> str:
    words = str(text).strip()
    return words[:1].upper() + words[1:] + ("" if words.endswith(".") else ".")


def _errors(card: Card, numbers: Mapping[str, Any]) -> str:
    data, counts, at = numbers["data"], numbers["comparisons"], numbers["at_threshold"]
    lines = [
        f"{counts['genuine']:,} genuine and {counts['impostor']:,} impostor comparisons of "
        f"{data['captures']:,} captures of {data['subjects']:,} people ({data['source']}); of each capture "
        f"{data['fusion']}. The threshold was fitted on these same comparisons of the int8 model.",
        "",
        report.ONE_COMPARISON,
        "",
        report.BOUNDS,
        "",
        f"- threshold in use: {_threshold(card)}",
        f"- FMR there: {report.rate(at['fmr'])}",
        f"- FNMR there: {report.rate(at['fnmr'])}",
        f"- EER of the int8 model: {report.percent(numbers['eer']['rate'])}",
        f"- mean distance: genuine {numbers['distances']['genuine_mean']:.3f}, "
        f"impostor {numbers['distances']['impostor_mean']:.3f}",
        f"- captures without a usable face: {report.rate(numbers['failures_to_acquire']['captures'])}",
        *(f"- note: {note}" for note in report.warnings(numbers)),
        "",
        "| FMR at most | threshold | FNMR | impostor comparisons |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| {point.fmr:g} | {point.threshold:.4f} | {report.percent(point.fnmr)} | {point.comparisons:,} |"
        for point in card.operating_points
    ]
    parity = numbers.get("parity")
    if parity:
        lines += ["", *_parity(parity)]
    return "\n".join(lines)


def _threshold(card: Card) -> str:
    """The threshold, and how far it keeps from the one that its claim was measured at."""
    margin = card.claim.threshold - card.threshold
    if margin <= 0:
        return f"{card.threshold:.4f}"
    return (
        f"{card.threshold:.4f}, which is {margin:.4f} below that of an FMR of {card.claim.fmr:g}: heads of a kind that "
        "was not measured may lie closer together"
    )


def _parity(parity: Mapping[str, Any]) -> list[str]:
    """Float and int8 side by side, on the same inputs."""
    counts = parity["comparisons"]
    over = f"{parity['tensors']:,} single frames"
    if counts is not None:
        over += (
            f" of {parity['people']:,} people, {counts['genuine']:,} genuine and {counts['impostor']:,} impostor "
            "comparisons"
        )
    return [
        f"Float against int8, the same inputs through both: {over}.{_equalised(parity)}",
        "",
        f"- float: {errors_in_words(parity['float'])}",
        *(
            f"- int8, {runtime} {found['version']}: {errors_in_words(found)}; cosine distance to float "
            f"p50 {found['cosine_p50']:.4f}, p99 {found['cosine_p99']:.4f}"
            for runtime, found in parity["runtimes"].items()
        ),
    ]


def _equalised(parity: Mapping[str, Any]) -> str:
    """How the int8 file was made; earlier reports do not say."""
    found = parity.get("equalised")
    return f" When it was quantised, {equalised_in_words(found)}." if found else ""


def _attacks(pad: Mapping[str, Any]) -> str:
    lines = [f"- {line}" for line in report.pad_lines(pad)]
    if not pad["apcer"]:
        lines.append("- No attack was among the captures: no APCER is claimed.")
    return "\n".join(lines)


def _items(facts: Mapping[str, Any]) -> str:
    return "\n".join(_item(name, value) for name, value in facts.items())


def _item(name: str, value: object) -> str:
    """One line, and below it one for each of several things that have names inside, such as a run's phases."""
    label = f"- {name.replace('_', ' ')}:"
    if isinstance(value, list | tuple) and value and all(isinstance(part, Mapping) for part in value):
        return "\n".join([label, *(f"  - {_plain(part)}" for part in value)])
    return f"{label} {_plain(value)}"


def _plain(value: object) -> str:
    """A value in words: what is nested becomes `name value` pairs."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name.replace('_', ' ')} {_plain(part)}" for name, part in value.items()) or "none"
    if isinstance(value, list | tuple):
        return "; ".join(_plain(part) for part in value) or "none"
    if isinstance(value, float):
        return f"{value:.4g}" if abs(value) < 1000 else f"{value:,.0f}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
