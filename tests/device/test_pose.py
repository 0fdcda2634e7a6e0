import pytest

from facelatch.locate import refine
from facelatch.pose import HeadPose, estimate_pose
from facelatch.preprocess import FacePoint
from tests.device.procedural_face import Scene, face_frame
from tests.factories import make_frame


def pose_of(scene: Scene) -> HeadPose:
    frame = face_frame(scene)
    pose = estimate_pose(frame, refine(frame, FacePoint(320, 235, scene.z_mm)))
    assert pose is not None
    return pose


@pytest.mark.parametrize("yaw_deg", [-30, -15, 0, 15, 30])
@pytest.mark.parametrize("pitch_deg", [-20, 0, 20])
def test_the_turn_is_told_from_depth(yaw_deg: float, pitch_deg: float) -> None:
    pose = pose_of(Scene(yaw_deg=yaw_deg, pitch_deg=pitch_deg, noise_px=0.08))
    assert pose.yaw_deg == pytest.approx(yaw_deg, abs=8)
    assert pose.pitch_deg == pytest.approx(pitch_deg, abs=8)


@pytest.mark.parametrize("z_mm", [300, 900])
def test_distance_does_not_matter(z_mm: float) -> None:
    assert pose_of(Scene(z_mm=z_mm, yaw_deg=20)).yaw_deg == pytest.approx(20, abs=8)


@pytest.mark.parametrize(
    ("depth_mm", "point"),
    [
        pytest.param(0, FacePoint(320, 240, 500), id="no-depth"),
        pytest.param(500, FacePoint(-900, 240, 500), id="outside"),
        pytest.param(500, FacePoint(320, 240, 0), id="at-the-lens"),
        pytest.param(500, FacePoint(320, 240, float("nan")), id="nan"),
    ],
)
def test_no_face_has_no_pose(depth_mm: int, point: FacePoint) -> None:
    assert estimate_pose(make_frame(depth_mm), point) is None
