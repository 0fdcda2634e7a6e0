"""The runs of `compare-recipes`: one for each recipe, all made with the same budget on the same people."""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from facelatch_converter import train
from facelatch_converter.architecture import NETWORK
from facelatch_converter.errors import TrainingError
from facelatch_converter.records import read_record
from facelatch_converter.runs import RECORD_FILE, fill, to_network
from facelatch_converter.start import find_start

TURNED = "turned"
TAUGHT = "taught"
RECIPES: tuple[str, ...] = (*train.LOSSES, TURNED, TAUGHT)

_SAME = (
    *(name for name in train.DEFAULTS if name not in ("crops", "teachers")),
    "held_out", "seed", "turned", "face_model_sha256", "start", "workers",
)  # fmt: skip
"""Arguments that a run must have been made with; it may have had fewer crops so far. Each of the workers renders people
of its own, so their number decides who is seen."""
_OPTIONS = {"face_model_sha256": "face-model", "start": "from"}
"""By which option an argument of another name is chosen."""


def train_recipe(arguments: argparse.Namespace, recipe: str) -> None:
    """Make the run of one recipe, or the rest of it; nothing where it is there already."""
    begun = _is_begun(arguments.out / recipe)
    if begun and read_run(arguments.out / recipe)["crops"] >= arguments.crops:
        return
    print(f"{recipe}:")
    train.run(_to_training(arguments, recipe, resume=begun), turned=recipe == TURNED)


def refuse_another(arguments: argparse.Namespace, recipe: str) -> None:
    """Raise `TrainingError` where the recipe's folder holds a run that was made with anything else than asked now."""
    folder = arguments.out / recipe
    if not _is_begun(folder):
        return
    record = read_run(folder)
    told = [record["arguments"], *(record.get("phases") or [])]
    asked = _asked(arguments, recipe)
    other = [name for name in _SAME if any(one.get(name, asked.get(name)) != asked.get(name) for one in told)]
    other += ["crops"] * any(one.get("crops", 0) > arguments.crops for one in told)
    other += ["teachers"] * (_taught_by(record) != _teachers(arguments, recipe))
    other += ["how its teachers weighed"] * _weighed_otherwise(record)
    if other:
        names = " and ".join(_OPTIONS.get(name, name).replace("_", "-") for name in other)
        raise TrainingError(
            f"{folder}: its run differs in {names} from what is asked now; ask for the same as then, if this release "
            "can, or choose another folder by --out"
        )


def refuse_mixed(arguments: argparse.Namespace, recipes: Sequence[str]) -> None:
    """Raise `TrainingError` where runs have not all the same network, or one of another network would have to go on."""
    found = {recipe: _network(arguments, recipe) for recipe in recipes}
    if len(set(found.values())) > 1:
        network = min(set(found.values()) - {NETWORK})
        theirs = " and ".join(recipe for recipe, one in found.items() if one == network)
        raise TrainingError(
            f"{arguments.out}: {theirs} trained network {network}, not all of the other recipes; name {theirs} "
            "alone by --recipes, or choose another folder by --out"
        )


def _network(arguments: argparse.Namespace, recipe: str) -> int:
    """Which network a recipe's run has or will have; raises `TrainingError` for an unfinished one of another."""
    folder = arguments.out / recipe
    if not _is_begun(folder):
        return NETWORK
    record = read_run(folder)
    network = to_network(record.get("versions"))
    if network != NETWORK and record["crops"] < arguments.crops:
        raise TrainingError(
            f"{folder}: its run trained network {network}, this release trains {NETWORK} and cannot go on with it; ask "
            f"for --crops {record['crops']} as then, or choose another folder by --out"
        )
    return network


def read_run(folder: Path) -> Mapping[str, Any]:
    """The record of a run that has reported; raises `TrainingError` for one that has not."""
    record = read_record(folder / RECORD_FILE)
    if not record.get("reports"):
        raise TrainingError(f"{folder}: its run made no report; delete the folder and start again")
    return record


def budgets(record: Mapping[str, Any]) -> tuple[int, ...]:
    """The crops that a run was meant for, first and whenever it was resumed to a larger budget.

    Each of them has a schedule of its own, so such a run is not made as one that had its last budget at once.
    """
    told = [record.get("arguments") or {}, *(record.get("phases") or [])]
    return tuple(dict.fromkeys(one["crops"] for one in told if "crops" in one))


def to_row(record: Mapping[str, Any]) -> dict[str, Any]:
    """What `recipes.json` keeps of a run: its crops and reports, and how it was made, without folders."""
    return {
        "crops": record["crops"],
        "workers": (record.get("arguments") or {}).get("workers"),
        "resumed": record.get("resumed", 0),
        "phases": [
            {name: value for name, value in phase.items() if name != "teachers"}
            for phase in record.get("phases") or []
        ],
        "reports": record["reports"],
    }


def _is_begun(folder: Path) -> bool:
    return (folder / RECORD_FILE).is_file()


def _to_training(arguments: argparse.Namespace, recipe: str, *, resume: bool) -> argparse.Namespace:
    """The arguments of `train` for the run of one recipe."""
    loss = recipe if recipe in train.LOSSES else train.DEFAULTS["loss"]
    given = {
        "face-model": arguments.face_model, "out": arguments.out / recipe, "loss": loss, "crops": arguments.crops,
        "people": arguments.people, "views": arguments.views, "precision": arguments.precision,
        "workers": arguments.workers, "held-out": arguments.held_out, "report-every": arguments.report_every,
        "seed": arguments.seed,
    }  # fmt: skip
    words = [word for name, value in given.items() for word in (f"--{name}", str(value))]
    if recipe == TAUGHT:
        words += ["--teachers", *map(str, arguments.teachers)]
    parser = argparse.ArgumentParser()
    train.add_arguments(parser)
    return parser.parse_args([*words, *(["--resume"] if resume else [])])


def _asked(arguments: argparse.Namespace, recipe: str) -> Mapping[str, Any]:
    """What a record says of a run that is made now."""
    training = _to_training(arguments, recipe, resume=False)
    fill(training, train.DEFAULTS)
    return train.to_given(training) | {"turned": recipe == TURNED}


def _taught_by(record: Mapping[str, Any]) -> list[str]:
    return [teacher["sha256"] for teacher in record.get("taught_by") or []]


def _weighed_otherwise(record: Mapping[str, Any]) -> bool:
    taught_by = record.get("taught_by") or []
    return any(
        not train.teaching(place).items() <= teacher.items() for place, teacher in enumerate(taught_by)
    )


def _teachers(arguments: argparse.Namespace, recipe: str) -> list[str]:
    """Checksums, because the same encoder may lie elsewhere now; in order, because the first one's space is learnt."""
    return [find_start(path).sha256 for path in arguments.teachers] if recipe == TAUGHT else []
