"""`facelatch record`: keep frames as a capture folder, or as a file of the RealSense SDK."""

import argparse
import json
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from facelatch.captures import CaptureWriter
from facelatch.commands import record_sdk
from facelatch.commands.options import add_config, add_json, whole_number
from facelatch.commands.sources import add_source, to_camera, to_config, to_progress, warn
from facelatch.config import Config
from facelatch.errors import ConfigError
from facelatch.exit_codes import ExitCode
from facelatch.frames import Frame
from facelatch.stop import stop_as_interrupt

DESCRIPTION = """\
Write frames to a new folder: lossless colour, depth in millimetres and infrared, and what the camera is.
Other commands take the folder by --capture. With --sdk a RealSense camera's streams are written as they come, to a
file in the SDK's own format; other commands take it by --recording. Both show a face: keep them private, delete them
when you are done.
"""
EXAMPLES = """\
examples:
  facelatch record turns/ --seconds 20 --subject ada
  facelatch record photo/ --frames 30 --attack flat-photo
  facelatch record visit/ --recording visit.db3     a RealSense recording, converted
  facelatch record --sdk visit.db3 --seconds 10     a new RealSense recording
"""
LIVE_S = 5.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    target = parser.add_mutually_exclusive_group(required=True)
    target.add_argument("folder", nargs="?", type=Path, metavar="DIR", help="a folder that is new or empty")
    target.add_argument(
        "--sdk", type=Path, metavar="FILE", help="a new file, .db3, of the RealSense SDK's own format instead"
    )
    limit = parser.add_mutually_exclusive_group()
    limit.add_argument(
        "--seconds",
        type=whole_number(1, 3600),
        help=f"how long (default: {LIVE_S:g} from a camera, all of a recording)",
    )
    limit.add_argument("--frames", type=whole_number(1, 100_000), help="how many frames instead")
    parser.add_argument("--subject", help="whose face it is; kept with the frames")
    parser.add_argument("--attack", help="what is shown instead of a live face, such as flat-photo")
    add_config(parser)
    add_json(parser)
    add_source(parser)


def run(arguments: argparse.Namespace, sdk: Any = None) -> ExitCode:
    """Record; Ctrl-C or SIGTERM ends the recording and keeps it. `sdk` stands in for the RealSense SDK."""
    config = to_config(arguments)
    seconds = arguments.seconds
    if seconds is None and arguments.frames is None and not config.camera.recording:
        seconds = LIVE_S
    if arguments.sdk is None:
        return _to_folder(arguments, config, seconds)
    if arguments.subject is not None or arguments.attack is not None:
        raise ConfigError("a RealSense recording keeps neither --subject nor --attack; leave them out")
    progress = to_progress()
    count = 0
    with stop_as_interrupt(), record_sdk.kept(arguments.sdk, config, warn, sdk) as frames:
        for _ in limited(frames, arguments.frames, seconds):
            count += 1
            progress.show([f"recording  {count} frames"])
    progress.clear()
    record = {"file": str(arguments.sdk), "frames": count, "bytes": arguments.sdk.stat().st_size}
    print(json.dumps(record) if arguments.json else f"{count} frames in {arguments.sdk}")
    return ExitCode.OK


def _to_folder(arguments: argparse.Namespace, config: Config, seconds: float | None) -> ExitCode:
    progress = to_progress()
    count = 0
    with (
        stop_as_interrupt(),
        closing(to_camera(config)) as camera,
        CaptureWriter(
            arguments.folder,
            driver=camera.driver,
            serial=camera.serial,
            subject=arguments.subject,
            attack=arguments.attack,
        ) as writer,
    ):
        try:
            for frame in limited(camera.frames(), arguments.frames, seconds):
                writer.write(frame)
                count += 1
                progress.show([f"recording  {count} frames"])
        except KeyboardInterrupt:
            warn(f"{count} frames are kept in {arguments.folder}")
            raise
    progress.clear()
    if count == 0:
        warn(f"{arguments.folder}: nothing was recorded, because no frame came")
        return ExitCode.RETRY
    record = {"folder": str(arguments.folder), "frames": count}
    print(json.dumps(record) if arguments.json else f"{count} frames in {arguments.folder}")
    return ExitCode.OK


def limited(frames: Iterable[Frame], count: int | None, seconds: float | None) -> Iterator[Frame]:
    """The first `count` frames, or those of the first `seconds` by the camera's time; None is no limit."""
    first_ns: int | None = None
    for place, frame in enumerate(frames, start=1):
        first_ns = frame.timestamp_ns if first_ns is None else first_ns
        if seconds is not None and frame.timestamp_ns - first_ns > seconds * 1e9:
            return
        yield frame
        if place == count:
            return
