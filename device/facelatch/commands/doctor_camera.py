"""`facelatch doctor --camera`: what the camera sees, now and with somebody before it."""

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import cv2

from facelatch.cameras import Camera, Informative
from facelatch.commands.sources import to_camera, to_config, to_progress
from facelatch.diagnosis.checks import Finding, Status, to_text, worst
from facelatch.diagnosis.checks import to_record as to_findings_record
from facelatch.diagnosis.livecheck import LiveCheck, Moment, judge, to_moment, to_record
from facelatch.diagnosis.livecheck_picture import to_picture
from facelatch.errors import CaptureError, ConfigError
from facelatch.exit_codes import ExitCode
from facelatch.files import replace_file
from facelatch.frames import Frame
from facelatch.locate import Located, Locator, Missing
from facelatch.stop import stop_as_interrupt


@dataclass(frozen=True, slots=True, eq=False)
class Sight:
    """What was looked at: the numbers of all frames, and the one frame to show."""

    check: LiveCheck
    shown: Frame
    face: Located | Missing


def run(arguments: argparse.Namespace) -> ExitCode:
    """Look, report, save the picture; 1 where something failed."""
    config = to_config(arguments)
    path: Path | None = arguments.picture
    if path is not None and path.suffix.lower() != ".png":
        raise ConfigError(f"--picture {path}: is written as PNG; give it the ending .png")
    with stop_as_interrupt(), closing(to_camera(config)) as camera:
        sight = look(camera, arguments.frames)
        facts, notes = _ask(camera)
        name = " ".join(word for word in (camera.driver, camera.serial) if word)
    findings = judge(sight.check, facts, notes)
    if path is not None:
        _save(path, sight, _to_title(name, facts), findings)
    if arguments.json:
        record = {
            **to_findings_record(findings),
            "camera": {"driver": camera.driver, "serial": camera.serial, **facts},
            "seen": to_record(sight.check),
            "picture": None if path is None else str(path),
        }
        print(json.dumps(record, indent=2))
    else:
        print(f"{_to_title(name, facts)}\n{to_text(findings)}" + (f"\npicture: {path}" if path else ""))
    return ExitCode.REFUSED if worst(findings) is Status.FAIL else ExitCode.OK


def look(camera: Camera, count: int) -> Sight:
    """The first `count` frames, looked at one by one; the last one with a face is the one to show."""
    locator, progress = Locator(), to_progress()
    moments: list[Moment] = []
    shown: tuple[Frame, Located | Missing] | None = None
    for frame in _first(camera, count):
        face = locator.locate(frame)
        moments.append(to_moment(frame, face))
        if shown is None or isinstance(face, Located) or isinstance(shown[1], Missing):
            shown = frame, face
        progress.show([f"looking  {len(moments)} of {count} frames"])
    progress.clear()
    if shown is None:
        raise CaptureError(f"{camera.driver} {camera.serial}: gave no frame; record it again")
    return Sight(LiveCheck(tuple(moments)), *shown)


def _first(camera: Camera, count: int) -> Iterator[Frame]:
    return islice(camera.frames(), count)


def _ask(camera: Camera) -> tuple[Mapping[str, str], Sequence[str]]:
    return (camera.facts(), camera.notes()) if isinstance(camera, Informative) else ({}, ())


def _to_title(name: str, facts: Mapping[str, str]) -> str:
    told = [
        facts.get("model", ""),
        f"USB {facts['usb']}" if "usb" in facts else "",
        facts.get("firmware", ""),
    ]
    return ", ".join([name, *(word for word in told if word)])


def _save(path: Path, sight: Sight, title: str, findings: Sequence[Finding]) -> None:
    """A file private to its owner: it shows a face."""
    picture = to_picture(sight.shown, sight.face, title, findings)
    encoded, data = cv2.imencode(".png", picture[..., ::-1])
    try:
        if not encoded:
            raise OSError(None, "OpenCV cannot encode it")
        replace_file(path, data.tobytes())
    except OSError as error:
        raise ConfigError(
            f"{path}: the picture cannot be written ({error.strerror}); choose another place by --picture"
        ) from error
