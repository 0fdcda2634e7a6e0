"""What the daemon remembers between frames, and which frames it looks at; pure, time is passed in.

An attempt begins with the first usable face, so that an empty room is no attempt. Frames are left out while
the door rests after an attempt, while guessing is locked out, and where the camera repeats itself: the same
frame twice is no second sample.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from facelatch.acquisition import Failure, Sample
from facelatch.attempts import follow
from facelatch.lockout import Lockout
from facelatch.matching import Template
from facelatch.session import Outcome, Session, SessionRule, Verdict


@dataclass(frozen=True, slots=True, eq=False)
class Watch:
    """A door between and during attempts; each step gives a new watch."""

    rule: SessionRule
    lockout: Lockout
    cooldown_ns: int
    session: Session | None = None
    """The attempt under way, if there is one."""
    rest_until_ns: int | None = None
    seen_ns: int | None = None
    """The camera's own time of the last frame looked at."""

    def wants(self, frame_ns: int, now_ns: int) -> bool:
        """Whether to look at a frame that the camera took at `frame_ns`, its own time."""
        resting = self.rest_until_ns is not None and now_ns < self.rest_until_ns
        repeated = self.seen_ns is not None and frame_ns <= self.seen_ns
        return not (resting or repeated or self.lockout.is_locked(now_ns))

    def after(
        self,
        frame_ns: int,
        found: Sample | Failure,
        gallery: Callable[[], Sequence[Template]],
        threshold: float,
    ) -> tuple["Watch", Verdict | None]:
        """The watch that follows a wanted frame, and the verdict if it was the last one needed.

        `gallery` is asked only then: most frames show an empty room.
        """
        seen = replace(self, seen_ns=frame_ns)
        if self.session is None and isinstance(found, Failure):
            return seen, None
        session = follow(self.session or Session(self.rule), found)
        verdict = session.verdict(gallery(), threshold) if session.complete else None
        return replace(seen, session=session if verdict is None else None), verdict

    def counted(self, outcome: Outcome, now_ns: int) -> "Watch":
        """The watch that follows a verdict; before anything is told of it or moved."""
        return replace(self, lockout=self.lockout.after(outcome, now_ns), session=None)

    def rested(self, now_ns: int) -> "Watch":
        """The watch that follows an answer; the rest begins now."""
        return replace(self, rest_until_ns=now_ns + self.cooldown_ns)

    def interrupted(self) -> "Watch":
        """The watch that follows a doubt about the camera: no attempt reaches across it."""
        return replace(self, session=None, seen_ns=None)
