"""`facelatch demo`: see it work, without a camera, a lock or root."""

import argparse
import json
import tempfile
import time
from pathlib import Path

import cv2

from facelatch import resources
from facelatch.commands.options import add_json
from facelatch.commands.sources import add_model, to_config, to_model, to_progress
from facelatch.demonstration.demo import Stage, play, read_plan
from facelatch.demonstration.picture import to_picture
from facelatch.demonstration.report import to_record, to_table
from facelatch.door import Door
from facelatch.errors import ConfigError
from facelatch.events import Event
from facelatch.exit_codes import ExitCode
from facelatch.frames import ColourImage
from facelatch.locks.recording import RecordingLock
from facelatch.store import Store

DESCRIPTION = """\
Enrol somebody from a recording and play attempts at the door: the owner, strangers, photographs, an empty
room. Print what each attempt was expected to do and did, and draw a picture of it. Ends with 1 if one of them
is not as expected. Settings and templates of this machine are neither read nor changed.
"""
EXAMPLES = """\
examples:
  facelatch demo
  facelatch demo --out /tmp/demo.png --runtime tflite-runtime
  facelatch demo --recordings my-recordings/ --json
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument(
        "--recordings",
        type=Path,
        metavar="DIR",
        help="captures and attempts.json (default: those of a checkout)",
    )
    parser.add_argument(
        "--out", type=Path, metavar="FILE", default=Path("demo.png"), help="the picture (default: demo.png)"
    )
    add_json(parser)
    add_model(parser, "as shipped")
    # Always the built-in settings: a demonstration shows the same on every machine.
    parser.set_defaults(config=None)


def run(arguments: argparse.Namespace) -> ExitCode:
    """Play and draw; `REFUSED` where an outcome is not as expected."""
    plan = read_plan(arguments.recordings or resources.demo_folder())
    model = to_model(to_config(arguments))
    lock = RecordingLock()
    progress = to_progress()
    with tempfile.TemporaryDirectory(prefix="facelatch-demo-") as folder:
        stage = Stage(
            examine=model.examine,
            encoder_sha256=model.bundle.card.encoder_sha256,
            enrolment_limit=model.bundle.card.enrolment_limit,
            threshold=model.threshold,
            store=Store(Path(folder) / "templates"),
            door=Door(lock, _keep_quiet, pulse_s=1.0, unix_ns=time.time_ns),
            lock=lock,
            tell=lambda line: progress.show([line]),
        )
        report = play(plan, stage)
    progress.clear()
    _write(arguments.out, to_picture(report, model.bundle.card.crop))
    if arguments.json:
        print(json.dumps({**to_record(report), "picture": str(arguments.out)}, indent=2))
    else:
        print(f"{to_table(report)}\npicture: {arguments.out}")
    return ExitCode.OK if report.is_as_expected else ExitCode.REFUSED


def _keep_quiet(_event: Event) -> None:
    """Attempts are reported in the table; events are for a real door."""


def _write(path: Path, picture: ColourImage) -> None:
    encoded, data = cv2.imencode(".png", picture[..., ::-1])
    try:
        if not encoded:
            raise ValueError("OpenCV cannot encode it")
        path.write_bytes(data.tobytes())
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise ConfigError(
            f"{path}: the picture cannot be written ({reason}); choose another place by --out"
        ) from error
