"""`facelatch-convert fit-head`: the upper half of a trained encoder, fitted to thousands of people at once."""

import argparse
import math
from pathlib import Path
from typing import Any

from facelatch.preprocess import CropSpec
from facelatch_converter import options, train
from facelatch_converter.architecture import default_size_px
from facelatch_converter.errors import ConversionError, TrainingError
from facelatch_converter.face_model import load_face_model
from facelatch_converter.recipe import Recipe
from facelatch_converter.records import HEAD_LOSS, UPPER_HALF
from facelatch_converter.runs import (
    MOST_HELD_OUT,
    RECORD_FILE,
    SHARES,
    Record,
    make_folder,
    refuse_place,
    require_between,
    versions,
)
from facelatch_converter.start import find_start, origin

DESCRIPTION = """Fit the upper half of an encoder that `train` made, from where its picture is halved for the last time:
thousands of new people are rendered, the lower half looks at each crop and its mirror image once, and every step tells
hundreds of people's faces from each other at once. Among so many some look alike, which those of a training's batch
hardly do. Meanwhile it takes 16 KB for each crop and as much for its mirror image on the disk of --out: 8 GB for as
many people as by default."""

FACES = Recipe(
    people=32,
    views=12,
    rendered=6,
    exposed=2,
    reused=0,
    repeated=0,
    steady=0.5,
    alike=0,
    augmented=0.3,
    sharpened=0.3,
    blind=0.25,
    siblings=0.3,
    aged=0.3,
    dressed=0.5,
)
"""How the people are drawn: each is new and rendered six times, three in ten are siblings of others, and three in ten
are seen years later in every other rendering, as the protocols of ageing draw it.

No crops share a camera on purpose: each person is in one batch alone, so that what all of it has in common would tell
its people from all others.
"""

MOST_FACES = 4000
"""Of a step: it holds the activations of each, about a megabyte, and several matrices of every two."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.add_argument("--face-model", type=Path, required=True, help="npz written by import-face-model")
    parser.add_argument(
        "--from", dest="start", type=Path, required=True, metavar="FILE",
        help="the encoder to fit: encoder.keras of a run or of a bundle",
    )  # fmt: skip
    parser.add_argument(
        "--out", type=Path, required=True, help="the new run's folder, for example runs/fitted"
    )
    parser.add_argument(
        "--identities",
        type=int,
        default=20_992,
        help=f"how many people to render, {FACES.views} crops of each; their mirror images are as many others "
        "(default: 20992)",
    )
    parser.add_argument("--people", type=int, default=300, help="people per step (default: 300)")
    parser.add_argument("--views", type=int, default=4, help="crops per person and step (default: 4)")
    parser.add_argument("--steps", type=int, default=820, help="gradient steps (default: 820)")
    parser.add_argument("--learning-rate", type=float, default=4e-4, help="at first (default: 0.0004)")
    parser.add_argument("--workers", type=int, default=2, help="rendering processes (default: 2)")
    parser.add_argument(
        "--held-out", type=int, default=100, help="rendered people to measure the EER on (default: 100)"
    )
    parser.add_argument("--seed", type=options.seed, default=1, help="of every random choice (default: 1)")


def run(arguments: argparse.Namespace) -> int:
    """Fit, and write the record and the encoder; returns 0."""
    _check(arguments)
    model = load_face_model(arguments.face_model)
    start = find_start(arguments.start)
    if start.crop != CropSpec(size_px=default_size_px("default")):
        raise ConversionError(f"{start.path}: was made for {start.crop}, the default variant takes others")
    make_folder(arguments.out)
    # After the arguments are known to be good: importing TensorFlow takes seconds.
    from facelatch_converter.head.fit import fit_run  # noqa: PLC0415

    made_with = versions()
    record = Record(arguments=to_given(arguments), versions=made_with, begun_from=origin(start))
    fit_run(arguments, model, start, record)
    return 0


def to_given(arguments: argparse.Namespace) -> dict[str, Any]:
    """The arguments as the run's record keeps them."""
    shares = {name: getattr(FACES, name) for name in SHARES}
    return (
        train.to_given(arguments) | shares | {"variant": "default", "loss": HEAD_LOSS, "fitted": UPPER_HALF}
    )


def _check(arguments: argparse.Namespace) -> None:
    least = {
        "identities": 2 * FACES.people,
        "people": 2 * FACES.people,
        "views": 2,
        "steps": 1,
        "workers": 1,
        "held_out": 2,
    }
    most = {"views": FACES.views, "held_out": MOST_HELD_OUT}
    require_between(arguments, least, most)
    if arguments.people > arguments.identities:
        raise TrainingError(
            f"--people {arguments.people} are more than --identities {arguments.identities}; take fewer per step"
        )
    if arguments.people * arguments.views > MOST_FACES:
        raise TrainingError(
            f"--people {arguments.people} by --views {arguments.views} are more than {MOST_FACES} faces a step; take "
            "fewer"
        )
    if not 0 < arguments.learning_rate < math.inf:
        raise TrainingError(f"--learning-rate must be positive, found {arguments.learning_rate:g}")
    refuse_place(arguments.out)
    if (arguments.out / RECORD_FILE).exists():
        raise TrainingError(f"{arguments.out}: holds a run already; choose another folder")
