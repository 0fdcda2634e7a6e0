from facelatch.keeping.exit_button import ExitButton
from facelatch.keeping.notices import DoorNotice, Told
from facelatch.keeping.releases import LONGEST_NS, Releases

S = 1_000_000_000
QUIET, PULSE = S // 50, 3 * S
PRESSED = (Told(DoorNotice.EXIT_BUTTON),)


class Wired:
    """A button and the door's releases, moved through time."""

    def __init__(self, is_on: bool = False) -> None:
        self.button, self.told = ExitButton.start(is_on, 0)
        self.releases = Releases()

    def at(self, now_s: float, level: bool | None = None) -> tuple[Told, ...]:
        now = round(now_s * S)
        if level is not None:
            self.button = ExitButton(
                self.button.level.moved(level, now),
                self.button.pressed_ns,
                self.button.is_spent,
                self.button.is_stuck,
            )
        self.button, self.releases, told = self.button.after(now, QUIET, PULSE, self.releases)
        self.releases, is_bounded = self.releases.settled(now)
        if is_bounded:
            self.button = self.button.spent()
        return told


def test_a_press_releases_for_its_pulse_counted_from_the_press() -> None:
    wired = Wired()
    assert wired.at(1, level=True) == ()
    assert not wired.releases.is_released
    assert wired.at(1.02) == PRESSED
    assert wired.releases.is_released
    wired.at(1.5, level=False)
    wired.at(1.52)
    assert wired.releases.due_ns() == round(4.02 * S)


def test_held_down_it_releases_for_longer_and_ends_when_let_go() -> None:
    wired = Wired()
    wired.at(0, level=True)
    wired.at(0.02)
    wired.at(10, level=False)
    assert wired.releases.is_released
    wired.at(10.02)
    assert not wired.releases.is_released


def test_held_down_for_ever_it_is_a_fault_and_secured() -> None:
    wired = Wired()
    wired.at(0, level=True)
    wired.at(0.02)
    assert wired.button.due_ns(QUIET) == QUIET + LONGEST_NS
    (told,) = wired.at(30.02)
    assert told == Told(DoorNotice.FAULT, "the exit button has been held down for 30 s")
    assert not wired.releases.is_released
    assert wired.at(60) == ()
    wired.at(60, level=False)
    wired.at(60.02)
    assert not wired.releases.is_released
    wired.at(61, level=True)
    assert wired.at(61.02) == PRESSED
    assert wired.releases.is_released


def test_found_held_down_it_is_a_fault_and_no_press() -> None:
    wired = Wired(is_on=True)
    assert [told.notice for told in wired.told] == [DoorNotice.FAULT]
    assert wired.at(100) == ()
    assert not wired.releases.is_released
    wired.at(101, level=False)
    assert wired.at(101.02) == ()
    assert not wired.releases.is_released
