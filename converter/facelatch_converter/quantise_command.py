"""`facelatch-convert quantise`: a Keras encoder to int8, with a report of what that cost."""

import argparse
import json
from pathlib import Path

import numpy as np
import numpy.typing as npt

from facelatch.errors import ConfigError
from facelatch.preprocess import CropSpec
from facelatch_converter import fidelity, parity, places, quantise, sources, tensors
from facelatch_converter.errors import ConversionError
from facelatch_converter.face_model import load_face_model
from facelatch_converter.progress import progress_bar
from facelatch_converter.tensors import LabelledTensors

DESCRIPTION = """Convert a Keras encoder to full-integer int8 TFLite and report what that cost.

The channels of each activation are brought to like ranges first, more and less, and the file is kept whose embeddings
lie nearest to the float network's on the faces that it is calibrated with."""

_CROP = CropSpec()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's own options, besides the data source's."""
    parser.add_argument("model", type=Path, metavar="MODEL.keras", help="the float encoder")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.tflite", help="the int8 encoder")
    parser.add_argument(
        "--tensors",
        type=Path,
        metavar="NPY|NPZ",
        help="calibrate on ready-made inputs instead of a data set: (n, size, size, 4) float32, in an .npz "
        "as `tensors` with `subjects` beside it for the EER",
    )
    # Other people than those that `bundle` and `evaluate` measure on.
    sources.add_arguments(parser, required=False, seed=10_000)
    parser.add_argument(
        "--limit",
        type=int,
        default=600,
        metavar="N",
        help="faces to take from the data (default: %(default)s)",
    )
    parser.add_argument(
        "--varied",
        type=int,
        default=0,
        metavar="N",
        help="calibrate on so many crops as training draws them too, in every light, before every camera, with things "
        "worn; needs --face-model (default: %(default)s)",
    )
    add_crop_arguments(parser)
    parser.add_argument(
        "--parity", type=Path, metavar="JSON", help="write the parity report; `bundle` takes it"
    )
    parser.add_argument("--json", action="store_true", help="print the parity report as JSON")
    parser.add_argument("--force", action="store_true", help="replace the files that are there")


def add_crop_arguments(parser: argparse.ArgumentParser) -> None:
    """The crop that the encoder was trained with, where it differs from the default."""
    parser.add_argument(
        "--span-mm",
        type=float,
        default=_CROP.span_mm,
        metavar="MM",
        help="side of the crop (default: %(default)s)",
    )
    parser.add_argument(
        "--depth-span-mm",
        type=float,
        default=_CROP.depth_span_mm,
        metavar="MM",
        help="depth range (default: %(default)s)",
    )


def to_crop(arguments: argparse.Namespace, size_px: int) -> CropSpec:
    """The crop that the options name; raises `ConfigError` for one that cannot hold a face."""
    try:
        return CropSpec(size_px, arguments.span_mm, arguments.depth_span_mm)
    except ValueError as error:
        raise ConfigError(f"--span-mm, --depth-span-mm: {error}") from None


def run(arguments: argparse.Namespace) -> int:
    """Calibrate, convert, compare, and write the file last."""
    _check(arguments)
    # Before it is loaded, which says what a missing file lacks.
    keras = arguments.model.read_bytes() if arguments.model.is_file() else b""
    model, source = quantise.load_keras(arguments.model), str(arguments.model)
    size_px = int(model.input_shape[1])
    calibration, held_out = tensors.split(_read(arguments, size_px), arguments.seed)
    known = quantise.checked(calibration.tensors, size_px, source)
    faces = np.concatenate([known, _varied(arguments, size_px)])
    runtime = parity.installed_runtimes()[0]
    with progress_bar(len(fidelity.SHARES), "conversions") as advance:
        chosen, trials = fidelity.nearest(model, faces, source, runtime, advance)
    numbers = parity.report(model, chosen.data, held_out, keras, source)
    numbers["equalised"] = fidelity.to_numbers(chosen, trials)
    # A training that goes on replaces its encoder: the checksums must be of what was converted.
    if arguments.model.read_bytes() != keras:
        raise ConversionError(
            f"{source}: was replaced meanwhile; quantise a copy, or when its training ended"
        )
    with places.replacing(arguments.out) as file:
        file.write(chosen.data)
    if arguments.parity is not None:
        with places.replacing(arguments.parity) as file:
            file.write(json.dumps(numbers, indent=2, allow_nan=False).encode() + b"\n")
    print(json.dumps(numbers, indent=2) if arguments.json else "\n".join(parity.to_lines(numbers)))
    return 0


def _check(arguments: argparse.Namespace) -> None:
    """Refuse before any work what would fail after it."""
    for path in filter(None, (arguments.out, arguments.parity)):
        places.refuse_taken_file(path, arguments.force)
    if arguments.parity is not None and arguments.parity.absolute() == arguments.out.absolute():
        raise ConfigError("--out and --parity name the same file")
    if (arguments.tensors is None) == (arguments.dataset is None):
        raise ConfigError("give either --dataset or --tensors to calibrate with")
    if arguments.limit < 2:
        raise ConfigError(f"--limit must be at least 2, found {arguments.limit}")
    if arguments.varied < 0:
        raise ConfigError(f"--varied must be 0 or more, found {arguments.varied}")
    if arguments.varied and arguments.face_model is None:
        raise ConfigError(
            "--varied draws faces, which needs --face-model NPZ; make one with import-face-model"
        )
    if not parity.installed_runtimes():
        raise ConfigError("no TFLite runtime loads here, so int8 cannot be compared; install ai-edge-litert")
    to_crop(arguments, _CROP.size_px)


def _read(arguments: argparse.Namespace, size_px: int) -> LabelledTensors:
    if arguments.tensors is not None:
        return tensors.load_tensors(arguments.tensors)
    source = sources.open_source(arguments)
    with progress_bar(min(arguments.limit, len(source.refs)), "faces") as advance:
        crop = to_crop(arguments, size_px)
        return tensors.from_captures(source.refs, crop, arguments.limit, arguments.seed, advance)


def _varied(arguments: argparse.Namespace, size_px: int) -> npt.NDArray[np.float32]:
    crop = to_crop(arguments, size_px)
    if not arguments.varied:
        return np.empty((0, size_px, size_px, quantise.CHANNELS), np.float32)
    from facelatch_converter.varied import varied_crops  # noqa: PLC0415 - loads numba

    return varied_crops(load_face_model(arguments.face_model), crop, arguments.varied, arguments.seed)
