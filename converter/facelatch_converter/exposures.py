"""What a camera makes of a rendering: its depth sensor, its driver's faults, its light, and what training adds."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import numpy as np

from facelatch.preprocess import Crop, CropSpec
from facelatch_converter.augment import Style, augment, blind, draw_style
from facelatch_converter.faults import disturb
from facelatch_converter.recipe import SENSOR_SHARES, TRAINED_FAULTS, Recipe
from facelatch_converter.render import Rendering
from facelatch_converter.sensors import SENSORS, AnySensor, measure, to_crop


class Light(StrEnum):
    """What a crop's image shows."""

    COLOUR = "colour"
    INFRARED = "infrared"
    NONE = "none"


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


@dataclass(frozen=True, slots=True)
class Circumstance:
    """What a picture is taken with, whoever is on it."""

    sensor: AnySensor
    fault: str
    light: Light
    style: Style | None
    """None for crops that are not augmented."""


def choose_light(recipe: Recipe, rng: np.random.Generator) -> Light:
    """What a crop's image shows, by the recipe's shares."""
    light = rng.random()
    if light > 1 - recipe.blind:
        return Light.NONE
    return Light.INFRARED if light < recipe.infrared else Light.COLOUR


def draw_circumstance(
    recipe: Recipe, augmented: float, rng: np.random.Generator, light: Light | None = None
) -> Circumstance:
    """A circumstance, in a light that is given or drawn."""
    light = light or choose_light(recipe, rng)
    return Circumstance(
        sensor=SENSORS[str(rng.choice(list(SENSOR_SHARES), p=list(SENSOR_SHARES.values())))],
        fault=str(rng.choice(TRAINED_FAULTS)) if rng.random() < recipe.faulty else "",
        light=light,
        style=draw_style(rng) if rng.random() < augmented else None,
    )


def expose(
    rendering: Rendering,
    centre_mm: float,
    circumstance: Circumstance,
    spec: CropSpec,
    rng: np.random.Generator,
) -> Crop:
    """The crop that a camera takes of a compact rendering, whose centre is so far away."""
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


def expose_perfectly(rendering: Rendering, centre_mm: float, light: Light, spec: CropSpec) -> Crop:
    """The crop that a camera without noise, faults and lost readings would take of a compact rendering."""
    rendering = _expand(rendering)
    crop = to_crop(rendering, rendering.depth_mm, centre_mm, spec, light is Light.INFRARED)
    return blind(crop) if light is Light.NONE else crop


def compact(rendering: Rendering) -> Rendering:
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
