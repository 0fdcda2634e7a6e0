"""Several frames become one verdict; everything doubtful is refused.

What someone at the door may try, and what answers it:

- A photo between live frames: one sample with a failed check, or with no check at all, ends the session.
- Two faces in turn, so that their fused embedding comes near a user whom neither resembles: each sample that counts
  must be within `coherence_limit` of the fused one, which two faces in equal shares keep to only if they are within
  0.8 of each other, as one pair of strangers in a hundred is, and within `SAMPLE_SLACK` times the threshold of the
  same user, which is more than the fused one gets, because a single frame is noisier than the mean.
- A covered face between clear ones: `quality` sets badly covered samples aside, at most half of them. They are
  neither fused nor compared, but they must be as live as all others.
- A broken number: a sample that is not a unit vector makes the fused embedding NaN, and NaN is refused.
- Leaving early or showing too little: fewer samples than wanted is RETRY, which tells nobody a distance.
- One more frame after the verdict: a decided session stays decided.
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from facelatch import quality
from facelatch.liveness import PadCheck
from facelatch.matching import Embedding, Template, distance, fuse, identify, template_distance
from facelatch.outcomes import Outcome

__all__ = [
    "SAMPLE_SLACK",
    "Outcome",
    "Session",
    "SessionRule",
    "Verdict",
    "coherence_limit",
    "decide",
]

SAMPLE_SLACK = 1.5
"""How much farther than the threshold a single sample may be where the fused one matches."""

SCATTER = 0.56
"""How far the frames of one face scatter at most about its embedding, on the scale of encoders that keep strangers 1.2
apart, as this project's training does. 99 in 100 attempts of rendered people keep to it."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """An outcome and what led to it."""

    outcome: Outcome
    user: str | None
    """The nearest user, granted or not; None where nothing was compared."""
    distance: float | None
    """Of the fused sample to that user; None where nothing was compared."""
    threshold: float
    reason: str | None
    """A word for all but granted: a failed check, a `Missing`, `samples-disagree`, `beyond-threshold`."""
    samples: int
    looks: int
    """Frames looked at, with and without a usable sample."""


@dataclass(frozen=True, slots=True)
class SessionRule:
    """How many samples are fused, and after how many frames a session gives up."""

    frames: int = 3
    attempts: int = 30

    def __post_init__(self) -> None:
        """Refuse a session that could never be decided."""
        if not 1 <= self.frames <= self.attempts:
            raise ValueError(f"frames must be 1 to attempts ({self.attempts}), found {self.frames}")


def coherence_limit(samples: int) -> float:
    """How far one of so many samples may be from all of them fused; a single one has nothing to disagree with.

    A sample has its share in what it is compared with: of `n` about one direction, each is nearer to their mean than
    to that direction by the factor sqrt(1 - 1/n).
    """
    return SCATTER * math.sqrt(1 - 1 / samples) if samples > 1 else math.inf


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
        """The samples that are fused and compared."""
        return tuple(self.embeddings[place] for place in quality.counted(self.coverages))

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
        fused = fuse(self.counted)
        match = identify(fused, gallery)
        # Nothing to compare with is a refusal, not a reason to try again.
        outcome = decide(math.nan if match.distance is None else match.distance, threshold, self.checks)
        reason = None if outcome is Outcome.GRANTED else "beyond-threshold" if gallery else "nobody-enrolled"
        if outcome is Outcome.GRANTED and not self._all_agree(fused, match.user, gallery, threshold):
            outcome, reason = Outcome.NO_MATCH, "samples-disagree"
        return self._to_verdict(outcome, threshold, reason, match.user, match.distance)

    def _all_agree(
        self, fused: Embedding, user: str | None, gallery: Sequence[Template], threshold: float
    ) -> bool:
        """Whether each sample that counts is near the others and the user by itself; a broken one is near nobody."""
        own = [template for template in gallery if template.user == user]
        limit = coherence_limit(len(self.counted))
        return bool(own) and all(
            distance(embedding, fused) <= limit
            and template_distance(embedding, template) <= SAMPLE_SLACK * threshold
            for embedding in self.counted
            for template in own
        )

    def _to_verdict(
        self,
        outcome: Outcome,
        threshold: float,
        reason: str | None,
        user: str | None = None,
        found: float | None = None,
    ) -> Verdict:
        return Verdict(outcome, user, found, threshold, reason, len(self.embeddings), self.looks)
