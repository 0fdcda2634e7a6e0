"""`facelatch-convert benchmark-train`: what large memory pages do to the speed of gradient steps."""

import argparse
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

import numpy as np

from facelatch.errors import ConfigError
from facelatch.preprocess import CropSpec
from facelatch_converter import large_pages, options
from facelatch_converter.face_model import load_face_model
from facelatch_converter.processes import processes
from facelatch_converter.progress import progress_bar

DESCRIPTION = """Take gradient steps of the default encoder on crops of noise, in processes that take turns: with large
memory pages, as `train`, `fit-head` and `compare-recipes` run, and without. Nothing is rendered meanwhile.

Printed are crops per second and how many times as fast the steps are with large pages. Each process uses all cores;
its first step builds the graph and is not counted."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.add_argument("--face-model", type=Path, required=True, help="npz written by import-face-model")
    parser.add_argument(
        "--people", type=int, default=48, metavar="N", help="per batch (default: %(default)s)"
    )
    parser.add_argument(
        "--views", type=int, default=6, metavar="N", help="crops of each person (default: %(default)s)"
    )
    parser.add_argument(
        "--precision", choices=("float32", "bfloat16"), default="float32", help="(default: %(default)s)"
    )
    parser.add_argument(
        "--steps", type=int, default=4, metavar="N", help="of each process (default: %(default)s)"
    )
    parser.add_argument(
        "--rounds",
        type=int,
        default=5,
        metavar="N",
        help="of two processes each, one with large pages (default: %(default)s)",
    )
    parser.add_argument("--seed", type=options.seed, default=1, help="of the weights and crops (default: 1)")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")


def run(arguments: argparse.Namespace) -> int:
    """Measure and print; returns 0."""
    for name, least in (("people", 2), ("views", 2), ("steps", 1), ("rounds", 1)):
        given = getattr(arguments, name)
        if given < least:
            raise ConfigError(f"--{name} must be at least {least}, found {given}")
    if not large_pages.are_offered():
        raise ConfigError(
            "large pages are asked of glibc 2.35 or later, and this system has another C library or an earlier one"
        )
    # Before the processes are started: what is wrong with it is told once.
    load_face_model(arguments.face_model)
    with progress_bar(2 * arguments.rounds, "processes") as advance:
        rounds = range(arguments.rounds)
        found = to_finding([measure(arguments, number, steps_per_second, advance) for number in rounds])
    print(json.dumps(asdict(found), indent=2) if arguments.json else to_line(found))
    return 0


@dataclass(frozen=True, slots=True)
class Finding:
    """Medians over the rounds."""

    plain: float
    """Crops per second with the pages that glibc gives by itself."""
    large: float
    times_as_fast: float
    """With large pages, of the two processes of a round."""
    least: float
    """Of the rounds."""
    most: float
    rounds: int


def to_finding(rounds: Sequence[tuple[float, float]]) -> Finding:
    """From each round's crops per second without large pages and with them."""
    ratios = [large / plain for plain, large in rounds]
    plain, large = (median(speeds) for speeds in zip(*rounds, strict=True))
    return Finding(plain, large, median(ratios), min(ratios), max(ratios), len(rounds))


def to_line(found: Finding) -> str:
    """The finding in a sentence."""
    return (
        f"{found.plain:.0f} crops per second, {found.large:.0f} with large pages: {found.times_as_fast:.2f} times as "
        f"fast ({found.least:.2f} to {found.most:.2f} in {found.rounds} rounds)"
    )


def measure(
    arguments: argparse.Namespace,
    number: int,
    run_steps: Callable[[argparse.Namespace], float],
    advance: Callable[[int], object],
) -> tuple[float, float]:
    """Crops per second of round `number`, without large pages and with them, which begin in turns."""
    speeds = {}
    for large in (False, True) if number % 2 == 0 else (True, False):
        with large_pages.in_new_processes(large), processes(1) as pool:
            speeds[large] = pool.submit(run_steps, arguments).result() * arguments.people * arguments.views
        advance(1)
    return speeds[False], speeds[True]


def steps_per_second(arguments: argparse.Namespace) -> float:
    """Gradient steps in this process, the first not counted."""
    import keras  # noqa: PLC0415 - takes seconds to load

    from facelatch_converter.crops import Batch  # noqa: PLC0415 - loads numba
    from facelatch_converter.trainer import Trainer  # noqa: PLC0415 - loads TensorFlow

    keras.utils.set_random_seed(arguments.seed)
    model = load_face_model(arguments.face_model)
    count, size_px = arguments.people * arguments.views, CropSpec().size_px
    rng = np.random.default_rng(arguments.seed)
    batch = Batch(
        tensors=rng.integers(-127, 128, (count, size_px, size_px, 4), np.int8),
        weights=np.zeros((count, len(model.identity_mm)), np.float32),
        labels=np.repeat(np.arange(arguments.people, dtype=np.int32), arguments.views),
        people=np.repeat(np.arange(arguments.people), arguments.views),
        lights=np.zeros(count, np.int8),
    )
    trainer = Trainer("default", "all-pairs", model, arguments.precision)
    trainer.take_step(batch)
    start = time.monotonic()
    for _ in range(arguments.steps):
        trainer.take_step(batch)
    return float(arguments.steps / (time.monotonic() - start))
