"""Several frames become one verdict; everything doubtful is refused.

What someone at the door may try, and what answers it:

- A photo between live frames: one sample with a failed check, or with no check at all, ends the session.
- Two faces in turn, so that their fused embedding comes near a user whom neither resembles: the samples that count
  must agree with each other (`coherence`), which two faces in equal shares do only if they are within 0.97 times the
  reach of each other with two frames, nearer than one pair of strangers in a hundred is, and 1.18 times with four.
  And each sample must be within `sample_limit` of the same user, which is more than the fused one gets, because a
  single frame is noisier than the mean.
- One frame of another face among the user's: what does not agree is set aside, but a frame that shows as much of a
  face as the others and is as far from them as strangers are refuses all of them.
- A covered face between clear ones: `quality` sets badly covered samples aside. What is set aside is neither fused
  nor compared, but it must be as live as all others; and more than half of the samples count, whatever the others lack.
- A broken number: a sample that is not a unit vector agrees with nothing, however little of the face it shows.
- Leaving early or showing too little: fewer samples than wanted is RETRY, which tells nobody a distance.
- One more frame after the verdict: a decided session stays decided.
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from facelatch import quality
from facelatch.coherence import SCATTER, agreeing
from facelatch.liveness import PadCheck
from facelatch.matching import (
    FARTHEST,
    Embedding,
    Template,
    fuse,
    identify,
    is_usable,
    template_distance,
)
from facelatch.outcomes import Outcome

__all__ = ["Outcome", "Session", "SessionRule", "Verdict", "counted", "decide", "sample_limit"]

USUAL_REACH = 0.8
"""Of the shipped encoder, about."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """An outcome and what led to it."""

    outcome: Outcome
    user: str | None
    """The nearest user, granted or not; None where nothing was compared."""
    distance: float | None
    """Of the fused samples to that user; None where nothing was compared, as where they disagree."""
    threshold: float
    reason: str | None
    """A word for all but granted: a failed check, a `Missing`, `samples-disagree`, `beyond-threshold`."""
    samples: int
    looks: int
    """Frames looked at, with and without a usable sample."""
    fused: int = 0
    """Samples that were put together and compared; the others were badly covered or did not agree with these."""


@dataclass(frozen=True, slots=True)
class SessionRule:
    """How many samples are fused, and after how many frames a session gives up."""

    frames: int = 3
    attempts: int = 30
    reach: float = USUAL_REACH
    """How near one stranger in a hundred comes with this encoder; the card's `enrolment_limit`, see `coherence`."""

    def __post_init__(self) -> None:
        """Refuse a session that could never be decided."""
        if not 1 <= self.frames <= self.attempts:
            raise ValueError(f"frames must be 1 to attempts ({self.attempts}), found {self.frames}")
        if not 0 < self.reach <= FARTHEST:
            raise ValueError(f"reach must be a distance, more than 0 to {FARTHEST}, found {self.reach}")


def counted(embeddings: Sequence[Embedding], coverages: Sequence[float], reach: float) -> tuple[int, ...]:
    """The places of a session's samples that are fused and compared, in order; none where they disagree."""
    if not all(is_usable(embedding) for embedding in embeddings):
        return ()  # Not a bad frame but a broken encoder.
    seen = quality.counted(coverages)
    agreed = agreeing([embeddings[place] for place in seen], quality.majority(len(embeddings)), reach)
    return tuple(seen[place] for place in agreed)


def sample_limit(threshold: float, reach: float) -> float:
    """How far from a user each sample may be where the fused one is within the threshold.

    One face's samples scatter about its embedding by `SCATTER` times the reach at most, each in a direction of its own,
    so that the squares add. A stricter threshold makes no frame less noisy.
    """
    return math.hypot(threshold, SCATTER * reach)


def decide(found: float | None, threshold: float, checks: Sequence[PadCheck]) -> Outcome:
    """Grant only if every check passed and the match holds; refuse otherwise."""
    if found is None:
        return Outcome.RETRY
    if not checks or not all(check.passed for check in checks):
        return Outcome.NOT_LIVE
    if 0 <= found <= threshold:
        return Outcome.GRANTED
    return Outcome.NO_MATCH


@dataclass(frozen=True, slots=True, eq=False)
class Session:
    """One attempt of one person, frame by frame; each step gives a new session."""

    rule: SessionRule
    embeddings: tuple[Embedding, ...] = ()
    coverages: tuple[float, ...] = ()
    """How much of the face each sample shows."""
    checks: tuple[PadCheck, ...] = ()
    failures: tuple[str, ...] = ()
    not_live: str | None = None
    """The check that ended the session, if one did."""

    @property
    def complete(self) -> bool:
        """Whether no further frame is wanted."""
        return (
            self.not_live is not None
            or len(self.embeddings) >= self.rule.frames
            or self.looks >= self.rule.attempts
        )

    @property
    def looks(self) -> int:
        """Frames looked at."""
        return len(self.embeddings) + len(self.failures)

    @property
    def counted(self) -> tuple[Embedding, ...]:
        """The samples that are fused and compared; none where they disagree."""
        return tuple(
            self.embeddings[place] for place in counted(self.embeddings, self.coverages, self.rule.reach)
        )

    def after_sample(self, embedding: Embedding, checks: Sequence[PadCheck], coverage: float) -> "Session":
        """The session that follows a frame with a usable face, of which `coverage` is seen."""
        if self.complete:
            return self
        failed = next((check.name for check in checks if not check.passed), None)
        return replace(
            self,
            embeddings=(*self.embeddings, embedding),
            coverages=(*self.coverages, coverage),
            checks=(*self.checks, *checks),
            not_live=failed if checks else "no-check",
        )

    def after_failure(self, reason: str) -> "Session":
        """The session that follows a frame without one."""
        return self if self.complete else replace(self, failures=(*self.failures, reason))

    def verdict(self, gallery: Sequence[Template], threshold: float) -> Verdict | None:
        """The verdict against the gallery, or None while frames are wanted."""
        if not self.complete:
            return None
        if self.not_live is not None:
            return self._to_verdict(Outcome.NOT_LIVE, threshold, self.not_live)
        if len(self.embeddings) < self.rule.frames:
            (common, _), *_ = Counter(self.failures).most_common(1)
            return self._to_verdict(Outcome.RETRY, threshold, common)
        agreed = self.counted
        if not agreed:
            return self._to_verdict(Outcome.NO_MATCH, threshold, "samples-disagree")
        match = identify(fuse(agreed), gallery)
        # Nothing to compare with is a refusal, not a reason to try again.
        outcome = decide(math.nan if match.distance is None else match.distance, threshold, self.checks)
        reason = None if outcome is Outcome.GRANTED else "beyond-threshold" if gallery else "nobody-enrolled"
        own = [template for template in gallery if template.user == match.user]
        limit = sample_limit(threshold, self.rule.reach)
        if outcome is Outcome.GRANTED and not _all_near(agreed, own, limit):
            outcome, reason = Outcome.NO_MATCH, "samples-disagree"
        return self._to_verdict(outcome, threshold, reason, match.user, match.distance, len(agreed))

    def _to_verdict(
        self,
        outcome: Outcome,
        threshold: float,
        reason: str | None,
        user: str | None = None,
        found: float | None = None,
        fused: int = 0,
    ) -> Verdict:
        return Verdict(outcome, user, found, threshold, reason, len(self.embeddings), self.looks, fused)


def _all_near(agreed: Sequence[Embedding], own: Sequence[Template], limit: float) -> bool:
    """Whether each of the samples is near the user by itself."""
    return bool(own) and all(
        template_distance(embedding, template) <= limit for embedding in agreed for template in own
    )
