"""The real RealSense SDK playing a recording, with errors put in where the SDK hands over to our driver."""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from facelatch.cameras.realsense import RealSenseCamera
from facelatch.cameras.realsense_sdk import load_sdk
from facelatch.frames import Frame
from facelatch.supervision.health import HealthRule, Trouble
from tests.board.faults import OPEN_NS, Cure, Device, Fault
from tests.device.sdk_recording import record
from tests.factories import make_frame

SIZE = (64, 48)
FRAMES = 240
_RULE = HealthRule()
_RESTART = "told, attempt dropped; the stream is restarted"

FAULTS = (
    Fault(
        "SDK: no frame arrives", Trouble.STALLED, Cure.REOPEN, 5.5, "no frame within stall_s (5 s)", _RESTART
    ),
    Fault("SDK: an error while streaming", Trouble.GARBAGE, Cure.REOPEN, 0.1, "the driver says so", _RESTART),
    Fault(
        "SDK: cannot start the pipeline", Trouble.GARBAGE, Cure.REOPEN, 0.1, "the driver says so", _RESTART, 2
    ),
    Fault(
        "SDK: no device for 1 s to 5 min",
        Trouble.GARBAGE,
        Cure.TIME,
        0.1,
        "the driver says so",
        "told, attempt dropped; restart, look for it anew, then ever rarer, 30 s apart at most",
    ),
    Fault(
        "SDK: time jumps ahead",
        Trouble.CLOCK,
        Cure.REOPEN,
        0.1,
        "a frame more than 2 s from the future",
        _RESTART,
    ),
    Fault("SDK: a buffer that is too short", Trouble.GARBAGE, Cure.REOPEN, 0.1, "it is no frame", _RESTART),
    Fault(
        "SDK: the same frameset again and again",
        Trouble.FROZEN,
        Cure.REOPEN,
        _RULE.still_s + 0.1,
        "the same pixels for 2 s",
        "no repeated frame is looked at; told after 2 s, the stream is restarted",
    ),
)


def make_recording(folder: Path) -> Path:
    """A recording by the SDK's own recorder, of noise."""
    frames = [
        make_frame(600, SIZE, infrared=50, noise_seed=seed, timestamp_ns=seed) for seed in range(FRAMES)
    ]
    return record(folder / "soak.db3", frames)


class FlakySdk:
    """Stands before the module `pyrealsense2` and goes wrong as the device's fault says."""

    def __init__(self, device: Device) -> None:
        self._sdk = load_sdk()
        self._device = device

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sdk, name)

    def pipeline(self, *arguments: Any) -> "FlakyPipeline":
        """A pipeline that fails on cue."""
        return FlakyPipeline(self._sdk.pipeline(*arguments), self._device)

    def pipeline_wrapper(self, pipeline: "FlakyPipeline") -> Any:
        """What the SDK resolves a configuration with."""
        return self._sdk.pipeline_wrapper(pipeline.real)


class FlakyPipeline:
    """The real pipeline but for its faults."""

    def __init__(self, real: Any, device: Device) -> None:
        self.real = real
        self._device = device
        self._last: Any = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)

    def start(self, *arguments: Any) -> Any:
        """Start, unless that is what goes wrong."""
        fault = self._device.fault
        if fault is not None and fault.name == "SDK: cannot start the pipeline":
            self._device.heal(Cure.REOPEN)
            raise RuntimeError("Failed to resolve request. Request to enable_device_from_file was invalid")
        self._raise_if_away()
        return self.real.start(*arguments)

    def try_wait_for_frames(self, timeout_ms: int) -> tuple[bool, Any]:
        """The next frameset, or what the fault makes of it; time passes on the device's clock."""
        device = self._device
        device.strike()
        self._raise_if_away()
        fault = device.fault
        if fault is not None and fault.trouble is Trouble.STALLED:
            device.now_ns += timeout_ms * 1_000_000
            return False, None
        if fault is not None and "error" in fault.name:
            raise RuntimeError("xioctl(VIDIOC_DQBUF) failed, Last Error: Protocol error")
        if fault is not None and "start" in fault.name:
            raise RuntimeError("Device disconnected. Failed to recconect: 42")
        arrived, frameset = self.real.try_wait_for_frames(timeout_ms)
        if not arrived:
            return False, None
        device.now_ns += device.frame_ns
        device.frames += 1
        if fault is None:
            device.good += 1
            self._last = frameset
            return True, frameset
        if fault.trouble is Trouble.FROZEN:
            return True, self._last or frameset
        device.good = 0
        return True, _late(frameset) if fault.trouble is Trouble.CLOCK else _cut(frameset)

    def _raise_if_away(self) -> None:
        device = self._device
        if not device.is_sound and device.fault is not None and device.fault.cure is Cure.TIME:
            raise RuntimeError("No device connected")


def _cut(frameset: Any) -> Any:
    """A frameset whose depth buffer lacks its last rows."""
    depth = frameset.get_depth_frame()
    return _with_depth(frameset, lambda: np.array(depth.get_data())[:-9], depth.get_timestamp)


def _late(frameset: Any) -> Any:
    """A frameset that was taken an hour from now."""
    depth = frameset.get_depth_frame()
    return _with_depth(frameset, depth.get_data, lambda: depth.get_timestamp() + 3_600_000)


def _with_depth(frameset: Any, get_data: Callable[[], Any], get_timestamp: Callable[[], float]) -> Any:
    depth = frameset.get_depth_frame()
    changed = SimpleNamespace(
        get_data=get_data,
        get_timestamp=get_timestamp,
        supports_frame_metadata=depth.supports_frame_metadata,
        get_frame_metadata=depth.get_frame_metadata,
    )
    return SimpleNamespace(
        get_color_frame=frameset.get_color_frame,
        get_depth_frame=lambda: changed,
        get_infrared_frame=frameset.get_infrared_frame,
    )


class PlayedCamera:
    """The driver on the flaky SDK."""

    driver = "realsense"

    def __init__(self, device: Device, recording: Path) -> None:
        device.good = 0
        device.now_ns += OPEN_NS
        if device.fault is not None and "start" not in device.fault.name:
            device.heal(Cure.REOPEN)
        self._inner = RealSenseCamera(
            recording=recording, timeout_ms=round(_RULE.stall_s * 1000), sdk=FlakySdk(device)
        )
        self.serial = self._inner.serial

    def frames(self) -> Iterator[Frame]:
        """Yield what the driver makes of the recording."""
        return self._inner.frames()

    def close(self) -> None:
        """Free the pipeline."""
        self._inner.close()


def warm_up(recording: Path) -> None:
    """Play a few frames, so that what the SDK loads once is loaded."""
    with closing(RealSenseCamera(recording=recording)) as camera:
        for _, _frame in zip(range(20), camera.frames(), strict=False):
            pass
