"""`facelatch record --sdk`, with the real SDK: its software device live, its recorder, its playback."""

import argparse
import json
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from facelatch import cli
from facelatch.cameras.realsense import RealSenseCamera
from facelatch.commands import record
from facelatch.errors import CameraUnpluggedError, CaptureError, ConfigError
from facelatch.exit_codes import ExitCode
from facelatch.frames import Frame
from tests.device.scripted_sdk import UNPLUG, ScriptedSdk
from tests.device.sdk_recording import SERIAL, SoftwareSdk
from tests.factories import make_frame
from tests.requirements import need_module

need_module("pyrealsense2")


def script(count: int) -> list[Frame]:
    made = (make_frame(600 + number, infrared=1, grey=number) for number in range(count))
    return [replace(frame, timestamp_ns=number * 33_000_000) for number, frame in enumerate(made)]


def run(sdk: Any, *words: object) -> ExitCode:
    parser = argparse.ArgumentParser()
    record.add_arguments(parser)
    return record.run(parser.parse_args([str(word) for word in words]), sdk)


def play(path: Path) -> list[Frame]:
    with closing(RealSenseCamera(recording=path, timeout_ms=3000)) as camera:
        assert camera.serial == SERIAL
        return list(camera.frames())


def leftovers(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_live_recording_plays_frame_by_frame(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sent, path = script(5), tmp_path / "visit.db3"
    assert run(SoftwareSdk(sent), "--sdk", path, "--frames", 4, "--json") is ExitCode.OK
    told = json.loads(capsys.readouterr().out)
    assert told == {"file": str(path), "frames": 4, "bytes": path.stat().st_size}
    for got, expected in zip(play(path), sent[:4], strict=True):
        np.testing.assert_array_equal(got.colour, expected.colour)
        np.testing.assert_array_equal(got.depth_mm, expected.depth_mm)
    assert path.stat().st_mode & 0o777 == 0o600
    assert leftovers(tmp_path) == ["visit.db3"]


class Interrupting(SoftwareSdk):
    """Somebody presses Ctrl-C while the third frame is waited for."""

    sent = 0

    def send_next(self) -> None:
        self.sent += 1
        if self.sent == 3:
            raise KeyboardInterrupt
        super().send_next()


class Unplugged(Interrupting):
    def send_next(self) -> None:
        try:
            super().send_next()
        except KeyboardInterrupt:
            raise RuntimeError("Device disconnected") from None


@pytest.mark.parametrize(
    ("kind", "ending"), [(Interrupting, KeyboardInterrupt), (Unplugged, CameraUnpluggedError)]
)
def test_what_came_before_the_end_is_kept(
    kind: type[SoftwareSdk], ending: type[BaseException], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "visit.db3"
    with pytest.raises(ending):
        run(kind(script(5)), "--sdk", path)
    assert len(play(path)) == 2
    assert "is kept in" in capsys.readouterr().err


def test_a_recording_that_does_not_play_is_deleted_and_it_is_said(tmp_path: Path) -> None:
    """The scripted SDK writes a file that is none."""
    sdk = ScriptedSdk([make_frame(500, (4, 3), infrared=1)])
    with pytest.raises(
        CaptureError, match=r"visit\.db3: the recording is damaged and was deleted \(is not a"
    ):
        run(sdk, "--sdk", tmp_path / "visit.db3", "--frames", 1)
    assert leftovers(tmp_path) == []


def test_a_camera_that_fails_at_once_is_the_error_that_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(CameraUnpluggedError, match="gone from the bus"):
        run(ScriptedSdk([UNPLUG]), "--sdk", tmp_path / "visit.db3")
    assert "damaged and was deleted" in capsys.readouterr().err
    assert leftovers(tmp_path) == []


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "visit.db3"
    path.write_text("precious")
    with pytest.raises(CaptureError, match="nothing is overwritten"):
        run(ScriptedSdk(), "--sdk", path)
    assert path.read_text() == "precious"
    assert leftovers(tmp_path) == ["visit.db3"]


def test_a_name_that_is_taken_while_recording_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "visit.db3"

    class Racing(SoftwareSdk):
        def send_next(self) -> None:
            path.write_text("precious")
            super().send_next()

    with pytest.raises(CaptureError, match="appeared meanwhile"):
        run(Racing(script(2)), "--sdk", path, "--frames", 2)
    assert path.read_text() == "precious"
    assert leftovers(tmp_path) == ["visit.db3"]


@pytest.mark.parametrize(
    ("words", "error", "message"),
    [
        pytest.param(["--sdk", "{}/a.db3", "--capture", "{}"], ConfigError, "live RealSense", id="a-capture"),
        pytest.param(["--sdk", "{}/a.db3", "--subject", "ada"], ConfigError, "--subject", id="subject"),
        pytest.param(["--sdk", "{}/a.bag"], CaptureError, "ending", id="another-ending"),
        pytest.param(["--sdk", "{}/no/a.db3"], CaptureError, "cannot be recorded to", id="no-folder"),
    ],
)
def test_what_cannot_be_recorded(
    words: list[str], error: type[Exception], message: str, tmp_path: Path
) -> None:
    with pytest.raises(error, match=message):
        run(ScriptedSdk(), *(word.format(tmp_path) for word in words))
    assert leftovers(tmp_path) == []


@pytest.mark.parametrize("words", [[], ["folder", "--sdk", "a.db3"]])
def test_folder_or_file(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(["record", *words])
    assert caught.value.code == 2
    assert "--sdk" in capsys.readouterr().err
