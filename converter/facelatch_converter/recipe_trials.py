"""`facelatch-convert compare-recipes`: a run with each recipe on the same budget, as a table and a picture."""

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from facelatch_converter import model_card, options, places, plots, report, train
from facelatch_converter.architecture import NETWORK
from facelatch_converter.errors import TrainingError
from facelatch_converter.face_model import load_face_model
from facelatch_converter.plots import LIGHT, Look
from facelatch_converter.protocols.card import table
from facelatch_converter.recipe_runs import (
    RECIPES,
    TAUGHT,
    budgets,
    read_run,
    refuse_another,
    refuse_mixed,
    to_row,
    train_recipe,
)
from facelatch_converter.runs import refuse_place, to_network

if TYPE_CHECKING:
    from matplotlib.axes import Axes

DESCRIPTION = """Train the default encoder from random weights once with each recipe, on the same rendered people and as
many crops, and compare the EER of people whom no run has seen. A recipe is a loss of train; "turned": the default loss
on crops whose heads are turned to the front by the pose that their depth shows, also of the people measured on; or
"taught": the default loss with --teachers, which have seen more.

Each run lives in a folder of its own below --out and goes on where it was interrupted. At the end there are
recipes.json, recipes.md (the table) and recipes.png (the EER over the crops)."""

_TICKS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50)
"""Of the EER, in per cent."""
_LEGEND_COLUMNS = 4
"""More would be wider than the picture."""

Runs = Mapping[str, Mapping[str, Any]]
"""The record of each recipe's run."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.add_argument("--face-model", type=Path, required=True, help="npz written by import-face-model")
    parser.add_argument("--out", type=Path, required=True, help="folder of the runs and of the table")
    parser.add_argument(
        "--recipes", nargs="+", choices=RECIPES, metavar="RECIPE",
        help=f"which of {', '.join(RECIPES)} (default: all; {TAUGHT} only with --teachers)",
    )  # fmt: skip
    parser.add_argument(
        "--teachers",
        nargs="+",
        type=Path,
        default=[],
        metavar="FILE",
        help=f"of the recipe {TAUGHT}, see train --help",
    )
    parser.add_argument(
        "--crops", type=int, default=200_000, help="of each run, the last included (default: %(default)s)"
    )
    parser.add_argument(
        "--card", type=Path, metavar="MODEL_CARD.md", help="write the table into this model card too"
    )
    parser.add_argument("--people", type=int, default=32, help="per batch (default: %(default)s)")
    parser.add_argument("--views", type=int, default=3, help="of each person (default: %(default)s)")
    parser.add_argument("--precision", choices=train.PRECISIONS, default="float32")
    parser.add_argument("--workers", type=int, default=1, help="rendering processes (default: %(default)s)")
    parser.add_argument(
        "--held-out", type=int, default=200, help="people to measure on (default: %(default)s)"
    )
    parser.add_argument("--report-every", type=int, default=200, help="steps (default: %(default)s)")
    parser.add_argument("--seed", type=options.seed, default=1)


def run(arguments: argparse.Namespace) -> int:
    """Train what is not trained yet, write the table and the picture, and print the table; returns 0."""
    recipes = _choose(arguments)
    _refuse_in_vain(arguments, recipes)
    for recipe in recipes:
        train_recipe(arguments, recipe)
    runs = {recipe: read_run(arguments.out / recipe) for recipe in recipes}
    found = to_table(runs)
    rows = {recipe: to_row(one) for recipe, one in runs.items()}
    for name, content in (
        ("recipes.json", (json.dumps(rows, indent=1) + "\n").encode()),
        ("recipes.md", (found + "\n").encode()),
        ("recipes.png", curves(runs, LIGHT)),
    ):
        with places.replacing(arguments.out / name) as file:
            file.write(content)
    if arguments.card is not None:
        model_card.put_section(arguments.card, to_section(found, runs, arguments.held_out))
    print(found)
    return 0


def to_table(runs: Runs) -> str:
    """In Markdown, the lowest EER first: the mean of the last three reports, and the distances of the last one."""
    head = ["recipe", "crops", "EER on people held out", "mean distance own / other"]
    rows = []
    for recipe, one in sorted(runs.items(), key=lambda item: _last_eer(item[1])):
        last = one["reports"][-1]
        distances = f"{last['genuine']:.2f} / {last['impostor']:.2f}"
        rows.append([_marked(recipe, one), f"{one['crops']:,}", report.percent(_last_eer(one)), distances])
    return table(head, rows)


def _marked(recipe: str, record: Mapping[str, Any]) -> str:
    """The recipe, with the budgets of a run that was resumed to a larger one."""
    meant = budgets(record)
    if len(meant) < 2:
        return recipe
    return f"{recipe} (resumed: meant for {', then '.join(f'{crops:,}' for crops in meant)})"


def to_section(found: str, runs: Runs, held_out: int) -> str:
    """The table as a model card's section."""
    crops = max(one["crops"] for one in runs.values())
    teachers = [teacher for one in runs.values() for teacher in one.get("taught_by", [])]
    note = "".join(
        f" The teacher {one['name']} (sha256 {one['sha256'][:12]}) had seen {one['crops']:,}."
        for one in teachers
    )
    return (
        f"## {model_card.RECIPES}\n\n"
        f"The same network{_network(runs)} from random weights, {crops:,} crops of the same rendered people and "
        f"cameras by each recipe; the EER is the mean of the last three reports, on {held_out:,} held out.{note}"
        f"{_resumed(runs)}"
        f"\n\n{found}\n"
    )


def _resumed(runs: Runs) -> str:
    names = [recipe for recipe, one in runs.items() if one.get("resumed")]
    if not names:
        return ""
    return (
        f" Resumed, and from there on with other people than the rest: {', '.join(names)}; each larger budget has a "
        "schedule of its own."
    )


def _network(runs: Runs) -> str:
    (found,) = {to_network(one.get("versions")) for one in runs.values()}
    return "" if found == NETWORK else f" (network {found}, this release trains {NETWORK})"


def curves(runs: Runs, look: Look) -> bytes:
    """A PNG of the EER of each report over the crops seen."""

    def draw(axes: "Axes") -> None:
        for (recipe, one), colour in zip(runs.items(), look.people, strict=False):
            crops = [row["crops"] / 1000 for row in one["reports"]]
            eers = [100 * row["eer"] for row in one["reports"]]
            axes.plot(crops, eers, color=colour, lw=2, label=recipe)
        axes.set_yscale("log")
        axes.set_yticks(_TICKS)
        axes.set_yticks([], minor=True)
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}%")
        shown = [100 * row["eer"] for one in runs.values() for row in one["reports"] if row["eer"] > 0]
        if shown:
            axes.set_ylim(min(shown) * 0.8, max(shown) * 1.2)
        axes.set_xlabel("thousand crops")
        axes.set_ylabel("EER on people held out")
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=_LEGEND_COLUMNS, frameon=False, fontsize=9)

    return plots.picture(draw, look, (7.2, 4.6))


def _last_eer(record: Mapping[str, Any]) -> float:
    last = [float(row["eer"]) for row in record["reports"][-3:]]
    return sum(last) / len(last)


def _choose(arguments: argparse.Namespace) -> Sequence[str]:
    """The recipes to run; raises `TrainingError` where one lacks its teachers."""
    usual = [recipe for recipe in RECIPES if recipe != TAUGHT or arguments.teachers]
    chosen: Sequence[str] = arguments.recipes or usual
    if (TAUGHT in chosen) != bool(arguments.teachers):
        raise TrainingError(
            f"the recipe {TAUGHT} and --teachers belong together; name an encoder.keras as a teacher, such as "
            "models/default/encoder.keras, or leave both out"
        )
    return chosen


def _refuse_in_vain(arguments: argparse.Namespace, recipes: Sequence[str]) -> None:
    """Raise what would be found out, or not at all, after hours of training."""
    refuse_place(arguments.out)
    if arguments.card is not None:
        model_card.refuse_place(arguments.card)
    load_face_model(arguments.face_model)
    for recipe in recipes:
        refuse_another(arguments, recipe)
    refuse_mixed(arguments, recipes)
