from collections.abc import Iterator

import numpy as np
import pytest

from facelatch import matching
from facelatch.errors import CaptureError
from facelatch.frames import Frame
from facelatch_converter.datasets import CaptureRef
from facelatch_converter.measure import NO_EMBEDDING, measure
from tests.converter.scripted import (
    BROKEN_MM,
    FLAT_MM,
    NO_FACE_MM,
    ScriptedAcquirer,
    capture,
    embedding_of,
    people,
)


def test_the_first_samples_of_a_capture_are_fused_as_in_a_session() -> None:
    ref = capture("anna", "1", (NO_FACE_MM, 20, 20, 20, 20))
    (found,) = measure([ref], ScriptedAcquirer(), samples=3)
    assert (found.subject, found.name, found.attack) == ("anna", "1", None)
    assert found.frames == 4  # the fifth was not looked at
    assert found.failures == ("no-face",)
    expected = matching.fuse([embedding_of(20, frame) for frame in (1, 2, 3)])
    assert found.embedding == pytest.approx(expected)
    assert found.live


def test_all_samples_are_fused_when_asked() -> None:
    (found,) = measure([capture("anna", "1", (20, 20, 20))], ScriptedAcquirer(), samples=0)
    assert found.frames == len(found.checks) == 3


def test_a_capture_of_one_frame_is_fine() -> None:
    (found,) = measure([capture("anna", "1", (20,))], ScriptedAcquirer(), samples=3)
    assert found.embedding == pytest.approx(embedding_of(20))


def test_a_capture_without_a_usable_sample_has_no_embedding_and_is_not_live() -> None:
    (found,) = measure([capture("anna", "1", (NO_FACE_MM, BROKEN_MM))], ScriptedAcquirer(), samples=3)
    assert found.embedding is None
    assert found.failures == ("no-face", NO_EMBEDDING)
    assert not found.live


def test_one_flat_sample_makes_the_capture_not_live() -> None:
    (found,) = measure([capture("anna", "1", (20, FLAT_MM, 20))], ScriptedAcquirer(), samples=3)
    assert not found.live
    assert found.embedding is not None


def test_progress_is_told_of_every_capture() -> None:
    told: list[int] = []
    measure(people(3, 2), ScriptedAcquirer(), samples=3, progress=told.append)
    assert sum(told) == 6


def test_processes_give_the_same_results_in_the_same_order() -> None:
    refs = people(3, 4)
    told: list[int] = []
    alone = measure(refs, ScriptedAcquirer(), samples=3)
    shared = measure(refs, ScriptedAcquirer(), samples=3, workers=2, progress=told.append)
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
        measure(refs, ScriptedAcquirer(), samples=3, workers=workers)
