"""The way of one frame, from image to embedding, the same for enrolment, verification and evaluation."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from facelatch import liveness, preprocess, quality
from facelatch.frames import Frame
from facelatch.liveness import PadCheck
from facelatch.locate import Located, Missing
from facelatch.matching import Embedding
from facelatch.pose import HeadPose, estimate_pose
from facelatch.preprocess import CropSpec

STAGES = ("locate", "preprocess", "encode", "liveness")


class FaceFinder(Protocol):
    """Says where the face is."""

    def locate(self, frame: Frame) -> Located | Missing:
        """The nearest face that can be used, or why there is none."""


class Embedder(Protocol):
    """Turns an encoder's input into an embedding."""

    def embed(self, tensor: npt.NDArray[np.float32]) -> Embedding:
        """The L2-normalised embedding of a tensor (size, size, 4)."""


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """What one usable frame gives."""

    located: Located
    embedding: Embedding
    checks: tuple[PadCheck, ...]
    pose: HeadPose | None
    timings_ns: Mapping[str, int]
    """How long each of `STAGES` took."""
    coverage: float
    """How much of the face was seen, see `quality`."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A frame that gives no sample, and why."""

    reason: Missing


def acquire(
    frame: Frame, locator: FaceFinder, embedder: Embedder, spec: CropSpec, clock: Callable[[], int]
) -> Sample | Failure:
    """The sample in a frame; `clock` gives nanoseconds (`time.perf_counter_ns`) and times the stages."""
    times = [clock()]
    located = locator.locate(frame)
    if isinstance(located, Missing):
        return Failure(located)
    times.append(clock())
    tensor = preprocess.to_tensor(frame, located.point, spec)
    times.append(clock())
    embedding = embedder.embed(tensor)
    times.append(clock())
    checks = liveness.check(frame, located.point)
    pose = estimate_pose(frame, located.point)
    times.append(clock())
    spent = {stage: end - start for stage, start, end in zip(STAGES, times, times[1:], strict=False)}
    return Sample(located, embedding, checks, pose, spent, quality.coverage(tensor))
