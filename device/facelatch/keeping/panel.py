"""What lamp and buzzer do, as tables: one sign for each tenth of a second, `#` is on; pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

STEP_NS = 100_000_000


class Mood(StrEnum):
    """What a door shows."""

    IDLE = "idle"
    """Nobody is there."""
    LOOKING = "looking"
    """Somebody is being looked at."""
    GRANTED = "granted"
    """The door is released."""
    REFUSED = "refused"
    LOCKED_OUT = "locked-out"
    """Nobody is let in for a while."""
    FAULT = "fault"
    """Faces are not looked at, or a line cannot be driven."""
    ALARM = "alarm"
    """The door was forced, or stands open for too long."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """On and off in steps, again and again or once and then off."""

    steps: str
    repeats: bool = True

    def is_on(self, elapsed_ns: int) -> bool:
        """Whether it is on so long after it began."""
        place = elapsed_ns // STEP_NS
        if not self.repeats and place >= len(self.steps):
            return False
        return self.steps[place % len(self.steps)] == "#"

    def next_ns(self, elapsed_ns: int) -> int | None:
        """How long after its beginning it changes next; None where it never does again."""
        place = elapsed_ns // STEP_NS
        now = self.is_on(elapsed_ns)
        for later in range(place + 1, place + 1 + len(self.steps)):
            if self.is_on(later * STEP_NS) != now:
                return later * STEP_NS
        return None


LAMP: Mapping[Mood, Pattern] = {
    Mood.IDLE: Pattern("#" + 49 * "."),
    Mood.LOOKING: Pattern("##.."),
    Mood.GRANTED: Pattern("#"),
    Mood.REFUSED: Pattern("###...###...###", repeats=False),
    Mood.LOCKED_OUT: Pattern("#####....."),
    Mood.FAULT: Pattern("#.#......."),
    Mood.ALARM: Pattern("#."),
}
BUZZER: Mapping[Mood, Pattern] = {
    Mood.IDLE: Pattern("."),
    Mood.LOOKING: Pattern("."),
    Mood.GRANTED: Pattern("##", repeats=False),
    Mood.REFUSED: Pattern("#.#.#", repeats=False),
    Mood.LOCKED_OUT: Pattern("##########", repeats=False),
    Mood.FAULT: Pattern("."),
    Mood.ALARM: Pattern("##...##..."),
}
REFUSED_NS = 15 * STEP_NS
"""For how long a refusal is shown."""
