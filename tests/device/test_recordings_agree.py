"""A file of the RealSense SDK's own recorder and a capture folder with the same frames decide the same."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from facelatch import cli, resources
from facelatch.captures import CaptureWriter, read_frames
from facelatch.exit_codes import ExitCode
from facelatch.frames import Frame
from tests.bundles import make_bundle, write_bundle
from tests.device.sdk_recording import record

pytest.importorskip("pyrealsense2", reason="the realsense extra is not installed")

DEMO = resources.demo_folder()


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> list[object]:
    """Options that name a model, and a store in which the demonstration's owner is enrolled."""
    folder = tmp_path_factory.mktemp("model")
    options: list[object] = [
        "--bundle",
        write_bundle(folder / "bundle", make_bundle()),
        "--store",
        folder / "t",
    ]
    assert run("enrol", "owner", "--capture", DEMO / "owner" / "enrol", *options) == ExitCode.OK
    return options


def run(*words: object) -> int:
    return cli.main([str(word) for word in words])


def with_lead_in(frames: list[Frame]) -> list[Frame]:
    """The frames after two that show nothing.

    Where the machine is busy the SDK may withhold a recording's first frame, while its streams find one another.
    """
    first = frames[0]
    blank = [
        replace(
            first,
            colour=np.zeros_like(first.colour),
            depth_mm=np.zeros_like(first.depth_mm),
            infrared=None if first.infrared is None else np.zeros_like(first.infrared),
            timestamp_ns=first.timestamp_ns - ago_ns,
        )
        for ago_ns in (2, 1)
    ]
    return blank + frames


@pytest.mark.parametrize(
    "name", ["owner/poses", "stranger-1/visit", "owner/photo-flat", "owner/photo-bent", "nobody/empty-room"]
)
def test_the_same_frames_decide_the_same(
    name: str, model: list[object], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frames = with_lead_in(list(read_frames(DEMO / name)))
    recording = record(tmp_path / "visit.db3", frames)
    with CaptureWriter(tmp_path / "visit", driver="scripted", serial="7") as writer:
        for frame in frames:
            writer.write(frame)
    answers: list[tuple[int, dict[str, Any]]] = []
    for source in (("--capture", tmp_path / "visit"), ("--recording", recording)):
        capsys.readouterr()
        code = run("identify", *source, "--json", *model)
        answer = json.loads(capsys.readouterr().out)
        assert answer.pop("looks") >= 1
        answers.append((code, answer))
    assert answers[0] == answers[1]


def test_a_recording_enrols_like_a_capture(model: list[object], tmp_path: Path) -> None:
    recording = record(tmp_path / "turns.db3", with_lead_in(list(read_frames(DEMO / "owner" / "enrol"))))
    assert run("enrol", "again", "--recording", recording, *model) == ExitCode.OK
