"""Trains the siamese encoder on rendered people without end.

A run lives in a folder: `run.json` (arguments, versions, losses), `checkpoint/` (weights, optimiser, step) and, at
each report, `encoder.keras`. An interrupted run goes on with `--resume`.
"""

import argparse
import hashlib
import json
import math
import os
import platform
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from facelatch.preprocess import VERSION
from facelatch_converter import options
from facelatch_converter.crops import STEPS, Batch, Recipe
from facelatch_converter.errors import OutputError, TrainingError
from facelatch_converter.face_model import load_face_model

DESCRIPTION = """Train the siamese encoder on rendered people.

Each step draws new people (or re-exposes recent ones), renders each from several sides and pulls one person's
embeddings together and different people's apart. Uses a GPU where TensorFlow sees one."""

LOSSES = ("all-pairs", "contrastive")


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long to train and how fast; training ends with whichever limit comes first."""

    crops: int = 600_000
    minutes: float = math.inf
    learning_rate: float = 2e-3
    warm_up: float = 0.04

    def progress(self, crops: int, elapsed_s: float) -> float:
        """0 at the start, 1 at the end."""
        return min(1.0, max(crops / self.crops, elapsed_s / 60 / self.minutes))

    def rate(self, progress: float) -> float:
        """Linear warm-up, then half a cosine down to a fiftieth."""
        if progress < self.warm_up:
            return self.learning_rate * (0.05 + 0.95 * progress / self.warm_up)
        share = (progress - self.warm_up) / (1 - self.warm_up)
        return self.learning_rate * (0.02 + 0.98 * (1 + math.cos(math.pi * share)) / 2)


@dataclass(slots=True)
class Record:
    """What a run says of itself; written beside its checkpoint."""

    arguments: dict[str, Any]
    versions: dict[str, str]
    crops: int = 0
    elapsed_s: float = 0.0
    resumed: int = 0
    phases: list[dict[str, Any]] = field(default_factory=list)
    """The arguments of each resumption and after how many crops it began."""
    offset_share: float = 0.0
    """How much of the mean output was taken out of the saved encoder; see `offset`."""
    reports: list[dict[str, float]] = field(default_factory=list)

    def save(self, folder: Path) -> None:
        """Write `run.json` whole or not at all."""
        draft = folder / "run.json.new"
        draft.write_text(json.dumps(asdict(self), indent=1, allow_nan=False) + "\n", encoding="utf-8")
        draft.replace(folder / "run.json")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    usual = Recipe()
    parser.add_argument("--face-model", type=Path, required=True, help="npz written by import-face-model")
    parser.add_argument("--out", type=Path, required=True, help="the run's folder, for example runs/first")
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint in --out")
    parser.add_argument("--variant", choices=("default", "seed"), default="default", help="which network")
    parser.add_argument(
        "--loss", choices=LOSSES, default="all-pairs",
        help="all-pairs: every face of a batch against every other, plus the shape coefficients as a second target; "
        "contrastive: pairs with margin 1, as in the seed work",
    )  # fmt: skip
    parser.add_argument(
        "--crops", type=int, default=600_000, help="stop after this many crops (default 600000)"
    )
    parser.add_argument(
        "--minutes", type=float, default=math.inf, help="stop after this long, resumed time included"
    )
    parser.add_argument("--people", type=int, default=32, help="people per batch (default 32)")
    parser.add_argument("--views", type=int, default=3, help="crops per person and batch (default 3)")
    parser.add_argument("--learning-rate", type=float, default=2e-3)
    parser.add_argument(
        "--workers", type=int, default=max(1, (os.cpu_count() or 2) - 1), help="rendering processes"
    )
    parser.add_argument("--report-every", type=int, default=200, help="steps between reports and checkpoints")
    parser.add_argument(
        "--held-out", type=int, default=100, help="people to measure the EER on (default 100)"
    )
    shares = parser.add_argument_group("shares of crops")
    shares.add_argument("--augmented", type=float, default=usual.augmented, help="(default: %(default)s)")
    shares.add_argument(
        "--sharpened", type=float, default=usual.sharpened,
        help=f"augmented after {100 * usual.sharpen_from:.0f} %% of the run (default: %(default)s)",
    )  # fmt: skip
    shares.add_argument("--infrared", type=float, default=usual.infrared, help="(default: %(default)s)")
    shares.add_argument("--blind", type=float, default=usual.blind, help="depth only (default: %(default)s)")
    parser.add_argument("--seed", type=options.seed, default=1)


def run(arguments: argparse.Namespace) -> int:
    """Train until the schedule ends; returns 0."""
    _check(arguments)
    model = load_face_model(arguments.face_model)
    # After the arguments are known to be good: importing TensorFlow takes seconds.
    from facelatch_converter.training_loop import train_run  # noqa: PLC0415

    train_run(arguments, model, _open_record(arguments))
    return 0


def _shares(arguments: argparse.Namespace) -> tuple[float, ...]:
    return arguments.augmented, arguments.sharpened, arguments.infrared, arguments.blind


def _check(arguments: argparse.Namespace) -> None:
    for name, least in (
        ("crops", 1),
        ("people", 2),
        ("views", 2),
        ("workers", 1),
        ("report_every", 1),
        ("held_out", 2),
    ):
        if getattr(arguments, name) < least:
            raise TrainingError(
                f"--{name.replace('_', '-')} must be at least {least}, found {getattr(arguments, name)}"
            )
    if not arguments.minutes > 0 or not arguments.learning_rate > 0:
        raise TrainingError("--minutes and --learning-rate must be positive")
    if not all(0 <= share <= 1 for share in _shares(arguments)):
        raise TrainingError("--augmented, --sharpened, --infrared and --blind are shares from 0 to 1")
    if arguments.infrared + arguments.blind > 1:
        raise TrainingError("--infrared and --blind together are at most 1")
    # Pairs of all held-out crops are compared at once: a thousand people are 32 million pairs.
    if arguments.held_out > 1000:
        raise TrainingError(f"--held-out must be at most 1000, found {arguments.held_out}")
    record = arguments.out / "run.json"
    if record.exists() and not arguments.resume:
        raise TrainingError(f"{arguments.out}: holds a run already; add --resume or choose another folder")
    if arguments.resume and not record.exists():
        raise TrainingError(f"{arguments.out}: nothing to resume, there is no run.json; leave --resume out")


PHASE = ("crops", "minutes", "learning_rate", "augmented", "sharpened", "infrared", "blind", "workers")
"""Arguments that a resumed run may change; the record lists them for each phase."""

IDENTITY = ("variant", "loss", "people", "views", "seed", "face_model_sha256")
"""Arguments that make a run what it is: a resumed run must have the same."""


def _open_record(arguments: argparse.Namespace) -> Record:
    """A new run's record, or the one to go on with."""
    given = {
        name: str(value) if isinstance(value, Path) else value for name, value in vars(arguments).items()
    }
    given = {name: value for name, value in given.items() if isinstance(value, str | int | float | bool)}
    given["minutes"] = None if math.isinf(arguments.minutes) else arguments.minutes
    given["face_model_sha256"] = hashlib.sha256(arguments.face_model.read_bytes()).hexdigest()
    if not arguments.resume:
        try:
            arguments.out.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(
                f"{arguments.out}: cannot be made ({error.strerror}); choose another folder"
            ) from None
        return Record(arguments=given, versions=_versions())
    path = arguments.out / "run.json"
    try:
        record = Record(**json.loads(path.read_text(encoding="utf-8")))
        different = [name for name in IDENTITY if record.arguments.get(name, given[name]) != given[name]]
    except (ValueError, TypeError, KeyError) as error:
        raise TrainingError(
            f"{path}: not a run record ({error}); start a new run in another folder"
        ) from None
    if different:
        raise TrainingError(
            f"{path}: was started with another {' and '.join(different)}; resume with the same, or start a new run"
        )
    record.resumed += 1
    record.phases.append({"from_crops": record.crops, **{name: given[name] for name in PHASE}})
    return record


def _versions() -> dict[str, str]:
    from importlib.metadata import version  # noqa: PLC0415

    packages = ("tensorflow", "keras", "numpy", "numba", "opencv-python-headless")
    return {
        "python": platform.python_version(),
        "preprocess": str(VERSION),
        **{package: version(package) for package in packages},
    }


def to_tensors(batch: Batch) -> npt.NDArray[np.float32]:
    """The batch's tensors as real numbers in [-1, 1]."""
    return batch.tensors.astype(np.float32) * np.float32(1 / STEPS)
