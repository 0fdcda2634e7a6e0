"""What people wear: where it lies, that both ways of rendering agree on it, and what a sensor loses on it."""

import time
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

from facelatch.frames import Intrinsics
from facelatch.preprocess import CropSpec, FacePoint, encode, to_tensor
from facelatch_converter.face_model import FaceModel
from facelatch_converter.people import Person, draw_person
from facelatch_converter.regions import Regions
from facelatch_converter.render import (
    Backdrop,
    Light,
    Rendering,
    View,
    express,
    pose,
    render_crop,
    render_frame,
)
from facelatch_converter.sensors import ACTIVE_STEREO, ideal_frame, measure, to_crop
from facelatch_converter.shading import NECK_MM
from facelatch_converter.wear.accessories import ACCESSORIES, PRACTISED, dress, wear
from facelatch_converter.wear.worn import Worn

CAMERA = Intrinsics(610, 610, 320, 240)
SPEC = CropSpec()
AHEAD = View(position_mm=(0.0, 0.0, 480.0))


@pytest.fixture(scope="module")
def person(model: FaceModel, regions: Regions) -> Person:
    return draw_person(model, regions, np.random.default_rng(12))


def _calm(model: FaceModel, person: Person) -> npt.NDArray[np.float32]:
    return express(model, person, np.zeros(len(model.expression_names), np.float32))


def _worn(name: str, model: FaceModel, person: Person, seed: int) -> Worn:
    return wear(name, model, person, _calm(model, person), np.random.default_rng(seed))


def _crop(model: FaceModel, person: Person, worn: list[Worn], view: View = AHEAD) -> Rendering:
    head = dress(model, person, _calm(model, person), worn, view, Light())
    return render_crop(head, view.position_mm, CAMERA.fx, SPEC)


def _changed(model: FaceModel, person: Person, worn: Worn, *landmarks: int) -> bool:
    """Whether something lies before the middle of these landmarks, seen from the front."""
    bare, dressed = (_crop(model, person, items) for items in ([], [worn]))
    x, y, z = np.mean([person.vertices_mm[model.landmarks[n]] for n in landmarks], axis=0)
    scale = SPEC.size_px / SPEC.span_mm * 480 / (480 - z)
    column, row = (int(SPEC.size_px / 2 + scale * offset) for offset in (x, -y))
    place = np.s_[row - 1 : row + 2, column - 1 : column + 2]
    nearer = bare.depth_mm[place] - dressed.depth_mm[place] > 0.2
    tinted = np.abs(bare.colour[place] - dressed.colour[place]).max(-1) > 3
    return bool((nearer | tinted).mean() > 0.5)


def test_what_hides_most_of_a_face_is_worn_twice_as_often() -> None:
    shares = dict(zip(ACCESSORIES, PRACTISED, strict=True))
    assert sum(PRACTISED) == pytest.approx(1)
    assert shares["medical-mask"] == shares["hand"] == pytest.approx(2 * shares["cap"])


@pytest.mark.parametrize("name", ACCESSORIES)
def test_a_piece_is_a_sound_mesh_and_the_same_for_the_same_seed(
    model: FaceModel, person: Person, name: str
) -> None:
    for seed in range(6):
        worn, again = (_worn(name, model, person, seed) for _ in range(2))
        count = len(worn.vertices_mm)
        assert np.isfinite(worn.vertices_mm).all()
        assert worn.triangles.min() >= 0
        assert worn.triangles.max() < count
        assert worn.albedo.shape == (count, 3)
        assert worn.infrared_albedo.shape == worn.loss.shape == (count,)
        for share in (worn.albedo, worn.infrared_albedo, worn.loss):
            assert share.min() >= 0
            assert share.max() <= 1
        np.testing.assert_array_equal(worn.vertices_mm, again.vertices_mm)
        np.testing.assert_array_equal(worn.loss, again.loss)
    other = _worn(name, model, person, 99)
    assert (
        other.vertices_mm.shape != worn.vertices_mm.shape
        or np.abs(other.vertices_mm - worn.vertices_mm).max() > 0.1
    )


def test_an_unknown_name_is_refused_with_the_known_ones(model: FaceModel, person: Person) -> None:
    with pytest.raises(ValueError, match=r"monocle.*clear-glasses"):
        _worn("monocle", model, person, 1)


# Landmarks: 36-47 eyes, 27 root of the nose, 30 its tip, 51 and 57 lips, 8 chin, 19 and 24 brows, 62 the mouth.
LIES_OVER = [
    pytest.param("sunglasses", (37, 40), (51,), id="sunglasses-hide-an-eye"),
    pytest.param("sunglasses", (43, 46), (8,), id="and-the-other"),
    pytest.param("medical-mask", (57,), (37, 40), id="mask-hides-the-mouth"),
    pytest.param("medical-mask", (8, 57), (19,), id="and-the-chin"),
    pytest.param("beard", (8,), (30,), id="beard-grows-on-the-chin"),
    pytest.param("head-scarf", (), (30, 33), id="scarf-leaves-the-face"),
    pytest.param("cap", (), (51,), id="cap-leaves-the-mouth"),
    pytest.param("fringe", (), (30,), id="fringe-leaves-the-nose"),
    pytest.param("long-hair", (), (30,), id="long-hair-leaves-the-nose"),
]


@pytest.mark.parametrize(("name", "hidden", "free"), LIES_OVER)
def test_it_lies_where_its_name_says(
    model: FaceModel, person: Person, name: str, hidden: tuple[int, ...], free: tuple[int, ...]
) -> None:
    pieces = [_worn(name, model, person, seed) for seed in range(8)]
    if hidden:
        # Some masks hang below the nose, and some beards leave the chin free.
        assert sum(_changed(model, person, worn, *hidden) for worn in pieces) >= 4
    assert not any(_changed(model, person, worn, *free) for worn in pieces)


@pytest.mark.parametrize("name", ["cap", "fringe", "long-hair", "head-scarf"])
def test_headwear_and_hair_lie_above_the_brows(model: FaceModel, person: Person, name: str) -> None:
    brow = person.vertices_mm[model.landmarks[[19, 24]], 1].mean()
    for seed in range(5):
        bare, dressed = (_crop(model, person, items) for items in ([], [_worn(name, model, person, seed)]))
        row = int(SPEC.size_px / 2 - (brow + 35) * SPEC.size_px / SPEC.span_mm)
        seen = dressed.depth_mm[max(row, 0), 30:-30]
        assert (np.abs(seen - bare.depth_mm[max(row, 0), 30:-30]) > 0.5).mean() > 0.4


def test_a_hand_is_nearer_than_the_face_somewhere(model: FaceModel, person: Person) -> None:
    bare = _crop(model, person, [])
    hidden = []
    for seed in range(8):
        dressed = _crop(model, person, [_worn("hand", model, person, seed)])
        hidden.append(((bare.depth_mm > 0) & (bare.depth_mm - dressed.depth_mm > 3)).mean())
    assert max(hidden) > 0.03
    assert np.mean(np.array(hidden) > 0) > 0.5


@pytest.mark.parametrize("name", ACCESSORIES)
def test_both_ways_of_rendering_agree_on_it(model: FaceModel, person: Person, name: str) -> None:
    view = View(20, -5, 4, (15.0, -10.0, 450.0))
    worn = _worn(name, model, person, 3)
    head = dress(model, person, _calm(model, person), [worn], view, Light())
    x, y, z = view.position_mm
    whole = render_frame([head], Backdrop(), Light(), CAMERA, (640, 480))
    point = FacePoint(x / z * CAMERA.fx + CAMERA.cx, y / z * CAMERA.fy + CAMERA.cy, z)
    slow = to_tensor(ideal_frame(whole, CAMERA), point, SPEC)
    crop = render_crop(head, view.position_mm, CAMERA.fx, SPEC)
    fast = encode(to_crop(crop, crop.depth_mm, z, SPEC, infrared=False), SPEC)

    face = (slow[..., 3] > -1) & (fast[..., 3] > -1)
    assert face.mean() > 0.2
    # Thin rims and strands are sampled by one and averaged by the other.
    assert np.median(np.abs(slow - fast)[face][:, 3]) * SPEC.depth_span_mm / 2 < 1.0
    assert np.median(np.abs(slow - fast)[face][:, :3]) * 127.5 < 6
    assert whole.loss is not None
    assert crop.loss is not None
    share = SPEC.size_px**2 / (SPEC.span_mm * CAMERA.fx / z) ** 2
    half = SPEC.span_mm * CAMERA.fx / z / 2
    rows, columns = (slice(max(int(c - half), 0), int(c + half)) for c in (point.v_px, point.u_px))
    assert crop.loss.sum() == pytest.approx(whole.loss[rows, columns].sum() * share, rel=0.15, abs=8)


def test_without_anything_worn_a_dressed_head_is_the_posed_head(model: FaceModel, person: Person) -> None:
    vertices = _calm(model, person)
    plain = pose(model, vertices, person.albedo, person.infrared_albedo, AHEAD, Light())
    dressed = dress(model, person, vertices, [], AHEAD, Light())
    np.testing.assert_array_equal(plain.attributes, dressed.attributes)
    assert render_crop(dressed, (0, 0, 480), 610, SPEC).loss is None


def test_depth_passes_a_clear_lens_but_readings_behind_it_are_lost_or_wrong(
    model: FaceModel, person: Person
) -> None:
    bare = _crop(model, person, [])
    lost, wrong, elsewhere = [], [], []
    for seed in range(12):
        crop = _crop(model, person, [_worn("clear-glasses", model, person, seed)])
        assert crop.loss is not None
        lens = (crop.loss > 0) & (crop.depth_mm == bare.depth_mm) & (bare.depth_mm > 0)
        assert lens.sum() > 150
        with_glasses = measure(crop, ACTIVE_STEREO, np.random.default_rng(seed))
        lost.append((with_glasses[lens] == 0).mean())
        read = lens & (with_glasses > 0)
        wrong.append(np.abs(with_glasses - crop.depth_mm)[read].mean() if read.any() else 0)
        off = (crop.loss == 0) & (bare.depth_mm > 0) & (crop.facing > 0.6)
        elsewhere.append((with_glasses[off] == 0).mean())
    assert np.mean(lost) > 0.2
    assert np.max(wrong) > 2
    assert np.mean(elsewhere) < 0.1


def test_dark_lenses_are_dark_and_let_infrared_through_or_not(model: FaceModel, person: Person) -> None:
    eye = model.landmarks[[37, 40]]
    x, y, _ = person.vertices_mm[eye].mean(0)
    column, row = (int(SPEC.size_px / 2 + SPEC.size_px / SPEC.span_mm * offset) for offset in (x, -y))
    bare = _crop(model, person, [])
    kinds, levels = set(), []
    for seed in range(16):
        crop = _crop(model, person, [_worn("sunglasses", model, person, seed)])
        levels.append(crop.colour[row, column].mean())
        kinds.add(bool(crop.depth_mm[row, column] < bare.depth_mm[row, column] - 2))
    assert kinds == {True, False}
    # Only where a lens mirrors the sky is it brighter than that.
    assert np.median(levels) < 75


def test_a_brim_shades_the_face_in_light_and_not_in_infrared(model: FaceModel, person: Person) -> None:
    worn = [_worn("cap", model, person, seed) for seed in range(8)]
    shades = [item.shade for item in worn if item.shade is not None]
    assert shades
    bare, darkest = (
        _crop(model, person, []),
        min(worn, key=lambda item: 1 if item.shade is None else item.shade.min()),
    )
    crop = _crop(model, person, [darkest])
    skin = (crop.depth_mm == bare.depth_mm) & (bare.depth_mm > 0)
    assert crop.colour[skin].mean() < bare.colour[skin].mean() - 2
    np.testing.assert_allclose(crop.infrared[skin], bare.infrared[skin], atol=1e-3)


def test_what_is_worn_turns_with_the_head(model: FaceModel, person: Person) -> None:
    worn = _worn("medical-mask", model, person, 1)
    ahead, turned = (
        dress(model, person, _calm(model, person), [worn], View(yaw, 0, 0, (0.0, 0.0, 480.0)), Light())
        for yaw in (0.0, 30.0)
    )
    mask = np.s_[len(model.vertices_mm) :]
    nose = model.landmarks[30]
    apart = [
        np.linalg.norm(head.vertices_mm[mask] - head.vertices_mm[nose], axis=1) for head in (ahead, turned)
    ]
    above_the_neck = worn.vertices_mm[:, 1] > NECK_MM
    np.testing.assert_allclose(apart[0][above_the_neck], apart[1][above_the_neck], atol=0.05)
    assert np.abs(ahead.vertices_mm[mask] - turned.vertices_mm[mask]).max() > 20


def test_a_dressed_crop_costs_a_few_times_a_bare_one(
    model: FaceModel, regions: Regions, person: Person
) -> None:
    rng = np.random.default_rng(0)

    def bare() -> None:
        own = draw_person(model, regions, rng)
        measure(_crop(model, own, []), ACTIVE_STEREO, rng)

    def dressed() -> None:
        own = draw_person(model, regions, rng)
        for name in ACCESSORIES:
            measure(_crop(model, own, [_worn(name, model, own, 1)]), ACTIVE_STEREO, rng)

    # This head has a quarter of a scanned one's vertices, so that what is worn weighs more here.
    assert _fastest(dressed) / len(ACCESSORIES) < 6 * _fastest(bare)


def _fastest(work: Callable[[], None], times: int = 4) -> float:
    work()
    taken = []
    for _ in range(times):
        start = time.process_time()
        work()
        taken.append(time.process_time() - start)
    return min(taken)
