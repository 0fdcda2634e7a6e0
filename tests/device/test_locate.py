from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from facelatch.errors import ConfigError
from facelatch.frames import Frame
from facelatch.locate import ABOVE_NOSE_MM, FACE_WIDTH_MM, Located, Locator, Missing, refine
from facelatch.preprocess import FacePoint
from tests.device.procedural_face import CAMERA, SIZE, Scene, face_frame, sheet_frame
from tests.factories import make_frame


@cache
def locator() -> Locator:
    return Locator()


def found(frame: Frame) -> Located:
    located = locator().locate(frame)
    assert isinstance(located, Located), located
    return located


def offset_mm(located: Located, scene: Scene) -> tuple[float, float]:
    """From the nose's foot to the point, in the image's directions."""
    point = located.point
    return (
        (point.u_px - CAMERA.cx) / CAMERA.fx * point.depth_mm - scene.x_mm,
        (point.v_px - CAMERA.cy) / CAMERA.fy * point.depth_mm - scene.y_mm,
    )


@pytest.mark.parametrize(
    "scene",
    [
        pytest.param(Scene(), id="half-a-metre"),
        pytest.param(Scene(z_mm=300), id="near"),
        pytest.param(Scene(z_mm=780, wall_mm=3000), id="far"),
        pytest.param(Scene(x_mm=100, y_mm=-40), id="off-the-middle"),
        pytest.param(Scene(yaw_deg=20), id="turned-right"),
        pytest.param(Scene(yaw_deg=-20), id="turned-left"),
        pytest.param(Scene(pitch_deg=15), id="looking-up"),
        pytest.param(Scene(pitch_deg=-15), id="looking-down"),
        pytest.param(Scene(noise_px=0.1), id="noisy-depth"),
        pytest.param(Scene(brightness=0.01, with_infrared=True), id="in-the-dark-by-infrared"),
        pytest.param(Scene(wall_mm=700), id="wall-close-behind"),
    ],
)
def test_the_point_is_just_above_the_nose(scene: Scene) -> None:
    located = found(face_frame(scene))
    across, down = offset_mm(located, scene)
    assert abs(across) < 8
    assert -ABOVE_NOSE_MM - 8 < down < 0
    assert located.point.depth_mm == pytest.approx(scene.z_mm, abs=20)
    assert FACE_WIDTH_MM[0] <= located.width_mm <= FACE_WIDTH_MM[1]
    x, y, width, height = located.box
    assert x < located.point.u_px < x + width
    assert y < located.point.v_px < y + height


@pytest.mark.parametrize(
    ("across_mm", "down_mm"),
    [
        pytest.param(0, 75, id="on-the-throat"),
        pytest.param(0, -75, id="on-the-forehead"),
        pytest.param(-55, 0, id="on-a-temple"),
        pytest.param(-50, -60, id="on-the-hair-of-one-side"),
        pytest.param(48, -58, id="on-the-hair-of-the-other"),
    ],
)
def test_a_box_beside_the_face_is_moved_onto_it(across_mm: float, down_mm: float) -> None:
    scene = Scene()
    stray = FacePoint(
        CAMERA.cx + across_mm * CAMERA.fx / scene.z_mm,
        CAMERA.cy + down_mm * CAMERA.fy / scene.z_mm,
        scene.z_mm,
    )
    point = refine(face_frame(scene), stray)
    assert (point.u_px - CAMERA.cx) / CAMERA.fx * scene.z_mm == pytest.approx(0, abs=10)
    assert (point.v_px - CAMERA.cy) / CAMERA.fy * scene.z_mm == pytest.approx(-ABOVE_NOSE_MM, abs=12)


@pytest.mark.parametrize("side", [-1, 1], ids=["left", "right"])
def test_a_bump_beside_the_head_is_no_nose(side: int) -> None:
    """A thumb on a fist stands out more than a nose, but little else is where its face would be."""
    scene = Scene()
    frame = face_frame(scene)
    px_per_mm = CAMERA.fx / scene.z_mm
    rows, columns = np.indices(frame.depth_mm.shape)
    u, v = CAMERA.cx + side * 125 * px_per_mm, CAMERA.cy - 95 * px_per_mm
    far_mm = np.hypot(columns - u, rows - v) / px_per_mm
    hand_mm = scene.z_mm - 45 * np.exp(-((far_mm / 14) ** 2))
    depth = np.where(far_mm < 48, hand_mm, frame.depth_mm).astype(np.uint16)
    stray = FacePoint(CAMERA.cx + side * 80 * px_per_mm, CAMERA.cy - 35 * px_per_mm, scene.z_mm)
    point = refine(replace(frame, depth_mm=depth), stray)
    assert (point.u_px - CAMERA.cx) / px_per_mm == pytest.approx(0, abs=12)
    assert (point.v_px - CAMERA.cy) / px_per_mm == pytest.approx(-ABOVE_NOSE_MM, abs=14)


def test_a_photo_is_not_searched_for_a_nose() -> None:
    scene = Scene()
    middle = FacePoint(CAMERA.cx, CAMERA.cy, scene.z_mm)
    point = refine(sheet_frame(scene), middle)
    assert (point.u_px, point.v_px) == (middle.u_px, middle.v_px)


def test_the_point_does_not_wander_with_noise() -> None:
    points = [found(face_frame(Scene(noise_px=0.1), seed=seed)).point for seed in range(8)]
    spread = np.std([(point.u_px, point.v_px) for point in points], axis=0) / CAMERA.fx * 500
    assert (spread < 1.5).all()


@pytest.mark.parametrize(
    ("scene", "reason"),
    [
        pytest.param(Scene(z_mm=2000, wall_mm=4000), Missing.TOO_FAR, id="too-far"),
        pytest.param(Scene(z_mm=225), Missing.TOO_NEAR, id="too-near"),
        pytest.param(Scene(yaw_deg=42), Missing.TURNED_AWAY, id="turned-away"),
        pytest.param(Scene(x_mm=-215), Missing.CUT_OFF, id="cut-by-the-left-border"),
        pytest.param(Scene(x_mm=-265), Missing.CUT_OFF, id="half-outside"),
    ],
)
def test_why_a_face_cannot_be_used(scene: Scene, reason: Missing) -> None:
    assert locator().locate(face_frame(scene)) == reason


@pytest.mark.parametrize("side", [-1, 1])
def test_a_face_never_counts_while_the_border_cuts_it(side: int) -> None:
    for x_mm in range(220, 300, 20):
        assert isinstance(locator().locate(face_frame(Scene(x_mm=side * x_mm))), Missing)


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        pytest.param(make_frame(0), Missing.NO_DEPTH, id="all-zero-depth"),
        pytest.param(make_frame(500, grey=0), Missing.UNUSABLE_IMAGE, id="black"),
        pytest.param(make_frame(500, grey=128), Missing.UNUSABLE_IMAGE, id="blank"),
        pytest.param(make_frame(500, grey=255), Missing.UNUSABLE_IMAGE, id="over-exposed"),
        pytest.param(make_frame(500, noise_seed=1), Missing.NO_FACE, id="noise"),
        pytest.param(make_frame(3000, noise_seed=1), Missing.NO_FACE, id="empty-room"),
        pytest.param(make_frame(500, (16, 12), noise_seed=1), Missing.NO_FACE, id="tiny"),
    ],
)
def test_frames_without_a_face(frame: Frame, reason: Missing) -> None:
    assert locator().locate(frame) == reason


def test_a_face_without_depth_is_no_face() -> None:
    frame = face_frame(Scene())
    depth = frame.depth_mm.copy()
    depth[depth < 1000] = 0
    assert locator().locate(replace(frame, depth_mm=depth)) == Missing.NO_DEPTH


@pytest.mark.parametrize("scale", [0.52, 1.5])
def test_a_picture_of_the_wrong_size_is_no_face(scale: float) -> None:
    frame = face_frame(Scene())
    far = np.where(frame.depth_mm < 1000, frame.depth_mm * scale, frame.depth_mm).astype(np.uint16)
    wrong = replace(frame, depth_mm=far)
    assert locator().locate(wrong) == Missing.NOT_FACE_SIZED


def test_of_two_faces_the_nearest_wins() -> None:
    near, far = Scene(x_mm=-100, z_mm=450, wall_mm=2500), Scene(x_mm=130, z_mm=650)
    for scenes in ((near, far), (replace(far, wall_mm=2500), near)):
        assert found(face_frame(*scenes)).point.depth_mm == pytest.approx(455, abs=20)


def test_a_usable_face_behind_an_unusable_one_is_found() -> None:
    frame = face_frame(Scene(x_mm=-195, z_mm=400, wall_mm=2500), Scene(x_mm=120, z_mm=650))
    assert found(frame).point.depth_mm == pytest.approx(655, abs=20)


def test_a_photo_is_located_so_that_liveness_can_refuse_it() -> None:
    assert found(sheet_frame(Scene(noise_px=0.08))).point.depth_mm == pytest.approx(500, abs=3)


def test_the_range_can_be_narrowed() -> None:
    frame = face_frame(Scene(z_mm=600))
    assert Locator(range_mm=(250, 500)).locate(frame) == Missing.TOO_FAR
    assert Locator(range_mm=(700, 1500)).locate(frame) == Missing.TOO_NEAR


def test_the_same_frame_gives_the_same_answer() -> None:
    frame = face_frame(Scene(noise_px=0.1))
    assert found(frame) == found(frame) == Locator().locate(frame)


@settings(max_examples=25)
@given(seed=st.integers(0, 10**6), holes=st.floats(0, 1), depth_mm=st.integers(0, 65535))
def test_any_frame_gives_a_face_inside_it_or_a_reason(seed: int, holes: float, depth_mm: int) -> None:
    rng = np.random.default_rng(seed)
    frame = (
        face_frame(Scene()) if depth_mm % 2 else make_frame(min(depth_mm, 65000), (80, 60), noise_seed=seed)
    )
    depth = np.where(rng.random(frame.depth_mm.shape) < holes, 0, frame.depth_mm).astype(np.uint16)
    answer = locator().locate(replace(frame, depth_mm=depth))
    if isinstance(answer, Located):
        assert 250 <= answer.point.depth_mm <= 1500
        assert 0 <= answer.point.u_px < SIZE[0]
        assert 0 <= answer.point.v_px < SIZE[1]
    else:
        assert answer in Missing


def test_a_cascade_that_is_missing_or_foreign_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.xml: no such cascade"):
        Locator(tmp_path / "none.xml")
    foreign = tmp_path / "foreign.xml"
    foreign.write_text("<a/>")
    with pytest.raises(ConfigError, match=r"foreign\.xml: is not a cascade"):
        Locator(foreign)
