"""Facelatch on a board as the README installs it: settings, an enrolled owner, both services."""

from tests.board.image import CAPTURES
from tests.board.machine import Machine
from tests.board.needs import CheckError

CONFIG = "/etc/facelatch/facelatch.toml"
DAEMON, KEEPER = "facelatch.service", "facelatch-lock.service"
PROGRAM = "/opt/facelatch/bin/facelatch"
OWNER = "owner"
PULSE_S = 15.0
"""Longer than any check of a fault in the middle of a pulse, so that no pulse ends by itself."""


def configure(machine: Machine, lock: str, panel: str = "", model: str = "default") -> None:
    """Settings for a door that a recording of the owner stands before, again and again."""
    machine.write(
        CONFIG,
        f'[model]\nbundle = "{model}"\n'
        f'[camera]\ndriver = "replay"\nrecording = "{CAPTURES}/owner/poses"\n'
        f'[lock]\ndriver = "gpio"\n{lock}pulse_s = {PULSE_S}\n'
        f"[panel]\n{panel}\n",
    )
    # The rules for the GPIO chips are followed when the kernel has told of them.
    machine.must("udevadm settle")


def enrol(machine: Machine) -> None:
    """The owner's template, made by the service's user."""
    machine.must(
        "chroot --userspec=facelatch / "
        f"{PROGRAM} enrol {OWNER} --capture {CAPTURES}/owner/enrol --config {CONFIG}",
        within_s=1800,
    )


def main_process(machine: Machine, unit: str) -> int:
    """The process of a unit that runs; fails where it does not."""
    process = int(machine.must(f"systemctl show --property=MainPID --value {unit}"))
    if process == 0:
        raise CheckError(
            f"{unit} does not run: {machine.run(f'systemctl status --no-pager {unit}').text[-800:]}"
        )
    return process


def has_said(machine: Machine, unit: str, text: str) -> bool:
    """Whether the unit's journal holds a text."""
    return text in machine.must(f"journalctl --quiet --no-pager --unit {unit}")
