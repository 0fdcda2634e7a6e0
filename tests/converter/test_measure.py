from collections.abc import Iterator

import numpy as np
import pytest

from facelatch.acquisition import Sample
from facelatch.errors import CaptureError
from facelatch.frames import Frame
from facelatch.matching import FARTHEST, Embedding, fuse
from facelatch.session import USUAL_REACH, Session, SessionRule
from facelatch_converter.datasets import CaptureRef
from facelatch_converter.measure import NO_EMBEDDING, measure
from tests.converter.scripted import (
    BROKEN_MM,
    COVERED_MM,
    FLAT_MM,
    LIVE,
    NO_FACE_MM,
    ScriptedAcquirer,
    capture,
    embedding_of,
    people,
)
from tests.factories import make_frame


def fused_by_a_session(depths_mm: tuple[int, ...]) -> Embedding | None:
    """What the board's session compares of these frames."""
    session, answer = Session(SessionRule(len(depths_mm))), ScriptedAcquirer().open()
    for number, depth in enumerate(depths_mm):
        found = answer(make_frame(depth, (4, 4), timestamp_ns=number))
        assert isinstance(found, Sample)
        session = session.after_sample(found.embedding, LIVE, found.coverage)
    return fuse(session.counted) if session.counted else None


@pytest.mark.parametrize(
    ("depths_mm", "kept"),
    [
        pytest.param((20, 20, 20), 3, id="all-agree"),
        pytest.param((20, COVERED_MM, 20), 2, id="one-is-badly-covered"),
        pytest.param((20, 21, 20), 0, id="one-shows-another-face"),
        pytest.param((20, 21, 22), 0, id="three-faces"),
        pytest.param((20, BROKEN_MM, 20), 0, id="one-is-broken"),
        pytest.param((20,), 1, id="a-single-one"),
    ],
)
def test_a_capture_is_fused_as_in_a_session(depths_mm: tuple[int, ...], kept: int) -> None:
    (found,) = measure([capture("anna", "1", depths_mm)], ScriptedAcquirer(), 3, USUAL_REACH)
    expected = fused_by_a_session(depths_mm)
    assert (expected is None) == (kept == 0) == (found.embedding is None) == found.disagrees
    if expected is not None:
        assert found.embedding is not None
        assert np.array_equal(found.embedding, expected)
        own = [embedding_of(20, frame) for frame, depth in enumerate(depths_mm) if depth == 20]
        assert len(own) == kept
        assert found.embedding == pytest.approx(fuse(own))


def test_without_a_known_reach_faces_that_differ_are_fused() -> None:
    (found,) = measure([capture("anna", "1", (20, 21, 20))], ScriptedAcquirer(), samples=3, reach=FARTHEST)
    assert found.embedding is not None


def test_no_more_than_the_first_samples_of_a_capture_are_taken() -> None:
    ref = capture("anna", "1", (NO_FACE_MM, 20, 20, 20, 20))
    (found,) = measure([ref], ScriptedAcquirer(), samples=3, reach=USUAL_REACH)
    assert (found.subject, found.name, found.attack) == ("anna", "1", None)
    assert found.frames == 4  # the fifth was not looked at
    assert found.failures == ("no-face",)
    expected = fuse([embedding_of(20, frame) for frame in (1, 2, 3)])
    assert found.embedding == pytest.approx(expected)
    assert found.live


def test_all_samples_are_fused_when_asked() -> None:
    (found,) = measure([capture("anna", "1", (20, 20, 20))], ScriptedAcquirer(), samples=0, reach=USUAL_REACH)
    assert found.frames == len(found.checks) == 3


def test_a_capture_of_one_frame_is_fine() -> None:
    (found,) = measure([capture("anna", "1", (20,))], ScriptedAcquirer(), samples=3, reach=USUAL_REACH)
    assert found.embedding == pytest.approx(embedding_of(20))


def test_a_capture_without_a_usable_sample_has_no_embedding_and_is_not_live() -> None:
    (found,) = measure(
        [capture("anna", "1", (NO_FACE_MM, BROKEN_MM))], ScriptedAcquirer(), samples=3, reach=USUAL_REACH
    )
    assert found.embedding is None
    assert found.failures == ("no-face", NO_EMBEDDING)
    assert not found.live
    assert not found.disagrees


def test_one_flat_sample_makes_the_capture_not_live() -> None:
    (found,) = measure(
        [capture("anna", "1", (20, FLAT_MM, 20))], ScriptedAcquirer(), samples=3, reach=USUAL_REACH
    )
    assert not found.live
    assert found.checks


def test_progress_is_told_of_every_capture() -> None:
    told: list[int] = []
    measure(people(3, 2), ScriptedAcquirer(), samples=3, reach=USUAL_REACH, progress=told.append)
    assert sum(told) == 6


def test_processes_give_the_same_results_in_the_same_order() -> None:
    refs = people(3, 4)
    told: list[int] = []
    alone = measure(refs, ScriptedAcquirer(), samples=3, reach=USUAL_REACH)
    shared = measure(refs, ScriptedAcquirer(), samples=3, reach=USUAL_REACH, workers=2, progress=told.append)
    assert [(found.subject, found.name) for found in shared] == [(ref.subject, ref.name) for ref in refs]
    for one, other in zip(alone, shared, strict=True):
        assert one.embedding is not None
        assert other.embedding is not None
        assert np.array_equal(one.embedding, other.embedding)
    assert sum(told) == len(refs)


def broken_capture() -> Iterator[Frame]:
    raise CaptureError("0003.depth.png: is truncated")


@pytest.mark.parametrize("workers", [1, 2])
def test_a_broken_capture_stops_the_measurement_by_name(workers: int) -> None:
    refs = [*people(2, 2), CaptureRef("anna", "broken", broken_capture)]
    with pytest.raises(CaptureError, match=r"0003\.depth\.png: is truncated"):
        measure(refs, ScriptedAcquirer(), samples=3, reach=USUAL_REACH, workers=workers)
