"""A RealSense pipeline that runs: of a camera, of a camera being recorded, or of a recording."""

import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from facelatch.cameras.realsense_errors import HEIGHT, RATE_HZ, WIDTH, to_error
from facelatch.cameras.realsense_options import RealSenseOptions


@dataclass(frozen=True, slots=True, eq=False)
class Stream:
    """A started pipeline with what it plays; `playback` is None for a camera."""

    pipeline: Any
    profile: Any
    playback: Any = None
    readers: frozenset[int] = frozenset()
    """The SDK's threads that step back until `play`."""


def start_camera(rs: Any, serial: str, options: RealSenseOptions, record_to: Path | None) -> Stream:
    """Start the camera with this serial number; what it sends is written to `record_to` as well, if that is given.

    Switching the emitter halves the rate of pictures, so twice the rate is asked for where the connection bears it.
    """
    pipeline, config = rs.pipeline(), rs.config()
    config.enable_device(serial)
    rates = [2 * RATE_HZ] if options.view == "infrared" and options.switch_emitter else []
    try:
        for rate_hz in (*rates, RATE_HZ):
            _enable(rs, config, options.view, rate_hz)
            if rate_hz == RATE_HZ or config.can_resolve(rs.pipeline_wrapper(pipeline)):
                break
            config.disable_all_streams()
        if record_to is not None:
            config.enable_record_to_file(str(record_to))
        return Stream(pipeline, pipeline.start(config))
    except RuntimeError as error:
        raise to_error(str(error), serial) from None


def start_recording(rs: Any, path: Path) -> Stream:
    """Open a recording, paused: `play` starts it once all of its streams are open.

    Otherwise it runs while the sensors open one by one, and under load the first frame is lost or is paired with
    another's depth.
    """
    pipeline, config = rs.pipeline(), rs.config()

    def open_paused() -> Any:
        rs.config.enable_device_from_file(config, str(path), repeat_playback=False)
        playback = config.resolve(rs.pipeline_wrapper(pipeline)).get_device().as_playback()
        playback.set_real_time(False)
        playback.pause()
        return playback

    before = _threads()
    try:
        with ThreadPoolExecutor(1, initializer=_step_back) as background:
            playback = background.submit(open_paused).result()
        readers = _threads() - before
        return Stream(pipeline, pipeline.start(config), playback, readers)
    except RuntimeError as error:
        raise to_error(str(error), path) from None


def play(stream: Stream) -> None:
    """Let a recording that was opened run.

    Resuming a playback waits for the SDK's reader. If the reader gets ahead of the one who waits, it fills the
    pipeline's queue, which nobody empties meanwhile, and both stand still until the SDK gives up after 10 s. On one
    processor with us, and running only while we do not want to, it does not get ahead.
    """
    with _on_one_processor(stream.readers & _threads()):
        stream.playback.resume()
    for reader in stream.readers & _threads():
        # Without the right to it they go on stepping back, which is slow on a busy machine and no more.
        with suppress(OSError):
            os.sched_setscheduler(reader, os.SCHED_OTHER, os.sched_param(0))


def stop(stream: Stream) -> None:
    """Stop; a device that is gone cannot be stopped, and is given up all the same."""
    with suppress(RuntimeError):
        stream.pipeline.stop()


def _step_back() -> None:
    """Let this thread, and those that the SDK starts from it, run only while no other wants to."""
    with suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))


@contextmanager
def _on_one_processor(threads: Iterable[int]) -> Iterator[None]:
    """Keep this thread and others on one processor for the block."""
    everybody = (0, *threads)
    before = os.sched_getaffinity(0)
    try:
        _keep_to(everybody, {min(before)})
        yield
    finally:
        _keep_to(everybody, before)


def _keep_to(threads: Iterable[int], processors: set[int]) -> None:
    for thread in threads:
        with suppress(OSError):
            os.sched_setaffinity(thread, processors)


def _threads() -> frozenset[int]:
    """This process's, the SDK's among them."""
    with suppress(OSError):
        return frozenset(int(entry.name) for entry in Path("/proc/self/task").iterdir())
    return frozenset()


def _enable(rs: Any, config: Any, view: str, rate_hz: int) -> None:
    config.enable_stream(rs.stream.depth, WIDTH, HEIGHT, rs.format.z16, rate_hz)
    config.enable_stream(rs.stream.infrared, 1, WIDTH, HEIGHT, rs.format.y8, rate_hz)
    if view == "aligned":
        config.enable_stream(rs.stream.color, WIDTH, HEIGHT, rs.format.rgb8, rate_hz)
