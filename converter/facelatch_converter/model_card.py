"""`MODEL_CARD.md`: what a person should know before trusting a model, filled from the measured numbers."""

from collections.abc import Mapping
from typing import Any

from facelatch.card import Card
from facelatch_converter import report

_RENDERED = (
    "**Trained on rendered faces, not yet measured on real people.** The figures below were measured on "
    "rendered people as well. Expect worse on real ones, by an amount that nobody has measured."
)
_REAL = "**Measured on {subjects:,} people of {source}.** Expect other figures on other people and cameras."


def to_markdown(card: Card, numbers: Mapping[str, Any]) -> str:
    """The page; `numbers` is the content of `metrics.json`, with `parity` where the float model is known."""
    data = numbers["data"]
    notice = _RENDERED if data["rendered"] else _REAL.format(**data)
    sections = [
        f"# Model card: {card.name}",
        notice,
        "## What it is for\n\nUnlocking a door or a screen by face with a depth camera, together with the "
        "liveness checks of facelatch and with a second way in. Not for surveillance, not for guessing age, "
        "sex or origin, and not where a wrong release endangers people.",
        "## What it is\n\n" + _what(card, numbers),
        "## Training\n\n" + _items(card.training, "not recorded"),
        "## Errors of one comparison\n\n" + _errors(card, numbers),
        "## Presentation attacks\n\n" + _attacks(numbers["pad"]),
        "## What is not known\n\n"
        "- How it treats people by skin tone, age, sex, glasses, beards and head coverings, on real people.\n"
        "- Masks, make-up, twins and close relatives.\n"
        "- Cameras, distances and light other than those named above.",
        f"## Licence\n\n{card.licence}",
    ]
    return "\n\n".join(sections) + "\n"


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
    return _items(facts, "")


def _errors(card: Card, numbers: Mapping[str, Any]) -> str:
    data, counts, at = numbers["data"], numbers["comparisons"], numbers["at_threshold"]
    lines = [
        f"{counts['genuine']:,} genuine and {counts['impostor']:,} impostor comparisons of "
        f"{data['captures']:,} captures of {data['subjects']:,} people ({data['source']}); of each capture "
        f"{data['fusion']}. The threshold was fitted on these same comparisons of the int8 model.",
        "",
        f"- threshold in use: {card.threshold:.4f}",
        f"- FMR there: {report.rate(at['fmr'])}",
        f"- FNMR there: {report.rate(at['fnmr'])}",
        f"- EER of the int8 model: {report.percent(numbers['eer']['rate'])}",
        f"- mean distance: genuine {numbers['distances']['genuine_mean']:.3f}, "
        f"impostor {numbers['distances']['impostor_mean']:.3f}",
        f"- captures without a usable face: {report.rate(numbers['failures_to_acquire']['captures'])}",
        "",
        "| FMR at most | threshold | FNMR | impostor comparisons |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| {point.fmr:g} | {point.threshold:.4f} | {report.percent(point.fnmr)} | {point.comparisons:,} |"
        for point in card.operating_points
    ]
    parity = numbers.get("parity")
    if parity and parity["float"]["eer"] is not None:
        lines += ["", f"Float against int8, over {parity['tensors']:,} single frames:", ""]
        lines.append(f"- float: EER {report.percent(parity['float']['eer'])}")
        lines += [
            f"- int8, {runtime} {found['version']}: EER {report.percent(found['eer'])}, cosine distance to "
            f"float p50 {found['cosine_p50']:.4f}, p99 {found['cosine_p99']:.4f}"
            for runtime, found in parity["runtimes"].items()
        ]
    return "\n".join(lines)


def _attacks(pad: Mapping[str, Any]) -> str:
    lines = []
    if pad["bpcer"] is not None:
        lines.append(f"- live captures refused (BPCER): {report.rate(pad['bpcer'])}")
    lines += [
        f"- {species} accepted (APCER): {report.rate(found)}" for species, found in pad["apcer"].items()
    ]
    if not pad["apcer"]:
        lines.append("- No attack was among the captures: no APCER is claimed.")
    return "\n".join(lines)


def _items(facts: Mapping[str, Any], otherwise: str) -> str:
    return (
        "\n".join(f"- {name.replace('_', ' ')}: {_plain(value)}" for name, value in facts.items())
        or otherwise
    )


def _plain(value: object) -> str:
    """A value in words: what is nested becomes `name value` pairs."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name.replace('_', ' ')} {_plain(part)}" for name, part in value.items())
    if isinstance(value, float):
        return f"{value:.4g}" if abs(value) < 1000 else f"{value:,.0f}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
