from pathlib import Path

import pytest

from facelatch.lockout import Lockout, LockoutRule
from facelatch.lockout_file import LockoutFile, beside, read_boot
from facelatch.session import Outcome

RULE = LockoutRule(refusals=2, first_s=30.0, longest_s=600.0)
SECOND = 1_000_000_000


def open_file(folder: Path, warnings: list[str], boot: str = "a") -> LockoutFile:
    return LockoutFile(beside(folder / "templates"), boot, warnings.append)


def guess(file: LockoutFile, lockout: Lockout, now_ns: int) -> Lockout:
    lockout = lockout.after(Outcome.NO_MATCH, now_ns)
    file.keep(lockout, now_ns)
    return lockout


def test_a_killed_daemon_leaves_its_lockout_to_the_next(tmp_path: Path) -> None:
    warnings: list[str] = []
    file = open_file(tmp_path, warnings)
    lockout = file.read(RULE, 0)
    assert lockout == Lockout(RULE)
    guess(file, guess(file, lockout, 1 * SECOND), 2 * SECOND)
    again = open_file(tmp_path, warnings).read(RULE, 12 * SECOND)
    assert (again.refusals, again.locked_until_ns) == (2, 32 * SECOND)
    assert warnings == []


def test_booting_does_not_shorten_a_pause_however_often(tmp_path: Path) -> None:
    file = open_file(tmp_path, [])
    guess(file, guess(file, file.read(RULE, 0), 0), 0)
    for boot in "bcd":
        found = open_file(tmp_path, [], boot).read(RULE, 5 * SECOND)
        assert found.locked_until_ns == 35 * SECOND


def test_a_grant_and_the_end_of_a_pause_are_kept(tmp_path: Path) -> None:
    file = open_file(tmp_path, [])
    locked = guess(file, guess(file, file.read(RULE, 0), 0), 0)
    file.keep(locked, 31 * SECOND)
    assert open_file(tmp_path, [], "b").read(RULE, 0) == Lockout(RULE, 2)
    file.keep(locked.after(Outcome.GRANTED, 32 * SECOND), 32 * SECOND)
    assert open_file(tmp_path, [], "b").read(RULE, 0) == Lockout(RULE)


def test_it_is_written_only_when_something_changed(tmp_path: Path) -> None:
    file = open_file(tmp_path, [])
    path = beside(tmp_path / "templates")
    fresh = file.read(RULE, 0)
    file.keep(fresh, 5)
    assert not path.exists()
    lockout = guess(file, fresh, 10)
    before = path.stat().st_ino
    for now_ns in range(11, 2000, 100):
        file.keep(lockout, now_ns)
    assert path.stat().st_ino == before
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff\xfe", b'{"format": 1', b" " * 10_000])
def test_a_damaged_file_locks_for_the_longest_pause_and_is_replaced(content: bytes, tmp_path: Path) -> None:
    warnings: list[str] = []
    beside(tmp_path / "templates").write_bytes(content)
    found = open_file(tmp_path, warnings).read(RULE, 7)
    assert found.locked_until_ns == 7 + 600 * SECOND
    assert len(warnings) == 1
    assert "nobody is let in for 600 s" in warnings[0]
    assert open_file(tmp_path, warnings).read(RULE, 8).locked_until_ns == 7 + 600 * SECOND
    assert len(warnings) == 1


def test_what_cannot_be_written_is_said_once_and_still_counts(tmp_path: Path) -> None:
    warnings: list[str] = []
    (tmp_path / "templates.lockout").mkdir()
    file = open_file(tmp_path, warnings)
    lockout = file.read(RULE, 0)
    assert lockout.is_locked(1)
    for now_ns in range(5):
        file.keep(lockout, now_ns)
    assert [warning.count("cannot be written") for warning in warnings] == [0, 1]


def test_the_boot_has_a_name_or_none(tmp_path: Path) -> None:
    assert read_boot(tmp_path) == ""
    (tmp_path / "proc/sys/kernel/random").mkdir(parents=True)
    (tmp_path / "proc/sys/kernel/random/boot_id").write_text("0b77-1\n")
    assert read_boot(tmp_path) == "0b77-1"
