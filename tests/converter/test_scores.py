from pathlib import Path

import numpy as np
import pytest

from facelatch import matching
from facelatch.session import USUAL_REACH
from facelatch_converter.measure import measure
from facelatch_converter.scores import Scores, compare, save_scores
from tests.converter.scripted import FLAT_MM, NO_FACE_MM, ScriptedAcquirer, capture, people


def test_two_captures_of_a_person_are_genuine_and_of_two_people_impostor() -> None:
    measured = measure(people(3, 2), ScriptedAcquirer(), samples=3, reach=USUAL_REACH)
    scores = compare(measured)
    assert (scores.genuine.size, scores.impostor.size) == (3, 12)
    for (first, second), distance in zip(scores.genuine_pairs, scores.genuine, strict=True):
        assert scores.subjects[first] == scores.subjects[second]
        assert scores.captures[first] != scores.captures[second]
        one, other = measured[first].embedding, measured[second].embedding
        assert one is not None
        assert other is not None
        assert distance == pytest.approx(matching.distance(one, other), abs=1e-6)
    assert all(scores.subjects[a] != scores.subjects[b] for a, b in scores.impostor_pairs)
    assert scores.genuine.max() < scores.impostor.min()


def test_attacks_and_captures_without_a_face_take_no_part() -> None:
    refs = [
        *people(2, 1),
        capture("person-000", "photo", (FLAT_MM,), attack="flat-photo"),
        capture("person-001", "dark", (NO_FACE_MM,)),
    ]
    scores = compare(measure(refs, ScriptedAcquirer(), samples=3, reach=USUAL_REACH))
    assert (scores.genuine.size, scores.impostor.size) == (0, 1)
    assert "photo" not in scores.captures


def test_nothing_measured_gives_no_pairs() -> None:
    scores = compare([])
    assert (scores.genuine.size, scores.impostor.size, scores.genuine_pairs.shape) == (0, 0, (0, 2))


def test_scores_come_back_from_their_file(tmp_path: Path) -> None:
    scores = compare(measure(people(3, 2), ScriptedAcquirer(), samples=3, reach=USUAL_REACH))
    save_scores(scores, tmp_path / "scores.npz")
    with np.load(tmp_path / "scores.npz", allow_pickle=False) as archive:
        assert sorted(archive.files) == sorted(Scores.__dataclass_fields__)
        for name in archive.files:
            assert np.array_equal(archive[name], getattr(scores, name))
        assert not [name for name in archive.files if archive[name].shape[-1:] == (128,)]  # no embeddings
