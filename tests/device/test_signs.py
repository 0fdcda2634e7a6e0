from dataclasses import replace

import numpy as np
import pytest

from facelatch.frames import Frame
from facelatch.supervision.signs import Light, to_signs
from tests.board.faults import cut_off
from tests.factories import make_frame


def noisy(seed: int = 1, infrared: int | None = 50) -> Frame:
    return make_frame(600, (64, 48), infrared=infrared, noise_seed=seed, timestamp_ns=7)


def test_a_frame_is_the_same_only_as_itself() -> None:
    signs = to_signs(noisy())
    assert (signs.timestamp_ns, signs.size) == (7, (64, 48))
    assert signs == to_signs(noisy())
    assert all(one != other for one, other in zip(signs.content, to_signs(noisy(2)).content, strict=True))


def test_each_image_has_its_own_content() -> None:
    frame, other = noisy(), noisy(2)
    signs = to_signs(replace(frame, colour=other.colour))
    assert signs.content[0] == to_signs(other).content[0]
    assert signs.content[1:] == to_signs(frame).content[1:]


def test_what_shows_nothing_has_no_content() -> None:
    dark = to_signs(make_frame(0, (64, 48), grey=0, infrared=255))
    assert dark.content == (None, None, None)
    assert to_signs(noisy(infrared=None)).content[2] is None


@pytest.mark.parametrize(
    ("frame", "blindness"),
    [
        pytest.param(make_frame(0, grey=0), Light.BLACK, id="lens-cap"),
        pytest.param(make_frame(0, grey=255), Light.WHITE, id="sun"),
        pytest.param(make_frame(0, grey=0, infrared=0), Light.BLACK, id="lens-cap-infrared"),
        pytest.param(make_frame(500, grey=0), Light.USABLE, id="dark-room-with-depth"),
        pytest.param(make_frame(0, grey=0, infrared=60), Light.USABLE, id="dark-room-with-infrared"),
        pytest.param(make_frame(500, grey=255), Light.WHITE, id="sun-with-depth"),
        pytest.param(make_frame(500, grey=255, infrared=60), Light.WHITE, id="stuck-exposure-with-infrared"),
        pytest.param(make_frame(500, grey=90, infrared=255), Light.USABLE, id="sun-on-infrared-alone"),
        pytest.param(make_frame(0, grey=90), Light.USABLE, id="nothing-near"),
    ],
)
def test_blind_is_what_shows_nothing_at_all_and_a_white_picture(frame: Frame, blindness: Light) -> None:
    assert to_signs(frame).blindness is blindness


def test_a_few_flickering_pixels_are_no_depth() -> None:
    frame = make_frame(0, grey=0)
    frame.depth_mm[0, :3] = 400
    assert to_signs(frame).blindness is Light.BLACK


@pytest.mark.parametrize(
    ("frame", "is_cut_off"),
    [
        pytest.param(noisy(), False, id="whole"),
        pytest.param(cut_off(noisy(), 3), True, id="a-sixteenth"),
        pytest.param(cut_off(noisy(infrared=None), 24), True, id="half-without-infrared"),
        pytest.param(cut_off(noisy(), 47), True, id="all-but-a-row"),
        pytest.param(cut_off(noisy(), 1), False, id="last-row"),
        pytest.param(replace(cut_off(noisy(), 24), depth_mm=noisy().depth_mm), False, id="depth-goes-on"),
        pytest.param(cut_off(noisy(), 48), False, id="nothing-at-all"),
        pytest.param(make_frame(0, (64, 48), grey=0, infrared=0), False, id="black"),
        pytest.param(cut_off(make_frame(500, (64, 48), grey=9), 24), False, id="dark-floor-without-depth"),
    ],
)
def test_a_transfer_that_ended_early_shows(frame: Frame, is_cut_off: bool) -> None:
    assert to_signs(frame).is_cut_off is is_cut_off


def test_the_frame_is_left_alone() -> None:
    frame = noisy()
    before = frame.colour.copy(), frame.depth_mm.copy()
    to_signs(frame)
    assert np.array_equal(frame.colour, before[0])
    assert np.array_equal(frame.depth_mm, before[1])
