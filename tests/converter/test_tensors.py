from pathlib import Path
from typing import Any

import numpy as np
import pytest

from facelatch.preprocess import CropSpec
from facelatch_converter.errors import DatasetError
from facelatch_converter.tensors import CALIBRATION, LabelledTensors, from_captures, load_tensors, split
from tests.converter.scripted import capture

TENSORS = np.random.default_rng(1).uniform(-1, 1, (6, 8, 8, 4)).astype(np.float32)
SUBJECTS = np.array(["a", "a", "b", "b", "c", "d"])


def test_tensors_come_from_either_file(tmp_path: Path) -> None:
    np.save(tmp_path / "faces.npy", TENSORS)
    np.savez(tmp_path / "faces.npz", tensors=TENSORS, subjects=SUBJECTS)
    plain, labelled = load_tensors(tmp_path / "faces.npy"), load_tensors(tmp_path / "faces.npz")
    assert plain.subjects is None
    assert np.array_equal(plain.tensors, TENSORS)
    assert labelled.subjects is not None
    assert labelled.subjects.tolist() == SUBJECTS.tolist()


def test_files_that_hold_no_tensors_are_refused_by_name(tmp_path: Path) -> None:
    np.save(tmp_path / "double.npy", TENSORS.astype(np.float64))
    np.save(tmp_path / "flat.npy", TENSORS[0])
    np.savez(tmp_path / "short.npz", tensors=TENSORS, subjects=SUBJECTS[:2])
    np.savez(tmp_path / "other.npz", pictures=TENSORS)
    (tmp_path / "text.npy").write_text("nothing")
    (tmp_path / "empty.npy").write_bytes(b"")
    np.savez_compressed(tmp_path / "damaged.npz", tensors=TENSORS)
    whole = bytearray((tmp_path / "damaged.npz").read_bytes())
    whole[200:220] = b"x" * 20  # inside the deflated stream
    (tmp_path / "damaged.npz").write_bytes(whole)
    names = [file.name for file in tmp_path.iterdir()]
    assert len(names) == 7
    for name in (*names, "missing.npy"):
        with pytest.raises(DatasetError) as caught:
            load_tensors(tmp_path / name)
        assert name in str(caught.value)


@pytest.mark.parametrize(
    ("people", "each", "calibrating"),
    [
        pytest.param(340, 10, 20, id="about-two-hundred-tensors"),
        pytest.param(4, 1, 2, id="few-tensors-at-most-half"),
        pytest.param(3, 2, 1, id="half-of-three"),
        pytest.param(10, 400, 1, id="many-of-each-at-least-one"),
        pytest.param(2, 300, 1, id="two-subjects"),
    ],
)
def test_some_subjects_calibrate_and_the_others_measure(people: int, each: int, calibrating: int) -> None:
    subjects = np.array([f"p{number:03d}" for number in range(people)]).repeat(each)
    labelled = LabelledTensors(np.arange(people * each, dtype=np.float32)[:, None, None, None], subjects)
    first, second = split(labelled, seed=4)
    assert first.subjects is not None
    assert second.subjects is not None
    assert not set(first.subjects) & set(second.subjects)
    assert len(set(first.subjects)) == calibrating
    assert len(first.tensors) + len(second.tensors) == people * each
    for part in (first, second):
        assert part.subjects is not None
        assert part.subjects.tolist() == subjects[part.tensors.ravel().astype(int)].tolist()
    assert np.array_equal(split(labelled, seed=4)[0].tensors, first.tensors)


@pytest.mark.parametrize("subjects", [None, np.array(["one"] * 500)], ids=["no-labels", "one-subject"])
def test_without_labels_the_whole_is_measured_and_a_part_calibrates(subjects: Any) -> None:
    tensors = np.arange(500, dtype=np.float32)[:, None, None, None]
    first, second = split(LabelledTensors(tensors, subjects), seed=4)
    assert len(second.tensors) == 500
    assert len(np.unique(first.tensors)) == CALIBRATION


def test_captures_without_a_face_give_nothing_to_calibrate_with() -> None:
    refs = [capture("anna", "1", (500,)), capture("anna", "photo", (500,), attack="flat-photo")]
    with pytest.raises(DatasetError, match="no face was found in any of 1 live captures"):
        from_captures(refs, CropSpec(), limit=4, seed=1)
