"""`facelatch-convert bundle`: measure an int8 encoder, fit its threshold, and write models/<name>/."""

import argparse
import hashlib
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from facelatch.card import Bundle
from facelatch.errors import ConfigError
from facelatch.matching import FARTHEST
from facelatch.preprocess import CropSpec
from facelatch_converter import bundle, quantise, quantise_command, records, sources, tflite_inspect
from facelatch_converter.bundle import About
from facelatch_converter.card_pictures import REPORT_FOLDER
from facelatch_converter.errors import ConversionError, DatasetError
from facelatch_converter.evaluate import Evaluation, Numbers, evaluate
from facelatch_converter.evaluate_command import (
    add_measuring_arguments,
    check_measuring,
    measure_bundle,
    to_lines,
    to_numbers,
)
from facelatch_converter.evaluation_report import write_report
from facelatch_converter.processes import processes
from facelatch_converter.sources import SYNTHETIC, Source
from facelatch_converter.start import SHA256_KEY


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's own options, besides those of evaluation."""
    parser.add_argument("encoder", type=Path, metavar="ENCODER.tflite", help="what `quantise` wrote")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="such as models/default")
    parser.add_argument(
        "--fmr",
        type=float,
        default=1e-3,
        help="false match rate of one comparison that the card claims (default: %(default)s)",
    )
    parser.add_argument(
        "--margin",
        type=float,
        default=0.07,
        metavar="DISTANCE",
        help="how far the threshold in use is below the one that shows that rate: heads of a kind that was not "
        "measured may lie closer together (default: %(default)s)",
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
    _check(arguments)
    encoder, size_px = _read_encoder(arguments.encoder)
    record = {}
    if arguments.record is not None:
        record = records.read_record(arguments.record)
        records.require_preprocessing(record, arguments.record)
    parity = None if arguments.parity is None else _read_parity(arguments, encoder)
    if arguments.keras is not None:
        # In a process of its own: tflite-runtime fails in one that has loaded TensorFlow.
        with processes(1) as pool:
            pool.submit(quantise.require_keras, arguments.keras, size_px).result()
    source = without_trained(sources.open_source(arguments), record)
    training = to_training(record, source.rendered, arguments.keras)
    about = _about(arguments, size_px, training)
    # How near the samples of one face are is fitted only here: a guess would leave out the noisy ones.
    reach = FARTHEST
    open_ended = measure_bundle(bundle.provisional(encoder, about), source, arguments, reach)
    fitted = bundle.fit(encoder, about, open_ended.comparisons, arguments.fmr, arguments.margin)
    measured = evaluate(open_ended.captures, open_ended.scores, fitted.card.threshold)
    numbers = to_numbers(fitted, source, measured, arguments, reach)
    numbers["data"]["threshold_fitted_here"] = True
    if parity is not None:
        numbers["parity"] = parity
    card = replace(
        fitted.card,
        accuracy=_accuracy(numbers),
        pad={"data": numbers["data"]["source"], **numbers["pad"]},
    )
    _write(arguments, Bundle(card, encoder), measured, numbers)
    print("\n".join(to_lines(numbers, arguments.out / REPORT_FOLDER)))
    return 0


def to_training(record: Mapping[str, Any], rendered: bool, keras: Path | None) -> dict[str, Any]:
    """How the model was trained, for its card, and which float encoder belongs to it."""
    told = records.to_training(record, rendered)
    return told if keras is None else told | {SHA256_KEY: hashlib.sha256(keras.read_bytes()).hexdigest()}


def without_trained(source: Source, record: Mapping[str, Any]) -> Source:
    """The source without whom a fine-tuned encoder learnt from: on them every encoder looks good.

    People are told by name whatever their folder is called, because a folder may have been renamed. Raises
    `DatasetError` where nobody knows whom it learnt from, and where nobody else is left.
    """
    if source.dataset == SYNTHETIC and all(ref.rendered for ref in source.refs):
        return source
    trained = records.trained_people(record, source.dataset) | records.trained_anywhere(record)
    kept = [ref for ref in source.refs if ref.subject not in trained]
    left_out = {ref.subject for ref in source.refs} & trained
    if not left_out:
        return source
    if not kept:
        raise DatasetError(
            f"{source.name}: the encoder was fine-tuned on all of its {len(left_out)} people, by their names; name a "
            "data set with others to measure on"
        )
    return replace(
        source, refs=kept, name=f"{source.name} without the {len(left_out)} people it was fine-tuned on"
    )


def _check(arguments: argparse.Namespace) -> None:
    """Refuse before any work what would fail after it."""
    bundle.refuse_existing(arguments.out, arguments.force)
    check_measuring(arguments)
    bundle.require_card(_about(arguments, CropSpec().size_px, {}), arguments.out)
    if not 0 < arguments.fmr < 1:
        raise ConfigError(f"--fmr is a share between 0 and 1, found {arguments.fmr:g}")
    if not 0 <= arguments.margin < FARTHEST:
        raise ConfigError(f"--margin is a distance from 0 to {FARTHEST:g}, found {arguments.margin:g}")


def _about(arguments: argparse.Namespace, size_px: int, training: Mapping[str, Any]) -> About:
    crop = quantise_command.to_crop(arguments, size_px)
    return About(arguments.out.name, crop, arguments.licence, training)


def _write(arguments: argparse.Namespace, final: Bundle, measured: Evaluation, numbers: Numbers) -> None:
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / REPORT_FOLDER
        write_report(report, measured, numbers, arguments.seed)
        bundle.write_bundle(
            arguments.out,
            final,
            numbers=numbers,
            keras=arguments.keras,
            report=report,
            force=arguments.force,
        )


def _read_encoder(path: Path) -> tuple[bytes, int]:
    """The file and the side of its input in pixels."""
    try:
        encoder = path.read_bytes()
    except OSError as error:
        raise ConversionError(
            f"{path}: cannot be read: {error.strerror}; make one with facelatch-convert quantise"
        ) from None
    quantise.require_integer(encoder, str(path))
    return encoder, tflite_inspect.inspect(encoder, str(path)).inputs[0].shape[1]


def _read_parity(arguments: argparse.Namespace, encoder: bytes) -> dict[str, Any]:
    """The parity report; raises `ConversionError` for one of other files than go into the bundle."""
    found = records.read_parity(arguments.parity)
    files = {"tflite_sha256": (arguments.encoder, encoder)}
    if arguments.keras is not None and arguments.keras.is_file():
        files["keras_sha256"] = (arguments.keras, arguments.keras.read_bytes())
    for name, (path, data) in files.items():
        digest, compared = hashlib.sha256(data).hexdigest(), str(found["model"][name])
        if digest != compared:
            raise ConversionError(
                f"{arguments.parity}: compared {compared[:12]}, {path} is {digest[:12]}; name the report of these "
                "files, or quantise --parity again"
            )
    return found


def _accuracy(numbers: Mapping[str, Any]) -> dict[str, Any]:
    """What the card keeps of the evaluation and of the parity report."""
    kept = {name: numbers[name] for name in ("data", "comparisons", "at_threshold", "eer", "distances")}
    kept["failures_to_acquire"] = numbers["failures_to_acquire"]
    return {"int8": kept, "parity": numbers.get("parity")}
