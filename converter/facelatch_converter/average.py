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

from facelatch.card import CARD_FILE
from facelatch_converter import quantise
from facelatch_converter.errors import ConversionError, TrainingError
from facelatch_converter.records import crops_seen
from facelatch_converter.runs import (
    ENCODER_FILE,
    RECORD_FILE,
    Record,
    make_folder,
    refuse_place,
    save_encoder,
)
from facelatch_converter.start import Start, find_start

DESCRIPTION = """Average the weights of encoders that one training gave: copies of a run's folder made along the way, or
runs begun with the same encoder (--from), each annealed to its end.

Networks that were trained from different random weights have no mean that knows anything; measure the result. --out
becomes a run's folder, with the longest run's record and what was averaged: for quantise, bundle and train --from."""

SAME = ("variant", "loss", "face_model_sha256")
"""Arguments that the runs must have in common."""


@dataclass(frozen=True, slots=True)
class Member:
    """One of the encoders."""

    start: Start
    model: Any
    """As Keras loads it."""

    @property
    def crops(self) -> int:
        """How many it had seen, with those of the encoder that it began with."""
        return crops_seen(self.start.training)


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
    """Average, and write the record and the encoder; returns 0."""
    if len(arguments.encoders) < 2:
        raise ConversionError(f"averaging takes two encoders or more, found {len(arguments.encoders)}")
    refuse_place(arguments.out)
    if (arguments.out / RECORD_FILE).exists():
        raise TrainingError(f"{arguments.out}: holds a run already; choose another folder")
    members = [_read(path) for path in arguments.encoders]
    _check(members)
    record, encoder = to_record(members), average(members)
    make_folder(arguments.out)
    save_encoder(encoder, arguments.out / ENCODER_FILE)
    record.save(arguments.out)
    print(f"{arguments.out / ENCODER_FILE}: the mean of {len(members)} encoders")
    return 0


def average(members: Sequence[Member]) -> Any:
    """The first encoder with the mean of all weights, those of its batch normalisations included."""
    weights = [one.model.get_weights() for one in members]
    members[0].model.set_weights([np.mean(same, axis=0) for same in zip(*weights, strict=True)])
    return members[0].model


def to_record(members: Sequence[Member]) -> Record:
    """The record of the longest run, without what it measured of its own encoder, and what was averaged."""
    longest = max(members, key=lambda one: one.crops)
    try:
        record = Record(**dict(longest.start.training))
    except TypeError as error:
        raise ConversionError(
            f"{longest.start.path}: its record is not one of this release ({error})"
        ) from None
    record.averaged = [_to_entry(one) for one in members]
    record.reports = []
    # What was taken out of the last layer is averaged with the rest of it.
    shares = [float(one.start.training.get("offset_share") or 0) for one in members]
    record.offset_share = round(sum(shares) / len(shares), 4)
    return record


def _to_entry(member: Member) -> dict[str, Any]:
    entry = {"run": member.start.name, "sha256": member.start.sha256, "crops": member.crops}
    inner = member.start.training.get("averaged")
    return entry | ({"averaged": inner} if inner else {})


def _check(members: Sequence[Member]) -> None:
    """Raise `ConversionError` for encoders that have no mean."""
    first = members[0]
    shapes = [weight.shape for weight in first.model.get_weights()]
    if len({one.start.sha256 for one in members}) < len(members):
        raise ConversionError("two of the encoders are the same; name each once")
    for one in members:
        path, weights = one.start.path, one.model.get_weights()
        if [weight.shape for weight in weights] != shapes:
            raise ConversionError(
                f"{path}: is another network than {first.start.path}; average encoders of one training"
            )
        if not all(np.isfinite(weight).all() for weight in weights):
            raise ConversionError(f"{path}: holds weights that are no numbers; take an earlier encoder")
        different = [name for name in SAME if _chosen(one, name) != _chosen(first, name)]
        if different:
            raise ConversionError(
                f"{path}: was trained with another {' and '.join(different)} than {first.start.path}; "
                "average encoders of one training"
            )


def _chosen(member: Member, name: str) -> Any:
    return member.start.training["arguments"].get(name)


def _read(path: Path) -> Member:
    start = find_start(path)
    if start.path.name != ENCODER_FILE or (path.parent / CARD_FILE).exists():
        raise ConversionError(f"{path}: is no run's; name the {ENCODER_FILE} beside a {RECORD_FILE}")
    if start.training.get("fine_tuning"):
        raise ConversionError(f"{path}: was fine-tuned; average runs from scratch, and fine-tune their mean")
    return Member(start, quantise.load_keras(path))
