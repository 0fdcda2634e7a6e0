import argparse
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import repeat
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from facelatch.acquisition import Embedder
from facelatch.benchmark import STAGES
from facelatch.captures import CaptureWriter
from facelatch.card import Bundle
from facelatch.commands import bench
from facelatch.commands.bench import Plan
from facelatch.encoder import RUNTIMES, TFLiteModel
from facelatch.errors import FacelatchError, ModelError
from facelatch.exit_codes import ExitCode
from facelatch.frames import Frame
from facelatch.matching import Embedding
from tests.bundles import MODELS, make_bundle
from tests.drawings import draw_face
from tests.factories import make_embedding, make_frame

RUNTIME = "ai-edge-litert"


def record(folder: Path, *frames: Frame) -> Path:
    with CaptureWriter(folder, driver="scripted", serial="7") as writer:
        for number, frame in enumerate(frames):
            writer.write(replace(frame, timestamp_ns=number))
    return folder


@pytest.fixture(scope="module")
def faces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two frames with a face and one without."""
    return record(
        tmp_path_factory.mktemp("faces") / "capture",
        draw_face(500),
        make_frame(900, focal_px=600),
        draw_face(450),
    )


def run(*words: object) -> ExitCode:
    parser = argparse.ArgumentParser(exit_on_error=False)
    bench.add_arguments(parser)
    return bench.run(parser.parse_args([str(word) for word in ("--frames", 7, "--warm-up", 2, *words)]))


def test_every_stage_is_measured_on_one_core_and_on_all(
    bundle: Path, faces: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("--bundle", bundle, "--capture", faces, "--json") is ExitCode.OK
    record_: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert [measured["cores"] for measured in record_["runs"]] == sorted({1, len(os.sched_getaffinity(0))})
    for measured in record_["runs"]:
        stages = measured["stages_ms"]
        assert tuple(sorted(stages)) == tuple(sorted(STAGES))
        assert all(stage["count"] == 7 and 0 < stage["min"] <= stage["p99"] for stage in stages.values())
        parts = sum(stages[name]["min"] for name in ("locate", "preprocess", "encode", "match", "liveness"))
        assert stages["whole"]["p99"] >= parts
        assert measured["failures"] >= 3
    assert record_["comparisons"] == []
    assert record_["resident_mib"][0] > 10
    assert set(record_["versions"]) == {"facelatch", "ai-edge-litert", "numpy", "opencv", "python"}


@dataclass
class SeenThreads:
    """Stands in for `Encoder`; keeps the threads it is given and OpenCV's at each embedding."""

    seen: list[tuple[int, int]] = field(default_factory=list)

    def load(self, bundle: Bundle, runtime: str, threads: int) -> Embedder:
        return SeenEmbedder(self.seen, threads)


@dataclass
class SeenEmbedder:
    seen: list[tuple[int, int]]
    threads: int

    def embed(self, tensor: npt.NDArray[np.float32]) -> Embedding:
        self.seen.append((self.threads, cv2.getNumThreads()))
        return make_embedding(1)


@pytest.fixture
def _opencv_threads() -> Iterator[None]:
    before = cv2.getNumThreads()
    yield
    cv2.setNumThreads(before)


@pytest.mark.usefixtures("_opencv_threads")
def test_encoder_and_opencv_have_as_many_cores_as_are_told() -> None:
    seen, plan = SeenThreads(), Plan(samples=2, warm_up=0, cores=(1, 3))
    runs, _ = bench.measure_stages(plan, repeat(draw_face(500)), make_bundle(), RUNTIME, 0.8, seen.load)
    assert list(runs) == [1, 3]
    assert seen.seen == [(1, 1), (1, 1), (3, 3), (3, 3)]


def test_encoders_in_turns_have_as_many_cores_as_are_told() -> None:
    seen: list[tuple[str, int]] = []

    def load(data: bytes, name: str, runtime: str, threads: int) -> TFLiteModel:
        seen.append((name, threads))
        return TFLiteModel(data, name, runtime, threads)

    plan, data = Plan(samples=2, warm_up=0, cores=(1, 3)), make_bundle().encoder
    rivals = bench.race(plan, ("a", data, RUNTIME), ("b", data, RUNTIME), load)
    assert list(rivals) == [1, 3]
    assert seen == [("a", 1), ("b", 1), ("a", 3), ("b", 3)]


@pytest.mark.parametrize("rival", ["bundle", "file", "other-size"])
def test_a_second_encoder_is_measured_in_turns(
    rival: str, bundle: Path, faces: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = {
        "bundle": bundle,
        "file": MODELS / "encoder.tflite",
        "other-size": MODELS / "smaller-input.tflite",
    }[rival]
    assert run("--bundle", bundle, "--capture", faces, "--compare", path) is ExitCode.OK
    printed = capsys.readouterr().out
    assert "one core, encoders in turns (7 pairs)" in printed
    assert "times as long (95 % confidence: " in printed


def test_a_second_encoder_may_run_on_the_other_runtime(
    bundle: Path, faces: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("tflite_runtime", reason="tflite-runtime has no wheels for this Python")
    first, second = RUNTIMES
    words = ("--runtime", first, "--compare", bundle, "--compare-runtime", second)
    assert run("--bundle", bundle, "--capture", faces, "--json", *words) is ExitCode.OK
    record_ = json.loads(capsys.readouterr().out)
    assert record_["comparisons"][0]["rival"] == f"made-up, {second}"
    assert record_["model"].endswith(first)
    assert {first, second} <= set(record_["versions"])


@pytest.mark.parametrize(
    "frame", [pytest.param(make_frame(900), id="wall"), pytest.param(make_frame(0), id="dark")]
)
def test_without_a_face_nothing_is_claimed(
    frame: Frame, bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("--bundle", bundle, "--capture", record(tmp_path / "empty", frame)) is ExitCode.RETRY
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "no frame held a usable face" in captured.err


def test_a_rival_that_is_no_model_is_refused_before_anything_is_measured(
    bundle: Path, tmp_path: Path
) -> None:
    text = tmp_path / "notes.tflite"
    text.write_text("not a model")
    with pytest.raises(ModelError, match=r"notes\.tflite: not a TFLite model"):
        run("--bundle", bundle, "--capture", tmp_path, "--compare", text)
    with pytest.raises(ModelError, match=r"gone\.tflite: cannot be read"):
        run("--bundle", bundle, "--capture", tmp_path, "--compare", tmp_path / "gone.tflite")


def test_a_capture_that_is_not_there_is_named(bundle: Path, tmp_path: Path) -> None:
    with pytest.raises(FacelatchError, match="gone"):
        run("--bundle", bundle, "--capture", tmp_path / "gone")


@pytest.mark.parametrize(
    "words", [("--frames", "0"), ("--runtime", "onnx"), ("--capture", "a", "--recording", "b")], ids=" ".join
)
def test_wrong_options_are_refused(words: tuple[str, ...]) -> None:
    with pytest.raises((argparse.ArgumentError, SystemExit)):
        run(*words)
