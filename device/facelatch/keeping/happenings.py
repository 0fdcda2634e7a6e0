"""What can happen to a door's lines, one class each."""

from dataclasses import dataclass

from facelatch.keeping.panel import Mood


@dataclass(frozen=True, slots=True)
class Joined:
    """The daemon came."""


@dataclass(frozen=True, slots=True)
class Left:
    """The daemon went away, or was sent away."""


@dataclass(frozen=True, slots=True)
class Beat:
    """The daemon said that it lives."""


@dataclass(frozen=True, slots=True)
class Grant:
    """The daemon asks for a pulse."""

    length_ns: int


@dataclass(frozen=True, slots=True)
class Revoke:
    """What the daemon asked for counts no more."""


@dataclass(frozen=True, slots=True)
class Show:
    """The daemon says what there is to be shown."""

    mood: Mood


@dataclass(frozen=True, slots=True)
class ButtonMoved:
    """An edge at the exit button, and what it reads now."""

    is_on: bool


@dataclass(frozen=True, slots=True)
class ContactMoved:
    """An edge at the door's contact, and what it reads now."""

    is_on: bool


@dataclass(frozen=True, slots=True)
class Tick:
    """Time went by."""


Happening = Joined | Left | Beat | Grant | Revoke | Show | ButtonMoved | ContactMoved | Tick
