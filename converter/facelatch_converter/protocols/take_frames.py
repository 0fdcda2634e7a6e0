"""Whole sensor frames of a take: what the board's camera delivers."""

from dataclasses import replace

import numpy as np

from facelatch.frames import Frame
from facelatch_converter.protocols.cast import Generator
from facelatch_converter.protocols.named import Lighting
from facelatch_converter.protocols.take_heads import Head, pose_head
from facelatch_converter.protocols.takes import Take
from facelatch_converter.render import Rendering
from facelatch_converter.scenes import draw_backdrop
from facelatch_converter.staging import CAMERAS, Room, expose_frame, render_in_room

_ROOM = 1
"""Tells the room from what else all views of a take share."""

_AT_NIGHT = np.float32(0.02)
"""Of the day's grey levels: far below what `frames.intensity` takes for an image."""


def film_frame(generator: Generator, take: Take, head: Head, number: int) -> Frame:
    """Frame `number` of a take of this head; frames can be had in any order."""
    room = _room(take)
    rendering = render_in_room(pose_head(generator, take, head, number), take.views[number], room)
    lit = _lit(rendering, take.circumstances.lighting)
    return expose_frame(lit, room, number, take.noise(number), take.circumstances.fault)


def _lit(rendering: Rendering, lighting: Lighting) -> Rendering:
    if lighting is Lighting.INFRARED:
        return replace(rendering, colour=rendering.colour * _AT_NIGHT)
    return rendering


def _room(take: Take) -> Room:
    """Where the take is filmed, the same for all of its frames."""
    rng = take.circumstance(_ROOM)
    backdrop = draw_backdrop(rng)
    return Room(take.light, backdrop, CAMERAS[take.circumstances.camera], int(rng.integers(1 << 30)))
