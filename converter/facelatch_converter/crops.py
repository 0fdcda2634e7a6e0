"""Endless labelled training crops: new people, each seen several times, straight from the renderer."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from facelatch.preprocess import Crop, CropSpec, encode
from facelatch_converter.augment import augment, blind
from facelatch_converter.face_model import FaceModel
from facelatch_converter.people import Person, draw_person
from facelatch_converter.regions import Regions, find_regions
from facelatch_converter.render import Rendering, View, express, pose, render_crop
from facelatch_converter.scenes import Range, draw_expression, draw_light, draw_view
from facelatch_converter.sensors import ACTIVE_STEREO, KINECT_V1, Sensor, measure, to_crop

Tensors = npt.NDArray[np.int8]

STEPS = 127
"""Tensors travel as int8, real = value / 127: what the board's quantisation leaves of them anyway."""


TRAINING = 7_261_969
"""Begins every training seed, so that no person of a rendered data set is one that training drew."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How training crops are drawn."""

    people: int = 32
    views: int = 3
    reused: float = 0.65
    """Share of a batch's people that were rendered before; their sensor noise and augmentation are new."""
    remembered: int = 300
    """How many rendered people are kept for reuse."""
    limits: Range = field(default_factory=lambda: Range(35, 25, 15, 300, 900))
    jitter: float = 1.0
    """Scales how much the crops' centres scatter; 1 is as `locate` does."""
    infrared: float = 0.2
    """Share of crops lit by infrared instead of visible light."""
    blind: float = 0.1
    """Share of crops without any image."""
    augmented: float = 0.6
    """Share of crops that are augmented; the rest is as the sensor gave it."""
    kinect: float = 0.2
    """Share of crops taken by structured light."""


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


def batches(model: FaceModel, spec: CropSpec, recipe: Recipe, seed: int, stream: int) -> Iterator[Batch]:
    """Batches without end; `stream` tells parallel workers apart, equal arguments give equal batches."""
    rng = np.random.default_rng([TRAINING, seed, stream])
    regions = find_regions(model)
    memory: deque[Rendered] = deque(maxlen=recipe.remembered)
    while True:
        reused = int(recipe.people * recipe.reused) if len(memory) >= recipe.people else 0
        fresh = [render_person(model, regions, spec, recipe, rng) for _ in range(recipe.people - reused)]
        old = [memory[int(n)] for n in rng.choice(len(memory), reused, replace=False)] if reused else []
        memory.extend(fresh)
        yield _expose_all(fresh + old, spec, recipe, rng)


def render_person(
    model: FaceModel, regions: Regions, spec: CropSpec, recipe: Recipe, rng: np.random.Generator
) -> Rendered:
    """A new person, seen `recipe.views` times."""
    person = draw_person(model, regions, rng, spread=float(rng.uniform(0.9, 1.2)))
    views = tuple(render_view(model, person, spec, recipe, rng) for _ in range(recipe.views))
    return Rendered(person.weights, views)


def render_view(
    model: FaceModel, person: Person, spec: CropSpec, recipe: Recipe, rng: np.random.Generator
) -> tuple[Rendering, float]:
    """One crop of a person in a random pose, expression and light, and its centre's depth."""
    view = draw_view(recipe.limits, rng)
    vertices = express(model, person, draw_expression(model, rng, strength=float(rng.uniform(0.4, 1))))
    head = pose(model, vertices, person.albedo, person.infrared_albedo, view, draw_light(rng))
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
    sensor: Sensor,
    spec: CropSpec,
    infrared: bool,
    rng: np.random.Generator,
) -> Crop:
    """The crop that a sensor makes of a rendering."""
    return to_crop(rendering, measure(rendering, sensor, rng), centre_mm, spec, infrared)


def _expose_all(people: list[Rendered], spec: CropSpec, recipe: Recipe, rng: np.random.Generator) -> Batch:
    count = len(people) * recipe.views
    tensors = np.empty((count, spec.size_px, spec.size_px, 4), np.int8)
    place = 0
    for person in people:
        for rendering, centre_mm in person.views:
            sensor = KINECT_V1 if rng.random() < recipe.kinect else ACTIVE_STEREO
            light = rng.random()
            crop = expose_crop(_expand(rendering), centre_mm, sensor, spec, light < recipe.infrared, rng)
            crop = blind(crop) if light > 1 - recipe.blind else crop
            crop = augment(crop, rng) if rng.random() < recipe.augmented else crop
            tensors[place] = np.rint(encode(crop, spec) * STEPS)
            place += 1
    weights = np.repeat(np.stack([person.weights for person in people]), recipe.views, axis=0)
    labels = np.repeat(np.arange(len(people), dtype=np.int32), recipe.views)
    return Batch(tensors, weights, labels)


def _compact(rendering: Rendering) -> Rendering:
    """The same in a third of the memory; depth keeps its precision."""
    return replace(
        rendering,
        colour=np.rint(rendering.colour).astype(np.uint8),
        infrared=np.rint(rendering.infrared).astype(np.uint8),
        facing=rendering.facing.astype(np.float16),
    )


def _expand(rendering: Rendering) -> Rendering:
    return replace(
        rendering,
        colour=rendering.colour.astype(np.float32),
        infrared=rendering.infrared.astype(np.float32),
        facing=rendering.facing.astype(np.float32),
    )
