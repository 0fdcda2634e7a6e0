"""Where a command's captures come from: a data set's folder, or faces rendered as they are needed."""

import argparse
from dataclasses import dataclass, replace
from pathlib import Path

from facelatch.errors import ConfigError
from facelatch_converter import options
from facelatch_converter.attacks import SPECIES
from facelatch_converter.camera_names import CAMERA_NAMES
from facelatch_converter.datasets import CaptureRef, open_dataset

SYNTHETIC = "synthetic"


@dataclass(frozen=True, slots=True)
class Source:
    """Captures and what to call them."""

    name: str
    """For people; of a folder its own name, never where it lies."""
    dataset: str
    """What tells one source from another: the word `synthetic` or the folder's name."""
    refs: list[CaptureRef]

    @property
    def rendered(self) -> bool:
        """Whether any of it shows rendered people: then nothing is claimed of real ones."""
        return any(ref.rendered for ref in self.refs)


def add_arguments(parser: argparse.ArgumentParser, *, required: bool = True, seed: int = 20_000) -> None:
    """The options that `open_source` reads; `seed` is the default."""
    group = parser.add_argument_group("data")
    group.add_argument(
        "--dataset",
        required=required,
        metavar=f"DIR|{SYNTHETIC}",
        help="capture folders (<subject>/<capture>/), the VAP RGB-D face database, EURECOM KinectFaceDB, "
        f"or the word {SYNTHETIC}: faces rendered now, of people who never were",
    )
    options.add_depth_grey(group)
    rendered = parser.add_argument_group(f"rendered faces (--dataset {SYNTHETIC})")
    rendered.add_argument(
        "--face-model", type=Path, metavar="NPZ", help="what `import-face-model` wrote; needed to render"
    )
    rendered.add_argument(
        "--identities", type=int, default=300, metavar="N", help="people (default: %(default)s)"
    )
    rendered.add_argument(
        "--captures", type=int, default=10, metavar="N", help="captures of each person (default: %(default)s)"
    )
    rendered.add_argument(
        "--frames", type=int, default=1, metavar="N", help="frames of each capture (default: %(default)s)"
    )
    rendered.add_argument("--camera", choices=CAMERA_NAMES, default="d435", help="(default: %(default)s)")
    rendered.add_argument(
        "--attacks", nargs="*", choices=SPECIES, default=(), help="pictures of each person to attack with"
    )
    parser.add_argument(
        "--seed",
        type=options.seed,
        default=seed,
        help="of rendering and of every random choice (default: %(default)s); take another than training did",
    )


def open_source(arguments: argparse.Namespace) -> Source:
    """The captures that the options name; raises `ConfigError` for options that do not go together."""
    if arguments.dataset != SYNTHETIC:
        grey = None if arguments.depth_grey_mm is None else tuple(arguments.depth_grey_mm)
        root = Path(arguments.dataset)
        refs = open_dataset(root, grey)
        name = root.absolute().name or root.resolve().name
        shown = sum(ref.rendered for ref in refs)
        # A folder of both kinds is one of rendered people, and says so.
        kind = " (rendered)" if shown == len(refs) else f" ({shown} of {len(refs)} captures rendered)"
        return Source(name + kind * bool(shown), name, refs)
    if arguments.face_model is None:
        raise ConfigError(f"--dataset {SYNTHETIC} needs --face-model NPZ; make one with import-face-model")
    if min(arguments.identities, arguments.captures, arguments.frames) < 1:
        raise ConfigError("--identities, --captures and --frames must be at least 1")
    from facelatch_converter.synthetic import synthetic_captures  # noqa: PLC0415 - loads numba

    refs = synthetic_captures(
        arguments.face_model,
        arguments.identities,
        arguments.captures,
        arguments.frames,
        arguments.seed,
        camera=arguments.camera,
        attacks=tuple(arguments.attacks),
    )
    name = f"{arguments.identities} rendered people, camera {arguments.camera}, seed {arguments.seed}"
    return Source(name, SYNTHETIC, [replace(ref, rendered=True) for ref in refs])
