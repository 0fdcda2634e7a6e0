"""How an attempt at the door ends."""

from enum import StrEnum


class Outcome(StrEnum):
    """How a session ends; the words are those of the events."""

    GRANTED = "granted"
    NO_MATCH = "no-match"
    NOT_LIVE = "not-live"
    RETRY = "retry"
    LOCKED_OUT = "locked-out"
