"""What happens before a camera: who is there, in which light, and the expression and each frame's pose; from a seed.

A take is the same whether whole frames are filmed of it or only the crops that the encoder sees.
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from facelatch.enrolment import ROUND
from facelatch_converter.expressions import USUAL, draw_wide_expression, express_by_name
from facelatch_converter.people import Person
from facelatch_converter.protocols.cast import Generator, draw_caller, draw_owner, draw_twin
from facelatch_converter.protocols.named import ANY_WIDE, Circumstances, Cohort, Lighting, Protocol
from facelatch_converter.render import Light, View
from facelatch_converter.scenes import draw_expression, draw_light, draw_view

Real = npt.NDArray[np.float32]

SWAY_DEG = 3.0
"""How much a head moves between two frames of one take."""
_SWAY_MM = 4.0

_ENROLLING, _USUAL = 0.3, 0.7
"""Strength of the expression of somebody who is told where to look, and of somebody at the door."""

_ROUND_DEG = (13.0, 19.0)
"""How far a head is turned when it goes round in a circle for an enrolment."""
_ROUNDS = 5
"""A head sways about as far as one direction is wide, so that some are missed in a single round."""

_ENROLMENT, _REFERENCE, _ATTEMPT, _TWIN = 20, 21, 30, 31
"""What a seed's third number stands for."""


@dataclass(frozen=True, slots=True, eq=False)
class Take:
    """One film of one person."""

    person: Person
    circumstances: Circumstances
    light: Light
    views: tuple[View, ...]
    expression: Real
    """Weights (expressions,), kept up through all views."""
    seed: tuple[int, ...]
    """Of what the camera adds."""

    def noise(self, number: int) -> np.random.Generator:
        """Random numbers of one view's own, so that views can be had in any order."""
        # The 1 keeps them apart from the take's: numpy takes a seed with zeros at its end for the shorter one.
        return np.random.default_rng([*self.seed, 1, number])

    def circumstance(self, kind: int) -> np.random.Generator:
        """Random numbers of what all views share, however many there are; `kind` from 1 on tells them apart."""
        return np.random.default_rng([*self.seed, 2, kind])


def enrolment_take(generator: Generator, cohort: Cohort, number: int) -> Take:
    """Somebody who looks straight ahead and then round in a circle, as told; more often than should be needed."""
    seed = (cohort.seed, number, _ENROLMENT)
    rng, limits = np.random.default_rng(seed), cohort.circumstances.limits
    light = draw_light(rng)
    ahead = replace(limits, yaw_deg=0.0, pitch_deg=0.0, roll_deg=min(limits.roll_deg, 5.0))
    centre = draw_view(ahead, rng)
    expression = _draw_expression(generator, cohort.circumstances, _ENROLLING, rng)
    views = tuple(_turned(sway(centre, rng), *turn) for turn in _round_turns(rng))
    person = draw_owner(generator, cohort, number)
    return Take(person, cohort.circumstances, light, views, expression, seed)


def reference_take(generator: Generator, cohort: Cohort, number: int, place: int) -> Take:
    """One frame of an enrolled person in any pose, as single frames are compared with."""
    person = draw_owner(generator, cohort, number)
    return _stand(generator, person, cohort.circumstances, 1, (cohort.seed, number, _REFERENCE, place))


def attempt_take(
    generator: Generator, protocol: Protocol, number: int, attempt: int, frames: int, *, by_twin: bool = False
) -> Take:
    """Somebody at the door, or their twin."""
    draw, kind = (draw_twin, _TWIN) if by_twin else (draw_caller, _ATTEMPT)
    person = draw(generator, protocol, number)
    return _stand(generator, person, protocol.attempt, frames, (protocol.seed, number, kind, attempt))


def sway(view: View, rng: np.random.Generator) -> View:
    """The view a moment later."""
    yaw, pitch, roll = rng.normal(0, SWAY_DEG, 3)
    x, y, z = np.array(view.position_mm) + rng.normal(0, 4, 3)
    turned = _turned(view, yaw, pitch)
    return replace(turned, roll_deg=view.roll_deg + float(roll), position_mm=(float(x), float(y), float(z)))


def _stand(
    generator: Generator, person: Person, circumstances: Circumstances, frames: int, seed: tuple[int, ...]
) -> Take:
    """One pose and expression, swaying a little; a longer take begins with the same frames."""
    rng = np.random.default_rng(seed)
    light = draw_light(rng, hard=1.0 if circumstances.lighting is Lighting.HARD else 0.0)
    start = draw_view(circumstances.limits, rng)
    expression = _draw_expression(generator, circumstances, _USUAL, rng)
    views = (start, *(sway(start, rng) for _ in range(frames - 1)))
    return Take(person, circumstances, light, views, expression, seed)


def _draw_expression(
    generator: Generator, circumstances: Circumstances, strength: float, rng: np.random.Generator
) -> Real:
    if circumstances.expression == ANY_WIDE:
        return draw_wide_expression(generator.model, rng)
    if circumstances.expression == USUAL:
        return draw_expression(generator.model, rng, strength)
    return express_by_name(circumstances.expression, generator.model, rng)


def _round_turns(rng: np.random.Generator) -> list[tuple[float, float]]:
    """Yaw and pitch: the centre and all directions around it in any order, time and again."""
    turns = []
    for _ in range(_ROUNDS):
        turns.append((0.0, 0.0))
        for place in rng.permutation(len(ROUND)):
            away, around = rng.uniform(*_ROUND_DEG), 2 * np.pi / len(ROUND) * place
            turns.append((float(away * np.cos(around)), float(away * np.sin(around))))
    return turns


def _turned(view: View, yaw_deg: float, pitch_deg: float) -> View:
    return replace(view, yaw_deg=view.yaw_deg + float(yaw_deg), pitch_deg=view.pitch_deg + float(pitch_deg))
