"""The lock as the daemon's command has it."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from facelatch.keeping.settings import LockSettings
from facelatch.locks import DoorLock
from facelatch.locks.child import start_keeper
from facelatch.locks.kept import join
from facelatch.locks.recording import RecordingLock

# Not what lies in the current folder: a keeper is started with this process's rights.
PROGRAM = (sys.executable, "-P", "-m", "facelatch.cli")


def to_door_lock(
    settings: LockSettings, config: Path | None, keeper: Path | None, program: Sequence[str] = PROGRAM
) -> DoorLock:
    """The daemon's lock: of the keeper that listens at `keeper`, or of one of our own for None.

    A recording lock has no line that could stay released, so it needs nobody to keep it.
    """
    if settings.driver == "recording":
        return RecordingLock()
    if keeper is not None:
        return join(keeper)
    options = () if config is None else ("--config", str(config))
    # Of the line itself: a keeper that runs as a service may keep another door.
    secure = [*program, "secure-lock", *options, "--keeper", os.devnull]
    return start_keeper([*program, "keep-lock", *options], secure)
