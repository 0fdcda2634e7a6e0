"""`facelatch record`: keep frames as a capture folder."""

import argparse
import json
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path

from facelatch.captures import CaptureWriter
from facelatch.commands.options import add_config, add_json, whole_number
from facelatch.commands.sources import add_source, to_camera, to_config, to_progress, warn
from facelatch.exit_codes import ExitCode
from facelatch.frames import Frame
from facelatch.stop import stop_as_interrupt

DESCRIPTION = """\
Write frames to a new folder: lossless colour, depth in millimetres and infrared, and what the camera is.
Other commands take the folder by --capture. It shows a face: keep it private, delete it when you are done.
"""
EXAMPLES = """\
examples:
  facelatch record turns/ --seconds 20 --subject ada
  facelatch record photo/ --frames 30 --attack flat-photo
  facelatch record visit/ --recording visit.db3     a RealSense recording, converted
"""
LIVE_S = 5.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("folder", type=Path, metavar="DIR", help="a folder that is new or empty")
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


def run(arguments: argparse.Namespace) -> ExitCode:
    """Record; Ctrl-C or SIGTERM ends the recording and keeps it."""
    config = to_config(arguments)
    progress = to_progress()
    count = 0
    seconds = arguments.seconds
    if seconds is None and arguments.frames is None and not config.camera.recording:
        seconds = LIVE_S
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
