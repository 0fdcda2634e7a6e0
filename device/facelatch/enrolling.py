"""Frames into an enrolment, step by step, until every side is seen or it has to be refused."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from facelatch.acquisition import Failure
from facelatch.attempts import Examine, Look
from facelatch.enrolment import Enrolment, Step
from facelatch.frames import Frame

MOST_NOT_LIVE = 10
"""So many samples in a row that fail a check end the enrolment; a living face may fail one on the way."""


class Ending(StrEnum):
    """Why no further frame is taken."""

    COMPLETE = "complete"
    NOT_LIVE = "not-live"
    FRAMES_ENDED = "frames-ended"


@dataclass(frozen=True, slots=True, eq=False)
class Progression:
    """One look, what became of it, and the enrolment after it."""

    enrolment: Enrolment
    look: Look
    step: Step | None
    """None where the frame gave no sample."""

    @property
    def pose(self) -> tuple[float, float] | None:
        """Yaw and pitch of the head in this look; None where they are not known."""
        return _to_pose(self.look)


def gather(
    frames: Iterable[Frame],
    examine: Examine,
    enrolment: Enrolment,
    utc_text: Callable[[], str],
    tell: Callable[[Progression], object],
) -> tuple[Enrolment, Ending]:
    """The enrolment after the frames that it needed, and why it ended; `tell` is given every step.

    `utc_text` gives the moment of a sample.
    """
    not_live = 0
    for frame in frames:
        look = Look(frame, examine(frame))
        enrolment, step = _take(enrolment, look, utc_text)
        tell(Progression(enrolment, look, step))
        if enrolment.coverage.complete:
            return enrolment, Ending.COMPLETE
        if step is Step.NOT_LIVE:
            not_live += 1
        elif step is not None:
            not_live = 0
        if not_live >= MOST_NOT_LIVE:
            return enrolment, Ending.NOT_LIVE
    only_not_live = not_live > 0 and not enrolment.embeddings
    return enrolment, Ending.NOT_LIVE if only_not_live else Ending.FRAMES_ENDED


def _take(enrolment: Enrolment, look: Look, utc_text: Callable[[], str]) -> tuple[Enrolment, Step | None]:
    found = look.found
    if isinstance(found, Failure):
        return enrolment, None
    return enrolment.after(found.embedding, found.checks, _to_pose(look), utc_text())


def _to_pose(look: Look) -> tuple[float, float] | None:
    pose = None if isinstance(look.found, Failure) else look.found.pose
    return None if pose is None else (pose.yaw_deg, pose.pitch_deg)
