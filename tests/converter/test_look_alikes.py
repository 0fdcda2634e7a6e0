"""Groups of people who resemble each other."""

import numpy as np
import pytest

from facelatch_converter.face_model import FaceModel
from facelatch_converter.look_alikes import draw_groups, reach_mm


def test_a_group_is_somebody_and_their_nearest() -> None:
    rng = np.random.default_rng(1)
    families = np.repeat(rng.normal(size=(6, 5)) * 10, 4, axis=0)
    shapes = (families + rng.normal(size=families.shape) * 0.1).astype(np.float32)
    order = rng.permutation(len(shapes))
    chosen = draw_groups(shapes[order], 12, 4, np.random.default_rng(2))
    assert len(set(chosen)) == 12
    family = order[chosen] // 4
    assert [len(set(family[start : start + 4])) for start in (0, 4, 8)] == [1, 1, 1]
    assert len(set(family)) == 3


def test_groups_depend_on_the_seed_and_may_end_early() -> None:
    shapes = np.random.default_rng(3).normal(size=(40, 3)).astype(np.float32)
    first, again, other = (draw_groups(shapes, 10, 4, np.random.default_rng(seed)) for seed in (5, 5, 6))
    assert first == again
    assert first != other
    assert (len(first), len(set(first))) == (10, 10)
    assert sorted(draw_groups(shapes, 40, 8, np.random.default_rng(7))) == list(range(40))


def test_more_people_than_there_are_cannot_be_drawn() -> None:
    with pytest.raises(ValueError, match="5 people cannot be drawn from 4"):
        draw_groups(np.zeros((4, 2), np.float32), 5, 2, np.random.default_rng(0))


def test_a_shape_that_moves_the_skin_farther_counts_for_more(model: FaceModel) -> None:
    reach = reach_mm(model)
    moved = np.linalg.norm(model.identity_mm, axis=2)
    assert reach.shape == (len(model.identity_mm),)
    assert (reach <= moved.max(1)).all()
    assert (reach >= moved.mean(1)).all()
