"""How long a door is released: pulses for grants and for the exit button, with one bound over both; pure.

The bound is over rows of releases, not over single ones: releases with less than `REST_S` between them count as
one, because a bolt and a person do not notice such a gap. So whatever asks, and however often, within any 31 s
the door is secured for a second.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

LONGEST_S = 30.0
"""No row of releases is longer, whatever a config says: a strike's coil and an open door both have limits."""
REST_S = 1.0
"""For how long a door must have been secured before a new row begins."""
LONGEST_NS = round(LONGEST_S * 1e9)
REST_NS = round(REST_S * 1e9)


class Again(StrEnum):
    """What a second grant does while the first one's pulse runs."""

    IGNORE = "ignore"
    EXTEND = "extend"


@dataclass(frozen=True, slots=True)
class Releases:
    """Until when the door is to be released, and since when it has been; each step gives a new one."""

    granted_until_ns: int | None = None
    pressed_until_ns: int | None = None
    is_released: bool = False
    since_ns: int = 0
    """When the present or last row of releases began."""
    secured_ns: int | None = None
    """When the door was last secured; None where it never was released."""

    def granted(self, length_ns: int, now_ns: int, again: Again) -> "Releases":
        """What follows a grant; `settled` decides what comes of it."""
        until_ns = self.granted_until_ns
        if until_ns is not None and until_ns > now_ns and again is Again.IGNORE:
            return self
        return replace(self, granted_until_ns=max(until_ns or 0, now_ns + length_ns))

    def pressed(self, until_ns: int) -> "Releases":
        """What follows the exit button: released until then, and no longer for its sake."""
        return replace(self, pressed_until_ns=until_ns)

    def revoked(self) -> "Releases":
        """What is left when grants count no more."""
        return replace(self, granted_until_ns=None)

    def dropped(self) -> "Releases":
        """What is left when nothing counts any more."""
        return replace(self, granted_until_ns=None, pressed_until_ns=None)

    def settled(self, now_ns: int) -> tuple["Releases", bool]:
        """The state of the line now, and whether the bound kept anything from releasing the door."""
        granted = _still(self.granted_until_ns, now_ns)
        pressed = _still(self.pressed_until_ns, now_ns)
        if granted is None and pressed is None:
            return self._secured(now_ns), False
        has_rested = self.secured_ns is None or now_ns >= self.secured_ns + REST_NS
        since_ns = now_ns if has_rested and not self.is_released else self.since_ns
        if now_ns >= since_ns + LONGEST_NS:
            return self._secured(now_ns), True
        return Releases(granted, pressed, True, since_ns, self.secured_ns), False

    def due_ns(self) -> int | None:
        """When the door has to be secured if nothing else happens; None while it is."""
        wanted = [until for until in (self.granted_until_ns, self.pressed_until_ns) if until is not None]
        if not self.is_released or not wanted:
            return None
        return min(max(wanted), self.since_ns + LONGEST_NS)

    def _secured(self, now_ns: int) -> "Releases":
        secured_ns = now_ns if self.is_released else self.secured_ns
        return Releases(since_ns=self.since_ns, secured_ns=secured_ns)


def _still(until_ns: int | None, now_ns: int) -> int | None:
    return until_ns if until_ns is not None and until_ns > now_ns else None
