"""What has to hold on a board whose GPIO register is read from outside: faults in the middle of a pulse.

The daemon and the keeper of the lock run as installed, under their own units. The pulses are honest ones: the enrolled
owner is recognised in a recording, which the daemon plays anew at every start.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from tests.board.boards import Register
from tests.board.installed import CONFIG, DAEMON, KEEPER, PROGRAM, configure, enrol, main_process
from tests.board.machine import Machine
from tests.board.needs import CheckError
from tests.board.report import Findings
from tests.board.timing import seconds_until, wait_until

BOUND_S = 1
"""Within which a killed process must leave the line low."""
SECURE_S = 3
"""Within which a command of its own must have secured the line."""
START_S = 60
"""Within which the daemon, started anew, must grant."""


@dataclass(frozen=True, slots=True)
class Line:
    """The lock's line: as the config names it, as libgpiod's tools do, and as its register shows it."""

    chip: str
    name: str
    device: str
    offset: int
    register: Register
    """Its level."""
    direction: Register
    """High while it is an output: the level of an input is not ours."""

    @property
    def settings(self) -> str:
        """For `[lock]`."""
        return f'chip = "{self.chip}"\nline = "{self.name}"\n'


@dataclass(frozen=True, slots=True)
class Fault:
    """Something done to the board in the middle of a pulse."""

    name: str
    units: tuple[str, ...]
    signal: str
    noticed: str
    happens: str
    within_s: int = BOUND_S


DAEMON_KILLED = Fault(
    "the daemon is killed (SIGKILL) in the middle of a pulse",
    (DAEMON,),
    "KILL",
    "the keeper, whose client is gone",
    "the keeper secures the line; systemd starts the daemon anew",
)
KEEPER_KILLED = Fault(
    "the lock's keeper is killed (SIGKILL) in the middle of a pulse",
    (KEEPER,),
    "KILL",
    "systemd, which runs the unit's ExecStopPost=",
    "`facelatch secure-lock` secures the line; systemd starts the keeper anew",
)
BOTH_KILLED = Fault(
    "daemon and keeper are killed (SIGKILL) at once in the middle of a pulse",
    (DAEMON, KEEPER),
    "KILL",
    "systemd, which runs the units' ExecStopPost=",
    "`facelatch secure-lock` secures the line; systemd starts both anew",
)


def prove(machine: Machine, line: Line, faults: Sequence[Fault], findings: Findings) -> None:
    """Go through the faults; raises `CheckError` at the first that leaves the line high for too long."""
    configure(machine, line.settings)
    _prove_that_it_shows(machine, line, findings)
    enrol(machine)
    machine.must(f"systemctl start {KEEPER}")
    if line.register.is_high(machine):
        raise CheckError("the keeper's start left the lock released")
    machine.must(f"systemctl start --no-block {DAEMON}")
    for fault in faults:
        _wait_for_pulse(machine, line, findings)
        _inflict(machine, line, fault, findings)
    # What a fault ended has to be there again after the last one, too.
    _wait_for_pulse(machine, line, findings)


def _wait_for_pulse(machine: Machine, line: Line, findings: Findings) -> None:
    seconds = wait_until(machine, lambda: line.register.is_high(machine), START_S, "no pulse for the owner")
    findings.say(f"  the owner was recognised and the line is high after {seconds:.1f} s")


def _prove_that_it_shows(machine: Machine, line: Line, findings: Findings) -> None:
    """That an unlocked door would be seen here: a killed holder leaves the line high, and the command mends that."""
    machine.must(f"gpioset --daemonize --chip {line.device} {line.offset}=1")
    if not line.register.is_high(machine):
        raise CheckError("the register does not show the line that gpioset holds high")
    machine.must("pkill -KILL -x gpioset; timeout 10 sh -c 'while pgrep -x gpioset; do sleep 0.1; done'")
    if not (line.register.is_high(machine) and line.direction.is_high(machine)):
        raise CheckError("a killed holder left the line low or let go of it: an unlocked door would not show")
    findings.say("  a killed holder leaves the line high, and an output")
    seconds = seconds_until(
        machine,
        f"{PROGRAM} secure-lock --config {CONFIG}",
        lambda: not line.register.is_high(machine),
        SECURE_S,
        "secure-lock left the line high",
    )
    findings.add(
        "a line is high and nobody holds it",
        "whoever starts",
        "`facelatch secure-lock` secures the line",
        seconds,
    )


def _inflict(machine: Machine, line: Line, fault: Fault, findings: Findings) -> None:
    processes = [str(main_process(machine, unit)) for unit in fault.units]
    if not line.register.is_high(machine):
        raise CheckError(f"the pulse was over before {fault.name}")
    seconds = seconds_until(
        machine,
        f"kill -{fault.signal} {' '.join(processes)}",
        lambda: not line.register.is_high(machine),
        fault.within_s,
        f"{fault.name}: the line stayed high",
    )
    findings.add(fault.name, fault.noticed, fault.happens, seconds)
