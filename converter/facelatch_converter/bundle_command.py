"""`facelatch-convert bundle`: measure an int8 encoder, fit its threshold, and write models/<name>/."""

import argparse
import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from facelatch_converter import bundle, quantise, quantise_command, sources, tflite_inspect
from facelatch_converter.bundle import About
from facelatch_converter.errors import ConversionError, DatasetError
from facelatch_converter.evaluate import Evaluation, Numbers, evaluate
from facelatch_converter.evaluate_command import (
    add_measuring_arguments,
    measure_bundle,
    to_lines,
    to_numbers,
)
from facelatch_converter.evaluation_report import write_report


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's own options, besides those of evaluation."""
    parser.add_argument("encoder", type=Path, metavar="ENCODER.tflite", help="what `quantise` wrote")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="such as models/default")
    parser.add_argument(
        "--fmr",
        type=float,
        default=1e-3,
        help="false match rate of one comparison at the threshold in use (default: %(default)s)",
    )
    parser.add_argument("--keras", type=Path, metavar="FILE", help="the float encoder, to go into the bundle")
    parser.add_argument("--record", type=Path, metavar="JSON", help="the training run's record, for the card")
    parser.add_argument("--parity", type=Path, metavar="JSON", help="what `quantise --parity` wrote")
    parser.add_argument("--licence", default="MIT", help="of the model (default: %(default)s)")
    parser.add_argument("--force", action="store_true", help="replace a bundle that is there")
    sources.add_arguments(parser)
    add_measuring_arguments(parser)
    quantise_command.add_crop_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Measure with the threshold left open, fit it, and write everything in one rename."""
    bundle.refuse_existing(arguments.out, arguments.force)
    encoder, about = _read_encoder(arguments)
    parity = _read_json(arguments.parity)
    source = sources.open_source(arguments)
    blank = bundle.provisional(encoder, about)
    open_ended = measure_bundle(blank, source, arguments)
    fitted = bundle.fit(encoder, about, open_ended.comparisons, arguments.fmr, accuracy={}, pad={})
    measured = evaluate(open_ended.captures, open_ended.scores, fitted.card.threshold)
    numbers = to_numbers(fitted, source, measured, arguments)
    numbers["data"]["threshold_fitted_here"] = True
    if parity:
        numbers["parity"] = parity
    _write(arguments, about, measured, numbers, encoder)
    print("\n".join(to_lines(numbers, arguments.out / bundle.REPORT_FOLDER)))
    return 0


def _write(
    arguments: argparse.Namespace, about: About, measured: Evaluation, numbers: Numbers, encoder: bytes
) -> None:
    final = bundle.fit(
        encoder,
        about,
        measured.comparisons,
        arguments.fmr,
        accuracy=_accuracy(numbers),
        pad={"data": numbers["data"]["source"], **numbers["pad"]},
    )
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / bundle.REPORT_FOLDER
        write_report(report, measured, numbers, arguments.seed)
        bundle.write_bundle(
            arguments.out,
            final,
            numbers=numbers,
            keras=arguments.keras,
            report=report,
            force=arguments.force,
        )


def _read_encoder(arguments: argparse.Namespace) -> tuple[bytes, About]:
    try:
        encoder = arguments.encoder.read_bytes()
    except OSError as error:
        raise ConversionError(
            f"{arguments.encoder}: cannot be read: {error.strerror}; make one with facelatch-convert quantise"
        ) from None
    quantise.require_integer(encoder, str(arguments.encoder))
    size_px = tflite_inspect.inspect(encoder, str(arguments.encoder)).inputs[0].shape[1]
    return encoder, About(
        name=arguments.out.name,
        crop=quantise_command.to_crop(arguments, size_px),
        licence=arguments.licence,
        training=to_training(_read_json(arguments.record)),
    )


def to_training(record: Mapping[str, Any]) -> dict[str, Any]:
    """A run record as a card keeps it: no folders of this machine, and only the last report."""
    kept = {name: value for name, value in record.items() if name != "reports"}
    if record.get("reports"):
        kept["last_report"] = record["reports"][-1]
    cleaned = json.loads(json.dumps(kept), object_hook=_without_folders)
    return dict(cleaned)


def _without_folders(mapping: dict[str, Any]) -> dict[str, Any]:
    return {
        name: Path(value).name if isinstance(value, str) and Path(value).is_absolute() else value
        for name, value in mapping.items()
    }


def _accuracy(numbers: Mapping[str, Any]) -> dict[str, Any]:
    """What the card keeps of the evaluation and of the parity report."""
    kept = {name: numbers[name] for name in ("data", "comparisons", "at_threshold", "eer", "distances")}
    kept["failures_to_acquire"] = numbers["failures_to_acquire"]
    return {"int8": kept, "parity": numbers.get("parity")}


def _read_json(path: Path | None) -> dict[str, Any]:
    if path is None:
        return {}
    try:
        loaded = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DatasetError(f"{path}: cannot be read as JSON ({error})") from None
    if not isinstance(loaded, dict):
        raise DatasetError(f"{path}: expected a JSON object")
    return loaded
