from collections.abc import Iterator
from itertools import count

import numpy as np
import numpy.typing as npt
import pytest

from facelatch.acquisition import STAGES, Failure, Sample, acquire
from facelatch.frames import Frame
from facelatch.liveness import check
from facelatch.locate import Located, Missing
from facelatch.matching import Embedding
from facelatch.preprocess import CropSpec, FacePoint, to_tensor
from tests.device.procedural_face import Scene, face_frame, sheet_frame
from tests.factories import make_embedding, make_frame

SPEC = CropSpec(size_px=48)
LOCATED = Located(FacePoint(320, 225, 505), (220, 130, 210, 210), 177.0)


class ScriptedFinder:
    def __init__(self, answer: Located | Missing) -> None:
        self.answer = answer

    def locate(self, frame: Frame) -> Located | Missing:
        return self.answer


class ScriptedEncoder:
    def __init__(self) -> None:
        self.tensors: list[npt.NDArray[np.float32]] = []

    def embed(self, tensor: npt.NDArray[np.float32]) -> Embedding:
        self.tensors.append(tensor)
        return make_embedding(1)


def ticks() -> Iterator[int]:
    """1, 3, 6, 10...: every interval is longer than the one before."""
    total = 0
    for step in count(1):
        total += step
        yield total


def test_a_face_becomes_a_sample() -> None:
    frame, encoder = face_frame(Scene(yaw_deg=15)), ScriptedEncoder()
    sample = acquire(frame, ScriptedFinder(LOCATED), encoder, SPEC, ticks().__next__)
    assert isinstance(sample, Sample)
    assert sample.located == LOCATED
    np.testing.assert_array_equal(sample.embedding, make_embedding(1))
    np.testing.assert_array_equal(encoder.tensors, [to_tensor(frame, LOCATED.point, SPEC)])
    assert sample.checks == check(frame, LOCATED.point)
    assert all(verdict.passed for verdict in sample.checks)
    assert sample.pose is not None
    assert sample.pose.yaw_deg > 5
    assert dict(sample.timings_ns) == dict(zip(STAGES, (2, 3, 4, 5), strict=True))


def test_a_photo_becomes_a_sample_that_failed() -> None:
    sample = acquire(sheet_frame(Scene()), ScriptedFinder(LOCATED), ScriptedEncoder(), SPEC, lambda: 0)
    assert isinstance(sample, Sample)
    assert not all(verdict.passed for verdict in sample.checks)


@pytest.mark.parametrize("reason", list(Missing))
def test_no_face_costs_no_encoding(reason: Missing) -> None:
    encoder = ScriptedEncoder()
    answer = acquire(make_frame(), ScriptedFinder(reason), encoder, SPEC, lambda: 0)
    assert answer == Failure(reason)
    assert not encoder.tensors
