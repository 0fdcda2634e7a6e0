"""Rendering: the fast and the slow path agree, and poses mean what they say."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from facelatch.frames import Intrinsics
from facelatch.preprocess import CropSpec, FacePoint, encode, to_tensor
from facelatch_converter.face_model import FaceModel
from facelatch_converter.people import Person, draw_person
from facelatch_converter.regions import Regions
from facelatch_converter.render import (
    Backdrop,
    Light,
    Posed,
    View,
    express,
    pose,
    render_crop,
    render_frame,
    rotation,
)
from facelatch_converter.sensors import ideal_frame, to_crop
from facelatch_converter.shading import NECK_LENGTH_MM, NECK_MM
from facelatch_converter.torso import make_torso

CAMERA = Intrinsics(610, 610, 320, 240)
SPEC = CropSpec()


@pytest.fixture(scope="module")
def person(model: FaceModel, regions: Regions) -> Person:
    return draw_person(model, regions, np.random.default_rng(3))


def _head(model: FaceModel, person: Person, view: View, light: Light | None = None) -> Posed:
    calm = np.zeros(len(model.expression_names), np.float32)
    vertices = express(model, person, calm)
    return pose(model, vertices, person.albedo, person.infrared_albedo, view, light or Light())


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("infrared", [False, True], ids=["colour", "infrared"])
def test_a_crop_is_what_preprocess_makes_of_the_frame(
    model: FaceModel, regions: Regions, seed: int, infrared: bool
) -> None:
    rng = np.random.default_rng(seed)
    person = draw_person(model, regions, rng)
    z = float(rng.uniform(350, 700))
    yaw, pitch, roll = (float(angle) for angle in rng.uniform(-25, 25, 3))
    view = View(yaw, pitch, roll, (0.05 * z, -0.04 * z, z))
    head = _head(model, person, view)
    x, y, _ = view.position_mm
    slow_rendering = render_frame(
        [head, make_torso(view, Light(), rng)], Backdrop(), Light(), CAMERA, (640, 480)
    )
    frame = ideal_frame(slow_rendering, CAMERA)
    if infrared:
        frame = replace(frame, colour=np.zeros_like(frame.colour))
    point = FacePoint(x / z * CAMERA.fx + CAMERA.cx, y / z * CAMERA.fy + CAMERA.cy, z)
    slow = to_tensor(frame, point, SPEC)
    fast_rendering = render_crop(head, view.position_mm, CAMERA.fx, SPEC)
    fast = encode(to_crop(fast_rendering, fast_rendering.depth_mm, z, SPEC, infrared), SPEC)

    face = (slow[..., 3] > -1) & (fast[..., 3] > -1)
    assert face.mean() > 0.25
    assert np.abs(slow - fast)[face][:, 3].mean() * SPEC.depth_span_mm / 2 < 2
    assert np.abs(slow - fast)[face][:, :3].mean() * 127.5 < 8
    # Both see the face at the same place: what one has and the other lacks is a rim.
    either = (slow[..., 3] > -1) | (fast[..., 3] > -1)
    assert (either & ~face).sum() < 0.05 * either.sum()


@pytest.mark.parametrize(
    ("view", "axis", "sign"),
    [
        pytest.param(View(yaw_deg=20), 0, +1, id="yaw-turns-to-the-images-right"),
        pytest.param(View(yaw_deg=-20), 0, -1, id="negative-yaw-to-its-left"),
        pytest.param(View(pitch_deg=15), 1, +1, id="pitch-looks-up"),
        pytest.param(View(pitch_deg=-15), 1, -1, id="negative-pitch-looks-down"),
    ],
)
def test_the_nose_points_where_the_pose_says(view: View, axis: int, sign: int) -> None:
    gaze = rotation(view) @ np.array((0, 0, 1), np.float32)
    angle = abs(view.yaw_deg or view.pitch_deg)
    assert np.degrees(np.arcsin(gaze[axis])) == pytest.approx(sign * angle, abs=1e-3)


def test_roll_tilts_clockwise_in_the_image() -> None:
    crown = rotation(View(roll_deg=10)) @ np.array((0, 1, 0), np.float32)
    assert crown[0] == pytest.approx(np.sin(np.radians(10)), abs=1e-5)


def test_the_nose_is_where_the_view_puts_it(model: FaceModel, person: Person) -> None:
    view = View(position_mm=(60.0, -30.0, 500.0))
    rendering = render_frame([_head(model, person, view)], Backdrop(), Light(), CAMERA, (640, 480))
    face = rendering.depth_mm < 700
    nearest = np.unravel_index(np.where(face, rendering.depth_mm, 1e9).argmin(), face.shape)
    assert abs(nearest[1] - (320 + 60 * 610 / 500)) < 25
    assert abs(nearest[0] - (240 - 30 * 610 / 500)) < 40


def test_the_body_does_not_turn_with_the_head(model: FaceModel, person: Person) -> None:
    def placed(vertices: npt.NDArray[np.float32], yaw: float) -> npt.NDArray[np.float32]:
        view = View(yaw_deg=yaw)
        return pose(model, vertices, person.albedo, person.infrared_albedo, view, Light()).vertices_mm

    # The toy head has no neck: the same head, lowered until all of it is collar.
    lowest = NECK_MM - NECK_LENGTH_MM
    collar = person.vertices_mm - np.array((0, person.vertices_mm[:, 1].max() - lowest, 0), np.float32)
    body = placed(collar, 30) - placed(collar, 0)
    assert np.ptp(body, axis=0).max() < 0.1
    assert np.abs(body).max() > 20  # it follows the neck's joint
    face = placed(person.vertices_mm, 30) - placed(person.vertices_mm, 0)
    assert np.ptp(face, axis=0).max() > 50


def test_light_from_the_left_brightens_the_left(model: FaceModel, person: Person) -> None:
    from facelatch_converter.render import Lamp

    left = Light(ambient=(0.1, 0.1, 0.1), lamps=(Lamp((-1.0, 0.0, 0.0), (0.8, 0.8, 0.8)),))
    crop = render_crop(_head(model, person, View(), left), (0, 0, 500), 610, SPEC)
    seen = crop.depth_mm > 0
    half = SPEC.size_px // 2
    brightness = [crop.colour[:, part][seen[:, part]].mean() for part in (slice(0, half), slice(half, None))]
    assert brightness[0] > brightness[1] + 20


def test_infrared_falls_with_the_square_of_the_distance(model: FaceModel, person: Person) -> None:
    levels = []
    for z in (400.0, 800.0):
        crop = render_crop(
            _head(model, person, View(position_mm=(0, 0, z)), Light(infrared_gain=100)), (0, 0, z), 610, SPEC
        )
        levels.append(crop.infrared[40:72, 40:72].mean())
    assert levels[0] / levels[1] == pytest.approx(4, rel=0.15)


def test_an_empty_scene_is_the_backdrop() -> None:
    rendering = render_frame([], Backdrop(distance_mm=1234), Light(), CAMERA, (64, 48))
    np.testing.assert_allclose(rendering.depth_mm, 1234, rtol=1e-5)
