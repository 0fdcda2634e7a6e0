"""Raspberry Pi 3B: the kernel's own pinctrl-bcm2835, as on every Raspberry Pi up to the 4."""

from tests.board.boards import RASPBERRY, Register
from tests.board.machine import Machine
from tests.board.pulses import DAEMON_KILLED, KEEPER_KILLED, Line, prove
from tests.board.report import Findings

BOARD = RASPBERRY
# GPLEV0, the levels of lines 0 to 31: BCM2835 ARM Peripherals, 6.1, at the Raspberry Pi 3's peripheral base.
LEVELS = Register(0x3F20_0034, 17)
# GPFSEL1: line 17's function is 001 for an output.
FUNCTIONS = Register(0x3F20_0004, 21)
LINE = Line("pinctrl-bcm2835", "GPIO17", "gpiochip0", 17, LEVELS, FUNCTIONS)


def run(machine: Machine, findings: Findings) -> None:
    """Kill the daemon and the keeper."""
    prove(machine, LINE, (DAEMON_KILLED, KEEPER_KILLED), findings)
