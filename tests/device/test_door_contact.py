import pytest

from facelatch.keeping.contact import DoorContact
from facelatch.keeping.notices import DoorNotice, Told
from facelatch.keeping.releases import Releases

S = 1_000_000_000
QUIET, HELD = S // 50, 10 * S
RELEASED = Releases(granted_until_ns=90 * S, is_released=True)
FORCED, CLOSED = Told(DoorNotice.FORCED_OPEN), Told(DoorNotice.CLOSED)


def after(contact: DoorContact, now_s: float, releases: Releases) -> tuple[DoorContact, tuple[Told, ...]]:
    return contact.after(round(now_s * S), QUIET, HELD, releases)


def swing(contact: DoorContact, now_s: float, is_open: bool) -> DoorContact:
    return DoorContact(
        contact.level.moved(is_open, round(now_s * S)), contact.opened_ns, contact.is_forced, contact.is_held
    )


@pytest.mark.parametrize(
    ("releases", "told"),
    [
        pytest.param(RELEASED, (), id="released"),
        pytest.param(Releases(secured_ns=round(99.5 * S)), (), id="just-secured"),
        pytest.param(Releases(secured_ns=98 * S), (FORCED,), id="secured-long-ago"),
        pytest.param(Releases(), (FORCED,), id="never-released"),
    ],
)
def test_whether_an_opened_door_was_forced(releases: Releases, told: tuple[Told, ...]) -> None:
    contact = swing(DoorContact.start(False, 0), 100, True)
    contact, found = after(contact, 100.02, releases)
    assert found == told
    assert contact.is_open
    assert contact.is_alarming == bool(told)


def test_a_door_that_stands_open_is_told_once_and_again_when_it_closes() -> None:
    contact, _ = after(swing(DoorContact.start(False, 0), 1, True), 1.02, RELEASED)
    assert contact.due_ns(QUIET, HELD) == round(11.02 * S)
    contact, told = after(contact, 11.0, Releases())
    assert told == ()
    contact, told = after(contact, 11.02, Releases())
    assert told == (Told(DoorNotice.HELD_OPEN, "for 10 s"),)
    assert contact.is_alarming
    contact, told = after(contact, 60, Releases())
    assert told == ()
    contact, told = after(swing(contact, 61, False), 61.02, Releases())
    assert told == (CLOSED,)
    assert not contact.is_alarming


def test_a_forced_door_is_not_told_as_held_open_as_well() -> None:
    contact, _ = after(swing(DoorContact.start(False, 0), 1, True), 1.02, Releases())
    contact, told = after(contact, 100, Releases())
    assert (told, contact.is_alarming) == ((), True)


def test_a_door_found_open_is_not_forced_but_is_held_open_in_time() -> None:
    contact = DoorContact.start(True, 0)
    contact, told = after(contact, 5, Releases())
    assert (told, contact.is_alarming) == ((), False)
    assert [one.notice for one in after(contact, 10, Releases())[1]] == [DoorNotice.HELD_OPEN]
