"""The button that lets people out: pressed, held, let go, stuck; pure, time is passed in."""

from dataclasses import dataclass, replace

from facelatch.keeping.debounce import Debounced
from facelatch.keeping.notices import DoorNotice, Told
from facelatch.keeping.releases import LONGEST_NS, LONGEST_S, Releases


@dataclass(frozen=True, slots=True)
class ExitButton:
    """A button; while it is held down the door is released, no longer than the bound allows."""

    level: Debounced
    pressed_ns: int | None = None
    """When it was pressed, while it is held down."""
    is_spent: bool = False
    """Whether this press has done all it will: it must be let go first."""
    is_stuck: bool = False

    @staticmethod
    def start(is_on: bool, now_ns: int) -> tuple["ExitButton", tuple[Told, ...]]:
        """A button as it is found; one that is found held down is no press."""
        level = Debounced(is_on, is_on, now_ns)
        if not is_on:
            return ExitButton(level), ()
        stuck = Told(DoorNotice.FAULT, "the exit button is held down from the start, or its wiring is wrong")
        return ExitButton(level, now_ns, is_spent=True, is_stuck=True), (stuck,)

    def after(
        self, now_ns: int, quiet_ns: int, length_ns: int, releases: Releases
    ) -> tuple["ExitButton", Releases, tuple[Told, ...]]:
        """The button and what it asks of the door now, and what there is to tell."""
        level = self.level.settled(now_ns, quiet_ns)
        if level.is_on and not self.level.is_on:
            return (
                ExitButton(level, now_ns),
                releases.pressed(now_ns + LONGEST_NS),
                (Told(DoorNotice.EXIT_BUTTON),),
            )
        if self.level.is_on and not level.is_on:
            begun_ns = now_ns if self.pressed_ns is None else self.pressed_ns
            left = releases if self.is_spent else releases.pressed(begun_ns + length_ns)
            return ExitButton(level), left, ()
        if level.is_on and not self.is_stuck and self._stuck_ns() <= now_ns:
            stuck = Told(DoorNotice.FAULT, f"the exit button has been held down for {LONGEST_S:g} s")
            return replace(self, level=level, is_spent=True, is_stuck=True), releases, (stuck,)
        return replace(self, level=level), releases, ()

    def spent(self) -> "ExitButton":
        """The button once the door was secured in spite of it."""
        return replace(self, is_spent=True)

    def due_ns(self, quiet_ns: int) -> int | None:
        """When something is to be looked at again."""
        waits = [self.level.due_ns(quiet_ns)]
        if self.level.is_on and not self.is_stuck:
            waits.append(self._stuck_ns())
        return min((wait for wait in waits if wait is not None), default=None)

    def _stuck_ns(self) -> int:
        return (self.pressed_ns or 0) + LONGEST_NS
