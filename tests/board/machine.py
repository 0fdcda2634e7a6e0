"""One emulated machine: started, talked to on its serial console, and looked into from outside.

Its clock counts instructions, one nanosecond each, and real time only while it idles. A busy host makes it slow to
watch but not slow to itself: time-outs and measured seconds are those of a board between a Raspberry Pi 3 and 4.
"""

import base64
import json
import os
import re
import select
import shlex
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.board.needs import CheckError, program

_READY = "board-ready"
_DONE = re.compile(r"^board-done (\d+)$")
_WORD = re.compile(r"[0-9a-f]{16}: 0x([0-9a-f]+)")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a script on the board said, and its exit status."""

    lines: tuple[str, ...]
    status: int

    @property
    def text(self) -> str:
        """The lines as one text."""
        return "\n".join(self.lines)


class Machine:
    """A running machine; its console accepts scripts from the moment that it is handed out."""

    def __init__(self, process: "subprocess.Popen[bytes]", monitor: "Monitor", log: Path) -> None:
        self._process = process
        self._monitor = monitor
        self._log = log
        self._heard = b""

    def run(self, script: str, within_s: float = 300) -> Answer:
        """Run a shell script on the board as root and wait for its end."""
        self.start(script)
        lines: list[str] = []
        for line in self.lines(within_s):
            done = _DONE.match(line)
            if done:
                return Answer(tuple(lines), int(done.group(1)))
            lines.append(line)
        raise CheckError(f"the board did not finish {script!r} in {within_s:g} s; see {self._log}")

    def must(self, script: str, within_s: float = 300) -> str:
        """Run a script that has to end with 0; what it said."""
        answer = self.run(script, within_s)
        if answer.status:
            raise CheckError(f"on the board {script!r} ended with {answer.status}: {answer.text[-600:]}")
        return answer.text

    def write(self, path: str, text: str) -> None:
        """Write a file on the board."""
        self.must(f"printf %s {shlex.quote(text)} > {shlex.quote(path)}")

    def start(self, script: str) -> None:
        """Send a script without waiting; `lines` yields what it says, up to a line `board-done STATUS`."""
        assert self._process.stdin is not None
        self._process.stdin.write(base64.b64encode(script.encode()) + b"\n")
        self._process.stdin.flush()

    def lines(self, within_s: float) -> Iterator[str]:
        """Lines from the console until nobody wants more or the seconds are over."""
        deadline_s = time.monotonic() + within_s
        while True:
            while b"\n" in self._heard:
                line, _, self._heard = self._heard.partition(b"\n")
                yield line.decode(errors="replace").rstrip("\r")
            left_s = deadline_s - time.monotonic()
            if left_s <= 0 or not self._hear(left_s):
                return

    def pending(self) -> int:
        """How many lines the board has said that `lines` has not given yet."""
        while self._hear(0):
            pass
        return self._heard.count(b"\n")

    def _hear(self, within_s: float) -> bool:
        """Take in what the board says next; fails where the machine ended."""
        assert self._process.stdout is not None
        if not select.select([self._process.stdout], [], [], within_s)[0]:
            return False
        part = os.read(self._process.stdout.fileno(), 65536)
        if not part:
            raise CheckError(f"the machine ended by itself; see {self._log}")
        with self._log.open("ab") as log:
            log.write(part)
        self._heard += part
        return True

    def read_word(self, address: int) -> int:
        """A 32-bit register, read from outside while the machine runs."""
        return self._monitor.read_word(address)

    def wait_ready(self, within_s: float) -> None:
        """Wait for the console's shell."""
        for line in self.lines(within_s):
            if line.endswith(_READY):
                return
        raise CheckError(f"the machine did not start in {within_s:g} s; see {self._log}")


class Monitor:
    """QEMU's own control channel (QMP)."""

    def __init__(self, channel: socket.socket, within_s: float = 60) -> None:
        self._socket = channel
        self._socket.settimeout(within_s)
        self._answers = self._socket.makefile("rb")
        self._answers.readline()
        self._command("qmp_capabilities")

    def read_word(self, address: int) -> int:
        """What `xp` of the human monitor shows."""
        said = self._command("human-monitor-command", {"command-line": f"xp /1xw 0x{address:x}"})
        found = _WORD.search(str(said))
        if found is None:
            raise CheckError(f"the monitor cannot read 0x{address:x}: {said!r}")
        return int(found.group(1), 16)

    def close(self) -> None:
        """Hang up."""
        self._answers.close()
        self._socket.close()

    def _command(self, name: str, arguments: dict[str, str] | None = None) -> Any:
        message = {"execute": name} | ({"arguments": arguments} if arguments else {})
        try:
            self._socket.sendall(json.dumps(message).encode() + b"\n")
            # Between answers there are events, which nobody here waits for.
            for line in self._answers:
                answer = json.loads(line)
                if "error" in answer:
                    raise CheckError(f"the monitor refused {name}: {answer['error'].get('desc')}")
                if "return" in answer:
                    return answer["return"]
        except OSError as error:
            raise CheckError(f"the monitor did not answer {name} ({error})") from error
        raise CheckError(f"the monitor hung up at {name}")


@contextmanager
def booted(emulator: str, options: Sequence[str], folder: Path, within_s: float = 1200) -> Iterator[Machine]:
    """A machine whose console answers, ended with the block; its console's text stays in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    control, log = folder / "monitor", folder / "console.log"
    for old in (control, log):
        old.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as door:
        door.bind(str(control))
        door.listen()
        command = [
            *(program(emulator), *options),
            *("-accel", "tcg", "-icount", "shift=0", "-no-reboot", "-nodefaults", "-display", "none"),
            *("-serial", "stdio", "-qmp", f"unix:{control}"),
        ]
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        ) as process:
            try:
                with closing(Monitor(_called(door, emulator))) as monitor:
                    machine = Machine(process, monitor, log)
                    machine.wait_ready(within_s)
                    yield machine
            finally:
                process.kill()


def _called(door: socket.socket, emulator: str) -> socket.socket:
    """The connection that QEMU makes as it starts."""
    door.settimeout(60)
    try:
        return door.accept()[0]
    except TimeoutError as error:
        raise CheckError(f"{emulator} did not start; try it by hand to see why") from error
