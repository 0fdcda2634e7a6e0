from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import pytest

from facelatch.cameras.scripted import ScriptedCamera
from facelatch.cameras.supervised import Source, SupervisedCamera
from facelatch.errors import (
    CameraError,
    CameraForeignError,
    CameraStalledError,
    CameraUnpluggedError,
    CaptureError,
    ConfigError,
)
from facelatch.frames import Frame
from facelatch.status import CameraState
from facelatch.supervision.health import HealthRule, Trouble, for_recording
from tests.factories import make_frame

TICK_NS = 33_000_000
UNPLUGGED = CameraUnpluggedError("camera 7 is gone")

Script = Sequence[Frame | Exception]


class Bench:
    """A simulated bus: cameras that open one after the other, a clock that goes on with each frame and wait.

    After the last one it asks to stop.
    """

    def __init__(
        self,
        *openings: ScriptedCamera | Exception,
        rule: HealthRule | None = None,
        serial: str = "",
        reset: Callable[[], object] = lambda: None,
    ) -> None:
        self.now_ns = 0
        self.openings = iter(openings)
        self.states: list[CameraState] = []
        self.waits: list[float] = []
        self.stops = False
        self.beats: list[float] = []
        self.opened: list[ScriptedCamera] = []
        source = Source(self.open, serial, rule or HealthRule(), reset)
        self.camera = SupervisedCamera(source, self.states.append, self.pause, self.clock)

    def open(self) -> ScriptedCamera:
        assert all(camera.closed for camera in self.opened), "the last camera was not closed"
        opening = next(self.openings, None)
        if opening is None:
            self.stops = True
            raise UNPLUGGED
        if isinstance(opening, Exception):
            raise opening
        self.opened.append(opening)
        return opening

    def pause(self, seconds: float) -> bool:
        self.now_ns += round(seconds * 1e9)
        self.beats.append(seconds)
        if seconds:
            self.waits.append(seconds)
        return self.stops

    def clock(self) -> int:
        self.now_ns += TICK_NS // 2
        return self.now_ns

    def troubles(self) -> list[Trouble]:
        """Each time that one was told."""
        return [
            state.trouble
            for state in self.states
            if state.trouble is not None and not state.trying.startswith("wait for good")
        ]


def frames(count: int, first: int = 0) -> list[Frame]:
    return [
        make_frame(size=(32, 24), noise_seed=first + place, timestamp_ns=(first + place) * TICK_NS)
        for place in range(count)
    ]


def camera(*script: Frame | Exception, serial: str = "7") -> ScriptedCamera:
    return ScriptedCamera(script, serial)


def seeds(played: Iterator[Frame]) -> list[int]:
    return [frame.timestamp_ns // TICK_NS for frame in played]


def test_frames_come_once_the_camera_is_trusted() -> None:
    bench = Bench(camera(*frames(8)))
    assert seeds(bench.camera.frames()) == [4, 5, 6, 7]
    first, trusted = bench.states[:2]
    assert (first.is_trusted, first.trouble, first.serial) == (False, None, "7")
    assert (trusted.is_trusted, trusted.trying, trusted.recoveries) == (True, "", 0)
    assert bench.camera.serial == "7"


def test_a_recording_ends() -> None:
    bench = Bench(camera(*frames(3)), rule=for_recording())
    assert seeds(bench.camera.frames()) == [0, 1, 2]
    assert bench.waits == []


def test_a_live_camera_has_no_end() -> None:
    bench = Bench(camera(*frames(6)), camera(*frames(6)))
    assert len(list(bench.camera.frames())) == 4
    assert bench.troubles()[0] is Trouble.STALLED


@pytest.mark.parametrize(
    ("error", "trouble", "sentence"),
    [
        pytest.param(UNPLUGGED, Trouble.UNPLUGGED, "camera 7 is gone", id="unplugged"),
        pytest.param(CameraStalledError("no frame"), Trouble.STALLED, "no frame", id="stalled"),
        pytest.param(CameraForeignError("found 8"), Trouble.WRONG_SERIAL, "found 8", id="foreign"),
        pytest.param(CameraError("busy"), Trouble.DRIVER_FAILED, "busy", id="ours"),
        pytest.param(
            RuntimeError("xioctl\nfailed"),
            Trouble.DRIVER_FAILED,
            "the camera's driver failed (RuntimeError: xioctl failed)",
            id="an-sdk's",
        ),
        pytest.param(CaptureError("no colour"), Trouble.GARBAGE, "no colour", id="no-colour"),
        pytest.param(ValueError("too short"), Trouble.GARBAGE, "what is no frame", id="no-frame"),
        pytest.param(OSError(19, "No such device"), Trouble.DRIVER_FAILED, "OSError", id="os"),
        pytest.param(AssertionError(), Trouble.DRIVER_FAILED, "AssertionError", id="assertion"),
    ],
)
@pytest.mark.parametrize("while_opening", [True, False], ids=["opening", "streaming"])
def test_whatever_a_driver_raises_is_a_named_trouble(
    error: Exception, trouble: Trouble, sentence: str, while_opening: bool
) -> None:
    openings = (error,) if while_opening else (camera(*frames(6), error),)
    bench = Bench(*openings, camera(*frames(9)))
    played = seeds(bench.camera.frames())
    assert played == ([] if while_opening else [4, 5]) + [4, 5, 6, 7, 8]
    lost = next(state for state in bench.states if state.trouble is not None)
    assert (lost.trouble, lost.is_trusted) == (trouble, False)
    assert sentence in lost.sentence
    assert lost.trying == "restart the stream, in 0.5 s"
    back = next(state for state in bench.states if state.recoveries == 1)
    assert (back.is_trusted, back.trouble, back.trying) == (True, None, "")


@pytest.mark.parametrize("error", [ConfigError("no driver"), MemoryError(), KeyboardInterrupt()])
@pytest.mark.parametrize("while_opening", [True, False], ids=["opening", "streaming"])
def test_what_people_or_a_new_process_mend_gets_through(error: BaseException, while_opening: bool) -> None:
    class Failing(ScriptedCamera):
        def frames(self) -> Iterator[Frame]:
            yield from super().frames()
            raise error

    bench = Bench(Failing(frames(5)))
    if while_opening:
        bench.open = lambda: (_ for _ in ()).throw(error)  # type: ignore[method-assign]
        bench.camera = SupervisedCamera(Source(bench.open), bench.states.append, bench.pause, bench.clock)
    with pytest.raises(type(error)):
        list(bench.camera.frames())


def test_a_damaged_recording_gets_through() -> None:
    bench = Bench(camera(*frames(2), CaptureError("0002.depth.png is cut short")), rule=for_recording())
    with pytest.raises(CaptureError):
        list(bench.camera.frames())


def test_the_ladder_restarts_resets_and_looks_anew() -> None:
    openings = [camera(*frames(6), UNPLUGGED) for _ in range(5)]
    bench = Bench(*openings)
    list(bench.camera.frames())
    assert bench.waits[:5] == [0.5, 4.0, 1.0, 2.0, 4.0]
    assert [one.resets for one in openings] == [0, 1, 0, 1, 2]
    assert all(one.closed for one in openings)


def test_a_device_that_does_not_open_is_reset_through_who_last_had_it() -> None:
    before = camera(*frames(6), UNPLUGGED)
    bench = Bench(before, *[RuntimeError("busy")] * 3, camera(*frames(6)))
    assert seeds(bench.camera.frames()) == [4, 5, 4, 5]
    assert before.resets == 2


def test_a_device_that_never_opened_is_reset_through_its_driver() -> None:
    """A process before this one may have left it hanging."""
    done: list[str] = []
    openings = [RuntimeError("failed to set power state")] * 2
    bench = Bench(*openings, camera(*frames(6)), reset=lambda: done.append("reset"))
    assert seeds(bench.camera.frames()) == [4, 5]
    assert done == ["reset"]


def test_a_foreign_device_that_does_not_open_is_not_reset() -> None:
    done: list[str] = []
    bench = Bench(*[CameraForeignError("found 8")] * 2, serial="7", reset=lambda: done.append("reset"))
    assert list(bench.camera.frames()) == []
    assert done == []


def test_there_is_a_sign_of_life_between_a_slow_opening_and_the_wait_for_the_first_frame() -> None:
    class Silent(ScriptedCamera):
        def frames(self) -> Iterator[Frame]:
            assert bench.beats == [0]
            yield from super().frames()

    bench = Bench(Silent(frames(6)))
    assert len(list(bench.camera.frames())) == 2


class Rude(ScriptedCamera):
    """Cannot be reset or closed without complaint."""

    def reset(self) -> None:
        super().reset()
        raise RuntimeError("device busy")

    def close(self) -> None:
        super().close()
        raise RuntimeError("device gone")


def test_a_camera_that_cannot_even_be_closed_is_survived() -> None:
    openings = [Rude([*frames(6), UNPLUGGED], "7") for _ in range(3)]
    bench = Bench(*openings, camera(*frames(7)))
    assert len(list(bench.camera.frames())) == 3 * 2 + 3
    assert openings[1].resets == 1


def test_another_camera_is_not_trusted_and_not_reset() -> None:
    foreign = [camera(*frames(9), serial="8") for _ in range(3)]
    bench = Bench(*foreign, camera(*frames(6)), serial="7")
    assert seeds(bench.camera.frames()) == [4, 5]
    assert bench.troubles()[:3] == [Trouble.WRONG_SERIAL] * 3
    assert "camera 8 is connected, the config names 7" in bench.states[0].sentence
    assert [one.resets for one in foreign] == [0, 0, 0]


def test_without_a_serial_the_first_trusted_camera_is_the_one() -> None:
    bench = Bench(camera(*frames(6), UNPLUGGED), camera(*frames(9), serial="8"), camera(*frames(6)))
    assert seeds(bench.camera.frames()) == [4, 5, 4, 5]
    assert bench.troubles()[:2] == [Trouble.UNPLUGGED, Trouble.WRONG_SERIAL]


def test_a_camera_that_never_showed_a_good_frame_binds_nobody() -> None:
    bench = Bench(camera(*frames(2), UNPLUGGED, serial="8"), camera(*frames(6)))
    assert seeds(bench.camera.frames()) == [4, 5]


def test_a_bad_frame_is_withheld_and_told_before_the_next() -> None:
    good = frames(20)
    good[8] = replace(good[8], depth_mm=good[8].depth_mm[:12], colour=good[8].colour[:12])
    bench = Bench(camera(*good))
    seen: list[tuple[int, bool]] = []
    for frame in bench.camera.frames():
        seen.append((frame.timestamp_ns // TICK_NS, bench.states[-1].is_trusted))
    assert seen == [(number, True) for number in (4, 5, 6, 7, *range(13, 20))]
    doubt = next(state for state in bench.states[2:] if not state.is_trusted)
    assert (doubt.trouble, doubt.trying) == (None, "wait for good frames")


def test_a_frozen_stream_is_restarted() -> None:
    good = frames(6)
    still = [replace(good[5], timestamp_ns=(6 + place) * TICK_NS) for place in range(200)]
    stuck = camera(*good, *still)
    bench = Bench(stuck, camera(*frames(6, first=300)))
    assert seeds(bench.camera.frames()) == [4, 5, 304, 305]
    assert bench.troubles()[0] is Trouble.FROZEN
    assert stuck.closed


def test_a_frame_that_took_too_long_is_a_stall() -> None:
    class Slow(ScriptedCamera):
        def frames(self) -> Iterator[Frame]:
            for place, frame in enumerate(super().frames()):
                bench.now_ns += 20_000_000_000 if place == 6 else 0
                yield frame

    bench = Bench(Slow(frames(9), "7"), camera(*frames(6)))
    assert seeds(bench.camera.frames()) == [4, 5, 4, 5]
    assert bench.troubles()[0] is Trouble.STALLED


def test_being_asked_to_stop_ends_a_wait_and_a_camera_that_is_not_trusted() -> None:
    waiting, doubting = Bench(UNPLUGGED), Bench(camera(*frames(3), *frames(9, first=3)))
    waiting.stops = doubting.stops = True
    assert list(waiting.camera.frames()) == []
    assert waiting.waits == [0.5]
    assert list(doubting.camera.frames()) == []


def test_closing_frees_the_device_and_may_be_done_twice() -> None:
    inner = camera(*frames(9))
    bench = Bench(inner)
    next(iter(bench.camera.frames()))
    bench.camera.close()
    bench.camera.close()
    assert inner.closed
