"""Crops shown again: the same face, a little elsewhere, in a little other light, or mirrored."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from facelatch.preprocess import CropSpec, oval
from facelatch_converter.crops import batches
from facelatch_converter.face_model import FaceModel
from facelatch_converter.recipe import Recipe
from facelatch_converter.repeats import (
    NO_IMAGE,
    NO_READING,
    REACH_PX,
    Tensor,
    mirror_signs,
    move,
    show_again,
)

SIZE = 112


def _face() -> Tensor:
    """A gradient that no two pixels of a row share, with a hole in depth and in the image."""
    tensor = np.empty((SIZE, SIZE, 4), np.int8)
    tensor[...] = np.linspace(-100, 100, SIZE).astype(np.int8)[None, :, None]
    tensor[40:60, 30:40, :3], tensor[40:60, 30:40, 3] = NO_IMAGE, NO_READING
    tensor[~oval(SIZE)] = (NO_IMAGE, NO_IMAGE, NO_IMAGE, NO_READING)
    return tensor


def test_a_moved_face_stays_in_the_oval() -> None:
    face = _face()
    moved = move(face, right=3, down=-2)
    inside = oval(SIZE)
    assert (moved[~inside] == (NO_IMAGE, NO_IMAGE, NO_IMAGE, NO_READING)).all()
    np.testing.assert_array_equal(moved[48:60, 50:70], face[50:62, 47:67])
    np.testing.assert_array_equal(move(face, 0, 0), face)


@pytest.mark.parametrize("seed", range(8))
def test_holes_stay_holes_and_readings_change_little(seed: int) -> None:
    face = _face()
    shown = show_again(face, False, np.random.default_rng(seed))
    assert not np.shares_memory(shown, face)
    # Away from the hole's border by more than a crop moves.
    assert (shown[45:55, 34:36, 3] == NO_READING).all()
    assert (shown[45:55, 34:36, :3] == NO_IMAGE).all()
    middle = slice(56 - 10, 56 + 10), slice(56 - 10, 56 + 10)
    slope = 200 / SIZE
    change = shown[*middle, 3].astype(int) - face[*middle, 3]
    assert np.abs(change).max() <= 3 + np.ceil(REACH_PX * slope) + 1
    assert (shown[*middle, 3] != NO_READING).all()


def test_a_mirrored_face_looks_the_other_way() -> None:
    face = _face()
    plain = show_again(face, False, np.random.default_rng(4))
    mirrored = show_again(face[:, ::-1], True, np.random.default_rng(4))
    np.testing.assert_array_equal(plain, mirrored)


def test_symmetric_shapes_keep_their_sign(model: FaceModel) -> None:
    side = model.vertices_mm[:, 0]
    up = np.stack([0 * side, np.cos(side / 40), 0 * side], 1)
    twist = np.stack([np.cos(side / 40), np.sin(side / 40), 0 * side], 1)
    shaped = replace(model, identity_mm=np.stack([up, twist]).astype(np.float32))
    assert mirror_signs(shaped).tolist() == [1, -1]


def test_known_people_are_shown_again_and_half_of_them_mirrored(model: FaceModel) -> None:
    recipe = Recipe(people=8, views=2, rendered=2, reused=0.5, remembered=8, repeated=1.0)
    source = batches(model, CropSpec(), recipe, seed=5, stream=0)
    first = next(source)
    signs = mirror_signs(model)
    known = {tuple(row): 1 for row in first.weights} | {tuple(row * signs): -1 for row in first.weights}
    kinds: Counter[int] = Counter()
    for _ in range(12):
        again = next(source)
        np.testing.assert_array_equal(again.labels, np.repeat(np.arange(8), 2))
        kinds.update(known[tuple(row)] for row in again.weights)
        assert (again.tensors[..., 3] > NO_READING).mean() > 0.1
    assert set(kinds) <= {1, -1}
    if (signs < 0).any():
        assert 0.3 < kinds[-1] / sum(kinds.values()) < 0.7


def test_nothing_is_shown_again_where_that_is_not_asked_for(model: FaceModel) -> None:
    recipe = Recipe(people=4, views=2, rendered=2, reused=0.5, remembered=4, repeated=0.0)
    source = batches(model, CropSpec(), recipe, seed=5, stream=0)
    seen: set[tuple[float, ...]] = set()
    for expected in (4, 2, 2):
        rows = {tuple(row) for row in next(source).weights}
        assert len(rows - seen) == expected
        seen |= rows
