"""`facelatch enrol`: make a user's template, guided from side to side."""

import argparse
import json
import os
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from facelatch.acquisition import Failure
from facelatch.commands.options import add_config, add_json, whole_number
from facelatch.commands.program import as_service, own_program
from facelatch.commands.record import limited
from facelatch.commands.sources import (
    add_model,
    add_source,
    add_store,
    to_camera,
    to_config,
    to_model,
    to_progress,
    to_store,
    warn,
)
from facelatch.config import Config
from facelatch.enrolling import Ending, Progression, gather
from facelatch.enrolment import WANTED, Enrolment, Step, to_sector
from facelatch.errors import StoreError
from facelatch.exit_codes import ExitCode
from facelatch.guidance import LEGEND, to_bar, to_dial, to_hint
from facelatch.matching import check_user_name
from facelatch.progress import Progress
from facelatch.store import Store
from facelatch.timestamps import to_utc_text

DESCRIPTION = f"""\
Enrol USER: look into the camera from half a metre and turn your head in a circle as told, until {WANTED} directions
are covered. Nothing is stored before that, so stopping half-way changes nothing.
"""
EXAMPLES = """\
examples:
  facelatch enrol ada                        in front of the camera
  facelatch enrol ada --replace              again, after a new model or new glasses
  facelatch enrol ada --capture turns/       from a folder made by `facelatch record`
"""
LIVE_S = 300.0
_STEPS = {
    Step.NO_POSE: "the direction cannot be told; mind the light and the distance",
    Step.SOMEBODY_ELSE: "this is somebody else; only one person may be in front of the camera",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("user", metavar="USER", help="a name of a-z, 0-9, '.', '_' and '-'")
    parser.add_argument("--replace", action="store_true", help="replace the template if USER has one")
    parser.add_argument(
        "--seconds",
        type=whole_number(1, 3600),
        help=f"give up after so long (default: {LIVE_S:g} from a camera, all of a recording)",
    )
    add_config(parser)
    add_json(parser)
    add_source(parser)
    add_model(parser)
    add_store(parser)


def run(arguments: argparse.Namespace) -> ExitCode:
    """Enrol; `REFUSED` for what is not a living face, `RETRY` where the frames ended too early."""
    config = to_config(arguments)
    store = to_store(config)
    _refuse_in_vain(store, arguments.user, replace=arguments.replace)
    model = to_model(config)
    progress = to_progress()
    guide = Guide(arguments.user, progress)
    with closing(to_camera(config)) as camera:
        enrolment, ending = gather(
            limited(camera.frames(), None, _seconds(arguments, config)),
            model.examine,
            Enrolment(model.bundle.card.enrolment_limit),
            lambda: to_utc_text(time.time_ns()),
            guide.tell,
        )
    progress.clear()
    if ending is Ending.COMPLETE:
        template = enrolment.to_template(arguments.user, model.bundle.card.encoder_sha256)
        store.save(template, replace=arguments.replace)
    return _report(arguments, enrolment, ending, guide.reason)


class Guide:
    """Tells the user what to do next, and remembers the last thing that was wrong."""

    def __init__(self, user: str, progress: Progress) -> None:
        self._user = user
        self._progress = progress
        self.reason = ""

    def tell(self, progression: Progression) -> None:
        """Show how far it is and where the head is; say so where a direction was added."""
        coverage = progression.enrolment.coverage
        step, trouble = progression.step, _to_trouble(progression)
        self.reason = trouble or self.reason
        wanted = coverage.hint or "done"
        pose = progression.pose
        here, correction = (None, "") if pose is None else (to_sector(*pose), coverage.correction(*pose))
        beside = ("", "", wanted, trouble or correction, LEGEND)
        rows = zip(to_dial(coverage, here), beside, strict=True)
        self._progress.show(
            [
                f"enrolling {self._user}  {to_bar(coverage)}",
                *(f"    {row}    {words}" for row, words in rows),
            ]
        )
        if step is Step.TAKEN and not self._progress.is_terminal:
            self._progress.say(f"{to_bar(coverage)}  {wanted}")


def _to_trouble(progression: Progression) -> str:
    """What is wrong with a look, in plain words; empty where nothing is."""
    found, step = progression.look.found, progression.step
    if isinstance(found, Failure):
        return to_hint(found.reason)
    if step is Step.NOT_LIVE:
        return to_hint(next((check.name for check in found.checks if not check.passed), "no-check"))
    return "" if step is None else _STEPS.get(step, "")


def _refuse_in_vain(store: Store, user: str, *, replace: bool) -> None:
    """Raise what would be found out only after somebody has turned the head in a circle."""
    check_user_name(user)
    written = [store.folder] if _is_there(store.key_path) else [store.folder, store.key_path.parent]
    for folder in written:
        refuse_unwritable(folder, lambda path: os.access(path, os.W_OK | os.X_OK))
    store.check_ready()
    if not replace:
        store.refuse_taken(user)


def refuse_unwritable(folder: Path, may_write: Callable[[Path], bool]) -> None:
    """Raise where this user may not write; a folder that is not there yet is made in the next one up."""
    try:
        there = next(path for path in (folder, *folder.parents) if path.exists())
        is_refused = not may_write(there)
    except PermissionError:  # One of the folders above may not even be looked into.
        there, is_refused = folder, True
    if is_refused:
        raise StoreError(
            f"{there}: this user may not write there; {as_service(own_program(), 'enrol ...')}, "
            "or choose another folder by --store"
        )


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except PermissionError:
        return False


def _seconds(arguments: argparse.Namespace, config: Config) -> float | None:
    """How long to look at most; a recording ends by itself."""
    if arguments.seconds is None:
        return None if config.camera.recording else LIVE_S
    return float(arguments.seconds)


def _report(arguments: argparse.Namespace, enrolment: Enrolment, ending: Ending, reason: str) -> ExitCode:
    user, coverage = arguments.user, enrolment.coverage
    if arguments.json:
        record = {
            "user": user,
            "enrolled": ending is Ending.COMPLETE,
            "ending": ending.value,
            "covered": sorted(coverage.covered),
            "missing": list(coverage.missing),
        }
        print(json.dumps(record))
    if ending is Ending.COMPLETE:
        if not arguments.json:
            print(f"{user} is enrolled from {len(enrolment.embeddings)} directions")
        return ExitCode.OK
    if ending is Ending.NOT_LIVE:
        warn(f"{user} is not enrolled: {reason}; a living person is needed")
        return ExitCode.REFUSED
    warn(
        f"{user} is not enrolled: the frames ended with {to_bar(coverage)} directions; "
        f"missing: {', '.join(coverage.missing)}" + (f"; last trouble: {reason}" if reason else "")
    )
    return ExitCode.RETRY
