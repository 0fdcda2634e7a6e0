"""What to try next with a camera in trouble: a ladder, then a back-off that never ends; pure, time is passed in."""

from dataclasses import dataclass, replace
from enum import StrEnum

FIRST_S = 2.0
LONGEST_S = 30.0
WELL_S = 60.0
"""A camera that was well for so long starts again at the first rung."""


class Step(StrEnum):
    """What is done with the camera; the words are those of the status."""

    RESTART = "restart the stream"
    RESET = "reset the device"
    RE_ENUMERATE = "look for the device anew"
    BACK_OFF = "wait, reset the device and look for it anew"


@dataclass(frozen=True, slots=True)
class Plan:
    """A step, and how long to wait between closing the camera and opening it again."""

    step: Step
    wait_s: float

    @property
    def resets(self) -> bool:
        """Whether the device itself is reset before it is closed."""
        return self.step in (Step.RESET, Step.BACK_OFF)


_LADDER = (
    Plan(Step.RESTART, 0.5),
    # A device takes seconds to come back to the bus after its reset.
    Plan(Step.RESET, 4.0),
    Plan(Step.RE_ENUMERATE, 1.0),
)


@dataclass(frozen=True, slots=True)
class Recovery:
    """How often in a row a camera has failed."""

    failures: int = 0
    trusted_ns: int | None = None
    """Since when the camera is trusted, if it is."""

    def after_failure(self, now_ns: int) -> "Recovery":
        """The state that follows a trouble, also one while opening."""
        was_well = self.trusted_ns is not None and now_ns - self.trusted_ns >= WELL_S * 1e9
        return Recovery(1 if was_well else self.failures + 1)

    def after_trust(self, now_ns: int) -> "Recovery":
        """The state once the camera is trusted (again)."""
        return self if self.trusted_ns is not None else replace(self, trusted_ns=now_ns)

    @property
    def plan(self) -> Plan:
        """What to do about the last failure."""
        if self.failures <= len(_LADDER):
            return _LADDER[max(self.failures - 1, 0)]
        # The bound keeps the number small: a camera may be away for years.
        doublings = min(self.failures - len(_LADDER) - 1, 20)
        return Plan(Step.BACK_OFF, min(FIRST_S * 2**doublings, LONGEST_S))


def longest_recovery_s(open_s: float) -> float:
    """How long it takes at most from the end of a fault's cause to the next try having opened the camera."""
    return LONGEST_S + open_s
