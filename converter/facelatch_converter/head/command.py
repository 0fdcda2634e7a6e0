"""`facelatch-convert fit-head`: the last layers of a trained encoder, fitted to thousands of people at once."""

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
from facelatch_converter.records import HEAD_LOSS
from facelatch_converter.runs import (
    RECORD_FILE,
    SHARES,
    Record,
    make_folder,
    refuse_place,
    versions,
)
from facelatch_converter.start import find_start, origin

DESCRIPTION = """Fit the last layers of an encoder that `train` made: thousands of new people are rendered, the
encoder's trunk looks at each crop once, and every step tells hundreds of people's faces from each other at once. Among
so many some look alike, which those of a training's batch hardly do. Minutes where training takes hours."""

FACES = Recipe(
    people=32,
    views=6,
    reused=0,
    repeated=0,
    steady=0.5,
    alike=0,
    augmented=0.3,
    sharpened=0.3,
    blind=0.25,
    siblings=0.3,
)
"""How the people are drawn: each is new, and three in ten are siblings of others.

No crops share a camera on purpose: each person is in one batch alone, so that what all of it has in common would tell
its people from all others.
"""

MOST_PEOPLE = 2000
"""Of a step: it holds several matrices of every two faces, half a gigabyte each."""


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
        default=18_000,
        help="how many people to render, six times each (default: 18000)",
    )
    parser.add_argument("--people", type=int, default=600, help="people per step (default: 600)")
    parser.add_argument("--steps", type=int, default=300, help="gradient steps (default: 300)")
    parser.add_argument("--learning-rate", type=float, default=1e-3, help="at first (default: 0.001)")
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
    return train.to_given(arguments) | shares | {"variant": "default", "loss": HEAD_LOSS}


def _check(arguments: argparse.Namespace) -> None:
    least = {
        "identities": 2 * FACES.people,
        "people": 2 * FACES.people,
        "steps": 1,
        "workers": 1,
        "held_out": 2,
    }
    for name, smallest in least.items():
        if getattr(arguments, name) < smallest:
            raise TrainingError(
                f"--{name.replace('_', '-')} must be at least {smallest}, found {getattr(arguments, name)}"
            )
    if arguments.people > arguments.identities:
        raise TrainingError(
            f"--people {arguments.people} are more than --identities {arguments.identities}; take fewer per step"
        )
    if arguments.people > MOST_PEOPLE:
        raise TrainingError(f"--people must be at most {MOST_PEOPLE}, found {arguments.people}")
    if arguments.held_out > 1000:
        raise TrainingError(f"--held-out must be at most 1000, found {arguments.held_out}")
    if not 0 < arguments.learning_rate < math.inf:
        raise TrainingError(f"--learning-rate must be positive, found {arguments.learning_rate:g}")
    refuse_place(arguments.out)
    if (arguments.out / RECORD_FILE).exists():
        raise TrainingError(f"{arguments.out}: holds a run already; choose another folder")
