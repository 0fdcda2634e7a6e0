import ctypes
import importlib.util
from typing import Any

import pytest

from facelatch.cameras.realsense_sdk import (
    Connected,
    choose_serial,
    find_cameras,
    load_sdk,
    reset_camera,
    to_mm_per_unit,
)
from facelatch.errors import CameraError, CameraForeignError, CameraUnpluggedError, ConfigError
from tests.device.scripted_sdk import Info, ScriptedDevice, ScriptedSdk


def test_the_sdk_loads_or_says_how_to_install_it() -> None:
    if importlib.util.find_spec("pyrealsense2") is None:
        with pytest.raises(ConfigError, match=r"facelatch\[realsense\]"):
            load_sdk()
    else:
        assert load_sdk() is load_sdk()
        # Whoever brought it, libusb is there by the name that the SDK looks for.
        assert ctypes.CDLL("libusb-1.0.so.0")


def test_cameras_tell_what_they_know() -> None:
    infos = {
        Info.name: "Intel RealSense D455",
        Info.usb_type_descriptor: "3.2",
        Info.firmware_version: "5.16",
    }
    assert find_cameras(ScriptedSdk(serials=["1", "2"], infos=infos)) == [
        Connected("1", "Intel RealSense D455", "3.2", "5.16", ""),
        Connected("2", "Intel RealSense D455", "3.2", "5.16", ""),
    ]
    assert find_cameras(ScriptedSdk(serials=[])) == []


def test_a_bus_that_cannot_be_listed_is_an_error() -> None:
    class Broken(ScriptedSdk):
        def context(self) -> Any:
            raise RuntimeError("failed to set power state")

    with pytest.raises(CameraError, match=r"cannot list cameras \(failed to set power state\)"):
        find_cameras(Broken())


@pytest.mark.parametrize(
    ("usb", "slow"), [("2.1", True), ("1.1", True), ("3.2", False), ("3.1", False), ("", False)]
)
def test_what_is_a_slow_connection(usb: str, *, slow: bool) -> None:
    assert Connected("1", usb=usb).is_slow is slow


@pytest.mark.parametrize(
    ("metres", "expected"), [pytest.param(0.001, 1.0, id="D435"), pytest.param(0.0001, 0.1, id="D405")]
)
def test_depth_units(metres: float, expected: float) -> None:
    sdk = ScriptedSdk(metres_per_unit=metres)
    assert to_mm_per_unit(sdk, ScriptedDevice(sdk, "1")) == expected


@pytest.mark.parametrize(
    ("wanted", "found", "kind", "words"),
    [
        pytest.param("", [], CameraUnpluggedError, "no RealSense camera", id="none"),
        pytest.param("5", ["7", "8"], CameraForeignError, "5 is not connected, found 7, 8", id="another"),
        pytest.param("", ["7", "8"], CameraError, "several .* 7, 8", id="which-one"),
    ],
)
def test_no_camera_is_chosen_by_guessing(
    wanted: str, found: list[str], kind: type[CameraError], words: str
) -> None:
    with pytest.raises(CameraError, match=words) as caught:
        choose_serial(wanted, found)
    assert type(caught.value) is kind


def test_the_wanted_or_only_camera_is_chosen() -> None:
    assert choose_serial("8", ["7", "8"]) == "8"
    assert choose_serial("", ["7"]) == "7"


def test_a_camera_that_nobody_has_open_is_reset() -> None:
    sdk = ScriptedSdk(serials=["5", "6"])
    reset_camera(sdk, "6")
    assert sdk.resets == ["6"]
    with pytest.raises(CameraError, match="several"):
        reset_camera(sdk, "")
    with pytest.raises(CameraForeignError, match="7 is not connected"):
        reset_camera(sdk, "7")
    sdk.refuses = "Device busy"
    with pytest.raises(CameraError, match=r"6 cannot be reset \(Device busy\); unplug it"):
        reset_camera(sdk, "6")
    assert sdk.resets == ["6"]
