"""MakeHuman's sliders for a head, and heads drawn by moving all of them at once.

A slider has one target for each direction. Race, sex, age and weight mix whole targets; the rest of a face (forehead,
eyes, nose, mouth, cheeks, chin, ears) moves by sliders of its own, left and right nearly alike.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from facelatch_converter.errors import FaceModelError
from facelatch_converter.makehuman.files import Points, read_target

Weights = npt.NDArray[np.float64]

FEATURES = ("head", "forehead", "eyebrows", "eyes", "nose", "mouth", "ears", "chin", "cheek", "neck")
RACES, SEXES, AGES = ("african", "asian", "caucasian"), ("female", "male"), ("young", "old")
WEIGHTS = ("minweight", "averageweight", "maxweight")

_OPPOSITES = {
    "decr": "incr", "down": "up", "in": "out", "backward": "forward", "concave": "convex",
    "compress": "uncompress",
}  # fmt: skip
_MOVED_AWAY = "-trans-"
"""Sliders of the head and the neck that only move them somewhere else."""


@dataclass(frozen=True, slots=True)
class Slider:
    """Two opposite targets of one feature, or one alone; indices into the targets."""

    feature: str
    """Without its side, so that left and right can move together."""
    low: int | None
    high: int


@dataclass(frozen=True, slots=True, eq=False)
class Wardrobe:
    """All targets for a head, on the vertices that it has."""

    macros: dict[tuple[str, ...], int]
    """Indices of the targets of (race, sex, age) and of (sex, age, weight)."""
    sliders: tuple[Slider, ...]
    targets: Points
    """(targets, n, 3) centimetres."""


def read_wardrobe(
    folder: Path, count: int, used: npt.NDArray[np.intp], progress: Callable[[int], object]
) -> Wardrobe:
    """The targets below MakeHuman's `targets` folder for the `used` of the base mesh's `count` vertices.

    `progress` is told the number of files after each. Raises `FaceModelError` for what is missing or damaged.
    """
    macros = {
        (race, sex, age): folder / "macrodetails" / f"{race}-{sex}-{age}.target"
        for race in RACES for sex in SEXES for age in AGES
    } | {
        (sex, age, weight): folder / "macrodetails" / f"universal-{sex}-{age}-averagemuscle-{weight}.target"
        for sex in SEXES for age in AGES for weight in WEIGHTS
    }  # fmt: skip
    features = [path for name in FEATURES for path in sorted((folder / name).glob("*.target"))]
    features = [
        path for path in features if not (path.stem.startswith(("head", "neck")) and _MOVED_AWAY in path.stem)
    ]
    if not features:
        raise FaceModelError(f"{folder}: has no targets of a head; name MakeHuman's data folder")
    paths = [*macros.values(), *features]
    targets = np.empty((len(paths), len(used), 3), np.float32)
    for place, path in enumerate(paths):
        targets[place] = read_target(path, count)[used]
        progress(len(paths))
    index = {path.stem: len(macros) + place for place, path in enumerate(features)}
    return Wardrobe({name: place for place, name in enumerate(macros)}, _sliders(index), targets)


def _sliders(index: dict[str, int]) -> tuple[Slider, ...]:
    lows = {high: low for low, high in _OPPOSITES.items()}
    sliders = []
    for stem, place in index.items():
        name, _, end = stem.rpartition("-")
        if end in _OPPOSITES and f"{name}-{_OPPOSITES[end]}" in index:
            continue
        low = index.get(f"{name}-{lows[end]}") if end in lows else None
        feature = stem if low is None else name
        sliders.append(Slider(feature.removeprefix("l-").removeprefix("r-"), low, place))
    return tuple(sliders)


def draw_heads(wardrobe: Wardrobe, count: int, rng: np.random.Generator) -> Weights:
    """How far each target goes in each of `count` heads, (count, targets)."""
    drawn = np.zeros((count, len(wardrobe.targets)))
    race = rng.dirichlet((0.7, 0.7, 0.7), count)
    sex = rng.beta(0.5, 0.5, count)
    old = rng.uniform(0, 1, count) ** 1.5
    heavy = np.clip(rng.normal(0, 0.5, count), -1, 1)
    share = {
        **{name: race[:, place] for place, name in enumerate(RACES)},
        "female": 1 - sex, "male": sex, "young": 1 - old, "old": old,
        "minweight": np.maximum(-heavy, 0), "averageweight": 1 - np.abs(heavy), "maxweight": np.maximum(heavy, 0),
    }  # fmt: skip
    for names, place in wardrobe.macros.items():
        drawn[:, place] = np.prod([share[name] for name in names], axis=0)
    common = {slider.feature: rng.normal(0, 0.33, count) for slider in wardrobe.sliders}
    for slider in wardrobe.sliders:
        value = np.clip(common[slider.feature] + rng.normal(0, 0.08, count), -1, 1)
        drawn[:, slider.high] = np.maximum(value, 0)
        if slider.low is not None:
            drawn[:, slider.low] = np.maximum(-value, 0)
    return drawn
