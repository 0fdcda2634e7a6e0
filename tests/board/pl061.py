"""arm64 `virt`: its PL061 keeps a line's level when the holder is killed, as an unlocked door would stay unlocked."""

from tests.board.boards import VIRT, Register
from tests.board.installed import DAEMON, KEEPER
from tests.board.machine import Machine
from tests.board.pulses import BOTH_KILLED, DAEMON_KILLED, KEEPER_KILLED, Fault, Line, prove
from tests.board.report import Findings

BOARD = VIRT
# GPIODATA with all eight mask bits of the address set: PL061 technical reference manual, 3.3.1.
# GPIODIR is at 0x400: 1 for an output.
LINE = Line(
    "9030000.pl061", "5", "gpiochip0", 5, Register(0x0903_0000 + 0x3FC, 5), Register(0x0903_0000 + 0x400, 5)
)
FAULTS = (
    DAEMON_KILLED,
    KEEPER_KILLED,
    BOTH_KILLED,
    Fault(
        "the daemon hangs (SIGSTOP) in the middle of a pulse",
        (DAEMON,),
        "STOP",
        "the keeper, which hears no sign of life",
        "the keeper takes the grant back; systemd's watchdog ends the daemon and starts it anew",
        within_s=10,
    ),
    Fault(
        "the lock's keeper hangs (SIGSTOP) in the middle of a pulse",
        (KEEPER,),
        "STOP",
        "systemd's watchdog",
        "systemd ends the keeper, `facelatch secure-lock` secures the line, the keeper is started anew",
        within_s=8,
    ),
)


def run(machine: Machine, findings: Findings) -> None:
    """Go through all faults."""
    prove(machine, LINE, FAULTS, findings)
