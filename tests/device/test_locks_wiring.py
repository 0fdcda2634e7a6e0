import os
from collections.abc import Iterator

import pytest

from facelatch.errors import LockError
from facelatch.keeping.settings import PanelSettings
from facelatch.locks.wiring import Panel, open_panel
from tests.gpiochips import Board, Line

CHIP = "/dev/gpiochip0"


class Wires:
    """A chip with one line for each part of a panel, and what went wrong."""

    def __init__(self) -> None:
        self.lines = {name: Line(name) for name in ("button", "contact", "led", "buzzer")}
        self.board = Board({CHIP: ("scripted", list(self.lines.values()))})
        self.warnings: list[str] = []

    def open(self, settings: PanelSettings) -> Panel:
        return open_panel(settings, CHIP, self.warnings.append, self.board.open)


@pytest.fixture
def wires() -> Iterator[Wires]:
    found = Wires()
    yield found
    assert [line.consumer for line in found.lines.values()] == [""] * 4
    assert found.board.open_chips == 0


ALL = PanelSettings(button="button", contact="contact", led="led", buzzer="buzzer")


def test_without_a_name_nothing_is_there(wires: Wires) -> None:
    panel = wires.open(PanelSettings())
    assert (panel.button, panel.contact, panel.has_signs) == (None, None, False)
    panel.lamp.switch(True, wires.warnings.append)
    panel.close()
    assert wires.warnings == []


@pytest.mark.parametrize("active_low", [False, True], ids=["active-high", "active-low"])
def test_signs_are_switched_when_they_change_and_off_at_the_end(active_low: bool, wires: Wires) -> None:
    panel = wires.open(PanelSettings(led="led", led_active_low=active_low))
    for is_on in (False, True, True, False, True):
        panel.lamp.switch(is_on, wires.warnings.append)
    panel.close()
    off, on = int(active_low), int(not active_low)
    assert wires.lines["led"].levels == [off, on, off, on, off]


def test_switches_are_read(wires: Wires) -> None:
    panel = wires.open(ALL)
    assert panel.button is not None
    assert panel.contact is not None
    assert (panel.button.read(), panel.contact.read()) == (True, False)
    wires.lines["button"].level = wires.lines["contact"].level = 1
    assert (panel.button.read(), panel.contact.read()) == (False, True)
    panel.close()


def test_edges_are_taken_with_the_level_after_them(wires: Wires) -> None:
    ours, theirs = os.pipe()
    wires.lines["contact"].source = ours
    panel = wires.open(PanelSettings(contact="contact"))
    assert panel.contact is not None
    assert panel.contact.fileno() == ours
    os.write(theirs, b"101")
    assert panel.contact.take()
    os.write(theirs, b"10")
    assert not panel.contact.take()
    panel.close()
    os.close(ours)
    os.close(theirs)


def test_a_lamp_that_fails_is_told_once_and_done_without(wires: Wires) -> None:
    panel = wires.open(ALL)
    wires.board.unplugged = True
    for is_on in (True, False, True):
        panel.lamp.switch(is_on, wires.warnings.append)
    assert len(wires.warnings) == 1
    assert "the lamp fails: line led" in wires.warnings[0]
    wires.board.unplugged = False
    panel.close()


def test_a_lamp_that_is_not_there_is_told_and_done_without(wires: Wires) -> None:
    panel = wires.open(PanelSettings(led="missing", buzzer="buzzer"))
    assert wires.warnings == [
        f"the lamp is done without: {CHIP} has no line named missing; see `gpioinfo` for its names"
    ]
    assert panel.has_signs
    panel.close()


@pytest.mark.parametrize("name", ["button", "contact"])
def test_a_switch_that_is_not_there_is_an_error(name: str, wires: Wires) -> None:
    with pytest.raises(LockError, match="has no line named missing"):
        wires.open(PanelSettings(**{name: "missing"}))  # type: ignore[arg-type]


def test_a_switch_that_fails_is_an_error(wires: Wires) -> None:
    panel = wires.open(ALL)
    assert panel.button is not None
    wires.board.unplugged = True
    with pytest.raises(LockError, match="line button of /dev/gpiochip0 cannot be driven"):
        panel.button.read()
    wires.board.unplugged = False
    panel.close()


def test_they_may_be_on_another_chip_than_the_lock(wires: Wires) -> None:
    other = Line("led")
    wires.board.chips["/dev/gpiochip1"] = ("other", [other])
    panel = wires.open(PanelSettings(chip="/dev/gpiochip1", led="led"))
    panel.lamp.switch(True, wires.warnings.append)
    panel.close()
    assert (other.levels, wires.lines["led"].levels) == ([0, 1, 0], [])
