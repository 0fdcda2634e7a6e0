from pathlib import Path

import numpy as np
import pytest

from facelatch.preprocess import CropSpec
from facelatch_converter.errors import DatasetError
from facelatch_converter.tensors import LabelledTensors, from_captures, load_tensors, split
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
    for name in ("double.npy", "flat.npy", "short.npz", "other.npz", "text.npy", "empty.npy", "missing.npy"):
        with pytest.raises(DatasetError) as caught:
            load_tensors(tmp_path / name)
        assert name in str(caught.value)


def test_halves_share_no_subject() -> None:
    first, second = split(LabelledTensors(TENSORS, SUBJECTS), seed=4)
    assert first.subjects is not None
    assert second.subjects is not None
    assert not set(first.subjects) & set(second.subjects)
    assert len(first.tensors) + len(second.tensors) == 6
    assert np.array_equal(split(LabelledTensors(TENSORS, SUBJECTS), seed=4)[0].tensors, first.tensors)


def test_without_labels_both_halves_are_the_whole() -> None:
    first, second = split(LabelledTensors(TENSORS, None), seed=4)
    assert len(first.tensors) == len(second.tensors) == 6


def test_captures_without_a_face_give_nothing_to_calibrate_with() -> None:
    refs = [capture("anna", "1", (500,)), capture("anna", "photo", (500,), attack="flat-photo")]
    with pytest.raises(DatasetError, match="no face was found in any of 1 live captures"):
        from_captures(refs, CropSpec(), limit=4, seed=1)
