import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facelatch import liveness
from facelatch.frames import Frame
from facelatch.liveness import PadCheck, check, curved_relief_mm, plane_relief_mm, to_check
from facelatch.locate import refine
from facelatch.preprocess import FacePoint
from tests.device.procedural_face import CAMERA, Scene, face_frame, sheet_frame
from tests.factories import make_frame

NOISE_PX = 0.08


def checks_of(frame: Frame, z_mm: float) -> dict[str, PadCheck]:
    """The checks around the middle of the image, where all scenes here have their face."""
    return {each.name: each for each in check(frame, refine(frame, FacePoint(320, 235, z_mm)))}


@pytest.mark.parametrize("z_mm", [300, 500, 700])
@pytest.mark.parametrize(("yaw_deg", "pitch_deg"), [(0, 0), (30, 0), (-30, 0), (0, 20), (0, -20), (20, 15)])
def test_a_head_passes(z_mm: float, yaw_deg: float, pitch_deg: float) -> None:
    scene = Scene(z_mm=z_mm, yaw_deg=yaw_deg, pitch_deg=pitch_deg, noise_px=NOISE_PX)
    verdicts = checks_of(face_frame(scene), z_mm)
    assert list(verdicts) == ["depth-coverage", "plane", "curved-plane"]
    assert all(verdict.passed for verdict in verdicts.values()), verdicts


@pytest.mark.parametrize("z_mm", [300, 500, 700, 1000])
@pytest.mark.parametrize("slope", [0, 0.3, -0.5])
def test_a_flat_photo_fails_every_relief_check(z_mm: float, slope: float) -> None:
    verdicts = checks_of(sheet_frame(Scene(z_mm=z_mm, noise_px=NOISE_PX), slope=slope), z_mm)
    assert not verdicts["plane"].passed
    assert not verdicts["curved-plane"].passed


@pytest.mark.parametrize("z_mm", [300, 500, 700])
@pytest.mark.parametrize("radius_mm", [80, 120, 200])
@pytest.mark.parametrize("vertical", [True, False])
def test_a_bent_photo_fails(z_mm: float, radius_mm: float, vertical: bool) -> None:
    frame = sheet_frame(Scene(z_mm=z_mm, noise_px=NOISE_PX), radius_mm=radius_mm, vertical=vertical)
    assert not checks_of(frame, z_mm)["curved-plane"].passed


def grid() -> tuple[np.ndarray, np.ndarray]:  # type: ignore[type-arg]
    across, down = np.meshgrid(np.arange(-44.0, 45, 4), np.arange(-60.0, 61, 4))
    inside = (across / 45) ** 2 + (down / 60) ** 2 < 1
    return across[inside], down[inside]


@given(
    angle=st.floats(0, math.pi),
    tilt=st.floats(-0.6, 0.6),
    depth=st.sampled_from(["arc", "fold", "wave", "corner"]),
)
def test_no_sheet_bent_one_way_has_relief(angle: float, tilt: float, depth: str) -> None:
    x, y = grid()
    across = x * np.cos(angle) + y * np.sin(angle)
    profile = {
        "arc": 80 - np.sqrt(80**2 - across**2),
        "fold": 0.5 * np.abs(across),
        "wave": 6 * np.sin(across / 12),
        "corner": 0.7 * np.maximum(across - 10, 0),
    }[depth]
    assert curved_relief_mm(x, y, profile + tilt * x - tilt * y) < liveness._LEAST_CURVED_MM


def test_relief_is_measured_in_millimetres() -> None:
    x, y = grid()
    board = 5.0 * (-1) ** (np.floor(x / 8) + np.floor(y / 8))
    assert plane_relief_mm(x, y, board) == pytest.approx(5, abs=0.3)
    assert 3 < curved_relief_mm(x, y, board) < 5


def test_holes_fail_the_coverage_and_leave_the_rest_undecided() -> None:
    frame = face_frame(Scene())
    depth = np.where(np.random.default_rng(1).random(frame.depth_mm.shape) < 0.7, 0, frame.depth_mm)
    verdicts = checks_of(replace(frame, depth_mm=depth.astype(np.uint16)), 500)
    assert not any(verdict.passed for verdict in verdicts.values())
    assert math.isnan(verdicts["plane"].value)
    assert math.isnan(verdicts["curved-plane"].value)


@pytest.mark.parametrize("z_mm", [350, 500, 700])
def test_eyes_cut_out_of_a_photo_do_not_make_it_live(z_mm: float) -> None:
    frame = sheet_frame(Scene(z_mm=z_mm, noise_px=NOISE_PX))
    depth = frame.depth_mm.copy()
    px_per_mm = CAMERA.fx / z_mm
    for eye_mm in (-32, 32):
        left, right = (int(CAMERA.cx + (eye_mm + edge) * px_per_mm) for edge in (-14, 14))
        top, bottom = (int(CAMERA.cy + edge * px_per_mm) for edge in (-37, -20))
        depth[top:bottom, left:right] += 30
    verdicts = checks_of(replace(frame, depth_mm=depth), z_mm)
    assert not verdicts["plane"].passed
    assert not verdicts["curved-plane"].passed


def test_noise_far_away_is_not_relief() -> None:
    for z_mm in (800, 1100, 1500):
        scene = Scene(z_mm=z_mm, wall_mm=4000, noise_px=0.1)
        assert not checks_of(sheet_frame(scene), z_mm)["curved-plane"].passed


@given(
    depth_mm=st.integers(0, 65535),
    u=st.floats(-1000, 2000),
    v=st.floats(-1000, 2000),
    seed=st.integers(0, 1000),
)
def test_walls_and_emptiness_never_pass(depth_mm: int, u: float, v: float, seed: int) -> None:
    frame = make_frame(depth_mm, (64, 48), focal_px=CAMERA.fx / 10)
    rng = np.random.default_rng(seed)
    frame.depth_mm[rng.random(frame.depth_mm.shape) < 0.3] = 0
    assert not all(verdict.passed for verdict in check(frame, FacePoint(u, v, max(depth_mm, 100))))


@pytest.mark.parametrize("depth_mm", [float("nan"), float("inf"), 0.0, -1.0, 99.0])
def test_a_point_that_is_no_face_fails_every_check(depth_mm: float) -> None:
    verdicts = check(face_frame(Scene()), FacePoint(320, 240, depth_mm))
    assert len(verdicts) == 3
    assert not any(verdict.passed for verdict in verdicts)


@pytest.mark.parametrize(
    ("value", "limit", "passed"),
    [
        pytest.param(2.0, 1.0, True, id="above"),
        pytest.param(1.0, 1.0, True, id="at-the-limit"),
        pytest.param(0.9, 1.0, False, id="below"),
        pytest.param(math.nan, 1.0, False, id="nan"),
        pytest.param(2.0, math.nan, False, id="nan-limit"),
    ],
)
def test_only_a_value_that_reaches_its_limit_passes(value: float, limit: float, passed: bool) -> None:
    assert to_check("plane", value, limit).passed is passed
