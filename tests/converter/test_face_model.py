from pathlib import Path
from typing import Any

import numpy as np
import pytest

from facelatch_converter.errors import FaceModelError
from facelatch_converter.face_model import MOUTH, load_face_model
from tests.converter.toy_model import toy_arrays, write_toy_model


def test_units_become_millimetres_and_the_mouth_is_closed(tmp_path: Path) -> None:
    arrays = toy_arrays()
    model = load_face_model(write_toy_model(tmp_path / "toy.npz"))
    count = len(arrays["vertices_cm"])
    np.testing.assert_allclose(
        model.vertices_mm[:count], np.asarray(arrays["vertices_cm"], float) * 10, rtol=1e-6
    )
    wall = model.triangles[model.materials == MOUTH]
    assert wall.min() == count
    assert wall.max() == len(model.vertices_mm) - 1
    lips = model.vertices_mm[model.landmarks[48:60]]
    assert model.vertices_mm[count:, 2].max() < lips[:, 2].min()


def test_the_wall_behind_the_lips_faces_outwards(tmp_path: Path) -> None:
    model = load_face_model(write_toy_model(tmp_path / "toy.npz"))
    a, b, c = model.vertices_mm[model.triangles[model.materials == MOUTH]].transpose(1, 0, 2)
    assert (np.cross(b - a, c - a)[:, 2] >= 0).all()


def test_the_wall_moves_with_the_lips(tmp_path: Path) -> None:
    model = load_face_model(write_toy_model(tmp_path / "toy.npz"))
    jaw_open = model.expression_mm[model.expression_names.index("jawOpen")]
    ring = jaw_open[-13:-1]
    np.testing.assert_array_equal(ring, jaw_open[model.landmarks[48:60]])
    assert ring[:, 1].min() < -5


def _without_landmarks(arrays: dict[str, Any]) -> None:
    del arrays["landmarks68"]


def _foreign_triangle(arrays: dict[str, Any]) -> None:
    arrays["triangles"] = arrays["triangles"].copy()
    arrays["triangles"][0, 0] = len(arrays["vertices_cm"])


def _short_identity(arrays: dict[str, Any]) -> None:
    arrays["identity_cm"] = arrays["identity_cm"][:, :-1]


def _not_a_number(arrays: dict[str, Any]) -> None:
    arrays["expression_cm"] = arrays["expression_cm"].copy()
    arrays["expression_cm"][0, 0, 0] = np.nan


def _fewer_names(arrays: dict[str, Any]) -> None:
    arrays["expression_names"] = arrays["expression_names"][:-1]


def _real_triangles(arrays: dict[str, Any]) -> None:
    arrays["triangles"] = arrays["triangles"].astype(float)


def _text(arrays: dict[str, Any]) -> None:
    arrays["vertices_cm"] = arrays["vertices_cm"].astype(str)


def _quadrilaterals(arrays: dict[str, Any]) -> None:
    arrays["triangles"] = np.pad(arrays["triangles"], ((0, 0), (0, 1)))


def _fewer_materials(arrays: dict[str, Any]) -> None:
    arrays["triangle_material"] = arrays["triangle_material"][:-1]


def _no_identity(arrays: dict[str, Any]) -> None:
    arrays["identity_cm"] = arrays["identity_cm"][:0]


def _astronomical(arrays: dict[str, Any]) -> None:
    arrays["vertices_cm"] = arrays["vertices_cm"] * np.float32(1e30)


def _numbered_materials(arrays: dict[str, Any]) -> None:
    arrays["materials"] = np.arange(len(arrays["materials"]))


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        pytest.param(_text, "vertices_cm must hold real numbers, found <U", id="text-for-numbers"),
        pytest.param(_quadrilaterals, "triangles has 4 corners in a row", id="quadrilaterals"),
        pytest.param(_fewer_materials, "triangle_material and triangles differ", id="materials-missing"),
        pytest.param(_no_identity, "identity_cm is empty", id="no-identity"),
        pytest.param(_astronomical, "no head in centimetres", id="astronomical"),
        pytest.param(_numbered_materials, "materials must hold text", id="numbered-materials"),
        pytest.param(_without_landmarks, "landmarks68", id="array-missing"),
        pytest.param(_foreign_triangle, "triangles points outside", id="index-outside"),
        pytest.param(_short_identity, "do not match", id="vectors-of-another-mesh"),
        pytest.param(_not_a_number, "expression_cm holds numbers that are not finite", id="nan"),
        pytest.param(_fewer_names, "differ in length", id="names-missing"),
        pytest.param(_real_triangles, "must hold integers", id="real-indices"),
    ],
)
def test_arrays_that_do_not_fit_are_refused_by_name(tmp_path: Path, spoil: Any, words: str) -> None:
    arrays = toy_arrays()
    spoil(arrays)
    path = tmp_path / "spoilt.npz"
    np.savez(path, **arrays)
    with pytest.raises(FaceModelError, match=words) as refusal:
        load_face_model(path)
    assert str(path) in str(refusal.value)


@pytest.mark.parametrize(
    "content", [b"", b"PK\x03\x04 cut off", b"not a model at all"], ids=["empty", "cut", "foreign"]
)
def test_files_that_are_no_face_model_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bad.npz"
    path.write_bytes(content)
    with pytest.raises(FaceModelError, match="import-face-model"):
        load_face_model(path)


def test_one_array_is_no_face_model(tmp_path: Path) -> None:
    np.save(tmp_path / "array.npy", np.zeros((3, 3)))
    with pytest.raises(FaceModelError, match=r"array\.npy: not a readable face model \(one array"):
        load_face_model(tmp_path / "array.npy")


@pytest.mark.parametrize("seed", range(20))
def test_a_damaged_file_is_one_sentence(tmp_path: Path, seed: int) -> None:
    np.savez_compressed(tmp_path / "toy.npz", **toy_arrays())
    data = bytearray((tmp_path / "toy.npz").read_bytes())
    rng = np.random.default_rng(seed)
    start = int(rng.integers(100, len(data) - 2000))
    data[start : start + 1000] = rng.bytes(1000)
    (tmp_path / "toy.npz").write_bytes(data)
    with pytest.raises(FaceModelError, match=r"toy\.npz") as caught:
        load_face_model(tmp_path / "toy.npz")
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FaceModelError, match=r"nowhere\.npz: no such file"):
        load_face_model(tmp_path / "nowhere.npz")
