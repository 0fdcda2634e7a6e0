"""`facelatch-convert average`: one encoder whose weights are the mean of several along a training.

Late encoders of one training differ by what the last batches taught them; their mean keeps what they share.
Sources: Izmailov et al., "Averaging weights leads to wider optima and better generalization", UAI 2018;
Wortsman et al., "Model soups", ICML 2022.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from facelatch_converter import quantise
from facelatch_converter.errors import ConversionError, TrainingError
from facelatch_converter.runs import ENCODER_FILE, RECORD_FILE, Record, make_folder
from facelatch_converter.start import Start, find_start

DESCRIPTION = """Average the weights of encoders that one training gave: of runs that were resumed from each other, or
begun with the same encoder (--from), each annealed to its end.

Networks that were trained from different random weights have no mean that knows anything; measure the result. --out
becomes a run's folder, with the record of the longest run and what was averaged: for quantise, bundle, train --from."""


@dataclass(frozen=True, slots=True)
class Member:
    """One of the encoders."""

    start: Start
    model: Any
    """As Keras loads it."""

    @property
    def crops(self) -> int:
        """How many its run had seen."""
        return int(self.start.training.get("crops") or 0)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.add_argument(
        "encoders",
        nargs="+",
        type=Path,
        metavar="RUN/encoder.keras",
        help="two or more, each in its run's folder",
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="the new run's folder")


def run(arguments: argparse.Namespace) -> int:
    """Average, and write the encoder and the record; returns 0."""
    if len(arguments.encoders) < 2:
        raise ConversionError(f"averaging takes two encoders or more, found {len(arguments.encoders)}")
    if (arguments.out / RECORD_FILE).exists():
        raise TrainingError(f"{arguments.out}: holds a run already; choose another folder")
    members = [_read(path) for path in arguments.encoders]
    longest = max(members, key=lambda one: one.crops)
    encoder = average(members)
    make_folder(arguments.out)
    encoder.save(arguments.out / ENCODER_FILE)
    record = Record(**dict(longest.start.training))
    record.averaged = [
        {"run": one.start.name, "sha256": one.start.sha256, "crops": one.crops} for one in members
    ]
    record.save(arguments.out)
    print(f"{arguments.out / ENCODER_FILE}: the mean of {len(members)} encoders")
    return 0


def average(members: Sequence[Member]) -> Any:
    """The first encoder with the mean of all weights; raises `ConversionError` for two different networks."""
    first, weights = members[0], [one.model.get_weights() for one in members]
    shapes = [[weight.shape for weight in own] for own in weights]
    for one, found in zip(members, shapes, strict=True):
        if found != shapes[0]:
            raise ConversionError(f"{one.start.path}: is another network than {first.start.path}")
    first.model.set_weights([np.mean(same, axis=0) for same in zip(*weights, strict=True)])
    return first.model


def _read(path: Path) -> Member:
    start = find_start(path)
    if not (path.parent / RECORD_FILE).is_file():
        raise ConversionError(f"{path}: there is no {RECORD_FILE} beside it; name the encoder.keras of a run")
    if start.training.get("fine_tuning"):
        raise ConversionError(f"{path}: was fine-tuned; average runs from scratch, and fine-tune their mean")
    return Member(start, quantise.load_keras(path))
