import sys
from pathlib import Path

import pytest

from facelatch.commands.door_lock import to_door_lock
from facelatch.errors import LockError
from facelatch.keeping.settings import LockSettings
from facelatch.locks.recording import RecordingLock

GPIO = LockSettings(driver="gpio", chip="/dev/gpiochip0", line="GPIO17")
KILLED = """
import os
import sys
from pathlib import Path

folder, word, *words = sys.argv[1:]
Path(folder, word).write_text(" ".join(words))
if word == "keep-lock":
    os.kill(os.getpid(), 9)
"""


def test_a_recording_lock_needs_no_keeper(tmp_path: Path) -> None:
    assert isinstance(to_door_lock(LockSettings(), None, tmp_path / "lock.sock"), RecordingLock)


def test_a_service_that_is_meant_and_is_not_there_is_not_replaced(tmp_path: Path) -> None:
    with pytest.raises(LockError, match="no lock's keeper listens there"):
        to_door_lock(GPIO, None, tmp_path / "lock.sock", ["false"])


def test_after_a_keeper_of_ones_own_was_killed_no_other_doors_keeper_is_asked(tmp_path: Path) -> None:
    config = tmp_path / "facelatch.toml"
    with pytest.raises(LockError, match="keeper failed"):
        to_door_lock(GPIO, config, None, [sys.executable, "-c", KILLED, str(tmp_path)])
    assert (tmp_path / "keep-lock").read_text().startswith(f"--config {config} --client-fd ")
    assert (tmp_path / "secure-lock").read_text() == f"--config {config} --keeper /dev/null"
