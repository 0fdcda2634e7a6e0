"""What a training run is made of beside its network: how long, how fast, and what it says of itself."""

import argparse
import json
import math
import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import facelatch
import facelatch_converter
from facelatch import card, resources
from facelatch.errors import ModelError
from facelatch.preprocess import VERSION
from facelatch_converter import places
from facelatch_converter.architecture import NETWORK
from facelatch_converter.errors import OutputError, TrainingError

RECORD_FILE = "run.json"
ENCODER_FILE = "encoder.keras"

SHARES = (
    "augmented",
    "sharpened",
    "infrared",
    "blind",
    "repeated",
    "grouped",
    "dressed",
    "grimacing",
    "steady",
    "siblings",
    "aged",
)
"""Of crops: fields of a `Recipe` that a run from scratch chooses by options of the same names."""

HELD_OUT, SETTLING = 7_261_970, 7_261_971
"""Begin the seeds of the people that measure and of those that settle the offset; training draws neither."""


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
    begun_from: dict[str, Any] = field(default_factory=dict)
    """The encoder that the run began with, where its weights were not random: name, sha256 and training."""
    averaged: list[dict[str, Any]] = field(default_factory=list)
    """The encoders whose mean the saved one is, where it is one: run, sha256 and crops of each; see `average`."""
    taught_by: list[dict[str, Any]] = field(default_factory=list)
    """The encoders whose similarities were learnt as well: name, sha256, crops, after how many crops that began, with
    which weight, whether they saw mirror images too, and whether bare calm faces without noise."""
    offset_share: float = 0.0
    """How much of the mean output was taken out of the saved encoder, or by how much of its height its pole was
    lowered; see `ending`."""
    reports: list[dict[str, float]] = field(default_factory=list)

    def save(self, folder: Path) -> None:
        """Write `run.json` whole or not at all."""
        draft = folder / f"{RECORD_FILE}.new"
        draft.write_text(json.dumps(asdict(self), indent=1, allow_nan=False) + "\n", encoding="utf-8")
        draft.replace(folder / RECORD_FILE)


def fill(arguments: argparse.Namespace, defaults: Mapping[str, Any]) -> None:
    """Give every option that the command line leaves out its default."""
    for name, value in defaults.items():
        if getattr(arguments, name) is None:
            setattr(arguments, name, value)


LEAST: Mapping[str, int] = {
    "crops": 1,
    "people": 2,
    "views": 2,
    "workers": 1,
    "report_every": 1,
    "held_out": 2,
}
"""Below these no run can be made."""


MOST_HELD_OUT = 1000
"""Pairs of all held-out crops are compared at once: a thousand people are 32 million pairs."""


def require_enough(arguments: argparse.Namespace, **more: int) -> None:
    """Raise `TrainingError` for a number below `LEAST` or below what `more` says of others."""
    require_between(arguments, {**LEAST, **more})
    if not arguments.minutes > 0 or not arguments.learning_rate > 0:
        raise TrainingError("--minutes and --learning-rate must be positive")


def require_between(
    arguments: argparse.Namespace,
    least: Mapping[str, int] = MappingProxyType({}),
    most: Mapping[str, int] = MappingProxyType({}),
) -> None:
    """Raise `TrainingError` for an option below `least` or above `most`, by its name."""
    for name in {**least, **most}:
        found, option = getattr(arguments, name), f"--{name.replace('_', '-')}"
        if name in least and found < least[name]:
            raise TrainingError(f"{option} must be at least {least[name]}, found {found}")
        if name in most and found > most[name]:
            raise TrainingError(f"{option} must be at most {most[name]}, found {found}")


def to_plain(arguments: argparse.Namespace) -> dict[str, Any]:
    """The arguments that a record keeps; no limit of time becomes null."""
    given: dict[str, Any] = {}
    for name, value in vars(arguments).items():
        if isinstance(value, list):
            given[name] = [str(one) for one in value]
        elif isinstance(value, Path):
            given[name] = str(value)
        elif isinstance(value, str | int | float | bool):
            given[name] = value
    if given.get("minutes") == math.inf:
        given["minutes"] = None
    return given


def refuse_place(out: Path) -> None:
    """Raise `OutputError` for a folder where a run would overwrite a model or live in a program."""
    chosen = out.resolve()
    if (chosen / card.CARD_FILE).exists() or _lies_in(chosen, _shipped()):
        raise OutputError(f"{out}: is a model bundle, which training never changes; choose a new folder")
    packages = [
        Path(one.__file__).resolve().parent for one in (facelatch, facelatch_converter) if one.__file__
    ]
    if any(_lies_in(chosen, package) for package in packages) or "site-packages" in chosen.parts:
        raise OutputError(f"{out}: lies in an installed program; choose a folder of your own")


def make_folder(out: Path) -> None:
    """The run's folder; raises `OutputError` where it cannot be made or nothing can be written into it."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{out}: cannot be made ({error.strerror}); choose another folder") from None
    require_writable(out)


def require_writable(out: Path) -> None:
    """Raise `OutputError` for a run's folder that nothing can be written into."""
    places.refuse_unwritable(out / RECORD_FILE)


def save_encoder(encoder: Any, target: Path) -> None:
    """Write a Keras encoder whole or not at all."""
    draft = target.with_name("encoder.new.keras")
    encoder.save(draft)
    draft.replace(target)


def versions() -> dict[str, str]:
    """What a run was made with."""
    from importlib.metadata import version  # noqa: PLC0415

    packages = ("tensorflow", "keras", "numpy", "numba", "opencv-python-headless")
    return {
        "python": platform.python_version(),
        "preprocess": str(VERSION),
        "network": str(NETWORK),
        **{package: version(package) for package in packages},
    }


def to_network(made_with: Any) -> int:
    """Which network the `versions` of a run's record name: those that name none have the first; 0 for nonsense."""
    named = made_with.get("network", "1") if isinstance(made_with, Mapping) else "0"
    return int(named) if str(named).isdecimal() else 0


def _shipped() -> Path | None:
    try:
        return resources.default_bundle_folder().resolve()
    except ModelError:
        return None


def _lies_in(path: Path, folder: Path | None) -> bool:
    return folder is not None and path.is_relative_to(folder)
