"""The live camera, against a scripted SDK."""

from contextlib import closing
from typing import Any

import numpy as np
import pytest

from facelatch.cameras.realsense import RealSenseCamera
from facelatch.errors import CameraError, CameraStalledError, CameraUnpluggedError, CaptureError
from facelatch.frames import Frame
from tests.device.scripted_sdk import BREAK, HANG, UNPLUG, Format, Metadata, ScriptedSdk, Told
from tests.factories import make_frame


def small(seed: int = 0) -> Frame:
    return make_frame(500, (4, 3), infrared=1, noise_seed=seed, timestamp_ns=seed * 33_000_000)


def open_scripted(
    *script: Frame | str, serial: str = "", timeout_ms: int = 300, **sdk: Any
) -> RealSenseCamera:
    return RealSenseCamera(serial, timeout_ms=timeout_ms, sdk=ScriptedSdk(script, **sdk))


def test_frames_come_as_the_sensor_took_them() -> None:
    taken = [small(1), small(2)]
    with closing(open_scripted(*taken, HANG)) as camera:
        stream = camera.frames()
        for expected in taken:
            got = next(stream)
            np.testing.assert_array_equal(got.colour, expected.colour)
            np.testing.assert_array_equal(got.depth_mm, expected.depth_mm)
            assert got.infrared is not None
            assert expected.infrared is not None
            np.testing.assert_array_equal(got.infrared, expected.infrared)
            assert got.intrinsics.cx == 2.0
        assert camera.driver == "realsense"
        assert camera.serial == "111"


def test_blue_first_becomes_red_first() -> None:
    with closing(open_scripted(small(1), colour_format=Format.bgr8)) as camera:
        np.testing.assert_array_equal(next(camera.frames()).colour, small(1).colour)


def test_depth_units_are_asked_from_the_sensor() -> None:
    tenths = small(1)
    with closing(open_scripted(tenths, metres_per_unit=0.0001)) as camera:
        np.testing.assert_array_equal(
            next(camera.frames()).depth_mm, np.rint(tenths.depth_mm / 10).astype(np.uint16)
        )


def test_frames_own_their_pixels() -> None:
    source = small(1)
    with closing(open_scripted(source)) as camera:
        got = next(camera.frames())
    assert not np.shares_memory(got.colour, source.colour)
    assert not np.shares_memory(got.depth_mm, source.depth_mm)


def test_time_never_runs_backwards() -> None:
    script = [small(n) for n in range(4)]
    with closing(open_scripted(*script, timestamps_ms=[100.0, 50.0, 50.0, 200.0])) as camera:
        stream = camera.frames()
        times = [next(stream).timestamp_ns for _ in script]
    assert times == sorted(set(times))
    assert times[0] == 100_000_000
    assert times[-1] == 200_000_000


def test_time_goes_on_after_the_clock_was_set_back() -> None:
    """Else whatever waits for a second to pass, as the exposure's aim does, would wait for an hour."""
    script = [small(n) for n in range(4)]
    with closing(open_scripted(*script, timestamps_ms=[3600e3, 100.0, 133.0, 1200.0])) as camera:
        stream = camera.frames()
        first, *times = [next(stream).timestamp_ns for _ in script]
    assert [time - first for time in times] == [1, 33_000_000, 1_100_000_000]


@pytest.mark.parametrize(
    ("cue", "expected"),
    [
        pytest.param(HANG, CameraStalledError, id="connected-but-silent"),
        pytest.param(UNPLUG, CameraUnpluggedError, id="gone-from-the-bus"),
        pytest.param(BREAK, CameraUnpluggedError, id="sdk-says-disconnected"),
    ],
)
def test_failures_after_good_frames(cue: str, expected: type[CameraError]) -> None:
    with closing(open_scripted(small(), cue)) as camera:
        stream = camera.frames()
        next(stream)
        with pytest.raises(expected, match="111"):
            next(stream)


class Lost(dict[Metadata, int]):
    """The metadata of a frame whose device has gone since."""

    def __getitem__(self, _: Metadata) -> int:
        raise RuntimeError("Device disconnected")


def test_a_device_that_goes_while_its_frame_is_taken_apart_is_told_like_any_other() -> None:
    script: list[Frame | Told | str] = [small(), Told(small(1), Lost({Metadata.actual_exposure: 8}))]
    with closing(RealSenseCamera(sdk=ScriptedSdk(script))) as camera:
        stream = camera.frames()
        next(stream)
        with pytest.raises(CameraUnpluggedError, match="111 is gone"):
            next(stream)


def test_a_stall_takes_as_long_as_was_asked() -> None:
    sdk = ScriptedSdk([HANG])
    with (
        closing(RealSenseCamera(timeout_ms=700, sdk=sdk)) as camera,
        pytest.raises(CameraStalledError, match=r"0\.7 s"),
    ):
        next(camera.frames())
    assert sum(sdk.pipelines[0].waits_ms) == 700


@pytest.mark.parametrize(
    ("text", "expected", "words"),
    [
        pytest.param("No device connected", CameraUnpluggedError, "gone", id="gone"),
        pytest.param("Couldn't resolve requests", CameraError, "USB 3", id="usb-2"),
        pytest.param("Frame didn't arrive within 5000", CameraStalledError, "no frames", id="silent"),
        pytest.param("xioctl(VIDIOC_QBUF) failed", CameraError, "VIDIOC_QBUF", id="anything-else"),
    ],
)
def test_errors_at_the_start(text: str, expected: type[CameraError], words: str) -> None:
    with pytest.raises(CameraError, match=words) as caught:
        open_scripted(start_error=text)
    assert type(caught.value) is expected


def test_a_camera_that_cannot_be_used_is_given_back() -> None:
    sdk = ScriptedSdk(colour_format=Format.yuyv)
    with pytest.raises(CaptureError, match="rgb8"):
        RealSenseCamera(sdk=sdk)
    assert sdk.pipelines[0].stopped == 1


def test_close_may_be_called_twice_and_ends_the_stream() -> None:
    camera = open_scripted(small(), small())
    stream = camera.frames()
    next(stream)
    camera.close()
    camera.close()
    with pytest.raises(CameraError, match="closed"):
        next(stream)
