"""Endless labelled training crops: new people, each seen several times, straight from the renderer."""

import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count

import numpy as np
import numpy.typing as npt

from facelatch.preprocess import Crop, CropSpec, encode
from facelatch_converter import ageing
from facelatch_converter.exposures import (
    Light,
    choose_light,
    compact,
    draw_circumstance,
    expose,
    expose_perfectly,
)
from facelatch_converter.expressions import draw_wide_expression
from facelatch_converter.face_model import FaceModel
from facelatch_converter.look_alikes import draw_groups, near, reach_mm
from facelatch_converter.people import Person, draw_person
from facelatch_converter.recipe import Recipe
from facelatch_converter.regions import Regions, find_regions
from facelatch_converter.render import Posed, Rendering, View, express, pose, render_crop
from facelatch_converter.repeats import mirror_signs, show_again
from facelatch_converter.scenes import draw_expression, draw_light, draw_view
from facelatch_converter.turned import to_front
from facelatch_converter.wear.accessories import ACCESSORIES, PRACTISED, dress, wear

Tensors = npt.NDArray[np.int8]
Real = npt.NDArray[np.float32]

STEPS = 127
"""Tensors travel as int8, real = value / 127: what the board's quantisation leaves of them anyway."""


LIGHTS = tuple(Light)

TRAINING = 7_261_969
"""Begins every training seed, so that no person of a rendered data set is one that training drew."""


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Labelled crops of `people` x `views`."""

    tensors: Tensors
    """(people * views, size, size, 4)."""
    weights: npt.NDArray[np.float32]
    """(people * views, identities), the known shape coefficients; of the aged those from before."""
    labels: npt.NDArray[np.int32]
    """(people * views,), a number per person, valid in this batch only."""
    people: npt.NDArray[np.int64]
    """(people * views,), a number per person, the same in all batches of a stream; a mirrored person is another."""
    lights: npt.NDArray[np.int8]
    """(people * views,), what each image shows: the place among `LIGHTS`."""
    introduced: "Introduction | None" = None
    """What teachers see of the people whom no batch of the stream has shown before; None where the recipe asks for
    none."""


@dataclass(frozen=True, slots=True, eq=False)
class Introduction:
    """People as their student will never see them: bare, calm and without noise, from several sides, in every light.

    Source: Lopez-Paz et al., "Unifying distillation and privileged information", ICLR 2016.
    """

    tensors: Tensors
    """(n, size, size, 4)."""
    people: npt.NDArray[np.int64]
    """(n,), as `Batch.people`; nobody is introduced mirrored."""
    lights: npt.NDArray[np.int8]
    """(n,), as `Batch.lights`."""
    stream: int
    """The stream of batches that remembers these people."""


@dataclass(frozen=True, slots=True, eq=False)
class RenderedView:
    """A person as one crop shows them."""

    rendering: Rendering
    centre_mm: float
    """The depth of the crop's centre."""
    bare: Rendering | None = None
    """The same with nothing worn and a calm face; None where the recipe asks for none, and where it was used up."""


@dataclass(frozen=True, slots=True)
class Origin:
    """What a person was drawn from: an equal one gives the same skin, hair and flesh."""

    seed: int
    spread: float
    """Of the shape coefficients."""


@dataclass(frozen=True, slots=True, eq=False)
class Rendered:
    """One person's views before a sensor saw them."""

    number: int
    """No other person of the stream has it."""
    weights: npt.NDArray[np.float32]
    origin: Origin
    views: tuple[RenderedView, ...]
    shown: "deque[Shown]"
    """The latest crops of this person, as cameras took them."""
    perfect: "tuple[tuple[Light, Tensors], ...]" = ()
    """The person's faces for teachers, each with its light; none where the recipe asks for none, and once they were
    introduced."""


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
    numbers = count(stream << 32)
    while True:
        augmented = recipe.augmented if progress() < recipe.sharpen_from else recipe.sharpened
        # Few remembered people would be seen over and over again.
        wanted = int(recipe.people * recipe.reused)
        enough = max(wanted, min(10 * recipe.people, recipe.remembered))
        reused = wanted if len(memory) >= enough else 0
        if reused and rng.random() < recipe.repeated:
            yield _show_again(_meet(memory, recipe.people, reach, recipe, rng), signs, recipe, rng)
            continue
        fresh = [
            render_person(
                model, regions, spec, recipe, next(numbers), rng, _choose_sibling(memory, recipe, rng)
            )
            for _ in range(recipe.people - reused)
        ]
        introduced = _introduce(fresh, stream)
        # Teachers look once; a thousand people's faces for them are a gigabyte.
        fresh = [replace(person, perfect=()) for person in fresh]
        old = _meet(memory, reused, reach, recipe, rng) if reused else []
        memory.extend(fresh)
        yield replace(_expose_all(fresh + old, spec, recipe, augmented, rng), introduced=introduced)


def render_person(
    model: FaceModel,
    regions: Regions,
    spec: CropSpec,
    recipe: Recipe,
    number: int,
    rng: np.random.Generator,
    sibling: Rendered | None = None,
) -> Rendered:
    """A new person, seen `recipe.rendered` times or as often as a batch asks, every other time perhaps years later.

    A sibling has the same skin and hair and nearly the same shape.
    """
    person, origin = draw_somebody(model, regions, recipe, rng, sibling)
    later = person
    # Nothing is drawn where nobody ages: such recipes go on giving the crops that they gave.
    if recipe.aged and rng.random() < recipe.aged:
        later = draw_years_later(model, regions, recipe, rng, person, origin)
    times = max(recipe.rendered, math.ceil(recipe.views / recipe.exposed))
    views = tuple(
        render_view(model, later if place % 2 else person, spec, recipe, rng) for place in range(times)
    )
    perfect = tuple(
        (light, _to_steps(expose_perfectly(view.bare, view.centre_mm, light, spec), spec, recipe))
        for view in views
        if view.bare is not None
        for light in LIGHTS
    )
    views = tuple(replace(view, bare=None) for view in views)
    kept = max(recipe.kept, recipe.views) if recipe.repeated else 0
    return Rendered(number, person.weights, origin, views, deque(maxlen=kept), perfect)


def _choose_sibling(memory: Sequence[Rendered], recipe: Recipe, rng: np.random.Generator) -> Rendered | None:
    """Somebody remembered whom a new person is to resemble, or nobody."""
    if not memory or rng.random() >= recipe.siblings:
        return None
    return memory[int(rng.integers(len(memory)))]


def draw_somebody(
    model: FaceModel, regions: Regions, recipe: Recipe, rng: np.random.Generator, sibling: Rendered | None
) -> tuple[Person, Origin]:
    """A new person, or a sibling's near relation, and what they were drawn from."""
    if sibling is None:
        origin = Origin(int(rng.integers(2**63)), float(rng.uniform(0.9, 1.2)))
        return draw_person(model, regions, np.random.default_rng(origin.seed), origin.spread), origin
    origin = sibling.origin
    shape = _draw_near(sibling.weights, origin, recipe.apart, rng)
    own = np.random.default_rng(origin.seed)
    return draw_person(model, regions, own, origin.spread, reshape=lambda _: shape), origin


def draw_years_later(
    model: FaceModel,
    regions: Regions,
    recipe: Recipe,
    rng: np.random.Generator,
    person: Person,
    origin: Origin,
) -> Person:
    """The same person after some years."""
    shape = _draw_near(person.weights, origin, recipe.drift, rng)
    return draw_person(
        model,
        regions,
        np.random.default_rng(origin.seed),
        origin.spread,
        reshape=lambda _: shape,
        regrow=lambda hair: ageing.grown(hair, rng),
        reflesh=lambda flesh: ageing.fallen(flesh, rng),
    )


def _draw_near(weights: Real, origin: Origin, apart: tuple[float, float], rng: np.random.Generator) -> Real:
    """Coefficients as far from somebody's, on the way to a stranger's of the same spread, as the range says."""
    other = (rng.normal(size=len(weights)) * origin.spread).astype(np.float32)
    return near(weights, other, float(rng.uniform(*apart)))


def render_view(
    model: FaceModel, person: Person, spec: CropSpec, recipe: Recipe, rng: np.random.Generator
) -> RenderedView:
    """One crop of a person in a random pose, expression and light."""
    view = draw_view(recipe.limits, rng)
    draw = draw_wide_expression if rng.random() < recipe.grimacing else draw_expression
    vertices = express(model, person, draw(model, rng, float(rng.uniform(0.4, 1))))
    light = draw_light(rng, recipe.hard)
    worn = [wear(name, model, person, vertices, rng) for name in draw_worn(recipe, rng)]
    if worn:
        head = dress(model, person, vertices, worn, view, light)
    else:
        head = pose(model, vertices, person.albedo, person.infrared_albedo, view, light)
    x, y, z = np.array(view.position_mm) + locate_offset_mm(view, recipe.jitter, rng)
    focal = float(rng.uniform(380, 640))

    def render(posed: Posed) -> Rendering:
        return compact(render_crop(posed, (x, y, z), focal, spec))

    bare = None
    if recipe.privileged:
        calm = express(model, person, np.zeros(len(model.expression_names), np.float32))
        bare = render(pose(model, calm, person.albedo, person.infrared_albedo, view, light))
    return RenderedView(render(head), float(z), bare)


def draw_worn(recipe: Recipe, rng: np.random.Generator) -> list[str]:
    """What somebody wears or holds: mostly nothing, seldom two things."""
    if rng.random() >= recipe.dressed:
        return []
    names = rng.choice(ACCESSORIES, 2 if rng.random() < 0.2 else 1, replace=False, p=PRACTISED)
    return [str(name) for name in names]


def locate_offset_mm(view: View, jitter: float, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """Where `locate` puts its point, against the middle of the nose, camera axes (3,).

    Measured on rendered frames, and anew by `facelatch-convert benchmark-locate`: the point lies on the bridge of
    the nose and follows the pose a little; its error has heavy tails, so one crop in twenty errs three times as much.
    """
    offset = np.array((0.11 * view.yaw_deg, -14 - 0.1 * view.pitch_deg, 12 + 0.39 * view.pitch_deg))
    tail = 3.0 if rng.random() < 0.05 else 1.0
    scattered: npt.NDArray[np.float64] = offset + rng.normal(0, (2.0, 3.4, 3.4)) * jitter * tail
    return scattered


def _introduce(people: Sequence[Rendered], stream: int) -> Introduction | None:
    told = [(person.number, light, tensor) for person in people for light, tensor in person.perfect]
    if not told:
        return None
    return Introduction(
        np.stack([tensor for _, _, tensor in told]),
        2 * np.array([number for number, _, _ in told], np.int64),
        _to_places(light for _, light, _ in told),
        stream,
    )


def _to_places(lights: Iterable[Light]) -> npt.NDArray[np.int8]:
    return np.array([LIGHTS.index(light) for light in lights], np.int8)


def _expose_all(
    people: list[Rendered], spec: CropSpec, recipe: Recipe, augmented: float, rng: np.random.Generator
) -> Batch:
    taken: list[Shown] = []
    shared = draw_circumstance(recipe, augmented, rng) if rng.random() < recipe.alike else None
    for person in people:
        steady = choose_light(recipe, rng) if rng.random() < recipe.steady else None
        for view in _choose_views(len(person.views), recipe.views, rng):
            circumstance = shared or draw_circumstance(recipe, augmented, rng, steady)
            seen = person.views[int(view)]
            crop = expose(seen.rendering, seen.centre_mm, circumstance, spec, rng)
            taken.append(Shown(_to_steps(crop, spec, recipe), circumstance.light))
            person.shown.append(taken[-1])
    return Batch(
        np.stack([shown.tensor for shown in taken]),
        np.repeat(np.stack([person.weights for person in people]), recipe.views, axis=0),
        np.repeat(np.arange(len(people), dtype=np.int32), recipe.views),
        np.repeat([2 * person.number for person in people], recipe.views),
        _to_places(shown.light for shown in taken),
    )


def _choose_views(rendered: int, wanted: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Which renderings a batch exposes; each as often as any other where there are fewer than wanted."""
    if wanted <= rendered:
        return rng.choice(rendered, wanted, replace=False)
    return np.resize(rng.permutation(rendered), wanted)


def _to_steps(crop: Crop, spec: CropSpec, recipe: Recipe) -> Tensors:
    tensor = encode(to_front(crop, spec) if recipe.turned else crop, spec)
    steps: Tensors = np.rint(tensor * STEPS).astype(np.int8)
    return steps


def _meet(
    memory: deque[Rendered], wanted: int, reach: Real, recipe: Recipe, rng: np.random.Generator
) -> list[Rendered]:
    """So many of the people remembered; all of them were shown at least once."""
    wanted = min(wanted, len(memory))
    if rng.random() < recipe.grouped:
        shapes = np.stack([person.weights for person in memory]) * reach
        return [memory[place] for place in draw_groups(shapes, wanted, recipe.group, rng)]
    return [memory[int(place)] for place in rng.choice(len(memory), wanted, replace=False)]


def _show_again(
    people: list[Rendered], signs: npt.NDArray[np.float32], recipe: Recipe, rng: np.random.Generator
) -> Batch:
    """A batch of kept crops; half of the people are mirrored, which makes other people of them."""
    mirrored = rng.random(len(people)) < 0.5
    picked = [
        (shown, bool(turned))
        for person, turned in zip(people, mirrored, strict=True)
        for shown in _pick(person.shown, recipe, rng)
    ]
    tensors = np.stack([show_again(shown.tensor, turned, rng) for shown, turned in picked])
    weights = np.stack([person.weights for person in people])
    weights = np.where(mirrored[:, None], weights * signs, weights).astype(np.float32)
    labels = np.arange(len(people), dtype=np.int32)
    numbers = 2 * np.array([person.number for person in people]) + mirrored
    return Batch(
        tensors,
        np.repeat(weights, recipe.views, axis=0),
        np.repeat(labels, recipe.views),
        np.repeat(numbers, recipe.views),
        _to_places(shown.light for shown, _ in picked),
    )


def _pick(shown: Sequence[Shown], recipe: Recipe, rng: np.random.Generator) -> list[Shown]:
    """As many crops of a person as a batch takes, of the steady all in the light of one of them if there are enough."""
    kept = list(shown)
    if rng.random() < recipe.steady:
        light = kept[int(rng.integers(len(kept)))].light
        alike = [one for one in kept if one.light is light]
        kept = alike if len(alike) >= recipe.views else kept
    return [kept[int(number)] for number in rng.choice(len(kept), recipe.views, replace=False)]
