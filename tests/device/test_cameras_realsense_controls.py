"""What a live camera is told, against a scripted SDK."""

from contextlib import closing
from typing import Any

import numpy as np
import pytest

from facelatch.cameras import Aimable, Informative, Resettable
from facelatch.cameras.realsense import RealSenseCamera
from facelatch.cameras.realsense_options import RealSenseOptions
from facelatch.errors import CameraError, CameraUnpluggedError, ConfigError
from facelatch.frames import Frame
from tests.device.scripted_sdk import HANG, Info, Metadata, Option, ScriptedSdk, Told
from tests.factories import make_frame

SIZE = (64, 48)
SECOND_NS = 1_000_000_000


def frame(second: float, **options: Any) -> Frame:
    return make_frame(500, SIZE, infrared=60, timestamp_ns=int(second * SECOND_NS), **options)


def open_scripted(sdk: ScriptedSdk, **options: Any) -> RealSenseCamera:
    return RealSenseCamera(sdk=sdk, timeout_ms=300, options=RealSenseOptions(**options))


def test_a_camera_can_be_aimed_reset_and_asked() -> None:
    with closing(open_scripted(ScriptedSdk())) as camera:
        assert isinstance(camera, Aimable)
        assert isinstance(camera, Resettable)
        assert isinstance(camera, Informative)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        pytest.param({}, {Option.emitter_enabled: 1, Option.emitter_on_off: 0}, id="aligned-stops-switching"),
        pytest.param(
            {"view": "infrared"}, {Option.emitter_enabled: 1, Option.emitter_on_off: 1}, id="switches"
        ),
        pytest.param(
            {"view": "infrared", "switch_emitter": False},
            {Option.emitter_enabled: 1, Option.emitter_on_off: 0},
            id="always-on",
        ),
        pytest.param(
            {"laser_power_mw": 60},
            {Option.emitter_enabled: 1, Option.laser_power: 60, Option.emitter_on_off: 0},
            id="laser-power",
        ),
    ],
)
def test_the_projector(options: dict[str, Any], expected: dict[Option, float]) -> None:
    sdk = ScriptedSdk()
    with closing(open_scripted(sdk, **options)) as camera:
        assert camera.notes() == ()
    assert dict(sdk.depth_sensor.told) == expected


def test_a_model_without_projector_is_no_error() -> None:
    with closing(open_scripted(ScriptedSdk(options={}), view="infrared", laser_power_mw=60)) as camera:
        assert camera.notes() == (
            "it has no dot projector; depth will have holes",
            "it has no laser power to set",
            "it has no projector that switches from frame to frame",
        )


def test_a_refused_command_is_noted_with_its_reason() -> None:
    sdk = ScriptedSdk([frame(0), frame(1)], size=SIZE, refuses="hwmon command failed")
    with closing(open_scripted(sdk)) as camera:
        next(camera.frames())
        camera.aim((10, 10, 40, 30))
        camera.aim((10, 10, 40, 30))
        assert len([note for note in camera.notes() if "hwmon command failed" in note]) == len(camera.notes())
        assert sum("point its exposure" in note for note in camera.notes()) == 2
        with pytest.raises(CameraError, match="hwmon command failed"):
            camera.reset()


def test_too_much_laser_power_is_refused_and_the_camera_given_back() -> None:
    sdk = ScriptedSdk()
    with pytest.raises(ConfigError, match=r"laser_power_mw must be from 0 to 360 for this camera, found 500"):
        open_scripted(sdk, laser_power_mw=500.0)
    assert sdk.pipelines[0].stopped == 1


def test_the_exposure_follows_the_face_in_both_cameras() -> None:
    sdk = ScriptedSdk([frame(0), frame(0.5), frame(12)], size=SIZE, baseline_mm=30.0)
    with closing(open_scripted(sdk)) as camera:
        stream = camera.frames()
        next(stream)
        camera.aim((10, 8, 30, 30))
        next(stream)
        camera.aim((20, 8, 30, 30))  # Too soon.
        assert sdk.colour_sensor.regions == [(14, 12, 36, 34)]
        # 30 mm at 500 mm are 3.6 pixels.
        assert sdk.depth_sensor.regions == [(18, 12, 40, 34)]
        next(stream)
        assert sdk.colour_sensor.regions[1:] == sdk.depth_sensor.regions[1:] == [(0, 0, 63, 47)]
    assert (Option.enable_auto_exposure, 1) in sdk.colour_sensor.told


@pytest.mark.parametrize(
    ("sdk", "options", "note"),
    [
        pytest.param(ScriptedSdk([frame(0)], size=SIZE, has_region=False), {}, True, id="no-such-sensor"),
        pytest.param(ScriptedSdk([frame(0)], size=SIZE), {"face_exposure": False}, False, id="not-wanted"),
    ],
)
def test_an_exposure_that_stays_where_it_is(sdk: ScriptedSdk, options: dict[str, Any], *, note: bool) -> None:
    with closing(open_scripted(sdk, **options)) as camera:
        next(camera.frames())
        camera.aim((10, 8, 30, 30))
        assert sdk.colour_sensor.regions == sdk.depth_sensor.regions == []
        assert ("its exposure cannot be pointed at the face" in camera.notes()) is note
    camera.aim((10, 8, 30, 30))


def test_facts_and_a_slow_port_are_told() -> None:
    infos = {
        Info.name: "Intel RealSense D435",
        Info.usb_type_descriptor: "2.1",
        Info.firmware_version: "5.12.7.100",
        Info.recommended_firmware_version: "5.16.0.1",
    }
    sdk = ScriptedSdk([Told(frame(0), {Metadata.actual_exposure: 8500})], infos=infos)
    with closing(open_scripted(sdk)) as camera:
        next(camera.frames())
        assert camera.facts() == {
            "model": "Intel RealSense D435",
            "usb": "2.1",
            "firmware": "5.12.7.100 (5.16.0.1 is recommended)",
            "exposure": "colour 8.5 ms, depth 8.5 ms",
        }
        assert camera.notes() == ("it runs at USB 2.1; use a USB 3 port and cable for all frames",)


def test_a_camera_that_tells_nothing_has_no_facts() -> None:
    with closing(open_scripted(ScriptedSdk())) as camera:
        assert camera.facts() == {}


def test_a_reset_reaches_the_device_open_or_closed() -> None:
    sdk = ScriptedSdk(serials=["5", "6"])
    camera = RealSenseCamera("6", sdk=sdk)
    camera.reset()
    camera.close()
    asked = sdk.contexts
    camera.reset()
    assert sdk.resets == ["6", "6"]
    assert sdk.contexts == asked + 1
    sdk.serials.remove("6")
    with pytest.raises(CameraUnpluggedError, match="6 is gone"):
        camera.reset()
    assert sdk.resets == ["6", "6"]


def test_each_opening_looks_for_cameras_anew() -> None:
    sdk = ScriptedSdk()
    for expected in (1, 2):
        RealSenseCamera(sdk=sdk).close()
        assert sdk.contexts == expected
    sdk.serials[:] = ["222"]
    with closing(RealSenseCamera(sdk=sdk)) as camera:
        assert camera.serial == "222"


def test_metadata_without_switching_leave_the_projector_on() -> None:
    always_on = [Told(frame(n / 60, noise_seed=n), {Metadata.frame_laser_power: 150}, n) for n in range(40)]
    sdk = ScriptedSdk([*always_on, HANG], size=SIZE)
    with closing(open_scripted(sdk, view="infrared")) as camera:
        got = next(camera.frames())
        sent = always_on[30].frame.infrared
        assert sent is not None
        np.testing.assert_array_equal(got.colour[..., 2], sent)
    assert sdk.depth_sensor.told[-1] == (Option.emitter_on_off, 0)
