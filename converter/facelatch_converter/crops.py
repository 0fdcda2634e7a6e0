"""Endless labelled training crops: new people, each seen several times, straight from the renderer."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from facelatch.preprocess import Crop, CropSpec, encode
from facelatch_converter.augment import Style, augment, blind, draw_style
from facelatch_converter.expressions import draw_wide_expression
from facelatch_converter.face_model import FaceModel
from facelatch_converter.faults import FAULTS, OVER_SMOOTHED, disturb
from facelatch_converter.look_alikes import draw_groups, reach_mm
from facelatch_converter.people import Person, draw_person
from facelatch_converter.regions import Regions, find_regions
from facelatch_converter.render import Rendering, View, express, pose, render_crop
from facelatch_converter.repeats import mirror_signs, show_again
from facelatch_converter.scenes import Range, draw_expression, draw_light, draw_view
from facelatch_converter.sensors import (
    ACTIVE_STEREO,
    KINECT_V1,
    NARROW_STEREO,
    SENSORS,
    WIDE_BASELINE,
    AnySensor,
    measure,
    to_crop,
)
from facelatch_converter.wear.accessories import ACCESSORIES, dress, wear

Tensors = npt.NDArray[np.int8]
Real = npt.NDArray[np.float32]

STEPS = 127
"""Tensors travel as int8, real = value / 127: what the board's quantisation leaves of them anyway."""


TRAINING = 7_261_969
"""Begins every training seed, so that no person of a rendered data set is one that training drew."""


SENSOR_SHARES: dict[str, float] = {
    ACTIVE_STEREO.name: 0.4,
    NARROW_STEREO.name: 0.2,
    WIDE_BASELINE.name: 0.15,
    KINECT_V1.name: 0.25,
}
"""Which sensors training crops come from. Time of flight is kept out: `protocols` measures on it what a sensor does
that nobody trained for."""

TRAINED_FAULTS = tuple(fault for fault in FAULTS if fault != OVER_SMOOTHED)
"""The driver's own smoothing is kept out, for the same reason."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How training crops are drawn."""

    people: int = 32
    views: int = 3
    reused: float = 0.85
    """Share of a batch's people that were rendered before; their sensor noise and augmentation are new."""
    rendered: int = 6
    """How often each person is rendered; a batch takes `views` of these."""
    remembered: int = 1000
    """How many rendered people are kept for reuse."""
    repeated: float = 0.5
    """Share of batches of crops that were shown before, see `repeats`."""
    kept: int = 12
    """How many crops of each remembered person are kept to be shown again."""
    grouped: float = 0.6
    """Share of batches whose people come in groups of `group` who look alike, see `look_alikes`."""
    group: int = 8
    limits: Range = field(default_factory=lambda: Range(35, 25, 15, 300, 1200))
    jitter: float = 1.0
    """Scales how much the crops' centres scatter; 1 is as `locate` does."""
    infrared: float = 0.2
    """Share of crops lit by infrared instead of visible light."""
    blind: float = 0.2
    """Share of crops without any image."""
    augmented: float = 0.65
    """Share of crops that are augmented; the rest is as the sensor gave it."""
    sharpened: float = 0.35
    """The same from `sharpen_from` on: the last part of a run sees mostly what a good camera delivers."""
    sharpen_from: float = 0.65
    """Which share of a run comes before that."""
    dressed: float = 0.35
    """Share of renderings with glasses, a cap, a mask, other hair or a hand; each view has its own."""
    grimacing: float = 0.3
    """Share of renderings with a wide expression."""
    hard: float = 0.2
    """Share of renderings in light that a camera cannot cope with."""
    faulty: float = 0.25
    """Share of crops from a camera that has one of `TRAINED_FAULTS`."""
    steady: float = 0.0
    """Share of people who are seen in one light by all views of a batch: all in colour, in infrared or without an
    image. The others must be recognised from one light in another, for which skin and eyes are of no use."""
    alike: float = 0.5
    """Share of batches whose crops all share one camera, light and style, so that only faces tell people apart."""


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Labelled crops of `people` x `views`."""

    tensors: Tensors
    """(people * views, size, size, 4)."""
    weights: npt.NDArray[np.float32]
    """(people * views, identities), the known shape coefficients."""
    labels: npt.NDArray[np.int32]
    """(people * views,), a number per person, valid in this batch only."""


@dataclass(frozen=True, slots=True, eq=False)
class Rendered:
    """One person's views before a sensor saw them."""

    weights: npt.NDArray[np.float32]
    views: tuple[tuple[Rendering, float], ...]
    """Each with the depth of the crop's centre in millimetres."""
    shown: "deque[Shown]"
    """The latest crops of this person, as cameras took them."""


class Light(StrEnum):
    """What a crop's image shows."""

    COLOUR = "colour"
    INFRARED = "infrared"
    NONE = "none"


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """A crop that was shown before, and in which light."""

    tensor: Tensors
    light: Light


def batches(
    model: FaceModel,
    spec: CropSpec,
    recipe: Recipe,
    seed: int,
    stream: int,
    progress: Callable[[], float] = lambda: 0.0,
) -> Iterator[Batch]:
    """Batches without end; `stream` tells parallel workers apart, equal arguments give equal batches.

    `progress` says how much of the run is over, from 0 to 1.
    """
    rng = np.random.default_rng([TRAINING, seed, stream])
    regions = find_regions(model)
    signs, reach = mirror_signs(model), reach_mm(model)
    memory: deque[Rendered] = deque(maxlen=recipe.remembered)
    while True:
        augmented = recipe.augmented if progress() < recipe.sharpen_from else recipe.sharpened
        # Few remembered people would be seen over and over again.
        wanted = int(recipe.people * recipe.reused)
        enough = max(wanted, min(10 * recipe.people, recipe.remembered))
        reused = wanted if len(memory) >= enough else 0
        if reused and rng.random() < recipe.repeated:
            yield _show_again(_meet(memory, recipe.people, reach, recipe, rng), signs, recipe, rng)
            continue
        fresh = [render_person(model, regions, spec, recipe, rng) for _ in range(recipe.people - reused)]
        old = _meet(memory, reused, reach, recipe, rng) if reused else []
        memory.extend(fresh)
        yield _expose_all(fresh + old, spec, recipe, augmented, rng)


def render_person(
    model: FaceModel, regions: Regions, spec: CropSpec, recipe: Recipe, rng: np.random.Generator
) -> Rendered:
    """A new person, seen `recipe.rendered` times."""
    person = draw_person(model, regions, rng, spread=float(rng.uniform(0.9, 1.2)))
    count = max(recipe.rendered, recipe.views)
    views = tuple(render_view(model, person, spec, recipe, rng) for _ in range(count))
    kept = max(recipe.kept, recipe.views) if recipe.repeated else 0
    return Rendered(person.weights, views, deque(maxlen=kept))


def render_view(
    model: FaceModel, person: Person, spec: CropSpec, recipe: Recipe, rng: np.random.Generator
) -> tuple[Rendering, float]:
    """One crop of a person in a random pose, expression and light, and its centre's depth."""
    view = draw_view(recipe.limits, rng)
    draw = draw_wide_expression if rng.random() < recipe.grimacing else draw_expression
    vertices = express(model, person, draw(model, rng, float(rng.uniform(0.4, 1))))
    light = draw_light(rng, recipe.hard)
    if rng.random() < recipe.dressed:
        names = rng.choice(ACCESSORIES, 2 if rng.random() < 0.2 else 1, replace=False)
        worn = [wear(str(name), model, person, vertices, rng) for name in names]
        head = dress(model, person, vertices, worn, view, light)
    else:
        head = pose(model, vertices, person.albedo, person.infrared_albedo, view, light)
    x, y, z = np.array(view.position_mm) + locate_offset_mm(view, recipe.jitter, rng)
    focal = float(rng.uniform(380, 640))
    return _compact(render_crop(head, (x, y, z), focal, spec)), float(z)


def locate_offset_mm(view: View, jitter: float, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """Where `locate` puts its point, against the middle of the nose, camera axes (3,).

    Measured on rendered frames, and anew by `facelatch-convert benchmark-locate`: the point lies on the bridge of
    the nose and follows the pose a little; its error has heavy tails, so one crop in twenty errs three times as much.
    """
    offset = np.array((0.11 * view.yaw_deg, -14 - 0.1 * view.pitch_deg, 12 + 0.39 * view.pitch_deg))
    tail = 3.0 if rng.random() < 0.05 else 1.0
    scattered: npt.NDArray[np.float64] = offset + rng.normal(0, (2.0, 3.4, 3.4)) * jitter * tail
    return scattered


def expose_crop(
    rendering: Rendering,
    centre_mm: float,
    sensor: AnySensor,
    spec: CropSpec,
    infrared: bool,
    rng: np.random.Generator,
    fault: str = "",
) -> Crop:
    """The crop that a sensor makes of a rendering."""
    depth_mm = measure(rendering, sensor, rng, fault)
    return to_crop(disturb(rendering, fault, rng), depth_mm, centre_mm, spec, infrared)


def _expose_all(
    people: list[Rendered], spec: CropSpec, recipe: Recipe, augmented: float, rng: np.random.Generator
) -> Batch:
    count = len(people) * recipe.views
    tensors = np.empty((count, spec.size_px, spec.size_px, 4), np.int8)
    shared = _draw_circumstance(recipe, augmented, rng) if rng.random() < recipe.alike else None
    place = 0
    for person in people:
        steady = _draw_light(recipe, rng) if rng.random() < recipe.steady else None
        for view in rng.choice(len(person.views), recipe.views, replace=False):
            circumstance = shared or _draw_circumstance(recipe, augmented, rng, steady)
            tensors[place] = np.rint(
                encode(_expose(person.views[int(view)], circumstance, spec, rng), spec) * STEPS
            )
            person.shown.append(Shown(tensors[place].copy(), circumstance.light))
            place += 1
    weights = np.repeat(np.stack([person.weights for person in people]), recipe.views, axis=0)
    labels = np.repeat(np.arange(len(people), dtype=np.int32), recipe.views)
    return Batch(tensors, weights, labels)


def _meet(
    memory: deque[Rendered], count: int, reach: Real, recipe: Recipe, rng: np.random.Generator
) -> list[Rendered]:
    """So many of the people remembered; all of them were shown at least once."""
    count = min(count, len(memory))
    if rng.random() < recipe.grouped:
        shapes = np.stack([person.weights for person in memory]) * reach
        return [memory[place] for place in draw_groups(shapes, count, recipe.group, rng)]
    return [memory[int(place)] for place in rng.choice(len(memory), count, replace=False)]


def _show_again(
    people: list[Rendered], signs: npt.NDArray[np.float32], recipe: Recipe, rng: np.random.Generator
) -> Batch:
    """A batch of kept crops; half of the people are mirrored, which makes other people of them."""
    mirrored = rng.random(len(people)) < 0.5
    tensors = np.stack(
        [
            show_again(shown.tensor, bool(turned), rng)
            for person, turned in zip(people, mirrored, strict=True)
            for shown in _pick(person.shown, recipe, rng)
        ]
    )
    weights = np.stack([person.weights for person in people])
    weights = np.where(mirrored[:, None], weights * signs, weights).astype(np.float32)
    labels = np.arange(len(people), dtype=np.int32)
    return Batch(tensors, np.repeat(weights, recipe.views, axis=0), np.repeat(labels, recipe.views))


def _pick(shown: Sequence[Shown], recipe: Recipe, rng: np.random.Generator) -> list[Shown]:
    """As many crops of a person as a batch takes, of the steady all in the light of one of them if there are enough."""
    kept = list(shown)
    if rng.random() < recipe.steady:
        light = kept[int(rng.integers(len(kept)))].light
        alike = [one for one in kept if one.light is light]
        kept = alike if len(alike) >= recipe.views else kept
    return [kept[int(number)] for number in rng.choice(len(kept), recipe.views, replace=False)]


@dataclass(frozen=True, slots=True)
class _Circumstance:
    """What a picture is taken with, whoever is on it."""

    sensor: AnySensor
    fault: str
    light: Light
    style: Style | None
    """None for crops that are not augmented."""


def _draw_light(recipe: Recipe, rng: np.random.Generator) -> Light:
    light = rng.random()
    if light > 1 - recipe.blind:
        return Light.NONE
    return Light.INFRARED if light < recipe.infrared else Light.COLOUR


def _draw_circumstance(
    recipe: Recipe, augmented: float, rng: np.random.Generator, light: Light | None = None
) -> _Circumstance:
    """A circumstance, in a light that is given or drawn."""
    light = light or _draw_light(recipe, rng)
    return _Circumstance(
        sensor=SENSORS[str(rng.choice(list(SENSOR_SHARES), p=list(SENSOR_SHARES.values())))],
        fault=str(rng.choice(TRAINED_FAULTS)) if rng.random() < recipe.faulty else "",
        light=light,
        style=draw_style(rng) if rng.random() < augmented else None,
    )


def _expose(
    view: tuple[Rendering, float], circumstance: _Circumstance, spec: CropSpec, rng: np.random.Generator
) -> Crop:
    rendering, centre_mm = view
    crop = expose_crop(
        _expand(rendering),
        centre_mm,
        circumstance.sensor,
        spec,
        circumstance.light is Light.INFRARED,
        rng,
        circumstance.fault,
    )
    crop = augment(crop, circumstance.style, rng) if circumstance.style else crop
    return blind(crop) if circumstance.light is Light.NONE else crop


def _compact(rendering: Rendering) -> Rendering:
    """The same in a third of the memory; depth keeps its precision."""
    loss: Any = None if rendering.loss is None else rendering.loss.astype(np.float16)
    return replace(
        rendering,
        loss=loss,
        colour=np.rint(rendering.colour).astype(np.uint8),
        infrared=np.rint(rendering.infrared).astype(np.uint8),
        facing=rendering.facing.astype(np.float16),
    )


def _expand(rendering: Rendering) -> Rendering:
    loss = None if rendering.loss is None else rendering.loss.astype(np.float32)
    return replace(
        rendering,
        loss=loss,
        colour=rendering.colour.astype(np.float32),
        infrared=rendering.infrared.astype(np.float32),
        facing=rendering.facing.astype(np.float32),
    )
