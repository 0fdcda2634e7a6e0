"""`facelatch-convert render`: made-up people as capture folders."""

import argparse
from pathlib import Path

from facelatch.captures import CaptureWriter
from facelatch.errors import ConfigError
from facelatch_converter import options, places
from facelatch_converter.attacks import SPECIES
from facelatch_converter.datasets import RENDERED
from facelatch_converter.held_out import UNLOCK
from facelatch_converter.progress import progress_bar
from facelatch_converter.scenes import Range

DESCRIPTION = """Render people who never were as capture folders, <out>/<subject>/<capture>/.

The same arguments and seed give the same frames. Attacks are pictures of the same people: on flat paper, on bent
paper, on a tablet."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    from facelatch_converter.camera_names import CAMERA_NAMES  # noqa: PLC0415

    parser.add_argument("--face-model", type=Path, required=True, help="npz written by import-face-model")
    parser.add_argument("--out", type=Path, required=True, help="a new or empty folder")
    parser.add_argument("--identities", type=int, default=10, help="people (default: %(default)s)")
    parser.add_argument(
        "--captures", type=int, default=2, help="captures of each person (default: %(default)s)"
    )
    parser.add_argument("--frames", type=int, default=5, help="frames of each capture (default: %(default)s)")
    parser.add_argument(
        "--attacks", nargs="*", choices=SPECIES, default=(), help="attack species to add per person"
    )
    parser.add_argument("--camera", choices=CAMERA_NAMES, default="d435", help="default: %(default)s")
    parser.add_argument(
        "--yaw", type=float, default=UNLOCK.yaw_deg, help="largest yaw, degrees (default: %(default)s)"
    )
    parser.add_argument(
        "--pitch", type=float, default=UNLOCK.pitch_deg, help="largest pitch (default: %(default)s)"
    )
    parser.add_argument(
        "--near", type=float, default=UNLOCK.near_mm, help="nearest face, mm (default: %(default)s)"
    )
    parser.add_argument(
        "--far", type=float, default=UNLOCK.far_mm, help="farthest face, mm (default: %(default)s)"
    )
    parser.add_argument("--seed", type=options.seed, default=1)


def run(arguments: argparse.Namespace) -> int:
    """Render and write; returns 0."""
    from facelatch_converter.synthetic import synthetic_captures  # noqa: PLC0415 - loads numba

    _check(arguments)
    limits = Range(
        yaw_deg=arguments.yaw, pitch_deg=arguments.pitch, near_mm=arguments.near, far_mm=arguments.far
    )
    refs = synthetic_captures(
        arguments.face_model,
        arguments.identities,
        arguments.captures,
        arguments.frames,
        arguments.seed,
        camera=arguments.camera,
        limits=limits,
        attacks=tuple(arguments.attacks),
    )
    serial = f"seed-{arguments.seed}"
    with progress_bar(len(refs), "captures") as advance:
        for ref in refs:
            folder = arguments.out / ref.subject / ref.name
            with CaptureWriter(
                folder, driver=RENDERED, serial=serial, subject=ref.subject, attack=ref.attack
            ) as writer:
                for frame in ref.frames():
                    writer.write(frame)
            advance(1)
    return 0


def _check(arguments: argparse.Namespace) -> None:
    if min(arguments.identities, arguments.captures, arguments.frames) < 1:
        raise ConfigError("--identities, --captures and --frames must be at least 1")
    if not 200 <= arguments.near <= arguments.far <= 3000:
        raise ConfigError(
            f"--near and --far must lie between 200 and 3000 mm, near first; found {arguments.near:g} and "
            f"{arguments.far:g}"
        )
    if not (0 <= arguments.yaw <= 90 and 0 <= arguments.pitch <= 60):
        raise ConfigError("--yaw must be 0 to 90 degrees and --pitch 0 to 60")
    places.refuse_taken_folder(arguments.out)
