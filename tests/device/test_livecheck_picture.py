from dataclasses import replace

import numpy as np
import pytest

from facelatch.diagnosis.checks import Finding, Status
from facelatch.diagnosis.livecheck_picture import WIDTH, to_depth_colours, to_picture
from facelatch.locate import Located, Missing
from facelatch.preprocess import FacePoint
from tests.factories import make_frame

FACE = Located(FacePoint(320.0, 240.0, 520.0), (270, 190, 100, 100), 150.0)
FINE = Finding("face", Status.OK, "52 cm away")
ODD = Finding("light", Status.WARN, "dark", "a lamp")


def test_near_and_far_and_nothing_have_different_colours() -> None:
    near, middle, far, nothing = to_depth_colours(np.array([[300, 600, 2500, 0]], np.uint16))[0].astype(int)
    assert near[0] > near[2]
    assert middle[1] > max(middle[0] - 80, middle[2])
    assert far[2] > far[0]
    assert nothing.max() < 40
    assert min(near.max(), middle.max(), far.max()) > 120


def test_beyond_the_scale_is_its_end() -> None:
    colours = to_depth_colours(np.array([[250, 100, 3000, 9000]], np.uint16))[0]
    assert (colours[0] == colours[1]).all()
    assert (colours[2] == colours[3]).all()


@pytest.mark.parametrize("size", [(640, 480), (424, 240), (1280, 720)])
def test_findings_make_it_longer(size: tuple[int, int]) -> None:
    frame = make_frame(600, size)
    short = to_picture(frame, Missing.NO_FACE, "replay 7", [FINE])
    long = to_picture(frame, Missing.NO_FACE, "replay 7", [FINE, ODD])
    assert short.shape[1] == long.shape[1] == WIDTH
    assert long.shape[0] > short.shape[0]
    assert long.dtype == np.uint8


def greens(picture: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> int:
    return int((np.abs(picture.astype(int) - (64, 220, 120)).max(axis=2) < 12).sum())


def test_the_face_is_marked_in_both_images() -> None:
    frame = make_frame(3000, grey=90)
    without = to_picture(frame, Missing.NO_FACE, "", [FINE])
    marked = to_picture(frame, FACE, "", [FINE])
    assert greens(without) == 0
    changed = np.flatnonzero((marked != without).any(axis=(0, 2)))
    assert changed.min() < WIDTH / 2 - 100
    assert changed.max() > WIDTH / 2 + 100
    assert greens(marked) > 1000


def test_a_box_that_reaches_beyond_the_image_stays_in_its_panel() -> None:
    frame = make_frame(600)
    plain = to_picture(frame, Missing.NO_FACE, "", [FINE])
    marked = to_picture(frame, replace(FACE, box=(-100, -100, 2000, 2000)), "", [FINE])
    rows = np.flatnonzero((marked != plain).any(axis=(1, 2)))
    assert rows.min() >= 112 - 4
    assert rows.max() < marked.shape[0] - 100


def test_letters_that_cannot_be_drawn_and_long_words_do_no_harm() -> None:
    frame = make_frame(600, (64, 48))
    to_picture(frame, Missing.NO_FACE, "Käse °" * 40, [Finding("x", Status.FAIL, "é" * 500, "ü" * 500)])
