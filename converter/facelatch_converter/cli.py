"""`facelatch-convert`: from a face model to a bundle that a board runs."""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module

from facelatch import __version__
from facelatch.errors import ConfigError, FacelatchError
from facelatch.exit_codes import ExitCode, of_error
from facelatch_converter import large_pages

_TOOLCHAIN = ("tensorflow", "keras", "numba", "matplotlib", "sklearn", "tqdm")

_TRAINING = ("train", "fit-head", "compare-recipes")
"""Commands that take gradient steps, which large pages make faster."""


@dataclass(frozen=True, slots=True)
class Command:
    """A subcommand: its module offers `add_arguments(parser)` and `run(arguments) -> int`."""

    module: str
    help: str
    examples: str


COMMANDS = {
    "import-face-model": Command(
        "face_model_import",
        "ICT-FaceKit's OBJ folder to one .npz that rendering takes",
        "facelatch-convert import-face-model ICT-FaceKit/FaceXModel face-model.npz",
    ),
    "import-makehuman": Command(
        "makehuman.import_command",
        "MakeHuman's base mesh and targets to such an .npz, as a second face generator",
        "facelatch-convert import-makehuman makehuman/data makehuman.npz",
    ),
    "render": Command(
        "render_command",
        "capture folders of rendered people, with a depth camera's noise",
        "facelatch-convert render --face-model face-model.npz --identities 20 --out captures/",
    ),
    "render-demo": Command(
        "demo_recordings",
        "the recordings that `facelatch demo` plays",
        "facelatch-convert render-demo --face-model face-model.npz --out recordings/",
    ),
    "benchmark-render": Command(
        "benchmark_render",
        "how many training crops one core renders in a second",
        "facelatch-convert benchmark-render --face-model face-model.npz",
    ),
    "benchmark-locate": Command(
        "benchmark_locate",
        "where the board's locator puts its point on rendered faces",
        "facelatch-convert benchmark-locate --face-model face-model.npz",
    ),
    "benchmark-encoder": Command(
        "benchmark_encoder",
        "an encoder's speed against the seed variant's and the machine's int8 matrix rate",
        "facelatch-convert benchmark-encoder --bundle models/default\n"
        "  facelatch-convert benchmark-encoder --bundle models/default --runtime tflite-runtime --json",
    ),
    "benchmark-train": Command(
        "benchmark_train",
        "how fast gradient steps are with large memory pages, and without",
        "facelatch-convert benchmark-train --face-model face-model.npz",
    ),
    "train": Command(
        "train",
        "a siamese encoder on rendered people, or fine-tune one on real ones",
        "facelatch-convert train --face-model face-model.npz --out runs/first\n"
        "  facelatch-convert train --face-model face-model.npz --out runs/first --resume\n"
        "  facelatch-convert train --dataset captures/ --face-model face-model.npz --out runs/home",
    ),
    "fit-head": Command(
        "head.command",
        "the upper half of a trained encoder, fitted to thousands of people at once",
        "facelatch-convert fit-head --face-model face-model.npz --from runs/first/encoder.keras --out runs/fitted",
    ),
    "compare-recipes": Command(
        "recipe_trials",
        "train once with each loss, on crops turned to the front, and with teachers, on the same budget",
        "facelatch-convert compare-recipes --face-model face-model.npz --out runs/recipes --crops 200000 \\\n"
        "    --teachers models/default/encoder.keras",
    ),
    "average": Command(
        "average",
        "one encoder whose weights are the mean of several that one training gave",
        "facelatch-convert average runs/first/encoder.keras runs/second/encoder.keras --out runs/mean",
    ),
    "quantise": Command(
        "quantise_command",
        "a Keras encoder to full-integer int8, and what that costs",
        "facelatch-convert quantise runs/first/encoder.keras --out encoder.tflite --parity parity.json \\\n"
        "      --dataset synthetic --face-model face-model.npz --identities 340 --captures 10 --limit 3400\n"
        "  facelatch-convert quantise encoder.keras --out encoder.tflite --tensors tensors.npz\n"
        "  facelatch-convert quantise encoder.keras --out encoder.tflite --dataset captures/",
    ),
    "evaluate": Command(
        "evaluate_command",
        "a bundle's error rates on a data set, with pictures",
        "facelatch-convert evaluate --bundle models/default --dataset captures/ --out report/\n"
        "  facelatch-convert evaluate --bundle models/default --dataset synthetic \\\n"
        "      --face-model face-model.npz --identities 300 --out report/\n"
        "  facelatch-convert evaluate --bundle models/default --protocol unlock sunglasses dark \\\n"
        "      --face-model face-model.npz --encoder models/default/encoder.keras --cache crops/ --out protocols/",
    ),
    "bundle": Command(
        "bundle_command",
        "measure an int8 encoder, fit its threshold, and write models/<name>/",
        "facelatch-convert bundle encoder.tflite --out models/mine --dataset captures/ --fmr 1e-3 \\\n"
        "      --keras runs/first/encoder.keras --record runs/first/run.json --parity parity.json",
    ),
}

_EPILOG = """the way of a model:
  1. import-face-model   once, from ICT-FaceKit
  2. train               renders new people without end and learns to tell them apart
  3. fit-head            tells its upper half thousands of people apart, in about an hour
  4. quantise            to the int8 file that boards run
  5. bundle              measures it, fits the threshold, writes models/<name>/ with a model card
  6. evaluate            any bundle on any data set, whenever there is new data

`facelatch-convert COMMAND --help` shows a command's options and examples.

exit status:
  0 done   1 cannot be done with this data   2 wrong command line   3 option or missing package
  4 model, network or face model   6 data set or capture   130 interrupted
"""


def command() -> int:
    """Run the process's own command line, and nothing else in this process."""
    if _chosen(sys.argv[1:]) in _TRAINING:
        large_pages.begin_again()
    return main()


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit status says how it ended, errors are one sentence on stderr."""
    words = sys.argv[1:] if argv is None else list(argv)
    try:
        arguments = _parser(words).parse_args(words)
        return int(import_module(f"facelatch_converter.{arguments.module}").run(arguments))
    except FacelatchError as error:
        print(f"facelatch-convert: {error}", file=sys.stderr)
        return of_error(error)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in _TOOLCHAIN:
            raise
        missing = ConfigError(f'{error.name} is not installed; pip install "facelatch[convert]"')
        print(f"facelatch-convert: {missing}", file=sys.stderr)
        return of_error(missing)
    except OSError as error:
        # The last resort: what a command expects to fail, it says better.
        place = "" if error.filename is None else f"{error.filename}: "
        print(f"facelatch-convert: {place}{error.strerror or type(error).__name__}", file=sys.stderr)
        return ExitCode.REFUSED
    except KeyboardInterrupt:
        print("facelatch-convert: interrupted", file=sys.stderr)
        return ExitCode.INTERRUPTED


def _parser(words: Sequence[str]) -> argparse.ArgumentParser:
    """The whole parser, but with options only for the command in use: loading them all takes seconds."""
    parser = argparse.ArgumentParser(
        prog="facelatch-convert",
        description="The workstation side of facelatch: render, train, quantise and measure encoders.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"facelatch {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    chosen = _chosen(words)
    for name, command in COMMANDS.items():
        own = commands.add_parser(
            name,
            help=command.help,
            description=f"{command.help[0].upper()}{command.help[1:]}.",
            epilog=f"examples:\n  {command.examples}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        own.set_defaults(module=command.module)
        if name == chosen:
            module = import_module(f"facelatch_converter.{command.module}")
            own.description = getattr(module, "DESCRIPTION", own.description)
            module.add_arguments(own)
    return parser


def _chosen(words: Sequence[str]) -> str | None:
    """The name of the command in use."""
    return next((word for word in words if not word.startswith("-")), None)


if __name__ == "__main__":
    sys.exit(command())
