"""Made-up people on film: the same each time they are read, each capture its own."""

import argparse
import itertools
import json
import pickle
from pathlib import Path

import numpy as np
import pytest

from facelatch.captures import read_frames, read_info
from facelatch.errors import ConfigError
from facelatch_converter.camera_names import CAMERA_NAMES
from facelatch_converter.demo_recordings import SCENES, write_recordings
from facelatch_converter.demo_recordings import add_arguments as add_demo_arguments
from facelatch_converter.demo_recordings import run as render_demo
from facelatch_converter.errors import FaceModelError, OutputError
from facelatch_converter.face_model import load_face_model
from facelatch_converter.render_command import add_arguments, run
from facelatch_converter.staging import CAMERAS
from facelatch_converter.synthetic import synthetic_captures


def test_a_capture_is_the_same_each_time_and_in_each_process(face_model: Path) -> None:
    refs = synthetic_captures(face_model, 2, 2, 2, seed=5, camera="d435-small")
    assert [(ref.subject, ref.name) for ref in refs] == [
        ("p00000", "c000"), ("p00000", "c001"), ("p00001", "c000"), ("p00001", "c001"),
    ]  # fmt: skip
    once = list(refs[0].frames())
    again = list(pickle.loads(pickle.dumps(refs[0])).frames())
    assert len(once) == 2
    for one, two in zip(once, again, strict=True):
        np.testing.assert_array_equal(one.depth_mm, two.depth_mm)
        np.testing.assert_array_equal(one.colour, two.colour)
    assert once[0].timestamp_ns < once[1].timestamp_ns
    firsts = [next(ref.frames()).depth_mm for ref in refs]
    assert all((one != two).mean() > 0.1 for one, two in itertools.combinations(firsts, 2))


def test_more_captures_keep_the_same_people(face_model: Path) -> None:
    few = synthetic_captures(face_model, 1, 1, 1, seed=6, camera="d435-small")[0]
    many = synthetic_captures(face_model, 3, 4, 2, seed=6, camera="d435-small")[0]
    np.testing.assert_array_equal(next(few.frames()).colour, next(many.frames()).colour)


def test_attacks_are_flat_where_faces_are_not(face_model: Path) -> None:
    refs = synthetic_captures(
        face_model, 1, 1, 1, seed=7, camera="d435-small", attacks=("flat-photo", "tablet")
    )
    assert [ref.attack for ref in refs] == [None, "flat-photo", "tablet"]
    residuals = []
    for ref in refs[:2]:
        depth = next(ref.frames()).depth_mm.astype(float)
        rows, columns = np.nonzero((depth > 250) & (depth < 760))
        values = depth[rows, columns]
        plane = np.stack([rows, columns, np.ones_like(rows)], 1)
        residuals.append(np.median(np.abs(values - plane @ np.linalg.lstsq(plane, values, rcond=None)[0])))
    assert residuals[1] < 4 < residuals[0]


def test_a_missing_face_model_is_refused_before_anything_is_rendered(tmp_path: Path) -> None:
    with pytest.raises(FaceModelError, match="no such file"):
        synthetic_captures(tmp_path / "none.npz", 1, 1, 1, seed=1)


def test_the_names_in_help_are_the_cameras() -> None:
    assert set(CAMERA_NAMES) == set(CAMERAS)


def _render_arguments(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return parser.parse_args(words)


def test_rendered_people_become_capture_folders(face_model: Path, tmp_path: Path) -> None:
    out = tmp_path / "people"
    words = ["--face-model", str(face_model), "--out", str(out), "--identities", "2", "--captures", "1"]
    words += ["--frames", "2", "--camera", "d435-small", "--attacks", "bent-photo"]
    assert run(_render_arguments(*words)) == 0
    found = sorted(path.parent.relative_to(out).as_posix() for path in out.glob("*/*/capture.json"))
    assert found == ["p00000/bent-photo", "p00000/c000", "p00001/bent-photo", "p00001/c000"]
    info = read_info(out / "p00001/bent-photo")
    assert (info.subject, info.attack, info.size) == ("p00001", "bent-photo", (424, 240))
    expected = synthetic_captures(face_model, 2, 1, 2, seed=1, camera="d435-small")[0]
    for written, rendered in zip(read_frames(out / "p00000/c000"), expected.frames(), strict=True):
        np.testing.assert_array_equal(written.depth_mm, rendered.depth_mm)
    with pytest.raises(OutputError, match="not empty"):
        run(_render_arguments(*words))


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        pytest.param(["--identities", "0"], "at least 1", id="nobody"),
        pytest.param(["--near", "800", "--far", "400"], "near first", id="far-before-near"),
        pytest.param(["--yaw", "-3"], "--yaw must be", id="negative-yaw"),
    ],
)
def test_impossible_wishes_are_refused(
    face_model: Path, tmp_path: Path, extra: list[str], words: str
) -> None:
    arguments = _render_arguments("--face-model", str(face_model), "--out", str(tmp_path / "out"), *extra)
    with pytest.raises(ConfigError, match=words):
        run(arguments)
    assert not (tmp_path / "out").exists()


def test_the_demo_has_all_its_recordings(face_model: Path, tmp_path: Path) -> None:
    out = tmp_path / "demo"
    write_recordings(load_face_model(face_model), out, seed=1, compression=0)
    document = json.loads((out / "attempts.json").read_text())
    assert [attempt["capture"] for attempt in document["attempts"]] == [scene.path for scene in SCENES]
    assert len(read_info(out / document["enrol"]).timestamps_ns) >= 12
    for scene in SCENES:
        assert read_info(out / scene.path).attack == scene.attack


def test_the_demo_does_not_write_into_a_full_folder(face_model: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").touch()
    parser = argparse.ArgumentParser()
    add_demo_arguments(parser)
    with pytest.raises(OutputError, match="not empty"):
        render_demo(parser.parse_args(["--face-model", str(face_model), "--out", str(tmp_path)]))
