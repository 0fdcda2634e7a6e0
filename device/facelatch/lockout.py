"""Guessing is slowed down: several refusals in a row lock for a while, the next for twice as long."""

import math
from dataclasses import dataclass, replace

from facelatch.session import Outcome

_REFUSALS = frozenset({Outcome.NO_MATCH, Outcome.NOT_LIVE})


@dataclass(frozen=True, slots=True)
class LockoutRule:
    """How many refusals in a row lock, and for how long first and at most."""

    refusals: int = 5
    first_s: float = 30.0
    longest_s: float = 600.0

    def __post_init__(self) -> None:
        """Refuse a rule that never locks."""
        if self.refusals < 1 or not 0 < self.first_s <= self.longest_s < math.inf:
            raise ValueError(
                f"a lockout needs refusals of at least 1 and 0 < first_s <= longest_s, found {self}"
            )

    def pause_s(self, refusals: int) -> float:
        """For how long so many refusals in a row lock; 0 where they are too few."""
        if refusals < self.refusals:
            return 0.0
        # 2 ** 40 first locks are longer than any `longest_s`; the bound keeps the number small.
        return min(self.first_s * 2.0 ** min(refusals - self.refusals, 40), self.longest_s)


@dataclass(frozen=True, slots=True)
class Lockout:
    """The state between attempts; `now_ns` is a monotonic clock's, always the same one."""

    rule: LockoutRule
    refusals: int = 0
    """In a row, since the last grant."""
    locked_until_ns: int | None = None

    def is_locked(self, now_ns: int) -> bool:
        """Whether an attempt must be answered with LOCKED_OUT and no look at the camera."""
        return self.locked_until_ns is not None and now_ns < self.locked_until_ns

    def after(self, outcome: Outcome, now_ns: int) -> "Lockout":
        """The state that follows `outcome`; RETRY is nobody's guess, and while locked nothing counts.

        The refusal that fills the row locks for `first_s`. The row goes on after that: each further refusal
        locks again, twice as long, until somebody is granted.
        """
        if self.is_locked(now_ns):
            return self
        if outcome is Outcome.GRANTED:
            return Lockout(self.rule)
        if outcome not in _REFUSALS:
            return self
        refusals = self.refusals + 1
        locked_s = self.rule.pause_s(refusals)
        if locked_s == 0:
            return replace(self, refusals=refusals)
        return replace(self, refusals=refusals, locked_until_ns=now_ns + round(locked_s * 1e9))
