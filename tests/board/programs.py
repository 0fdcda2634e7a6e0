"""Programs that put an image together: quiet, and named where they fail."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from tests.board.needs import NeedError


def run(
    *command: str,
    stdin: IO[bytes] | None = None,
    stdout: IO[bytes] | int = subprocess.PIPE,
    env: Mapping[str, str] | None = None,
) -> None:
    """Run a program quietly; what it said is part of the refusal where it fails."""
    done = subprocess.run(command, stdin=stdin, stdout=stdout, stderr=subprocess.PIPE, env=env, check=False)
    if done.returncode:
        said = " ".join(done.stderr.decode(errors="replace").split())[-400:]
        raise NeedError(f"{Path(command[0]).name} ended with {done.returncode} as an image was made: {said}")


def run_as_root(*command: str) -> None:
    """Run what writes owners into an image: whose files they are here, they are root's on the board."""
    run(*([] if os.geteuid() == 0 else ["unshare", "--map-root-user"]), *command)
