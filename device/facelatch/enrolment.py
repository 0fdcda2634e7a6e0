"""Which head poses a template covers, and what the user should do next.

Yaw and pitch are degrees: + yaw turns the head towards the image's right (its owner's left), + pitch raises
the chin. Around the centre lie twelve sectors, like a clock's hours; a template needs the centre and eleven of them.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

import numpy as np

from facelatch.liveness import PadCheck
from facelatch.matching import Embedding, Template, distance, is_usable

CENTRE = "centre"
ROUND: tuple[str, ...] = (
    "right", "right-up", "up-right", "up", "up-left", "left-up",
    "left", "left-down", "down-left", "down", "down-right", "right-down",
)  # fmt: skip
"""As seen in the image, from +yaw over +pitch; of `right-up` and `up-right` the first word is the larger turn."""
SECTORS: tuple[str, ...] = (CENTRE, *ROUND)
WANTED = 12

_CENTRE_WITHIN_DEG = 7.0
_SECTOR_FROM_DEG = 9.0
_SECTOR_TO_DEG = 40.0

_HINTS = {
    CENTRE: "look straight into the camera",
    "right": "turn your head to the left",
    "right-up": "turn your head to the left and raise your chin a little",
    "up-right": "raise your chin and turn your head a little to the left",
    "up": "raise your chin",
    "up-left": "raise your chin and turn your head a little to the right",
    "left-up": "turn your head to the right and raise your chin a little",
    "left": "turn your head to the right",
    "left-down": "turn your head to the right and lower your chin a little",
    "down-left": "lower your chin and turn your head a little to the right",
    "down": "lower your chin",
    "down-right": "lower your chin and turn your head a little to the left",
    "right-down": "turn your head to the left and lower your chin a little",
}


def to_sector(yaw_deg: float, pitch_deg: float) -> str | None:
    """The sector of a pose; None between centre and ring, too far out, or where the pose is not known."""
    away = math.hypot(yaw_deg, pitch_deg)
    if away <= _CENTRE_WITHIN_DEG:
        return CENTRE
    if not _SECTOR_FROM_DEG <= away <= _SECTOR_TO_DEG:
        return None
    return ROUND[round(math.degrees(math.atan2(pitch_deg, yaw_deg)) / 360 * len(ROUND)) % len(ROUND)]


@dataclass(frozen=True, slots=True)
class Coverage:
    """The sectors seen so far."""

    covered: frozenset[str] = frozenset()
    trail: tuple[str, ...] = ()
    """The two of the round that were added last, the latest at the end."""

    def after(self, yaw_deg: float, pitch_deg: float) -> "Coverage":
        """The coverage with this pose; the same object where it adds nothing."""
        sector = to_sector(yaw_deg, pitch_deg)
        if sector is None or sector in self.covered:
            return self
        trail = self.trail if sector == CENTRE else (*self.trail, sector)[-2:]
        return Coverage(self.covered | {sector}, trail)

    @property
    def missing(self) -> tuple[str, ...]:
        """The sectors not seen yet: the centre, then round."""
        return tuple(sector for sector in SECTORS if sector not in self.covered)

    @property
    def complete(self) -> bool:
        """Whether the centre and enough of the rest are seen."""
        return CENTRE in self.covered and len(self.covered) >= WANTED

    @property
    def hint(self) -> str:
        """What the user should do next, from the user's own point of view; empty when complete.

        It names the sector nearest to the last one; of two as near, the one in the direction in which the head goes
        round. As long as that cannot be told, it goes from right over up.
        """
        return "" if self.complete else _HINTS[min(self.missing, key=self._way)]

    def correction(self, yaw_deg: float, pitch_deg: float) -> str:
        """What a pose in none of the sectors lacks, for its owner; empty where it lies in one or is not known."""
        away = math.hypot(yaw_deg, pitch_deg)
        if away > _SECTOR_TO_DEG:
            return "not so far"
        if _CENTRE_WITHIN_DEG < away < _SECTOR_FROM_DEG:
            return "a little farther" if CENTRE in self.covered else "a little straighter"
        return ""

    def _way(self, sector: str) -> tuple[int, int]:
        """How many sectors away from the last one it lies by the shorter way, and by the way the head goes."""
        if sector == CENTRE:
            return -1, 0
        start = ROUND.index(self.trail[-1]) if self.trail else 0
        ahead = (ROUND.index(sector) - start) * self._direction % len(ROUND)
        return min(ahead, len(ROUND) - ahead), ahead

    @property
    def _direction(self) -> int:
        """1 where the head goes round from right over up, -1 the other way."""
        if len(self.trail) < 2:
            return 1
        sooner, later = map(ROUND.index, self.trail)
        return 1 if (later - sooner) % len(ROUND) <= len(ROUND) // 2 else -1


class Step(StrEnum):
    """What became of one sample."""

    TAKEN = "taken"
    COVERED = "covered"
    """Its direction is covered already, or is none of the sectors."""
    NO_POSE = "no-pose"
    NOT_LIVE = "not-live"
    SOMEBODY_ELSE = "somebody-else"
    """It is not near the samples taken before: a second person, or a broken embedding."""


@dataclass(frozen=True, slots=True, eq=False)
class Enrolment:
    """Samples of one live person from all sides; each step gives a new enrolment.

    A bystander who comes nearer for one frame must not end up in the template, where that face would open the
    door for good. So each sample has to match one that was taken before, at `limit`, the card's enrolment limit.
    """

    limit: float
    coverage: Coverage = field(default_factory=Coverage)
    embeddings: tuple[Embedding, ...] = ()
    made_at: tuple[str, ...] = ()
    poses: tuple[tuple[float, float], ...] = ()

    def after(
        self,
        embedding: Embedding,
        checks: Sequence[PadCheck],
        pose: tuple[float, float] | None,
        made_at: str,
    ) -> tuple["Enrolment", Step]:
        """The enrolment that follows a sample at `pose`, (yaw, pitch), and what became of the sample."""
        if not checks or not all(check.passed for check in checks):
            return self, Step.NOT_LIVE
        if not self._belongs(embedding):
            return self, Step.SOMEBODY_ELSE
        if pose is None or not all(map(math.isfinite, pose)):
            return self, Step.NO_POSE
        coverage = self.coverage.after(*pose)
        if coverage is self.coverage:
            return self, Step.COVERED
        following = replace(
            self,
            coverage=coverage,
            embeddings=(*self.embeddings, embedding),
            made_at=(*self.made_at, made_at),
            poses=(*self.poses, pose),
        )
        return following, Step.TAKEN

    def to_template(self, user: str, encoder_sha256: str) -> Template:
        """The finished template; raises `ValueError` before the coverage is complete."""
        if not self.coverage.complete:
            raise ValueError(f"the enrolment is not complete: {self.coverage.hint}")
        return Template(user, encoder_sha256, np.stack(self.embeddings), self.made_at, self.poses)

    def _belongs(self, embedding: Embedding) -> bool:
        if not self.embeddings:
            return is_usable(embedding)
        return any(distance(embedding, taken) <= self.limit for taken in self.embeddings)
