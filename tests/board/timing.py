"""How long things take by a board's own clock, seen from outside."""

from collections.abc import Callable

from tests.board.machine import Machine
from tests.board.needs import CheckError

_WALL_S = 1800
"""Real time for which a test waits: a busy host makes a board slow to watch."""


def uptime_s(machine: Machine) -> float:
    """The board's own clock."""
    return float(machine.must("cat /proc/uptime").split()[0])


def seconds_until(
    machine: Machine, command: str, has_happened: Callable[[], bool], within_s: int, what: str
) -> float:
    """Board's seconds from the start of `command` until `has_happened`, no fewer than it was.

    The board says the time again and again, and is looked at after each line. What it had said by then is no later than
    the look, nor need be the line that was on its way: the one after that counts.
    """
    machine.start(f"board-ticks {within_s} {command}")
    taken_s: float | None = None
    stale: int | None = None
    for line in machine.lines(_WALL_S):
        if line.startswith("board-done"):
            break
        words = line.split()
        if taken_s is not None or words[:1] != ["tick"]:
            continue
        if stale is None:
            stale = machine.pending() + 1 if has_happened() else None
        elif stale > 0:
            stale -= 1
        else:
            taken_s = float(words[2]) - float(words[1])
    if taken_s is None or taken_s > within_s:
        raise CheckError(f"{what}: not within {within_s} s of {command!r}")
    return taken_s


def wait_until(machine: Machine, has_happened: Callable[[], bool], within_s: float, what: str) -> float:
    """Wait for something to happen on its own; the board's seconds that it took, to a fifth of a second."""
    started_s = uptime_s(machine)
    while True:
        if has_happened():
            return uptime_s(machine) - started_s
        machine.must("sleep 0.2")
        if uptime_s(machine) - started_s > within_s:
            raise CheckError(f"{what}: not within {within_s:g} s")
