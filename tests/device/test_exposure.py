import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facelatch.frames import Intrinsics
from facelatch.optics.exposure import Aim, Region, seen_from, to_region, whole
from facelatch.optics.registration import View

SIZE = (640, 480)
CAMERA = Intrinsics(600, 600, 320, 240)
FACE = Region(100, 100, 200, 200)
SECOND_NS = 1_000_000_000


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        pytest.param((200, 100, 100, 200), Region(215, 130, 285, 270), id="middle-of-the-box"),
        pytest.param((-50, -50, 100, 100), Region(0, 0, 35, 35), id="cut-by-the-border"),
        pytest.param((-90, 100, 100, 100), None, id="all-but-outside"),
        pytest.param((700, 500, 100, 100), None, id="outside"),
        pytest.param((100, 100, 20, 20), None, id="too-small"),
        pytest.param((100, 100, 0, 0), None, id="empty"),
    ],
)
def test_region_of_a_face(box: tuple[int, int, int, int], expected: Region | None) -> None:
    assert to_region(box, SIZE) == expected


@given(st.tuples(*[st.integers(-2000, 2000)] * 2, *[st.integers(0, 2000)] * 2))
def test_a_region_lies_within_the_image_and_is_not_empty(box: tuple[int, int, int, int]) -> None:
    region = to_region(box, SIZE)
    if region is not None:
        assert 0 <= region.left < region.right < SIZE[0]
        assert 0 <= region.top < region.bottom < SIZE[1]


def beside(shift_mm: float) -> View:
    return View(CAMERA, np.eye(3, dtype=np.float32), np.array([shift_mm, 0, 0], np.float32))


def test_another_camera_sees_the_face_shifted_by_the_baseline() -> None:
    # 50 mm at 500 mm with 600 px are 60 px.
    assert seen_from(FACE, 500, CAMERA, beside(50), SIZE) == Region(160, 100, 260, 200)
    assert seen_from(FACE, 1000, CAMERA, beside(50), SIZE) == Region(130, 100, 230, 200)


@pytest.mark.parametrize("shift_mm", [pytest.param(-400, id="out-of-view"), pytest.param(np.nan, id="nan")])
def test_a_face_that_the_other_camera_does_not_see(shift_mm: float) -> None:
    if np.isnan(shift_mm):
        behind = View(CAMERA, np.diag([1, 1, -1]).astype(np.float32), np.zeros(3, np.float32))
        assert seen_from(FACE, 500, CAMERA, behind, SIZE) is None
    else:
        assert seen_from(FACE, 500, CAMERA, beside(shift_mm), SIZE) is None


def steps(*moments: tuple[Region | None, float]) -> list[Region | str | None]:
    """What the camera is told at each moment; `-` for nothing."""
    aim, told = Aim(), list[Region | str | None]()
    for region, now_s in moments:
        aim, is_due = aim.after(region, int(now_s * SECOND_NS))
        told.append(aim.region if is_due else "-")
    return told


MOVED = Region(150, 100, 250, 200)
NUDGED = Region(105, 102, 207, 203)


@pytest.mark.parametrize(
    ("moments", "expected"),
    [
        pytest.param([(FACE, 0)], [FACE], id="first-face-at-once"),
        pytest.param([(FACE, 0), (FACE, 5)], [FACE, "-"], id="the-same-place"),
        pytest.param([(FACE, 0), (NUDGED, 5)], [FACE, "-"], id="hardly-moved"),
        pytest.param([(FACE, 0), (MOVED, 5)], [FACE, MOVED], id="moved"),
        pytest.param(
            [(FACE, 0), (MOVED, 0.5), (MOVED, 1.1)], [FACE, "-", MOVED], id="not-more-than-once-a-second"
        ),
        pytest.param([(None, 0), (None, 99)], ["-", "-"], id="nobody-ever"),
        pytest.param([(FACE, 0), (None, 9.9), (None, 10.1), (None, 30)], [FACE, "-", None, "-"], id="gone"),
        pytest.param(
            [(FACE, 0), (FACE, 8), (None, 12), (None, 18.5)], [FACE, "-", "-", None], id="gone-later"
        ),
    ],
)
def test_when_the_camera_is_told(
    moments: list[tuple[Region | None, float]], expected: list[Region | str | None]
) -> None:
    assert steps(*moments) == expected


def test_the_whole_view() -> None:
    assert whole(SIZE) == Region(0, 0, 639, 479)
