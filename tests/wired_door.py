"""A door's lines on a scripted chip that a process of its own drives; pipes tell of each change and press buttons."""

import os
import select
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.processes import ROOT

CHIP = "/dev/gpiochip0"
OUTPUTS, INPUTS = ("lock", "led", "buzzer"), ("button", "contact")

PROGRAM = """
import argparse
import os
import sys
import time
from pathlib import Path
from facelatch.commands import keep_lock, secure_lock
from facelatch.errors import FacelatchError
from facelatch.exit_codes import of_error
from tests.gpiochips import Board, Line
from tests.wired_door import CHIP, INPUTS, OUTPUTS

folder, word, *words = Path(sys.argv[1]), *sys.argv[2:]
told = os.open(folder / "changes", os.O_WRONLY)

def changed(line):
    os.write(told, f"{line.name} {line.level}\\n".encode())
    if line.name == "lock" and line.level and (folder / "hang").exists():
        time.sleep(600)

lines = [Line(name, changed=changed) for name in OUTPUTS]
for name in INPUTS:
    source = os.open(folder / name, os.O_RDWR | os.O_NONBLOCK)
    lines.append(Line(name, level=int(name == "button"), source=source))
module = {"keep-lock": keep_lock, "secure-lock": secure_lock}[word]
parser = argparse.ArgumentParser()
module.add_arguments(parser)
try:
    sys.exit(module.run(parser.parse_args(words), Board({CHIP: ("scripted", lines)}).open))
except FacelatchError as error:
    print(error, file=sys.stderr)
    sys.exit(of_error(error))
"""


@dataclass
class WiredDoor:
    """The test's side of the pipes."""

    folder: Path
    manager: socket.socket
    """What the service manager hears."""
    changes: int
    inputs: dict[str, int]
    timeout_s: float = 30
    _unread: list[str] = field(default_factory=list)
    _rest: str = ""

    @property
    def config(self) -> Path:
        return self.folder / "facelatch.toml"

    @property
    def socket(self) -> Path:
        """Where the keeper listens."""
        return self.folder / "lock.sock"

    @property
    def program(self) -> list[str]:
        return [sys.executable, "-c", PROGRAM, str(self.folder)]

    def write_config(self, lock: str = "", panel: str = "", other: str = "") -> None:
        self.config.write_text(
            f'[lock]\ndriver = "gpio"\nchip = "{CHIP}"\nline = "lock"\n{lock}\n[panel]\n{panel}\n{other}'
        )

    def change(self) -> str:
        """The next change of an output, such as `lock 1`; waits for it."""
        while not self._unread:
            found, _, _ = select.select([self.changes], [], [], self.timeout_s)
            assert found, f"no line changed for {self.timeout_s:g} s"
            *whole, self._rest = (self._rest + os.read(self.changes, 4096).decode()).split("\n")
            self._unread += whole
        return self._unread.pop(0)

    def changes_so_far(self) -> list[str]:
        """The changes that nobody has read yet."""
        while select.select([self.changes], [], [], 0)[0]:
            *whole, self._rest = (self._rest + os.read(self.changes, 4096).decode()).split("\n")
            self._unread += whole
        found, self._unread = self._unread, []
        return found

    def move(self, name: str, level: int) -> None:
        """Put an input to a level; the button is pressed at 0, the door open at 1."""
        os.write(self.inputs[name], str(level).encode())

    def hang_when_released(self) -> None:
        """Let the next keeper hang for ever once it has released the lock."""
        (self.folder / "hang").touch()

    @contextmanager
    def keeper(self, *words: str) -> Iterator["subprocess.Popen[str]"]:
        """A keeper that listens and has secured the lock; killed at the end of the block."""
        with self.start(*words) as process:
            assert self.change() == "lock 0"
            self.hear("READY=1")
            yield process

    @contextmanager
    def start(self, *words: str) -> Iterator["subprocess.Popen[str]"]:
        """A keeper that may not even start."""
        with subprocess.Popen(
            [*self.program, "keep-lock", "--config", str(self.config), "--socket", str(self.socket), *words],
            env=environment() | {"NOTIFY_SOCKET": str(self.folder / "notify")},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            try:
                yield process
            finally:
                process.kill()

    def hear(self, message: str) -> None:
        """Wait until the service manager is told this."""
        while self.manager.recv(4096).decode() != message:
            pass


@contextmanager
def wire(folder: Path) -> Iterator[WiredDoor]:
    """A door whose pipes are files in the folder."""
    descriptors = {}
    for name in ("changes", *INPUTS):
        os.mkfifo(folder / name)
        descriptors[name] = os.open(folder / name, os.O_RDWR | os.O_NONBLOCK)
    changes = descriptors.pop("changes")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(folder / "notify"))
        manager.settimeout(30)
        try:
            yield WiredDoor(folder, manager, changes, descriptors)
        finally:
            for descriptor in (changes, *descriptors.values()):
                os.close(descriptor)


def environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": os.pathsep.join((str(ROOT / "device"), str(ROOT)))}
