"""Scripts in a process of their own, for what a test must not do to itself: limits, kills, fresh imports."""

import os
import select
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]


def run_python(
    script: str, *arguments: str, timeout_s: float = 60, variables: Mapping[str, str] | None = None
) -> str:
    """What the script prints; it imports what tests import, and must end with status 0.

    `variables` are added to its environment.
    """
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        env=_environment() | dict(variables or {}),
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@dataclass
class Talking:
    """A script that is under way; each line in either direction is one word of the conversation."""

    process: "subprocess.Popen[bytes]"
    timeout_s: float

    def hear(self) -> str:
        """The next line that it prints, or nothing where it has ended; fails where none comes in time."""
        assert self.process.stdout is not None
        heard, _, _ = select.select([self.process.stdout], [], [], self.timeout_s)
        assert heard, f"the process said nothing for {self.timeout_s:g} s"
        return self.process.stdout.readline().decode().rstrip("\n")

    def say(self, line: str) -> None:
        """A line for its standard input."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n".encode())
        self.process.stdin.flush()


@contextmanager
def start_python(script: str, *arguments: str, timeout_s: float = 60) -> Iterator[Talking]:
    """A script that runs beside the test, ended with the block; it prints one line per `hear`."""
    with subprocess.Popen(
        [sys.executable, "-c", script, *arguments],
        env=_environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        # A line that waits in a buffer of ours is one that `select` does not see.
        bufsize=0,
    ) as process:
        try:
            yield Talking(process, timeout_s)
        finally:
            process.kill()


def _environment() -> dict[str, str]:
    paths = os.pathsep.join(str(ROOT / part) for part in ("device", "converter", "."))
    return os.environ | {"PYTHONPATH": paths, "OMP_NUM_THREADS": "1"}
