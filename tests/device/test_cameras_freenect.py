"""The layer over the C library, against a libfreenect that is built from the real headers and does as told."""

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import numpy as np
import pytest

from facelatch.cameras.freenect import Freenect
from facelatch.cameras.libfreenect import DEVICE_CAMERA, load_library
from facelatch.errors import CameraError, CameraUnpluggedError
from facelatch.optics.kinect_depth import NOMINAL, Cubic
from tests.device.scripted_freenect import (
    BUSY,
    CHEESE,
    FIRST,
    NO_ACCESS,
    SECOND,
    ScriptedFreenect,
)
from tests.requirements import need_file


@pytest.fixture
def kinect(freenect_stub: ScriptedFreenect) -> Iterator[Freenect]:
    with closing(Freenect(load_library((str(freenect_stub.path),)))) as kinect:
        yield kinect


def test_only_the_camera_is_touched(kinect: Freenect, freenect_stub: ScriptedFreenect) -> None:
    assert freenect_stub.get("subdevices") == DEVICE_CAMERA
    assert not kinect.is_fake


def test_devices_are_counted_and_named(kinect: Freenect, freenect_stub: ScriptedFreenect) -> None:
    freenect_stub.set(connected=2, listed=2)
    assert kinect.count() == 2
    assert kinect.serials() == [FIRST, SECOND]
    freenect_stub.set(connected=1, listed=0)
    assert (kinect.count(), kinect.serials()) == (1, [])
    freenect_stub.set(connected=-1, listed=-1)
    assert (kinect.count(), kinect.serials()) == (0, [])


def test_a_calibration_is_read_field_by_field(kinect: Freenect, freenect_stub: ScriptedFreenect) -> None:
    freenect_stub.set(registration=2)
    kinect.open(FIRST)
    found = kinect.calibration()
    assert (found.emitter_cm, found.colour_cm, found.plane_cm, found.plane_pixel_cm, found.shift) == (
        1.5,
        2.5,
        3.5,
        4.5,
        5.5,
    )
    assert found.across == Cubic(*range(1, 11))
    assert found.down == Cubic(*range(11, 21))


def test_the_nominal_calibration_is_what_such_a_device_would_tell(kinect: Freenect) -> None:
    kinect.open(FIRST)
    found = kinect.calibration()
    assert (found.across, found.down, found.shift) == (NOMINAL.across, NOMINAL.down, NOMINAL.shift)
    assert found.plane_pixel_cm == pytest.approx(NOMINAL.plane_pixel_cm)


def test_images_come_as_copies_with_their_ticks(kinect: Freenect, freenect_stub: ScriptedFreenect) -> None:
    depths: list[tuple[Any, int]] = []
    colours: list[tuple[Any, int]] = []
    freenect_stub.set(first_ticks=6_000_000, lag_ticks=5, images=2)
    kinect.open(FIRST)
    kinect.start(
        lambda image, ticks: depths.append((image, ticks)),
        lambda image, ticks: colours.append((image, ticks)),
    )
    assert freenect_stub.get("modes") == 2
    assert kinect.pump(0.25)
    assert freenect_stub.get("waited_us") == 250_000
    assert kinect.pump(1.5)
    assert freenect_stub.get("waited_us") == 1_500_000
    assert [ticks for _, ticks in depths] == [6_000_000, 8_000_000]
    assert [ticks for _, ticks in colours] == [6_000_005, 8_000_005]
    # The library has long written over its own buffers.
    for image, _ in depths:
        assert (image.shape, image.dtype) == ((480, 640), np.uint16)
        assert (image == 700).all()
    for number, (image, _) in enumerate(colours, start=3):
        assert (image.shape, image.dtype) == ((480, 640, 3), np.uint8)
        assert (image[..., 0] == number).all()
        assert (image[0, :, 1] == np.arange(640) // 4).all()


@pytest.mark.parametrize(
    ("told", "goes_on"),
    [
        pytest.param({"images": 0, "event_code": 0}, True, id="nothing-came"),
        pytest.param({"interruptions": 1}, True, id="a-signal-came"),
        pytest.param({"images": 0, "event_code": -1}, False, id="the-device-is-dead"),
        pytest.param({"images": 0, "event_code": -4}, False, id="no-device"),
    ],
)
def test_what_an_event_means(
    kinect: Freenect, freenect_stub: ScriptedFreenect, told: dict[str, int], goes_on: bool
) -> None:
    freenect_stub.set(**told)
    kinect.open(FIRST)
    kinect.start(lambda *_: None, lambda *_: None)
    assert kinect.pump(0.1) is goes_on


@pytest.mark.parametrize(
    ("told", "kind", "message"),
    [
        pytest.param(
            {"open_code": -1, "logs": NO_ACCESS},
            CameraError,
            "may not use it; install .*60-facelatch.rules",
            id="access",
        ),
        pytest.param({"open_code": -3}, CameraError, "this user may not use it", id="access-by-code"),
        pytest.param({"open_code": -1, "logs": BUSY}, CameraError, "another program uses it", id="busy"),
        pytest.param({"open_code": -6}, CameraError, "another program uses it", id="busy-by-code"),
        pytest.param(
            {"open_code": -1, "connected": 0},
            CameraUnpluggedError,
            "gone from the bus",
            id="unplugged-meanwhile",
        ),
        pytest.param(
            {"open_code": -1, "logs": CHEESE}, CameraError, r"\(out of cheese\)", id="another-reason"
        ),
        pytest.param({"open_code": -12}, CameraError, r"\(code -12\)", id="no-reason"),
    ],
)
def test_why_a_device_does_not_open(
    kinect: Freenect,
    freenect_stub: ScriptedFreenect,
    told: dict[str, int],
    kind: type[CameraError],
    message: str,
) -> None:
    freenect_stub.set(**told)
    with pytest.raises(kind, match=message) as caught:
        kinect.open(FIRST)
    assert type(caught.value) is kind
    assert str(caught.value).startswith(f"Kinect {FIRST} cannot be opened")


def test_streams_that_do_not_start_are_an_error(kinect: Freenect, freenect_stub: ScriptedFreenect) -> None:
    freenect_stub.set(start_code=-1)
    kinect.open(FIRST)
    with pytest.raises(CameraError, match="streams do not start"):
        kinect.start(lambda *_: None, lambda *_: None)


def test_everything_is_given_back(freenect_stub: ScriptedFreenect) -> None:
    kinect = Freenect(load_library((str(freenect_stub.path),)))
    kinect.open(FIRST)
    assert (freenect_stub.get("contexts"), freenect_stub.get("open")) == (1, 1)
    kinect.close()
    kinect.close()
    assert (freenect_stub.get("contexts"), freenect_stub.get("open")) == (0, 0)


def test_debians_library_finds_no_kinect_here_or_says_so() -> None:
    """The real one, on a machine that may well have no USB at all."""
    library = load_library((str(need_file("/usr/lib/*/libfreenect.so.0.5")),))
    try:
        kinect = Freenect(library)
    except CameraError:
        return
    with closing(kinect):
        assert len(kinect.serials()) <= kinect.count()
