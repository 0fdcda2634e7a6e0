import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from facelatch_converter.errors import FaceModelError, OutputError
from facelatch_converter.face_model import load_face_model
from facelatch_converter.face_model_import import add_arguments, import_folder, read_obj, run, write_npz
from tests.converter.toy_model import toy_arrays


def _write_obj(path: Path, vertices: Any, faces: str) -> None:
    rows = "".join(f"v {x:.5f} {y:.5f} {z:.5f}\n" for x, y, z in vertices)
    path.write_text(f"# made up\n{rows}vt 0.5 0.25\n{faces}", encoding="ascii")


@pytest.fixture
def obj_folder(tmp_path: Path) -> Path:
    """The toy head as ICT-FaceKit lays its model out, with teeth that must be left out."""
    folder = tmp_path / "FaceXModel"
    folder.mkdir()
    arrays: dict[str, Any] = toy_arrays()
    neutral = np.concatenate([arrays["vertices_cm"], [(0, -4, 1), (1, -4, 1), (0, -5, 1)]])
    count = len(neutral)
    faces = "usemtl M_Face\n" + "".join(
        f"f {a + 1}/1 {b + 1}/1 {c + 1}/1\n" for a, b, c in arrays["triangles"]
    )
    faces += f"usemtl M_Teeth\nf {count - 2}/1 {count - 1}/1 {count}/1\n"
    _write_obj(folder / "generic_neutral_mesh.obj", neutral, faces)
    for number, vector in enumerate(arrays["identity_cm"]):
        moved = neutral + np.pad(vector.astype(float), ((0, 3), (0, 0)))
        _write_obj(folder / f"identity{number:03d}.obj", moved, "")
    for name, vector in zip(arrays["expression_names"], arrays["expression_cm"], strict=True):
        _write_obj(folder / f"{name}.obj", neutral + np.pad(vector.astype(float), ((0, 3), (0, 0))), "")
    landmarks = {"idx_to_landmark_verts": arrays["landmarks68"].tolist()}
    (folder / "vertex_indices.json").write_text(json.dumps(landmarks), encoding="utf-8")
    return folder


def test_an_imported_folder_is_the_model_it_was_made_of(obj_folder: Path, tmp_path: Path) -> None:
    expected: dict[str, Any] = toy_arrays()
    arrays = import_folder(obj_folder)
    np.testing.assert_allclose(arrays["vertices_cm"], expected["vertices_cm"], atol=1e-5)
    np.testing.assert_array_equal(arrays["triangles"], expected["triangles"])
    np.testing.assert_array_equal(arrays["landmarks68"], expected["landmarks68"])
    np.testing.assert_allclose(arrays["identity_cm"], expected["identity_cm"], atol=1e-3)
    np.testing.assert_allclose(arrays["expression_cm"], expected["expression_cm"], atol=1e-3)
    assert list(arrays["expression_names"]) == list(expected["expression_names"])
    path = tmp_path / "model.npz"
    write_npz(path, arrays)
    assert load_face_model(path).expression_names == ("jawOpen", "mouthSmile_L", "mouthSmile_R")


def test_teeth_are_left_out(obj_folder: Path) -> None:
    arrays = import_folder(obj_folder)
    assert len(arrays["vertices_cm"]) == len(toy_arrays()["vertices_cm"])
    used = arrays["materials"][np.unique(arrays["triangle_material"])]
    assert list(used) == ["M_Face"]


def test_a_quadrilateral_becomes_two_triangles(tmp_path: Path) -> None:
    path = tmp_path / "square.obj"
    path.write_text("v 0 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 0\nusemtl M_Face\nf 1 2 3 4\n", encoding="ascii")
    mesh = read_obj(path)
    assert mesh.triangles.tolist() == [[0, 1, 2], [0, 2, 3]]
    assert mesh.triangle_uv.tolist() == [[-1, -1, -1], [-1, -1, -1]]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param("v 0 0\n", "three coordinates", id="short-vertex"),
        pytest.param("v 0 0 zero\n", "line 1", id="not-a-number"),
        pytest.param("v 0 0 nan\nf 1 1 1\n", "not finite", id="nan"),
        pytest.param("v 0 0 0\nf 1 2 3\n", "cut off", id="vertices-missing"),
        pytest.param("v 0 0 0\nf 1 1\n", "three corners", id="two-corners"),
        pytest.param("v 0 0 0\nf -1 -1 -1\n", "counted from 1", id="relative-index"),
        pytest.param("", "no vertices", id="empty"),
    ],
)
def test_damaged_meshes_are_refused_by_name(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "damaged.obj"
    path.write_text(text, encoding="ascii")
    with pytest.raises(FaceModelError, match=words) as refusal:
        read_obj(path)
    assert "damaged.obj" in str(refusal.value)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        pytest.param("vertex_indices.json", "{}", "idx_to_landmark_verts", id="no-landmarks"),
        pytest.param(
            "vertex_indices.json", '{"idx_to_landmark_verts": [1, 2]}', "68 landmarks", id="few-landmarks"
        ),
        pytest.param("identity000.obj", "v 0 0 0\n", "do not belong together", id="another-mesh"),
        pytest.param("identity000.obj", "v 0 0 x\n", "damaged", id="damaged-shape"),
    ],
)
def test_folders_that_do_not_fit_are_refused_by_file(
    obj_folder: Path, name: str, content: str, words: str
) -> None:
    (obj_folder / name).write_text(content, encoding="utf-8")
    with pytest.raises(FaceModelError, match=words) as refusal:
        import_folder(obj_folder)
    assert name in str(refusal.value)


def test_a_folder_without_shapes_is_refused(obj_folder: Path) -> None:
    for path in obj_folder.glob("identity*.obj"):
        path.unlink()
    with pytest.raises(FaceModelError, match="found 0 identity and 3 expression meshes"):
        import_folder(obj_folder)


def test_nothing_is_overwritten_unasked(obj_folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "model.npz"
    out.write_bytes(b"precious")
    import argparse

    parser = argparse.ArgumentParser()
    add_arguments(parser)
    with pytest.raises(OutputError, match="--force"):
        run(parser.parse_args([str(obj_folder), str(out)]))
    assert out.read_bytes() == b"precious"
    assert run(parser.parse_args([str(obj_folder), str(out), "--force"])) == 0
    assert load_face_model(out).landmarks.shape == (68,)
