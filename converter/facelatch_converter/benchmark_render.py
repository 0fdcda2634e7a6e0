"""`facelatch-convert benchmark-render`: how fast one core makes training crops."""

import argparse
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from facelatch.errors import ConfigError
from facelatch.preprocess import CropSpec
from facelatch_converter import options

DESCRIPTION = """Render training crops in this one process and count them.

`new` renders every crop; `mixed` is what training does: most people of a batch were rendered before and are only seen
anew by the sensor, and half of the batches are crops that were shown before; `taught` adds, for each new person, the
bare, calm faces that teachers see in every light. The first batch compiles and warms up, and is not counted."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.add_argument("--face-model", type=Path, required=True, help="npz written by import-face-model")
    parser.add_argument(
        "--seconds", type=float, default=10.0, metavar="S", help="for each figure (default: %(default)s)"
    )
    parser.add_argument(
        "--people", type=int, default=12, metavar="N", help="per batch (default: %(default)s)"
    )
    parser.add_argument("--seed", type=options.seed, default=1)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")


def run(arguments: argparse.Namespace) -> int:
    """Measure and print; returns 0."""
    from facelatch_converter.crops import batches  # noqa: PLC0415 - loads numba
    from facelatch_converter.face_model import load_face_model  # noqa: PLC0415
    from facelatch_converter.processes import compute_on_one_thread  # noqa: PLC0415
    from facelatch_converter.recipe import Recipe  # noqa: PLC0415

    if arguments.people < 1 or not arguments.seconds > 0:
        raise ConfigError("--people must be at least 1 and --seconds positive")
    compute_on_one_thread()
    model = load_face_model(arguments.face_model)
    recipe = Recipe(people=arguments.people)
    figures = {}
    kinds = {"new": replace(recipe, reused=0.0), "mixed": recipe, "taught": replace(recipe, privileged=True)}
    for name, kind in kinds.items():
        made = (len(batch.labels) for batch in batches(model, CropSpec(), kind, arguments.seed, 0))
        figures[name] = round(per_second(made, arguments.seconds, time.process_time), 1)
    if arguments.json:
        print(json.dumps({"crops_per_core_second": figures}))
    else:
        print(
            "crops per second of one core: " + ", ".join(f"{name} {rate}" for name, rate in figures.items())
        )
    return 0


def per_second(counts: Iterator[int], seconds: float, clock: Callable[[], float]) -> float:
    """How many a second of `clock` brings, over at least `seconds` and one count; the first is a warm-up."""
    next(counts)
    start = clock()
    made = 0
    while True:
        made += next(counts)
        spent = clock() - start
        if spent >= seconds:
            return made / spent
