"""One attempt on frames from anywhere: look at each, collect, decide. Pure but for what is passed in."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from facelatch.acquisition import Failure, Sample
from facelatch.frames import Frame
from facelatch.matching import Template
from facelatch.session import Outcome, Session, SessionRule, Verdict

Examine = Callable[[Frame], Sample | Failure]
"""What turns a frame into a sample or a reason: `acquisition.acquire` with model and detector filled in."""

RECORDING_ENDED = "recording-ended"


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """A frame and what was found in it."""

    frame: Frame
    found: Sample | Failure


def attempt(
    frames: Iterable[Frame],
    examine: Examine,
    rule: SessionRule,
    gallery: Sequence[Template],
    threshold: float,
    *,
    tell: Callable[[Look], object] | None = None,
) -> Verdict:
    """The verdict on one attempt; `tell` is given every look.

    Frames that end before the session is complete, as a recording's do, decide nothing: RETRY.
    """
    session = Session(rule)
    for frame in frames:
        look = Look(frame, examine(frame))
        if tell is not None:
            tell(look)
        session = follow(session, look.found)
        verdict = session.verdict(gallery, threshold)
        if verdict is not None:
            return verdict
    return _given_up(session, threshold)


def follow(session: Session, found: Sample | Failure) -> Session:
    """The session that follows what was found in a frame."""
    if isinstance(found, Failure):
        return session.after_failure(found.reason)
    return session.after_sample(found.embedding, found.checks, found.coverage)


def _given_up(session: Session, threshold: float) -> Verdict:
    """The verdict where the frames ended first: nothing is decided on less than the rule asks for."""
    reason = Counter(session.failures).most_common(1)[0][0] if session.failures else RECORDING_ENDED
    return Verdict(Outcome.RETRY, None, None, threshold, reason, len(session.embeddings), session.looks)
