"""A switch's level without its bounces; pure, time is passed in."""

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Debounced:
    """A level that counts once the switch has been quiet; one that never rests never changes."""

    is_on: bool
    """What counts."""
    seen: bool
    """What was read last."""
    since_ns: int = 0
    """When the switch last moved."""

    def moved(self, level: bool, now_ns: int) -> "Debounced":
        """What follows an edge: the wait begins anew, even where the level reads as before."""
        return replace(self, seen=level, since_ns=now_ns)

    def settled(self, now_ns: int, quiet_ns: int) -> "Debounced":
        """What counts now."""
        return replace(self, is_on=self.seen) if now_ns >= self.since_ns + quiet_ns else self

    def due_ns(self, quiet_ns: int) -> int | None:
        """When the level will count, if the switch rests; None where nothing is to come."""
        return None if self.seen == self.is_on else self.since_ns + quiet_ns
