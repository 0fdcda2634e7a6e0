"""Whether the door stands open, and whether it may; pure, time is passed in."""

from dataclasses import dataclass, replace

from facelatch.keeping.debounce import Debounced
from facelatch.keeping.notices import DoorNotice, Told
from facelatch.keeping.releases import Releases

GRACE_NS = 1_000_000_000
"""A door that is opened so shortly after it was secured was on its way already."""


@dataclass(frozen=True, slots=True)
class DoorContact:
    """A door with a contact; broken wires read as open."""

    level: Debounced
    opened_ns: int = 0
    is_forced: bool = False
    is_held: bool = False

    @staticmethod
    def start(is_open: bool, now_ns: int) -> "DoorContact":
        """A door as it is found; nobody knows why it is open where it is."""
        return DoorContact(Debounced(is_open, is_open, now_ns), opened_ns=now_ns)

    @property
    def is_open(self) -> bool:
        """Whether the door is."""
        return self.level.is_on

    @property
    def is_alarming(self) -> bool:
        """Whether the door is open and should not be."""
        return self.is_open and (self.is_forced or self.is_held)

    def after(
        self, now_ns: int, quiet_ns: int, held_open_ns: int, releases: Releases
    ) -> tuple["DoorContact", tuple[Told, ...]]:
        """The door now, and what there is to tell; `releases` are those before this moment's."""
        level = self.level.settled(now_ns, quiet_ns)
        if level.is_on and not self.is_open:
            secured_ns = releases.secured_ns
            may = releases.is_released or (secured_ns is not None and now_ns < secured_ns + GRACE_NS)
            opened = DoorContact(level, now_ns, is_forced=not may)
            return opened, () if may else (Told(DoorNotice.FORCED_OPEN),)
        if self.is_open and not level.is_on:
            return DoorContact(level), (Told(DoorNotice.CLOSED),)
        if level.is_on and not self.is_alarming and now_ns >= self.opened_ns + held_open_ns:
            held = Told(DoorNotice.HELD_OPEN, f"for {held_open_ns / 1e9:g} s")
            return replace(self, level=level, is_held=True), (held,)
        return replace(self, level=level), ()

    def due_ns(self, quiet_ns: int, held_open_ns: int) -> int | None:
        """When something is to be looked at again."""
        waits = [self.level.due_ns(quiet_ns)]
        if self.is_open and not self.is_alarming:
            waits.append(self.opened_ns + held_open_ns)
        return min((wait for wait in waits if wait is not None), default=None)
