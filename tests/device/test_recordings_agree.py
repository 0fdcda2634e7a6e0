"""A file of the RealSense SDK's own recorder and a capture folder with the same frames decide the same."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from facelatch import cli, resources
from facelatch.captures import CaptureWriter, read_frames
from facelatch.demonstration.demo import Planned, read_plan
from facelatch.exit_codes import ExitCode, of_outcome
from facelatch.frames import Frame
from facelatch.session import Outcome
from facelatch.store import Store
from tests.device.sdk_recording import record
from tests.requirements import need_module

need_module("pyrealsense2")

DEMO = resources.demo_folder()
PLAN = read_plan(DEMO)
MODEL = ("--bundle", resources.default_bundle_folder())


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Where the demonstration's owner is enrolled from the capture folder, with the shipped model."""
    store = Store(tmp_path_factory.mktemp("store") / "templates")
    assert run("enrol", "owner", "--capture", PLAN.enrol, *MODEL, "--store", store.folder) == ExitCode.OK
    return store


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


@pytest.mark.parametrize("planned", PLAN.attempts, ids=lambda one: str(one.capture.relative_to(DEMO)))
def test_the_same_frames_decide_the_same(
    planned: Planned, store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frames = with_lead_in(list(read_frames(planned.capture)))
    recording = record(tmp_path / "visit.db3", frames)
    with CaptureWriter(tmp_path / "visit", driver="scripted", serial="7") as writer:
        for frame in frames:
            writer.write(frame)
    answers: list[dict[str, Any]] = []
    for source in (("--capture", tmp_path / "visit"), ("--recording", recording)):
        capsys.readouterr()
        code = run("identify", *source, "--json", *MODEL, "--store", store.folder)
        answer = json.loads(capsys.readouterr().out)
        assert code == of_outcome(Outcome(answer["outcome"]))
        assert answer.pop("looks") >= 1
        answers.append(answer)
    assert answers[0] == answers[1]
    outcome = Outcome(answers[0]["outcome"])
    assert (outcome, outcome in planned.expected) == (outcome, True)
    # An empty room is the one place where nothing to compare is right.
    assert (answers[0]["samples"] > 0) == (outcome is not Outcome.RETRY)


def test_a_recording_enrols_like_a_capture(store: Store, tmp_path: Path) -> None:
    recording = record(tmp_path / "turns.db3", with_lead_in(list(read_frames(PLAN.enrol))))
    other = Store(tmp_path / "templates")
    assert run("enrol", "owner", "--recording", recording, *MODEL, "--store", other.folder) == ExitCode.OK
    made, wanted = other.load("owner"), store.load("owner")
    assert made.poses == wanted.poses
    assert np.array_equal(made.embeddings, wanted.embeddings)
