import os
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import pytest

from facelatch.files import new_path, remove_file, replace_file


def record(action: Callable[[], None]) -> list[str]:
    """The calls that matter for durability, in order."""
    calls: list[str] = []

    def note(frame: FrameType, event: str, function: object) -> None:
        name = getattr(function, "__name__", "")
        if event == "c_call" and name in {"write", "fsync", "replace", "unlink"}:
            calls.append(name)

    sys.setprofile(note)
    try:
        action()
    finally:
        sys.setprofile(None)
    return calls


def test_replaces_content_and_keeps_it_private(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    path.chmod(0o644)
    replace_file(path, b"new")
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_syncs_before_the_name_changes_and_the_folder_after(tmp_path: Path) -> None:
    calls = record(lambda: replace_file(tmp_path / "file", b"new"))
    assert calls.index("write") < calls.index("fsync") < calls.index("replace")
    assert "fsync" in calls[calls.index("replace") :]


def test_syncs_the_folder_after_a_removal(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"old")
    calls = record(lambda: remove_file(tmp_path / "file"))
    assert not (tmp_path / "file").exists()
    assert "fsync" in calls[calls.index("unlink") :]


def test_a_leftover_of_a_killed_writer_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "file"
    new_path(path).write_bytes(b"half a wri")
    replace_file(path, b"new")
    assert path.read_bytes() == b"new"
    assert not new_path(path).exists()


def test_never_writes_through_a_link(tmp_path: Path) -> None:
    victim, path = tmp_path / "victim", tmp_path / "file"
    victim.write_bytes(b"precious")
    new_path(path).symlink_to(victim)
    path.symlink_to(victim)
    replace_file(path, b"new")
    assert victim.read_bytes() == b"precious"
    assert path.read_bytes() == b"new"


def test_a_failure_leaves_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "folder"
    path.mkdir()
    (path / "inside").touch()
    with pytest.raises(OSError, match="directory"):
        replace_file(path, b"new")
    assert [entry.name for entry in tmp_path.iterdir()] == ["folder"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_root_may_write_for_a_service(tmp_path: Path) -> None:
    replace_file(tmp_path / "file", b"new", owner=(1234, 5678))
    found = (tmp_path / "file").stat()
    assert (found.st_uid, found.st_gid) == (1234, 5678)


def test_others_may_read_what_is_no_secret(tmp_path: Path) -> None:
    old = os.umask(0o077)
    try:
        replace_file(tmp_path / "file", b"new", mode=0o644)
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o644
