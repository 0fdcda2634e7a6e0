"""Scripted looks: what a detector, an encoder and liveness checks would have found in frames."""

from collections.abc import Callable, Sequence

from facelatch.acquisition import STAGES, Failure, Sample
from facelatch.frames import Frame
from facelatch.liveness import PadCheck
from facelatch.locate import Located, Missing
from facelatch.matching import Embedding
from facelatch.pose import HeadPose
from facelatch.preprocess import FacePoint
from tests.factories import make_frame

LIVE = PadCheck(name="plane", passed=True, value=9.0, limit=3.0)
FLAT = PadCheck(name="plane", passed=False, value=1.0, limit=3.0)
NO_FACE = Failure(Missing.NO_FACE)


def make_sample(
    embedding: Embedding,
    checks: Sequence[PadCheck] = (LIVE,),
    pose: tuple[float, float] | None = (0.0, 0.0),
) -> Sample:
    """A usable frame's sample; `pose` is (yaw, pitch)."""
    return Sample(
        located=Located(FacePoint(16.0, 12.0, 500.0), (10, 6, 12, 12), 150.0),
        embedding=embedding,
        checks=tuple(checks),
        pose=None if pose is None else HeadPose(*pose),
        timings_ns=dict.fromkeys(STAGES, 1_000_000),
        coverage=1.0,
    )


def make_frames(count: int, first_ns: int = 1) -> list[Frame]:
    """Small frames whose times rise by one nanosecond."""
    return [make_frame(size=(32, 24), timestamp_ns=first_ns + place) for place in range(count)]


def scripted(*found: Sample | Failure) -> Callable[[Frame], Sample | Failure]:
    """An examiner that answers in this order, whatever the frames show; one look too many is an error."""
    script = iter(found)
    return lambda frame: next(script)
