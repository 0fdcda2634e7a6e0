from pathlib import Path

import pytest

from facelatch.cameras.drivers import DriverSettings, Option, open_camera, reset_device
from facelatch.captures import CaptureWriter
from facelatch.errors import CameraUnpluggedError, CaptureError, ConfigError
from tests.factories import make_frame
from tests.requirements import need_module


def test_a_capture_folder_is_opened_by_name(tmp_path: Path) -> None:
    with CaptureWriter(tmp_path / "a", driver="realsense", serial="9") as writer:
        writer.write(make_frame(size=(8, 6)))
    camera = open_camera("replay", DriverSettings(recording=tmp_path / "a"))
    assert (camera.driver, camera.serial) == ("replay", "9")
    assert len(list(camera.frames())) == 1


@pytest.mark.parametrize(
    ("driver", "words"),
    [
        pytest.param("kinect2", "'kinect2'; known are realsense, .*replay", id="unknown"),
        pytest.param("", "known are", id="empty"),
        pytest.param("replay", "camera.recording", id="nothing-to-replay"),
    ],
)
def test_what_cannot_be_opened_is_named(driver: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        open_camera(driver, DriverSettings())


@pytest.mark.parametrize(
    ("driver", "options", "words"),
    [
        pytest.param("replay", {"speed": 2}, "camera.options.speed; this driver has none", id="replay"),
        pytest.param("realsense", {"emiter": True}, "camera.options.emiter", id="realsense"),
    ],
)
def test_an_option_that_a_driver_does_not_know_is_named(
    driver: str, options: dict[str, Option], words: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match=words):
        open_camera(driver, DriverSettings(recording=tmp_path / "none", options=options))


def test_there_is_no_fallback_to_another_driver(tmp_path: Path) -> None:
    # Refused before the SDK is looked for, so this needs none.
    with pytest.raises(CaptureError):
        open_camera("realsense", DriverSettings(recording=tmp_path))


@pytest.mark.parametrize("driver", ["kinect", "replay", "some-package's", "realsense"])
def test_a_recording_and_what_only_an_open_camera_can_reset_are_left_alone(
    driver: str, tmp_path: Path
) -> None:
    reset_device(driver, DriverSettings(recording=tmp_path / "none"))


def test_a_realsense_that_is_not_there_cannot_be_reset() -> None:
    need_module("pyrealsense2")
    with pytest.raises(CameraUnpluggedError):
        reset_device("realsense", DriverSettings("no-such-serial"))
