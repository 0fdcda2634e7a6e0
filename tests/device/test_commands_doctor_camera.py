import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from facelatch import cli, resources
from facelatch.cameras.scripted import ScriptedCamera
from facelatch.captures import CaptureWriter, read_frames
from facelatch.commands.doctor_camera import look
from facelatch.exit_codes import ExitCode
from facelatch.locate import Located
from tests.device.sdk_recording import SERIAL, record
from tests.factories import make_frame
from tests.requirements import need_module

POSES = resources.demo_folder() / "owner" / "poses"
ROOM = resources.demo_folder() / "nobody" / "empty-room"


def run(*words: object) -> int:
    return cli.main([str(word) for word in ("doctor", "--camera", *words)])


def test_a_capture_is_looked_through_and_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "check.png"
    assert run("--capture", POSES, "--picture", path) == ExitCode.OK
    printed = capsys.readouterr().out
    assert printed.startswith("replay seed-7\n")
    for words in ("ok    rate", "ok    depth", "ok    light", "ok    face", f"picture: {path}"):
        assert words in printed
    picture = cv2.imread(str(path))
    assert picture is not None
    assert picture.shape[1] == 1400
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_recording_of_the_sdk_for_programs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    need_module("pyrealsense2")
    recording = record(tmp_path / "a.db3", list(read_frames(POSES)))
    assert run("--recording", recording, "--json") == ExitCode.OK
    told = json.loads(capsys.readouterr().out)
    assert told["status"] == "ok"
    assert told["camera"] == {"driver": "realsense", "serial": SERIAL, "model": "Made-up D435"}
    assert told["seen"]["frames"] == told["seen"]["faces"] == 5
    assert 400 < told["seen"]["distance_mm"] < 600
    assert told["picture"] is None


def test_an_empty_room_is_a_warning(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--capture", ROOM) == ExitCode.OK
    assert "warn  face        none in 5 frames" in capsys.readouterr().out


def test_a_camera_without_depth_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with CaptureWriter(tmp_path / "blind", driver="scripted", serial="7") as writer:
        writer.write(make_frame(0))
    assert run("--capture", tmp_path / "blind", "--json") == ExitCode.REFUSED
    told = json.loads(capsys.readouterr().out)
    assert [one["name"] for one in told["checks"] if one["status"] == "fail"] == ["depth"]


@pytest.mark.parametrize(
    ("name", "words"), [("check.jpg", "ending .png"), ("none/check.png", "cannot be written")]
)
def test_a_picture_that_cannot_be_written(
    tmp_path: Path, name: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("--capture", ROOM, "--picture", tmp_path / name) == ExitCode.CONFIG
    assert words in capsys.readouterr().err


def test_a_picture_means_the_camera(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "check.png"
    assert (
        cli.main(["doctor", "--capture", str(ROOM), "--picture", str(path), "--frames", "2"]) == ExitCode.OK
    )
    assert "2 looked at" in capsys.readouterr().out


def test_no_camera_ends_with_its_own_code(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--capture", tmp_path / "gone") == ExitCode.CAPTURE
    assert "gone" in capsys.readouterr().err


def test_the_last_frame_with_a_face_is_shown() -> None:
    faces, room = list(read_frames(POSES)), list(read_frames(ROOM))
    sight = look(ScriptedCamera([room[0], faces[0], faces[1], room[1]]), 10)
    assert isinstance(sight.face, Located)
    np.testing.assert_array_equal(sight.shown.colour, faces[1].colour)
    assert len(sight.check.moments) == 4
    assert len(sight.check.faces) == 2
