"""Films of made-up people: whole sensor frames in one light and one room, as a camera would record them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from facelatch.frames import Frame, Intrinsics
from facelatch_converter.attacks import Sheet, face_picture, present
from facelatch_converter.face_model import FaceModel
from facelatch_converter.people import Person
from facelatch_converter.render import Backdrop, Light, Posed, Rendering, View, express, pose, render_frame
from facelatch_converter.sensors import (
    ACTIVE_STEREO,
    KINECT_V1,
    NARROW_STEREO,
    WIDE_BASELINE,
    AnySensor,
    expose,
)
from facelatch_converter.time_of_flight import TIME_OF_FLIGHT
from facelatch_converter.torso import make_torso

Real = npt.NDArray[np.float32]

FRAME_NS = 33_333_333


@dataclass(frozen=True, slots=True)
class RenderedCamera:
    """A camera that exists in renderings only."""

    name: str
    intrinsics: Intrinsics
    size: tuple[int, int]
    sensor: AnySensor
    has_infrared: bool = True
    """Whether infrared comes with colour; a Kinect v1 sends one or the other."""


CAMERAS = {
    camera.name: camera
    for camera in (
        # Fields of view of colour from Intel's D400 data sheet: 69 x 42 degrees, the D455's 90 x 65.
        RenderedCamera("d435", Intrinsics(610, 610, 320, 240), (640, 480), ACTIVE_STEREO),
        RenderedCamera(
            "d435-small", Intrinsics(308, 308, 212, 120), (424, 240), replace(ACTIVE_STEREO, focal_px=223.0)
        ),
        RenderedCamera("d415", Intrinsics(610, 610, 320, 240), (640, 480), NARROW_STEREO),
        RenderedCamera("d455", Intrinsics(377, 377, 320, 240), (640, 480), WIDE_BASELINE),
        RenderedCamera(
            "kinect-v1", Intrinsics(525, 525, 320, 240), (640, 480), KINECT_V1, has_infrared=False
        ),
        # Seen from the depth sensor itself, as a Kinect v2 has it.
        RenderedCamera("time-of-flight", Intrinsics(365, 365, 256, 212), (512, 424), TIME_OF_FLIGHT),
    )
}


@dataclass(frozen=True, slots=True, eq=False)
class Room:
    """What stays the same while a camera films."""

    light: Light
    backdrop: Backdrop
    camera: RenderedCamera
    torso_seed: int = 0
    grain: tuple[float, float] = (0.5, 3.0)
    """Bounds of the images' noise, grey levels."""


def film(
    model: FaceModel,
    person: Person,
    views: Sequence[View],
    expressions: Sequence[Real],
    room: Room,
    rng: np.random.Generator,
) -> Iterator[Frame]:
    """One frame per view and expression."""
    for number, (view, expression) in enumerate(zip(views, expressions, strict=True)):
        yield expose_frame(render_person_frame(model, person, view, expression, room), room, number, rng)


def render_person_frame(
    model: FaceModel, person: Person, view: View, expression: Real, room: Room
) -> Rendering:
    """A person in a room, without noise."""
    vertices = express(model, person, expression)
    head = pose(model, vertices, person.albedo, person.infrared_albedo, view, room.light)
    return render_in_room(head, view, room)


def render_in_room(head: Posed, view: View, room: Room) -> Rendering:
    """A head that was posed in a view, with a torso below it, in a room, without noise."""
    torso = make_torso(view, room.light, np.random.default_rng(room.torso_seed))
    camera = room.camera
    return render_frame([head, torso], room.backdrop, room.light, camera.intrinsics, camera.size)


def film_room(count: int, room: Room, rng: np.random.Generator) -> Iterator[Frame]:
    """`count` frames of nobody."""
    rendering = render_frame([], room.backdrop, room.light, room.camera.intrinsics, room.camera.size)
    for number in range(count):
        yield expose_frame(rendering, room, number, rng)


def film_attack(
    picture: npt.NDArray[np.uint8], sheets: Sequence[Sheet], room: Room, rng: np.random.Generator
) -> Iterator[Frame]:
    """One frame per placing of a picture."""
    camera = room.camera
    for number, sheet in enumerate(sheets):
        mesh = present(sheet, picture)
        rendering = render_frame([mesh], room.backdrop, room.light, camera.intrinsics, camera.size)
        yield expose_frame(rendering, room, number, rng)


def photograph(
    model: FaceModel, person: Person, light: Light, size_mm: tuple[float, float]
) -> npt.NDArray[np.uint8]:
    """A life-size portrait of a person, (height, width, 3), as an attacker would print it."""
    view = View(position_mm=(0.0, 0.0, 600.0))
    intrinsics = Intrinsics(1200, 1200, 400, 400)
    backdrop = Backdrop(distance_mm=1500, colour=(170.0, 175.0, 180.0))
    camera = RenderedCamera("portrait", intrinsics, (800, 800), ACTIVE_STEREO)
    neutral = np.zeros(len(model.expression_mm), np.float32)
    rendering = render_person_frame(model, person, view, neutral, Room(light, backdrop, camera))
    return face_picture(rendering, (400, 400), intrinsics.fx / view.position_mm[2], size_mm)


def expose_frame(
    rendering: Rendering, room: Room, number: int, rng: np.random.Generator, fault: str = ""
) -> Frame:
    """Frame `number` of a film: what the room's camera makes of a rendering, perhaps with one of `faults.FAULTS`."""
    camera = room.camera
    stamp = (number + 1) * FRAME_NS
    frame = expose(rendering, camera.sensor, camera.intrinsics, rng, stamp, room.grain, fault)
    return frame if camera.has_infrared else replace(frame, infrared=None)
