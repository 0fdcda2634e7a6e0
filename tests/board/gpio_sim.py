"""amd64 with gpio-sim: every line of a door, pressed and opened from the other side of the kernel's own interface.

The simulated chip lets a line go when its holder is killed, so the faults that leave a line high are not looked for
here.
"""

import shlex
from dataclasses import dataclass
from pathlib import Path

from tests.board.boards import PC
from tests.board.installed import DAEMON, KEEPER, configure, enrol, has_said, main_process
from tests.board.machine import Machine
from tests.board.needs import CheckError
from tests.board.report import Findings
from tests.board.timing import uptime_s, wait_until

BOARD = PC
LINES = ("LOCK", "BUTTON", "CONTACT", "LAMP", "BUZZER")
BUTTON_PULSE_S = 2.0
HELD_OPEN_S = 2.0
LOCK_SETTINGS = 'chip = "door"\nline = "LOCK"\n'
PANEL_SETTINGS = (
    'button = "BUTTON"\ncontact = "CONTACT"\nled = "LAMP"\nbuzzer = "BUZZER"\nbias = "none"\n'
    f"button_pulse_s = {BUTTON_PULSE_S}\nheld_open_s = {HELD_OPEN_S}\n"
)
_LONGEST_S = 30


@dataclass(frozen=True, slots=True)
class Chip:
    """The simulated chip's files."""

    machine: Machine
    folder: str

    def set(self, line: str, *, high: bool) -> None:
        """Drive an input from outside."""
        self.machine.must(self.drive(line, high=high))

    def reads(self, line: str) -> bool:
        """Whether a line is high."""
        return self.machine.must(f"cat {self._file(line, 'value')}").strip() == "1"

    def seconds_until(self, line: str, *, high: bool, command: str, within_s: float) -> float:
        """Board's seconds from a command's start to a line's level after it."""
        answer = self.machine.run(self.waiting(line, high=high, within_s=within_s, command=command))
        if answer.status:
            raise CheckError(
                f"{line} was not {'high' if high else 'low'} within {within_s:g} s of {command!r}"
            )
        started, ended = answer.lines[-1].split()
        return float(ended) - float(started)

    def waiting(self, line: str, *, high: bool, within_s: float, command: str = ":") -> str:
        """The board's command that runs another and waits for a line's level."""
        return (
            f"board-until {within_s:g} {self._file(line, 'value')} {int(high)} sh -c {shlex.quote(command)}"
        )

    def press(self, *, within_s: float = 1, lets_go: bool = True) -> float:
        """Seconds from pressing the button, which is to ground, to the released lock."""
        if self.reads("LOCK"):
            raise CheckError("the lock was released before the button was pressed, which shows nothing")
        taken_s = self.seconds_until(
            "LOCK", high=True, command=self.drive("BUTTON", high=False), within_s=within_s
        )
        if lets_go:
            self.set("BUTTON", high=True)
        return taken_s

    def drive(self, line: str, *, high: bool) -> str:
        """The board's command that drives an input from outside."""
        return f"echo {'pull-up' if high else 'pull-down'} > {self._file(line, 'pull')}"

    def _file(self, line: str, name: str) -> str:
        return f"{self.folder}/sim_gpio{LINES.index(line)}/{name}"


def run(machine: Machine, findings: Findings) -> None:
    """A door with all of its lines."""
    chip = Chip(machine, machine.must(f"board-gpio-sim {' '.join(LINES)}").splitlines()[-1])
    chip.set("BUTTON", high=True)
    chip.set("CONTACT", high=False)
    configure(machine, LOCK_SETTINGS, PANEL_SETTINGS)
    machine.must(f"systemctl start {KEEPER}")
    if chip.reads("LOCK"):
        raise CheckError("the keeper's start left the lock released")
    _prove_button_alone(chip, findings)
    _prove_bound(chip, findings)
    _prove_contact(chip, findings)
    _prove_busy(chip, findings)
    enrol(machine)
    _prove_button_beside_failing_daemon(chip, findings)


def _prove_button_alone(chip: Chip, findings: Findings) -> None:
    taken_s = chip.press()
    findings.add("the daemon does not run", "nobody has to", "the exit button releases the lock", taken_s)
    secured_s = chip.seconds_until("LOCK", high=False, command=":", within_s=BUTTON_PULSE_S + 1)
    findings.say(f"  the lock was secured {secured_s:.1f} s after the button was let go")


def _prove_bound(chip: Chip, findings: Findings) -> None:
    # Releases with less than a second between them count as one.
    chip.machine.must("sleep 2")
    # One command: the board's clock goes on between two.
    pressed = f"{chip.drive('BUTTON', high=False)}; {chip.waiting('LOCK', high=True, within_s=1)}"
    held_s = chip.seconds_until("LOCK", high=False, command=pressed, within_s=_LONGEST_S + 1)
    if held_s < _LONGEST_S - 0.5:
        raise CheckError(
            f"a button held down released the lock for only {held_s:.1f} s, expected {_LONGEST_S}"
        )
    chip.machine.must("sleep 2")
    if chip.reads("LOCK"):
        raise CheckError("a stuck button released the lock again")
    chip.set("BUTTON", high=True)
    findings.add(
        "the exit button is stuck", "the keeper's bound", "the lock is secured although it is pressed", held_s
    )


def _prove_contact(chip: Chip, findings: Findings) -> None:
    opened = chip.drive("CONTACT", high=True)
    _prove_alarm(chip, findings, opened, "the door is forced open", "door-forced-open")
    chip.press()
    # The buzzer tells of the released lock first.
    shows_s = _prove_alarm(chip, findings, f"{opened}; sleep 1", "the door is left open", "door-held-open")
    if shows_s < HELD_OPEN_S:
        raise CheckError(
            f"the buzzer sounded after {shows_s:.1f} s, the door may be open for {HELD_OPEN_S} s"
        )


def _prove_alarm(chip: Chip, findings: Findings, command: str, fault: str, event: str) -> float:
    """The contact opens, the buzzer sounds and the event is in the journal; the door is shut afterwards."""
    taken_s = chip.seconds_until("BUZZER", high=True, command=command, within_s=HELD_OPEN_S + 2)
    wait_until(chip.machine, lambda: has_said(chip.machine, KEEPER, event), 10, f"no event {event}")
    findings.add(fault, "the door contact", f"the buzzer sounds, the event {event}", taken_s)
    chip.set("CONTACT", high=False)
    wait_until(chip.machine, lambda: not chip.reads("BUZZER"), 5, "the buzzer does not fall silent")
    return taken_s


def _prove_busy(chip: Chip, findings: Findings) -> None:
    machine = chip.machine
    started_s = uptime_s(machine)
    answer = machine.run(f"timeout 5 gpioset --chip {Path(chip.folder).name} {LINES.index('LOCK')}=1")
    if answer.status == 0 or "busy" not in answer.text:
        raise CheckError(f"another program got the lock's line, or failed otherwise: {answer.text}")
    findings.add(
        "another program reaches for the lock's line",
        "the kernel, which has given it to the keeper",
        "that program is refused",
        uptime_s(machine) - started_s,
    )


def _prove_button_beside_failing_daemon(chip: Chip, findings: Findings) -> None:
    machine = chip.machine
    machine.must(f"systemctl start --no-block {DAEMON}")
    wait_until(machine, lambda: chip.reads("LOCK"), 60, "no pulse for the owner")
    process = main_process(machine, DAEMON)
    revoked_s = chip.seconds_until("LOCK", high=False, command=f"kill -STOP {process}", within_s=10)
    findings.say(f"  the hanging daemon's grant was taken back after {revoked_s:.1f} s")
    findings.add(
        "the daemon hangs (SIGSTOP)", "nobody has to", "the exit button releases the lock", chip.press()
    )
    if main_process(machine, DAEMON) != process:
        raise CheckError("the daemon no longer hung when the button was pressed")
    machine.must(f"systemctl kill --signal=KILL {DAEMON}; systemctl stop {DAEMON}")
    configure(machine, LOCK_SETTINGS, PANEL_SETTINGS, model="/nowhere")
    machine.must(f"systemctl start --no-block {DAEMON}")
    wait_until(
        machine, lambda: machine.run(f"systemctl is-failed {DAEMON}").status == 0, 60, "the daemon started"
    )
    wait_until(machine, lambda: not chip.reads("LOCK"), BUTTON_PULSE_S + 1, "the lock was not secured")
    findings.add(
        "the daemon cannot start: its model is missing",
        "nobody has to",
        "the exit button releases the lock",
        chip.press(),
    )
