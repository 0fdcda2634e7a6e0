"""MakeHuman's importer on a made-up base mesh: the toy head under MakeHuman's vertex numbers, and a few targets."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from facelatch_converter.errors import FaceModelError, OutputError
from facelatch_converter.face_model import FaceModel, load_face_model
from facelatch_converter.face_model_import import write_npz
from facelatch_converter.makehuman.files import read_base, read_target
from facelatch_converter.makehuman.heads import EXPRESSIONS, LANDMARKS, import_data
from facelatch_converter.makehuman.sliders import AGES, RACES, SEXES, WEIGHTS
from facelatch_converter.people import draw_person
from facelatch_converter.regions import find_regions
from tests.converter.toy_model import toy_arrays

HEADS = 150
COUNT = 12100
"""More than the highest landmark's number."""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder as MakeHuman lays it out."""
    folder = Path(tmp_path_factory.mktemp("makehuman"))
    vertices, faces, eyes = _toy_body()
    (folder / "3dobjs").mkdir()
    rows = "".join(f"v {x:.5f} {y:.5f} {z:.5f}\n" for x, y, z in vertices / 10)
    body = "g body\n" + "".join(f"f {a}/1 {b}/1 {c}/1\n" for a, b, c in faces + 1)
    for name, eye in zip(("helper-l-eye", "helper-r-eye"), eyes, strict=True):
        body += f"g {name}\n" + "".join(
            f"f {eye[0] + 1}/1 {eye[k] + 1}/1 {eye[k + 1] + 1}/1\n" for k in range(1, 5)
        )
    (folder / "3dobjs" / "base.obj").write_text(f"# made up\n{rows}{body}", encoding="utf-8")
    _write_targets(folder / "targets", vertices)
    return folder


def _toy_body() -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64], list[npt.NDArray[np.int64]]]:
    """Vertices in centimetres, the head's triangles, and the six vertices of each eye."""
    arrays = toy_arrays()
    head = np.asarray(arrays["vertices_cm"], np.float64) + np.array((0, 70, 5))
    vertices = np.zeros((COUNT, 3))
    number = np.full(len(head), -1)
    free = iter(sorted(set(range(COUNT)) - set(LANDMARKS)))
    for vertex, landmark in zip(np.asarray(arrays["landmarks68"]), LANDMARKS, strict=True):
        vertices[landmark] = head[vertex]
        if number[vertex] < 0:
            number[vertex] = landmark
    for vertex in np.flatnonzero(number < 0):
        number[vertex] = next(free)
        vertices[number[vertex]] = head[vertex]
    eyes = []
    for side in (1, -1):
        eye = np.array([next(free) for _ in range(6)])
        vertices[eye] = (side * 3.0, 72.2, 12.0) + 1.4 * np.concatenate([np.eye(3), -np.eye(3)])
        eyes.append(eye)
    return vertices, number[np.asarray(arrays["triangles"], np.int64)], eyes


def _write_targets(folder: Path, vertices: npt.NDArray[np.float64]) -> None:
    names = [f"macrodetails/{race}-{sex}-{age}" for race in RACES for sex in SEXES for age in AGES]
    names += [
        f"macrodetails/universal-{sex}-{age}-averagemuscle-{weight}"
        for sex in SEXES for age in AGES for weight in WEIGHTS
    ]  # fmt: skip
    names += ["chin/chin-height-decr", "chin/chin-height-incr", "head/head-oval", "head/head-trans-up"]
    names += [
        "ears/l-ear-scale-incr",
        "ears/l-ear-scale-decr",
        "ears/r-ear-scale-incr",
        "ears/r-ear-scale-decr",
    ]
    names += [f"expression/units/caucasian/{unit}" for unit in EXPRESSIONS]
    on_head = np.flatnonzero(vertices[:, 1] > 0)
    for place, name in enumerate(names):
        path = folder / f"{name}.target"
        path.parent.mkdir(parents=True, exist_ok=True)
        moved = 0.02 * np.sin(vertices[on_head] @ (0.3, 0.2, 0.1) + place)
        if name == "chin/chin-height-incr":
            moved = np.where(vertices[on_head, 1] < 65, -0.2, 0.0)
        # Every vertex of the chin's, some of the others': reading takes time.
        some = np.s_[:] if name.startswith("chin") else np.s_[place % 5 :: 5]
        moves = zip(on_head[some], moved[some], strict=True)
        rows = "".join(f"{vertex} 0 {far:.4f} 0\n" for vertex, far in moves if far)
        path.write_text(f"# basemesh hm08\n{rows}", encoding="utf-8")


@pytest.fixture(scope="module")
def imported(data: Path) -> FaceModel:
    path = data / "model.npz"
    write_npz(path, import_data(data, heads=HEADS))
    return load_face_model(path)


def test_the_head_keeps_its_size_and_is_held_at_the_nose(imported: FaceModel) -> None:
    skin = imported.vertices_mm[np.unique(imported.triangles[imported.materials == "M_Face"])]
    np.testing.assert_allclose(np.ptp(skin, axis=0)[[0, 1]], (150, 220), rtol=0.1)
    assert np.abs(imported.landmark_mm(*range(27, 36)).mean(0)).max() < 1


def test_landmarks_lie_where_the_toy_head_has_them(imported: FaceModel, model: FaceModel) -> None:
    def shape(one: FaceModel) -> npt.NDArray[np.float32]:
        spots = one.landmark_mm(*range(68))
        centred: npt.NDArray[np.float32] = spots - spots.mean(0)
        return centred

    assert np.abs(shape(imported) - shape(model)).max() < 8


def test_eyes_are_fine_spheres_with_an_iris_in_the_middle(imported: FaceModel) -> None:
    regions = find_regions(imported)
    for side in (-1, 1):
        eye = regions.sclera & (side * imported.vertices_mm[:, 0] > 0)
        ball = imported.vertices_mm[eye]
        middle = (ball.min(0)[0] + ball.max(0)[0]) / 2
        assert middle == pytest.approx(30 * side, abs=1.5)
        assert np.ptp(ball[:, 0]) == pytest.approx(28, abs=1)
        assert (regions.iris & eye).sum() > 20
        assert (regions.pupil & eye).sum() >= 1
    assert set(np.unique(imported.materials)) >= {"M_Face", "M_ScleraLeft", "M_IrisLeft", "M_IrisRight"}


def test_identity_vectors_have_unit_variance_and_are_in_order(imported: FaceModel) -> None:
    sizes = np.sqrt(np.mean(np.sum(imported.identity_mm**2, axis=2), axis=1))
    assert (np.diff(sizes) <= 1e-2).all()
    # The chin's slider moves the chin 20 mm at its end, and a third of that in most heads.
    chin = imported.landmarks[8]
    spread = np.sqrt(np.sum(imported.identity_mm[:, chin, 1] ** 2))
    assert 2 < spread < 8


def test_a_movement_of_both_sides_is_cut_in_the_middle(imported: FaceModel) -> None:
    names = imported.expression_names
    left, right = (imported.expression_mm[names.index(f"mouthSmile_{side}")] for side in "LR")
    on_left = imported.vertices_mm[:, 0] > 15
    assert np.abs(right[on_left]).max() < 0.05
    assert np.abs(left[on_left]).max() > 0.05
    assert {"jawOpen", "eyeBlink_L", "eyeBlink_R", "browDown_L", "mouthPucker"} <= set(names)


def test_it_makes_people_as_the_other_generator_does(imported: FaceModel) -> None:
    person = draw_person(imported, find_regions(imported), np.random.default_rng(1))
    assert person.weights.shape == (len(imported.identity_mm),)
    assert np.isfinite(person.vertices_mm).all()


def test_the_same_data_give_the_same_model(data: Path, imported: FaceModel) -> None:
    again = import_data(data, heads=HEADS)
    np.testing.assert_allclose(
        again["identity_cm"].astype(np.float32) * 10,
        imported.identity_mm[:, : len(again["vertices_cm"])],
        atol=1e-3,
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param("v 1 2\nf 1 1 1\n", "line 1", id="two-coordinates"),
        pytest.param("v 1 2 3\nf 1 2 3\n", "cut off", id="a-face-beyond-the-vertices"),
        pytest.param("hello\n", "no OBJ file", id="no-mesh"),
        pytest.param("v 1 2 nan\nf 1 1 1\n", "no OBJ file", id="not-finite"),
    ],
)
def test_a_damaged_base_mesh_is_refused_by_name(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "base.obj"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(FaceModelError, match=words) as refused:
        read_base(path)
    assert str(path) in str(refused.value)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("1 0 0\n", id="a-distance-too-few"),
        pytest.param("7 0 0 0\n", id="a-vertex-too-many"),
        pytest.param("1 0 nan 0\n", id="not-finite"),
        pytest.param("one 0 0 0\n", id="no-number"),
    ],
)
def test_a_damaged_target_is_refused_by_name(tmp_path: Path, text: str) -> None:
    path = tmp_path / "nose.target"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(FaceModelError, match="nose"):
        read_target(path, 5)


def test_another_base_mesh_is_refused(tmp_path: Path) -> None:
    (tmp_path / "3dobjs").mkdir()
    (tmp_path / "3dobjs" / "base.obj").write_text(
        "g body\nv 0 7 0\nv 1 7 0\nv 0 8 0\nf 1 2 3\n", encoding="utf-8"
    )
    with pytest.raises(FaceModelError, match="hm08"):
        import_data(tmp_path)


def test_the_command_refuses_what_is_in_the_way_and_a_folder_that_is_not_there(tmp_path: Path) -> None:
    import argparse

    from facelatch_converter.cli import main
    from facelatch_converter.makehuman.import_command import add_arguments, run

    parser = argparse.ArgumentParser()
    add_arguments(parser)
    with pytest.raises(OutputError, match="npz"):
        run(parser.parse_args([str(tmp_path), str(tmp_path / "model.bin")]))
    with pytest.raises(FaceModelError, match="cannot be read"):
        run(parser.parse_args([str(tmp_path / "nowhere"), str(tmp_path / "model.npz")]))
    assert main(["import-makehuman", str(tmp_path), str(tmp_path / "model.npz")]) == 4
    assert not (tmp_path / "model.npz").exists()
