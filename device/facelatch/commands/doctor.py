"""`facelatch doctor`: what is wrong with this board, in plain words and with the remedy."""

import argparse
import json
import os
import shutil
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import asdict
from functools import partial
from pathlib import Path

import numpy as np

from facelatch import resources
from facelatch.card import load_bundle
from facelatch.commands import doctor_camera
from facelatch.commands.lock_options import KEEPER
from facelatch.commands.options import add_config, add_json, whole_number
from facelatch.commands.plugged_in import check_driver, find_seen
from facelatch.commands.program import INSTALLED, as_service, own_program
from facelatch.commands.sources import add_source, to_camera, to_config, to_store
from facelatch.config import Config, effective_threshold
from facelatch.diagnosis import board
from facelatch.diagnosis.checks import Finding, Status, examine, to_record, to_text, worst
from facelatch.diagnosis.judgements import (
    Caller,
    Folder,
    judge_board,
    judge_cameras,
    judge_line,
    judge_permissions,
    judge_store,
)
from facelatch.encoder import Encoder, runtime_version
from facelatch.event_log import check_path
from facelatch.exit_codes import ExitCode
from facelatch.keeping.settings import DoorSettings
from facelatch.keeping.wire import Plain
from facelatch.locks.gpio import CONSUMER, open_line
from facelatch.locks.kept import ask
from facelatch.locks.remembered import remembered

DESCRIPTION = """\
Check settings, runtime, model, driver, camera, permissions, lock, templates, events and the board's power. Each line
says ok, warn or fail, and below it what to do. Nothing is changed: the lock's line is looked at, not driven. Ends with
1 if a check failed.

With --camera only the camera is checked, for a few seconds and while you stand before it: frames a second, depth,
light, and where your face is. --picture saves what it saw. It shows you: keep it private, delete it when you are done.
"""
EXAMPLES = f"""\
examples:
  facelatch doctor
  sudo -u facelatch {INSTALLED} doctor      what the service may open, and not what you may
  facelatch doctor --camera --picture check.png     stop the daemon first: only one program can use a camera
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    add_config(parser)
    add_json(parser)
    add_source(parser)
    parser.add_argument(
        "--camera", action="store_true", help="look through the camera for a few seconds instead"
    )
    parser.add_argument(
        "--picture",
        type=Path,
        metavar="FILE",
        help="with --camera: save what it saw as a PNG (implies --camera)",
    )
    parser.add_argument(
        "--frames",
        type=whole_number(1, 10_000),
        default=60,
        help="with --camera: how many frames (default: 60)",
    )


def run(arguments: argparse.Namespace) -> ExitCode:
    """Check, print and tell by the exit code whether anything failed."""
    if arguments.camera or arguments.picture is not None:
        return doctor_camera.run(arguments)
    findings = diagnose(partial(to_config, arguments), Path("/"))
    print(json.dumps(to_record(findings), indent=2) if arguments.json else to_text(findings))
    return ExitCode.REFUSED if worst(findings) is Status.FAIL else ExitCode.OK


def diagnose(read: Callable[[], Config], root: Path) -> list[Finding]:
    """Every finding for the settings that `read` gives; `root` is where /proc, /sys and /dev are read from.

    Without usable settings the checks that depend on them cannot run, and so have failed.
    """
    loaded: list[Config] = []

    def settings() -> Finding:
        loaded.append(read())
        return Finding("settings", Status.OK, loaded[0].source)

    findings = [examine("settings", settings)]
    for name, check in CHECKS.items():
        if loaded:
            findings.append(examine(name, lambda check=check: check(loaded[0], root)))  # type: ignore[misc]
        else:
            findings.append(Finding(name, Status.FAIL, "not checked", "mend the settings first"))
    return findings


def _check_runtime(config: Config, _root: Path) -> Finding:
    runtime = config.model.runtime
    return Finding(
        "runtime", Status.OK, f"{runtime} {runtime_version(runtime)}, {config.model.threads} thread(s)"
    )


def _check_model(config: Config, _root: Path) -> Finding:
    """Load the encoder and run it once, on noise."""
    bundle = load_bundle(resources.bundle_folder(config.model.bundle))
    card = bundle.card
    encoder = Encoder(bundle, config.model.runtime, config.model.threads)
    size = card.crop.size_px
    noise = np.random.default_rng(0).uniform(-1, 1, (size, size, 4)).astype(np.float32)
    if not np.isfinite(encoder.embed(noise)).all():
        hint = "install or convert the model again"
        return Finding("model", Status.FAIL, f"{card.name} gives no embedding", hint)
    threshold = effective_threshold(card.threshold, config)
    found = f"{card.name} ({card.encoder_sha256[:12]}), matches at a distance of at most {threshold:g}"
    return Finding("model", Status.OK, found)


def _check_driver(config: Config, _root: Path) -> Finding:
    return check_driver(config.camera.driver)


def _check_cameras(config: Config, root: Path) -> Finding:
    settings = config.camera
    driver = "a recording" if settings.recording else settings.driver
    return judge_cameras(driver, settings.serial, find_seen(root))


def _check_camera(config: Config, _root: Path) -> Finding:
    """Take one frame."""
    with closing(to_camera(config)) as camera:
        frame = next(camera.frames(), None)
        found = f"{camera.driver} {camera.serial}"
    if frame is None:
        return Finding("camera", Status.FAIL, f"{found} gives no frame", "record it again")
    width, height = frame.size
    share = float((frame.depth_mm > 0).mean())
    found += f", {width}x{height}, depth on {share:.0%} of the view"
    if not share > 0.05:
        return Finding("camera", Status.WARN, found, "clean the lens, and look at something 0.3 to 3 m away")
    return Finding("camera", Status.OK, found)


def _check_permissions(config: Config, root: Path) -> Finding:
    live = "" if config.camera.recording else config.camera.driver
    return judge_permissions(
        live,
        # Whoever has the keeper asked needs no line of his own.
        config.lock.driver if _ask_keeper(root) is None else "",
        board.read_usb(root),
        sorted((root / "dev").glob("gpiochip*")),
        lambda path: os.access(path, os.R_OK | os.W_OK),
        _caller(),
    )


def _ask_keeper(root: Path) -> int | None:
    """For how many milliseconds the lock's keeper has it released yet; None where no keeper runs."""
    return ask(root / KEEPER.relative_to("/"), Plain.ASK)


def _check_lock(config: Config, root: Path) -> Finding:
    """Ask the lock's keeper; where there is none, look at the line without driving it."""
    settings = config.lock
    left_ms = _ask_keeper(root)
    if left_ms is not None:
        wanted = DoorSettings(settings, config.panel)
        differing = _differing(remembered(root / KEEPER.relative_to("/")), wanted)
        if differing:
            found = f"facelatch-lock.service was started with other settings: {differing}"
            hint = "sudo systemctl restart facelatch-lock; if it has a --config of its own, make both files alike"
            return Finding("lock", Status.FAIL, found, hint)
    if settings.driver != "gpio":
        hint = 'set driver = "gpio" under [lock], with chip and line'
        return Finding("lock", Status.WARN, f"the {settings.driver} lock moves no door", hint)
    if left_ms is not None:
        state = "released" if left_ms else "secured"
        return Finding("lock", Status.OK, f"facelatch-lock.service keeps it, {state} now")
    with open_line(settings.chip, settings.line) as (chip, offset):
        info = chip.get_line_info(offset)
        consumer = info.consumer if info.used else None
    return judge_line(f"line {settings.line} of {settings.chip}", consumer, CONSUMER)


def _differing(kept: DoorSettings | None, wanted: DoorSettings) -> str:
    """What a keeper drives otherwise than the settings say; it reads them once, when it starts. Empty: nothing."""
    if kept is None:
        return "which ones it does not say"
    was, now = (
        {
            f"{section}.{name}": value
            for section, entries in asdict(door).items()
            for name, value in entries.items()
        }
        for door in (kept, wanted)
    )
    # How long a grant releases is the daemon's to say.
    return ", ".join(
        f"{name} {was[name]!r} and not {now[name]!r}"
        for name in now
        if name != "lock.pulse_s" and was[name] != now[name]
    )


def _check_store(config: Config, _root: Path) -> Finding:
    path, caller = Path(config.store.folder), _caller()
    try:
        above = next(folder for folder in path.parents if folder.exists())
        folder = _read_folder(path)
    except PermissionError:
        return Finding("store", Status.FAIL, f"{path}: this user may not look there", caller.as_service)
    return judge_store(path, folder, os.access(above, os.W_OK | os.X_OK), caller)


def _check_events(config: Config, _root: Path) -> Finding:
    if not config.events.path:
        return Finding("events", Status.OK, "go to standard output")
    check_path(Path(config.events.path))
    return Finding("events", Status.OK, f"go to {config.events.path}")


def _check_templates(config: Config, _root: Path) -> Finding:
    """Open every template: one that cannot be used would be noticed at the door otherwise."""
    templates = to_store(config).all()
    if not templates:
        return Finding("templates", Status.WARN, "nobody is enrolled", f"{own_program()} enrol USER")
    encoder = load_bundle(resources.bundle_folder(config.model.bundle)).card.encoder_sha256
    stale = [template.user for template in templates if template.encoder_sha256 != encoder]
    if stale:
        hint = "enrol them again: another model made their templates"
        return Finding("templates", Status.FAIL, f"{', '.join(stale)} cannot be matched", hint)
    return Finding(
        "templates", Status.OK, f"{len(templates)} enrolled: {', '.join(one.user for one in templates)}"
    )


def _check_board(_config: Config, root: Path) -> Finding:
    return judge_board(board.read_board(root, board.ask_vcgencmd()))


def _caller() -> Caller:
    return Caller(os.geteuid(), as_service(own_program(), "doctor"))


def _read_folder(path: Path) -> Folder | None:
    if not path.exists():
        return None
    found = path.stat()
    writable = os.access(path, os.W_OK | os.X_OK)
    return Folder(found.st_mode, found.st_uid, writable, shutil.disk_usage(path).free)


CHECKS: Mapping[str, Callable[[Config, Path], Finding]] = {
    "runtime": _check_runtime,
    "model": _check_model,
    "driver": _check_driver,
    "cameras": _check_cameras,
    "camera": _check_camera,
    "permissions": _check_permissions,
    "lock": _check_lock,
    "store": _check_store,
    "templates": _check_templates,
    "events": _check_events,
    "board": _check_board,
}
