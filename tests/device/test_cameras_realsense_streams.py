"""Opening recordings: what made it wait for ten seconds now and then cannot happen any more."""

import os
import threading
from pathlib import Path

import pytest

from facelatch.cameras.realsense_options import RealSenseOptions
from facelatch.cameras.realsense_sdk import load_sdk
from facelatch.cameras.realsense_streams import play, start_camera, start_recording
from tests.device.scripted_sdk import ScriptedSdk, Stream
from tests.device.sdk_recording import record
from tests.factories import make_frame
from tests.requirements import need_module

SMALL = (64, 48)


def alive(threads: frozenset[int]) -> list[int]:
    """The SDK's; the thread that opened the file has ended."""
    return [thread for thread in threads if Path(f"/proc/self/task/{thread}").exists()]


def policies(threads: frozenset[int]) -> set[int]:
    return {os.sched_getscheduler(thread) for thread in alive(threads)}


def test_the_reader_of_a_recording_does_not_get_ahead_of_who_lets_it_run(tmp_path: Path) -> None:
    """With a reader that did, one opening in ten of such a short recording waited for 10 s under load."""
    need_module("pyrealsense2")
    path = record(tmp_path / "a.db3", [make_frame(900, SMALL, infrared=1, noise_seed=n) for n in range(8)])
    stream = start_recording(load_sdk(), path)
    assert policies(stream.readers) == {os.SCHED_IDLE}
    assert threading.get_native_id() not in stream.readers
    assert os.sched_getscheduler(0) != os.SCHED_IDLE
    processors = os.sched_getaffinity(0)
    play(stream)
    assert os.sched_getaffinity(0) == processors
    assert all(os.sched_getaffinity(thread) == processors for thread in alive(stream.readers))
    # Who may not raise it again keeps a patient reader.
    assert policies(stream.readers) == {os.SCHED_OTHER if os.geteuid() == 0 else os.SCHED_IDLE}
    assert [stream.pipeline.try_wait_for_frames(10_000)[0] for _ in range(8)] == [True] * 8
    stream.pipeline.stop()


@pytest.mark.parametrize(
    ("options", "rates_hz", "streams", "rate_hz"),
    [
        pytest.param(RealSenseOptions(), (30, 60), "depth infrared color", 30, id="aligned"),
        pytest.param(
            RealSenseOptions(view="infrared"), (30, 60), "depth infrared", 60, id="twice-for-switching"
        ),
        pytest.param(RealSenseOptions(view="infrared"), (30,), "depth infrared", 30, id="usb-2"),
        pytest.param(
            RealSenseOptions(view="infrared", switch_emitter=False),
            (30, 60),
            "depth infrared",
            30,
            id="not-switching",
        ),
    ],
)
def test_what_is_asked_of_a_camera(
    options: RealSenseOptions, rates_hz: tuple[int, ...], streams: str, rate_hz: int
) -> None:
    sdk = ScriptedSdk(rates_hz=rates_hz)
    start_camera(sdk, "111", options, None)
    config = sdk.pipelines[0].config
    assert config is not None
    assert config.serial == "111"
    assert config.streams == [Stream[name] for name in streams.split()]
    assert config.rate_hz == rate_hz
    assert config.file is None
