from pathlib import Path

import pytest

from facelatch.cameras.realsense_errors import to_error
from facelatch.errors import CameraError, CameraStalledError, CameraUnpluggedError, CaptureError


@pytest.mark.parametrize(
    ("text", "kind", "words"),
    [
        pytest.param("No device connected", CameraUnpluggedError, "gone from the bus", id="gone"),
        pytest.param(
            "Device disconnected. Failed to recconect: 111", CameraUnpluggedError, "gone", id="lost"
        ),
        pytest.param(
            "xioctl(VIDIOC_QBUF) failed, errno=19 Last Error: No such device",
            CameraUnpluggedError,
            "gone",
            id="kernel-says-gone",
        ),
        pytest.param("Frame didn't arrive within 5000", CameraStalledError, "sends no frames", id="silent"),
        pytest.param("Couldn't resolve requests", CameraError, "USB 3 port", id="usb-2"),
        pytest.param(
            'Failed to resolve request. Request to enable_device_from_file("x") was invalid, Reason: no device',
            CameraError,
            "no device",
            id="reason-kept",
        ),
        pytest.param(
            "failed to open usb interface: 0, error: RS2_USB_STATUS_ACCESS",
            CameraError,
            "60-facelatch.rules",
            id="no-permission",
        ),
        pytest.param(
            "xioctl(VIDIOC_S_FMT) failed, errno=16 Last Error: Device or resource busy",
            CameraError,
            "in use by another program",
            id="busy",
        ),
        pytest.param(
            "UVC device is already opened!\nwhat now", CameraError, "opened! what now", id="anything"
        ),
    ],
)
def test_a_cameras_messages(text: str, kind: type[CameraError], words: str) -> None:
    error = to_error(text, "817512070532")
    assert type(error) is kind
    assert str(error).startswith("camera 817512070532 ") or str(error).startswith("camera 817512070532:")
    assert words in str(error)
    assert "\n" not in str(error)


def test_a_recordings_messages_name_the_file() -> None:
    error = to_error("Failed to resolve request. Reason: Failed to create ros reader:\n bad", Path("a.db3"))
    assert type(error) is CaptureError
    assert str(error) == (
        "a.db3: the RealSense SDK cannot play it (Failed to create ros reader: bad); record it again"
    )
