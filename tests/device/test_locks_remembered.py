import stat
from pathlib import Path

import pytest

from facelatch.errors import ConfigError, FacelatchError, LockError
from facelatch.keeping.settings import DoorSettings, LockSettings, PanelSettings
from facelatch.locks.remembered import forget, remember, remembered

SETTINGS = DoorSettings(
    LockSettings("gpio", "pinctrl-rp1", "GPIO17", active_low=True, wiring="fail-safe", pulse_s=2.5),
    PanelSettings(button="GPIO27", debounce_s=0.05),
)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "lock.sock"


def test_what_was_written_is_read_until_it_is_forgotten(place: Path) -> None:
    assert remembered(place) is None
    remember(DoorSettings(), place)
    remember(SETTINGS, place)
    assert remembered(place) == SETTINGS
    forget(place)
    forget(place)
    assert remembered(place) is None
    assert list(place.parent.iterdir()) == []


def test_the_daemons_group_may_read_it_and_nobody_else(place: Path) -> None:
    remember(SETTINGS, place)
    (note,) = place.parent.iterdir()
    assert stat.S_IMODE(note.stat().st_mode) == 0o640


@pytest.mark.parametrize(
    ("note", "error", "message"),
    [
        pytest.param(b"", LockError, "is damaged", id="empty"),
        pytest.param(b"\xff", LockError, "cannot be read", id="bytes"),
        pytest.param(b"[]", LockError, "is damaged", id="list"),
        pytest.param(b"{}", LockError, r"no \[lock\] and \[panel\]", id="nothing"),
        pytest.param(b'{"lock": [], "panel": {}}', ConfigError, "must be a section", id="section"),
        pytest.param(b'{"lock": {"lin": "17"}, "panel": {}}', ConfigError, "unknown key", id="foreign"),
    ],
)
def test_a_note_that_says_nothing_is_an_error(
    note: bytes, error: type[FacelatchError], message: str, place: Path
) -> None:
    place.with_name("lock.sock.line").write_bytes(note)
    with pytest.raises(error, match=message):
        remembered(place)
