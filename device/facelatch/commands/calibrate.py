"""`facelatch calibrate`: measure distances on site, and make the threshold stricter where they ask for it."""

import argparse
import json
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import cv2

from facelatch.acquisition import Failure, Sample
from facelatch.attempts import Examine
from facelatch.calibration.distances import Advice, Reason, Series, advise, compare, compare_templates, join
from facelatch.calibration.picture import to_picture
from facelatch.calibration.report import to_lines, to_marks, to_record
from facelatch.commands.options import DEFAULT_CONFIG, add_config, add_json, whole_number
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
from facelatch.config import Config, to_session_rule
from facelatch.config_edit import refuse_unwritable, set_number
from facelatch.errors import CaptureError, ConfigError, TemplateError
from facelatch.exit_codes import ExitCode
from facelatch.fields import printable
from facelatch.files import obstacle
from facelatch.gallery import read_gallery
from facelatch.guidance import to_hint
from facelatch.matching import Template, expect_encoder, is_usable
from facelatch.progress import Progress

DESCRIPTION = """\
Measure how far the enrolled and other people are from the templates, here, with this camera and this light. Shows
both distributions and whether the threshold has to be stricter than the model's; it is never made looser. Attempts
are put together as the door does it. Nothing but distances is kept.
"""
EXAMPLES = """\
examples:
  facelatch calibrate --user ada                           ada is before the camera; the other users are impostors
  facelatch calibrate --user ada --capture turns/ --strangers visit/ party/
  facelatch calibrate --strangers visit/ visit.db3         recordings of people who are not enrolled
  facelatch calibrate --user ada --picture distances.png --write
"""
LIVE_S = 20.0
_WRITTEN = ("matching", "max_distance")
"""The section and the key."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("--user", metavar="NAME", help="who is before the camera or in the recording")
    parser.add_argument(
        "--strangers",
        type=Path,
        nargs="+",
        default=[],
        metavar="PATH",
        help="capture folders or SDK recordings of people who are not enrolled, one person each",
    )
    parser.add_argument(
        "--leave-out", action="append", default=[], metavar="NAME", help="a template that takes no part"
    )
    parser.add_argument(
        "--seconds",
        type=whole_number(1, 3600),
        help=f"how long to look at NAME (default: {LIVE_S:g} from a camera, all of a recording)",
    )
    parser.add_argument("--picture", type=Path, metavar="PNG", help="draw both distributions")
    parser.add_argument(
        "--write",
        action="store_true",
        help="set matching.max_distance in the config, if it has to be stricter",
    )
    add_config(parser)
    add_json(parser)
    add_source(parser)
    add_model(parser)
    add_store(parser)


def run(arguments: argparse.Namespace) -> ExitCode:
    """Measure and advise; `RETRY` where nothing could be compared, `REFUSED` where no threshold separates."""
    _check(arguments)
    config = to_config(arguments)
    if arguments.write:
        refuse_unwritable(arguments.config, *_WRITTEN, _may_replace)
    model = to_model(config)
    card = model.bundle.card
    templates = _read_templates(arguments, config, card.encoder_sha256)
    rule = to_session_rule(config, card.enrolment_limit)
    series = [
        compare(who, [one.embedding for one in samples], [one.coverage for one in samples], template, rule)
        for who, samples in _look(arguments, config, model.examine)
        for template in templates
    ]
    series += [compare_templates(one, other) for one, other in combinations(templates, 2)]
    impostor = [one for one in series if not one.is_genuine]
    advice = advise(impostor, card.operating_points, model.threshold)
    _tell(arguments, series, advice, model.threshold)
    if advice.threshold is not None:
        return ExitCode.OK
    return ExitCode.RETRY if advice.reason is Reason.NO_IMPOSTOR else ExitCode.REFUSED


def _check(arguments: argparse.Namespace) -> None:
    """Refuse before anybody stands before the camera what would fail afterwards."""
    if arguments.user is None and (arguments.capture or arguments.recording):
        raise ConfigError(
            "whose recording is it? add --user NAME, or name it by --strangers if nobody enrolled is on it"
        )
    if arguments.user is None and not arguments.strangers:
        raise ConfigError(
            "nobody to measure: name who is before the camera by --user, or recordings by --strangers"
        )
    if arguments.user is not None and arguments.user in arguments.leave_out:
        raise ConfigError(f"{arguments.user} cannot be both measured and left out")
    if arguments.write and arguments.config is None:
        raise ConfigError(
            f"there is no settings file to write; copy the shipped facelatch.toml to {DEFAULT_CONFIG}, or name one by "
            "--config"
        )
    if arguments.picture is not None:
        _refuse_picture(arguments.picture)
    for path in arguments.strangers:
        _refuse_missing(path)


def _refuse_missing(path: Path) -> None:
    # What is no folder is played as a recording, and the SDK would only say that it cannot.
    try:
        path.stat()
    except OSError as problem:
        raise CaptureError(
            f"{path}: cannot be found ({problem.strerror}); name a capture folder or an SDK recording by --strangers"
        ) from problem


def _refuse_picture(path: Path) -> None:
    if not path.absolute().parent.is_dir():
        raise ConfigError(f"{path}: there is no such folder; choose another place by --picture")
    reason = obstacle(path)
    if reason:
        raise ConfigError(f"{path} {reason} by this user; name another file by --picture")


def _may_replace(path: Path) -> bool:
    """Only root can give a new file to somebody else, the old one's owner, or to a group of others."""
    old, user = path.stat(), os.geteuid()
    own = old.st_uid == user and old.st_gid in (os.getegid(), *os.getgroups())
    return os.access(path.parent, os.W_OK | os.X_OK) and (user == 0 or own)


def _read_templates(arguments: argparse.Namespace, config: Config, encoder_sha256: str) -> list[Template]:
    store = to_store(config)
    if arguments.user is not None:
        expect_encoder(store.load(arguments.user), encoder_sha256)
    gallery = read_gallery(store, encoder_sha256, warn)
    found = [template for template in gallery if template.user not in arguments.leave_out]
    if not found:
        raise TemplateError(f"{store.folder}: nobody is enrolled to compare with; enrol somebody first")
    return found


def _look(
    arguments: argparse.Namespace, config: Config, examine: Examine
) -> Iterator[tuple[str, list[Sample]]]:
    """Each person's name and samples."""
    progress = to_progress()
    if arguments.user is not None:
        seconds = arguments.seconds or (None if config.camera.recording else LIVE_S)
        yield arguments.user, _samples(config, seconds, examine, arguments.user, progress)
    for number, path in enumerate(arguments.strangers, start=1):
        # With a space, so that no folder's name can make a stranger one of the users.
        name = f"stranger {number} ({printable(path.name)})"
        yield name, _samples(_recorded(config, path), None, examine, name, progress)


def _recorded(config: Config, path: Path) -> Config:
    driver = "replay" if path.is_dir() else "realsense"
    return replace(
        config, camera=replace(config.camera, driver=driver, serial="", recording=str(path), options={})
    )


def _samples(
    config: Config, seconds: float | None, examine: Examine, who: str, progress: Progress
) -> list[Sample]:
    """What the frames give that an attempt would take; says what was wrong where there is little of it."""
    found: list[Sample] = []
    troubles: Counter[str] = Counter()
    with closing(to_camera(config)) as camera:
        for frame in limited(camera.frames(), None, seconds):
            trouble = _take(examine(frame), found)
            troubles.update([trouble] if trouble else [])
            progress.show([f"{who}: {len(found)} samples  {to_hint(trouble)}"])
    progress.clear()
    if len(found) < config.matching.frames:
        reason = to_hint(troubles.most_common(1)[0][0]) if troubles else "no frame came"
        warn(f"{who} gave {len(found)} usable frames, {config.matching.frames} make an attempt: {reason}")
    return found


def _take(look: Sample | Failure, found: list[Sample]) -> str | None:
    """Add a frame's sample; otherwise the reason why it has none."""
    if isinstance(look, Failure):
        return look.reason
    failed = next((check.name for check in look.checks if not check.passed), None)
    if failed is None and look.checks and is_usable(look.embedding):
        found.append(look)
        return None
    return failed or "no-check"


def _tell(arguments: argparse.Namespace, series: Sequence[Series], advice: Advice, in_use: float) -> None:
    """Print what was found, draw and write it; what was measured is told also where the rest fails."""
    if not arguments.json:
        print("\n".join(to_lines(series, advice, in_use)))
    written = False
    try:
        if arguments.picture is not None:
            _draw(arguments.picture, series, to_marks(advice, in_use))
        written = arguments.write and _write(arguments.config, advice, in_use)
    finally:
        if arguments.json:
            print(json.dumps(to_record(series, advice, in_use) | {"written": written}, indent=2))
    if not arguments.json:
        print(_to_next_step(arguments, advice, in_use))


def _write(path: Path, advice: Advice, in_use: float) -> bool:
    """Whether the advice was stricter and is written."""
    if advice.threshold is None or not advice.threshold < in_use:
        return False
    set_number(path, *_WRITTEN, advice.threshold)
    return True


def _to_next_step(arguments: argparse.Namespace, advice: Advice, in_use: float) -> str:
    if advice.threshold is None or not advice.threshold < in_use:
        return "nothing was written" if arguments.write else "nothing has to be changed"
    if arguments.write:
        return f"{arguments.config}: matching.max_distance is now {advice.threshold:g}; restart facelatch to use it"
    return "add --write to set it in the settings"


def _draw(path: Path, series: Sequence[Series], marks: Mapping[str, float]) -> None:
    genuine = join(one.attempts for one in series if one.is_genuine)
    impostor = join(one.attempts for one in series if not one.is_genuine)
    picture = cv2.imencode(".png", to_picture(genuine, impostor, marks)[..., ::-1])[1]
    try:
        path.write_bytes(picture.tobytes())
    except OSError as problem:
        raise ConfigError(
            f"{path}: the picture cannot be written ({problem.strerror}); choose another place by --picture"
        ) from problem
