from collections.abc import Callable
from contextlib import closing
from itertools import islice
from typing import Any

import numpy as np
import pytest

from facelatch.cameras.drivers import DriverSettings, open_camera
from facelatch.cameras.kinect import KinectCamera, choose_serial
from facelatch.errors import (
    CameraError,
    CameraForeignError,
    CameraStalledError,
    CameraUnpluggedError,
    ConfigError,
)
from facelatch.optics.kinect_depth import NOMINAL, KinectRegistration, to_mm
from tests.device.scripted_freenect import FIRST, SECOND, ScriptedFreenect

Open = Callable[..., KinectCamera]


@pytest.fixture
def open_kinect(freenect_stub: ScriptedFreenect) -> Open:
    def open_(serial: str = "", stall_s: float = 5.0, **told: int) -> KinectCamera:
        freenect_stub.set(**told)
        return KinectCamera(serial, stall_s, (str(freenect_stub.path),), clock=lambda: 1000)

    return open_


def test_frames_are_registered_and_timed(open_kinect: Open) -> None:
    with closing(open_kinect()) as camera:
        assert (camera.driver, camera.serial) == ("kinect", FIRST)
        frames = list(islice(camera.frames(), 4))
    expected = KinectRegistration(NOMINAL).to_colour(np.full((480, 640), 700, np.uint16))
    for frame in frames:
        assert np.array_equal(frame.depth_mm, expected)
        assert set(np.unique(frame.depth_mm)) == {0, to_mm(NOMINAL)[700]}
        assert (frame.colour[0, :, 1] == np.arange(640) // 4).all()
        assert frame.infrared is None
        assert frame.intrinsics.fx == pytest.approx(530.7, abs=0.1)
        # A frame's time is that of its images: the stub writes the number of the moment into red.
        moment = int(frame.colour[0, 0, 0])
        assert frame.timestamp_ns == pytest.approx(1000 + moment * 1e9 / 30, abs=2)
    times = [frame.timestamp_ns for frame in frames]
    assert times == sorted(set(times))


def test_frames_are_kept_apart(open_kinect: Open) -> None:
    with closing(open_kinect()) as camera:
        first, second = islice(camera.frames(), 2)
        moments = int(first.colour[0, 0, 0]), int(second.colour[0, 0, 0])
        assert moments[0] < moments[1]
        assert (first.colour[..., 0] == moments[0]).all()


@pytest.mark.parametrize(
    ("told", "kind", "message"),
    [
        pytest.param(
            {"images": 3}, CameraStalledError, "is connected but sent no colour and depth", id="stalled"
        ),
        pytest.param(
            {"images": 3, "event_code": -1}, CameraUnpluggedError, "gone from the bus", id="unplugged"
        ),
        pytest.param({"lag_ticks": 1_500_000, "images": 1}, CameraStalledError, "of one moment", id="apart"),
        pytest.param({"interruptions": 9, "images": 0}, CameraStalledError, "within 0.2 s", id="silent"),
    ],
)
def test_a_failing_device_is_told_by_its_error(
    open_kinect: Open, told: dict[str, int], kind: type[CameraError], message: str
) -> None:
    with closing(open_kinect(stall_s=0.2, **told)) as camera, pytest.raises(kind, match=message) as caught:
        list(camera.frames())
    assert type(caught.value) is kind
    assert FIRST in str(caught.value)


def test_a_silent_device_that_has_left_the_bus_is_unplugged(
    open_kinect: Open, freenect_stub: ScriptedFreenect
) -> None:
    with closing(open_kinect(stall_s=0.1, images=0)) as camera:
        freenect_stub.set(images=0, connected=0)
        with pytest.raises(CameraUnpluggedError):
            next(camera.frames())


def test_after_a_failure_the_device_can_be_opened_anew(
    open_kinect: Open, freenect_stub: ScriptedFreenect
) -> None:
    with closing(open_kinect(images=0, event_code=-1)) as camera, pytest.raises(CameraUnpluggedError):
        next(camera.frames())
    assert (freenect_stub.get("contexts"), freenect_stub.get("open")) == (0, 0)
    with closing(open_kinect()) as camera:
        assert next(camera.frames()).depth_mm.any()


def test_close_may_be_called_twice_and_ends_everything(
    open_kinect: Open, freenect_stub: ScriptedFreenect
) -> None:
    camera = open_kinect()
    stream = camera.frames()
    next(stream)
    camera.close()
    camera.close()
    assert (freenect_stub.get("contexts"), freenect_stub.get("open")) == (0, 0)
    with pytest.raises(CameraError, match=f"{FIRST} is closed"):
        next(stream)


@pytest.mark.parametrize(
    ("told", "message"),
    [
        pytest.param({"connected": 0, "listed": 0}, "no Kinect is connected", id="none"),
        pytest.param({"listed": 0}, "this user may not open it; install systemd/60", id="no-permission"),
        pytest.param(
            {"connected": 2, "listed": 2}, f"several .* {FIRST}, {SECOND}; set the serial", id="two"
        ),
        pytest.param({"open_code": -6}, "another program uses it", id="busy"),
        pytest.param({"start_code": -1}, "streams do not start", id="no-streams"),
        pytest.param({"registration": 0}, "does not tell its calibration .*unplug it", id="no-calibration"),
        pytest.param({"registration": 2}, "about 530 pixels", id="odd-calibration"),
    ],
)
def test_what_does_not_open_is_told_and_given_back(
    open_kinect: Open, freenect_stub: ScriptedFreenect, told: dict[str, int], message: str
) -> None:
    with pytest.raises(CameraError, match=message):
        open_kinect(**told)
    assert (freenect_stub.get("contexts"), freenect_stub.get("open")) == (0, 0)


@pytest.mark.parametrize(
    ("wanted", "found", "chosen"),
    [
        pytest.param("", [FIRST], FIRST, id="the-only-one"),
        pytest.param(SECOND, [FIRST, SECOND], SECOND, id="the-one-that-is-named"),
    ],
)
def test_which_device_is_opened(wanted: str, found: list[str], chosen: str) -> None:
    assert choose_serial(wanted, found, len(found)) == chosen


def test_another_kinect_than_the_named_one_is_not_opened() -> None:
    with pytest.raises(CameraForeignError, match=f"Kinect 7 is not connected, found {FIRST}"):
        choose_serial("7", [FIRST], 1)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        pytest.param({"options": {"led": 1}}, "camera.options.led; this driver has none", id="option"),
        pytest.param({"recording": "x"}, "plays no recordings; leave camera.recording empty", id="recording"),
    ],
)
def test_what_the_driver_does_not_know_is_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        open_camera("kinect", DriverSettings(**settings))
