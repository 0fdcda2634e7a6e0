import ctypes
import importlib.util

import pytest

from facelatch.cameras.realsense_sdk import load_sdk
from facelatch.errors import ConfigError


def test_the_sdk_loads_or_says_how_to_install_it() -> None:
    if importlib.util.find_spec("pyrealsense2") is None:
        with pytest.raises(ConfigError, match=r"facelatch\[realsense\]"):
            load_sdk()
    else:
        assert load_sdk() is load_sdk()
        # Whoever brought it, libusb is there by the name that the SDK looks for.
        assert ctypes.CDLL("libusb-1.0.so.0")
