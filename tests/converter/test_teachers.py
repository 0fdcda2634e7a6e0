"""Teachers: they look at each person once, and pull a student's faces to where they put the person."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from facelatch_converter import teachers as teachers_module
from facelatch_converter.architecture import build_encoder
from facelatch_converter.crops import Batch, Introduction
from facelatch_converter.errors import ConversionError
from facelatch_converter.face_model import load_face_model
from facelatch_converter.offset import to_unit_rows
from facelatch_converter.prototypes import ACROSS
from facelatch_converter.teachers import Teachers, taught_loss
from facelatch_converter.train import PROTOTYPE_WEIGHT, RIVALS_WEIGHT, TAUGHT_WEIGHT, to_reals
from facelatch_converter.trainer import Trainer
from facelatch_converter.training_loop import _take_step

INTRODUCED = np.array([0, 0, 2, 4, 4, 6, 8, 0])
LIT = np.array([0, 0, 0, 0, 0, 1, 0, 1], np.int8)
"""Eight looks at five people in two lights."""
PEOPLE = np.repeat([4, 1, 8], [3, 3, 2])
LIGHTS = np.array([0, 0, 0, 0, 1, 1, 0, 0], np.int8)
"""Eight crops of three of them, one mirrored and in two lights."""
OWN = [3, 3, 3, 0, 7, 7, 6, 6]
"""For each crop a look at its person in its light."""


def _crops(seed: int) -> npt.NDArray[np.int8]:
    crops: npt.NDArray[np.int8] = np.random.default_rng(seed).integers(-127, 128, (8, 112, 112, 4), np.int8)
    return crops


def _batch(introduced: Introduction | None) -> Batch:
    labels = np.repeat(np.arange(3, dtype=np.int32), [3, 3, 2])
    return Batch(_crops(1), np.zeros((8, 3), np.float32), labels, PEOPLE, LIGHTS, introduced)


def _both_ways(encoder: Any, tensors: Any) -> Any:
    """The sum of the directions of each face and of its mirror image."""
    both = [encoder(faces, training=False).numpy() for faces in (tensors, tensors[:, :, ::-1])]
    return sum(outputs / np.linalg.norm(outputs, axis=1, keepdims=True) for outputs in both)


def test_teachers_pull_faces_to_where_they_put_people() -> None:
    """By what similarities lack of the teachers' mean, and by places and people of the first teacher."""
    encoders = [build_encoder(), build_encoder()]
    teachers = Teachers("default", [(one, "one") for one in encoders], remembered=(1, 5))
    told = teachers.recollect(_batch(Introduction(_crops(2), INTRODUCED, LIT, stream=0)))

    looks = [_both_ways(encoder, to_reals(_crops(2))) for encoder in encoders]
    alike = (INTRODUCED[:, None] == INTRODUCED) & (LIT[:, None] == LIT)
    one_person = INTRODUCED[:, None] == INTRODUCED
    known = [
        to_unit_rows(to_unit_rows(alike @ one) + ACROSS * to_unit_rows(one_person @ one)) for one in looks
    ]
    cosines = np.mean([one[OWN] @ one[OWN].T for one in known], axis=0)
    outputs = np.random.default_rng(3).normal(size=(8, 128)).astype(np.float32)
    unit = to_unit_rows(outputs)
    lacking = np.square(unit @ unit.T - cosines)[~np.eye(8, dtype=bool)].mean()
    away = np.square(unit - known[0][OWN]).sum(1).mean() / 2
    first = [0, 2, 3, 5, 6, 7]  # One look at each person in each light.
    likely = np.exp(16 * unit @ known[0][first].T) * (LIGHTS[:, None] == LIT[first])
    missed = -np.log(np.exp(16 * (unit * known[0][OWN]).sum(1)) / likely.sum(1)).mean()
    expected = TAUGHT_WEIGHT * lacking + PROTOTYPE_WEIGHT * away + RIVALS_WEIGHT * missed
    assert float(taught_loss(outputs, told)) == pytest.approx(expected, rel=1e-3)

    before = told.known.copy()
    again = teachers.recollect(_batch(None))
    np.testing.assert_array_equal(again.known, before)
    np.testing.assert_array_equal(again.own, told.own)


def test_a_step_minimises_what_teachers_tell_beside_its_loss(face_model: Path) -> None:
    trainer = Trainer("default", "regression", load_face_model(face_model))
    teachers = Teachers("default", [(build_encoder(), "one")], remembered=(1, 5))
    batch = _batch(Introduction(_crops(2), INTRODUCED, LIT, stream=0))
    outputs, guess = trainer.network(to_reals(batch.tensors), training=True)
    batch = replace(batch, weights=guess.numpy())  # Guessed rightly, so nothing but the teachers is left.
    expected = float(taught_loss(outputs, teachers.recollect(batch)))
    assert expected > 1
    assert _take_step(trainer, batch, teachers) == pytest.approx(expected, rel=1e-3)


def test_teachers_look_at_many_a_few_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    encoder = build_encoder()
    places = []
    for portion in (8, 3):
        monkeypatch.setattr(teachers_module, "_AT_ONCE", portion)
        teachers = Teachers("default", [(encoder, "one")], remembered=(1, 5))
        places.append(teachers.recollect(_batch(Introduction(_crops(2), INTRODUCED, LIT, stream=0))).known)
    np.testing.assert_allclose(places[0], places[1], atol=1e-5)


def test_a_student_who_lies_at_its_prototype_has_only_rivals_to_lose_to() -> None:
    teachers = Teachers("default", [(build_encoder(), "one")], remembered=(1, 5))
    told = teachers.recollect(_batch(Introduction(_crops(2), INTRODUCED, LIT, stream=0)))
    perfect, alone = told.known[0][told.own], told._replace(rivals=np.eye(15, dtype=np.float32)[told.own])
    assert float(taught_loss(perfect, alone)) == pytest.approx(0, abs=1e-3)
    assert float(taught_loss(perfect, told)) > 0.01


def test_whoever_was_not_introduced_is_an_error() -> None:
    teachers = Teachers("default", [(build_encoder(), "one")])
    with pytest.raises(KeyError):
        teachers.recollect(_batch(None))


def test_an_encoder_of_another_variant_cannot_teach() -> None:
    with pytest.raises(ConversionError, match=r"other\.keras: is another network than the seed variant"):
        Teachers("seed", [(build_encoder(), "other.keras")])
