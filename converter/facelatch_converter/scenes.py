"""Random circumstances: expression, pose, light, backdrop; drawn from a seed."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from facelatch_converter.face_model import FaceModel
from facelatch_converter.render import Backdrop, Lamp, Light, View

Real = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Range:
    """Limits of a uniform draw of views; angles are drawn from -limit to +limit."""

    yaw_deg: float = 30.0
    pitch_deg: float = 20.0
    roll_deg: float = 12.0
    near_mm: float = 350.0
    far_mm: float = 700.0


def draw_view(limits: Range, rng: np.random.Generator) -> View:
    """A head somewhere around the middle of the image."""
    z = float(rng.uniform(limits.near_mm, limits.far_mm))
    return View(
        yaw_deg=float(rng.uniform(-limits.yaw_deg, limits.yaw_deg)),
        pitch_deg=float(rng.uniform(-limits.pitch_deg, limits.pitch_deg)),
        roll_deg=float(rng.uniform(-limits.roll_deg, limits.roll_deg)),
        position_mm=(float(rng.normal(0, 0.06)) * z, float(rng.normal(0, 0.05)) * z, z),
    )


def draw_expression(model: FaceModel, rng: np.random.Generator, strength: float = 1.0) -> Real:
    """Expression weights (expressions,): up to six movements, left and right mostly together."""
    weights = np.zeros(len(model.expression_names), np.float32)
    pairs = _pairs(model.expression_names)
    for choice in rng.choice(len(pairs), min(int(rng.integers(0, 7)), len(pairs)), replace=False):
        amount = strength * rng.beta(1.2, 2.0)
        for member in pairs[choice]:
            weights[member] = np.clip(amount * rng.uniform(0.7, 1.15), 0, 1)
    return weights


def _pairs(names: tuple[str, ...]) -> list[tuple[int, ...]]:
    """Indices of movements, the left and right half of one movement together."""
    groups: dict[str, list[int]] = {}
    for number, name in enumerate(names):
        groups.setdefault(name.removesuffix("_L").removesuffix("_R"), []).append(number)
    return [tuple(group) for name, group in groups.items() if name != "PupilDilate"]


def draw_light(rng: np.random.Generator, hard: float = 0.0) -> Light:
    """Daylight, lamps of any warmth, side light and back light; infrared from beside the camera.

    `hard` is the share of light that a camera cannot cope with: a window behind the head, far too much or too little
    of it, or an infrared projector too strong or too weak for the distance.
    """
    warmth = rng.normal(0, 0.12)
    tint = np.array([1 + warmth, 1.0, 1 - warmth])
    ambient = rng.uniform(0.08, 0.7)
    lamps = []
    for _ in range(int(rng.integers(0, 3))):
        direction = rng.normal(size=3) * (1.0, 0.7, 0.5) + (0, -0.4, -0.6)
        power = rng.uniform(0.1, 0.8) * (1 + rng.normal(0, 0.1, 3)) * tint
        lamps.append(_lamp(direction, power))
    exposure = rng.uniform(0.75, 1.2) / (ambient + 0.35 * sum(lamp.colour[1] for lamp in lamps))
    exposure = min(exposure, 2.5) * 0.85
    gain = float(rng.uniform(130, 330))
    if hard and rng.random() < hard:
        ambient, exposure, gain = _harden(lamps, ambient, exposure, gain, tint, rng)
    return Light(
        ambient=_triple(ambient * tint * exposure),
        lamps=tuple(Lamp(lamp.direction, _triple(np.array(lamp.colour) * exposure)) for lamp in lamps),
        infrared_gain=gain,
    )


def _harden(
    lamps: list[Lamp],
    ambient: float,
    exposure: float,
    gain: float,
    tint: npt.NDArray[np.float64],
    rng: np.random.Generator,
) -> tuple[float, float, float]:
    """Ambient light, exposure and infrared gain of hard light; a window behind the head joins the lamps."""
    kind = int(rng.integers(4))
    if kind == 0:
        behind = np.array(
            (rng.choice((-1, 1)) * rng.uniform(0.3, 1.0), -rng.uniform(0, 0.6), rng.uniform(0.3, 1))
        )
        lamps.append(_lamp(behind, rng.uniform(2, 6) * tint))
        return ambient * float(rng.uniform(0.2, 0.6)), exposure * 0.8, gain
    if kind == 1:
        return ambient, exposure * float(rng.uniform(1.6, 4)), gain
    if kind == 2:
        return ambient, exposure * float(np.exp(rng.uniform(np.log(0.02), np.log(0.4)))), gain
    return ambient, exposure, float(rng.choice((rng.uniform(20, 100), rng.uniform(350, 900))))


def _lamp(direction: npt.NDArray[np.float64], power: npt.NDArray[np.float64]) -> Lamp:
    unit = direction / np.linalg.norm(direction)
    return Lamp(_triple(unit), _triple(power))


def draw_backdrop(rng: np.random.Generator) -> Backdrop:
    """A wall at 0.8 to 3 m."""
    grey = rng.uniform(20, 235)
    return Backdrop(
        distance_mm=float(rng.uniform(800, 3000)),
        slant=(float(rng.normal(0, 0.15)), float(rng.normal(0, 0.1))),
        colour=_triple(np.clip(grey + rng.normal(0, 15, 3), 0, 255)),
        pattern=(
            rng.normal(size=(int(rng.integers(2, 9)), int(rng.integers(2, 9)))) * rng.uniform(0, 25)
        ).astype(np.float32),
    )


def _triple(values: npt.NDArray[np.float64]) -> tuple[float, float, float]:
    return float(values[0]), float(values[1]), float(values[2])
