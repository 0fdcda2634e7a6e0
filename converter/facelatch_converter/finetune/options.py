"""The options of fine-tuning: `train --dataset`."""

import argparse
from collections.abc import Mapping
from pathlib import Path

from facelatch_converter import options
from facelatch_converter.errors import TrainingError
from facelatch_converter.runs import SHARES

DEFAULTS: Mapping[str, float] = {
    "crops": 40_000,
    "people": 24,
    "views": 4,
    "learning_rate": 2e-4,
    "report_every": 25,
    "augmented": 0.5,
    "rendered": 0.5,
    "validation": 0.3,
    "patience": 8,
    "frames": 10,
}
"""Of fine-tuning alone, or in place of the defaults of a run from scratch."""

_OWN = {
    "validation": "--validation",
    "rendered": "--rendered",
    "patience": "--patience",
    "frames": "--frames",
    "depth_grey_mm": "--depth-grey-mm",
}
_FOREIGN = (
    "variant",
    "loss",
    "recalled",
    "teachers",
    "precision",
    "statistics",
    *(name for name in SHARES if name not in DEFAULTS),
)
"""What only a run from scratch chooses."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe them."""
    group = parser.add_argument_group("fine-tuning an encoder")
    group.add_argument(
        "--dataset",
        type=Path,
        metavar="DIR",
        help="people to fine-tune on: capture folders (<subject>/<capture>/), VAP RGB-D or EURECOM KinectFaceDB",
    )
    group.add_argument(
        "--validation", type=float, metavar="SHARE", help=_help("validation", "subjects kept out")
    )
    group.add_argument(
        "--rendered", type=float, metavar="SHARE",
        help=_help("rendered", "rendered people in each batch, so that nothing is forgotten; needs --face-model"),
    )  # fmt: skip
    group.add_argument(
        "--patience",
        type=int,
        metavar="N",
        help=_help("patience", "reports without improvement before it ends"),
    )
    group.add_argument("--frames", type=int, metavar="N", help=_help("frames", "frames of each capture"))
    options.add_depth_grey(group)


def refuse_without_dataset(arguments: argparse.Namespace) -> None:
    """Raise `TrainingError` for an option that only fine-tuning has."""
    for name, option in _OWN.items():
        if getattr(arguments, name) is not None:
            raise TrainingError(f"{option} is for fine-tuning; name the people by --dataset, or leave it out")


def refuse_with_dataset(arguments: argparse.Namespace) -> None:
    """Raise `TrainingError` for an option that only a run from scratch has."""
    for name in _FOREIGN:
        if getattr(arguments, name) is not None:
            raise TrainingError(
                f"--{name} is for training from scratch: fine-tuning keeps the network and the loss; leave it out"
            )


def _help(name: str, words: str) -> str:
    return f"{words} (default: {DEFAULTS[name]:g})"
