from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facelatch.keeping.happenings import (
    Beat,
    ButtonMoved,
    ContactMoved,
    Grant,
    Happening,
    Joined,
    Left,
    Revoke,
    Show,
    Tick,
)
from facelatch.keeping.keeper import SILENT_NS, Keeper, KeeperRule
from facelatch.keeping.notices import DoorNotice
from facelatch.keeping.panel import Mood
from facelatch.keeping.releases import LONGEST_NS, Again
from tests.device.released_rows import check_rows

S = 1_000_000_000
GRANT = Grant(3 * S)


class Door:
    """A keeper that is woken when it asks to be, as its loop does; remembers what was told and driven."""

    def __init__(
        self, rule: KeeperRule | None = None, *, button: bool | None = False, contact: bool | None = False
    ):
        self.keeper, told = Keeper.start(rule or KeeperRule(), 0, button=button, contact=contact)
        self.now = 0
        self.told = [one.notice for one in told]
        self.trace = [(0, False)]

    def at(self, now_s: float, *happenings: Happening) -> "Door":
        self.until(round(now_s * S))
        for happening in happenings:
            self.step(happening)
        return self

    def until(self, now: int) -> None:
        """Let time pass, with all that is due meanwhile."""
        while True:
            due = self.keeper.due_ns(self.now)
            if due is None or due > now:
                break
            assert due > self.now or not self.trace[-1][1], "a busy loop"
            self.now = max(due, self.now + 1)
            self.step(Tick())
        self.now = now

    def step(self, happening: Happening) -> None:
        self.keeper, told = self.keeper.after(happening, self.now)
        self.told += [one.notice for one in told]
        self.trace.append((self.now, self.keeper.is_released))

    @property
    def is_released(self) -> bool:
        return self.keeper.is_released

    def changes(self) -> list[tuple[float, bool]]:
        """When the line changed, in seconds."""
        before = [(0, False), *self.trace]
        return [
            (now / S, now_is)
            for (_, was), (now, now_is) in zip(before, self.trace, strict=False)
            if was != now_is
        ]


def test_a_grant_is_a_pulse() -> None:
    door = Door().at(1, Joined(), GRANT).at(9)
    assert door.changes() == [(1, True), (4, False)]
    assert door.told == []


@pytest.mark.parametrize(
    "spoken", [GRANT, Beat(), Revoke(), Show(Mood.LOOKING)], ids=lambda one: type(one).__name__
)
def test_who_has_not_joined_moves_nothing(spoken: Happening) -> None:
    door = Door().at(1, spoken).at(2)
    assert door.changes() == []
    assert door.keeper.mood is Mood.FAULT


@pytest.mark.parametrize("length_ns", [0, -1, LONGEST_NS + 1])
def test_a_length_out_of_bounds_is_nothing(length_ns: int) -> None:
    assert Door().at(1, Joined(), Grant(length_ns)).changes() == []


@pytest.mark.parametrize(
    ("again", "ends_s"),
    [pytest.param(Again.IGNORE, 4, id="ignore"), pytest.param(Again.EXTEND, 5.5, id="extend")],
)
def test_a_second_grant(again: Again, ends_s: float) -> None:
    door = Door(KeeperRule(again)).at(1, Joined(), GRANT).at(2.5, GRANT).at(9)
    assert door.changes() == [(1, True), (ends_s, False)]


@pytest.mark.parametrize("ending", [Left(), Revoke()], ids=["client-lost", "revoked"])
def test_a_grant_ends_at_once_with_its_client(ending: Happening) -> None:
    assert Door().at(1, Joined(), GRANT).at(2, ending).at(9).changes() == [(1, True), (2, False)]


def test_a_client_that_falls_silent_loses_a_long_grant() -> None:
    door = Door().at(1, Joined(), Grant(20 * S)).at(4, Beat()).at(30)
    assert door.changes() == [(1, True), (4 + SILENT_NS / S, False)]
    assert door.told == [DoorNotice.FAULT]


def test_a_client_that_is_silent_without_a_grant_is_no_fault() -> None:
    assert Door().at(1, Joined()).at(100).told == []


def test_grants_without_end_are_bounded_from_the_first_release() -> None:
    door = Door(KeeperRule(Again.EXTEND)).at(0, Joined())
    for tenth in range(10, 400):
        door.at(tenth / 10, GRANT)
    (began, _), (ended, _), (again, _), *_ = door.changes()
    assert (began, ended, again) == (1, 31, 32)
    assert DoorNotice.FAULT in door.told


def test_the_button_works_without_a_daemon() -> None:
    door = Door().at(1, ButtonMoved(True)).at(1.5, ButtonMoved(False)).at(9)
    assert door.changes() == [(1.03, True), (4.03, False)]
    assert door.told == [DoorNotice.EXIT_BUTTON]


@pytest.mark.parametrize("spoken", [Joined(), Left(), Revoke()], ids=lambda one: type(one).__name__)
def test_no_daemon_ends_what_the_button_began(spoken: Happening) -> None:
    door = Door().at(0, Joined()).at(1, ButtonMoved(True)).at(1.5, ButtonMoved(False), spoken).at(9)
    assert door.changes() == [(1.03, True), (4.03, False)]


def test_a_button_held_down_is_bounded_and_told() -> None:
    door = Door().at(0, ButtonMoved(True)).at(200)
    assert door.changes() == [(0.03, True), (30.03, False)]
    assert door.told == [DoorNotice.EXIT_BUTTON, DoorNotice.FAULT]


def test_a_grant_before_a_held_button_shortens_it() -> None:
    """The bound is over both, and the button that was cut off must be let go first."""
    door = Door().at(0, Joined(), GRANT).at(2, ButtonMoved(True)).at(60)
    assert door.changes() == [(0, True), (30, False)]


def test_a_door_that_opens_may_secure_the_lock() -> None:
    door = Door(KeeperRule(secure_when_opened=True)).at(0, Joined(), GRANT).at(1, ContactMoved(True)).at(9)
    assert door.changes() == [(0, True), (1.03, False)]
    assert door.told == []


def test_a_door_that_opened_secures_in_spite_of_a_held_button() -> None:
    door = Door(KeeperRule(secure_when_opened=True)).at(0, ButtonMoved(True)).at(1, ContactMoved(True))
    door.at(2, ButtonMoved(False)).at(9)
    assert door.changes() == [(0.03, True), (1.03, False)]


@pytest.mark.parametrize(
    ("opened_s", "told"),
    [
        pytest.param(1, [], id="while-released"),
        pytest.param(3.5, [], id="a-moment-later"),
        pytest.param(5, [DoorNotice.FORCED_OPEN], id="long-after"),
    ],
)
def test_a_forced_door_is_told(opened_s: float, told: list[DoorNotice]) -> None:
    assert Door().at(0, Joined(), GRANT).at(opened_s, ContactMoved(True)).at(20).told == told


def test_a_door_held_open_is_told_and_its_closing_too() -> None:
    door = Door().at(0, Joined(), GRANT).at(1, ContactMoved(True)).at(40)
    moods = [door.keeper.mood, door.at(50, ContactMoved(False)).at(51).keeper.mood]
    assert moods == [Mood.ALARM, Mood.IDLE]
    assert door.told == [DoorNotice.HELD_OPEN, DoorNotice.CLOSED]


def test_what_is_shown() -> None:
    door = Door()
    shown = [door.keeper.mood]
    for now_s, happening in (
        (1.0, Joined()),
        (2.0, Show(Mood.LOOKING)),
        (3.0, Show(Mood.REFUSED)),
        (4.6, Tick()),
        (5.0, Show(Mood.LOCKED_OUT)),
        (6.0, GRANT),
        (10.0, Tick()),
        (11.0, Left()),
    ):
        shown.append(door.at(now_s, happening).keeper.mood)
    assert shown == [
        Mood.FAULT,
        Mood.IDLE,
        Mood.LOOKING,
        Mood.REFUSED,
        Mood.IDLE,
        Mood.LOCKED_OUT,
        Mood.GRANTED,
        Mood.LOCKED_OUT,
        Mood.FAULT,
    ]


def test_a_second_refusal_is_shown_anew() -> None:
    door = Door().at(0, Joined(), Show(Mood.REFUSED)).at(1, Show(Mood.REFUSED))
    assert door.at(2).keeper.mood is Mood.REFUSED
    assert door.keeper.mood_ns == 1 * S


def test_a_refusal_is_seen_though_nobody_is_looked_at_any_more() -> None:
    door = Door().at(0, Joined(), Show(Mood.REFUSED)).at(0.1, Show(Mood.IDLE))
    assert door.keeper.mood is Mood.REFUSED
    assert door.at(2).keeper.mood == Mood.IDLE


def test_a_grant_beeps_and_lights() -> None:
    door = Door().at(0, Joined()).at(1, GRANT)
    assert (door.keeper.lamp(S), door.keeper.buzzer(S)) == (True, True)
    assert (door.keeper.lamp(2 * S), door.keeper.buzzer(2 * S)) == (True, False)


HAPPENINGS: Sequence[st.SearchStrategy[Happening]] = (
    st.just(Joined()),
    st.just(Left()),
    st.just(Beat()),
    st.just(Revoke()),
    st.just(Tick()),
    st.builds(Grant, st.integers(-S, LONGEST_NS + S)),
    st.builds(Show, st.sampled_from(Mood)),
    st.builds(ButtonMoved, st.booleans()),
    st.builds(ContactMoved, st.booleans()),
)
RULES = st.builds(
    KeeperRule,
    again=st.sampled_from(Again),
    button_ns=st.integers(S // 10, LONGEST_NS),
    held_open_ns=st.integers(S, 100 * S),
    secure_when_opened=st.booleans(),
    quiet_ns=st.integers(1_000_000, S),
    has_signs=st.booleans(),
)


@given(
    RULES,
    st.lists(st.tuples(st.integers(0, 9 * S), st.one_of(*HAPPENINGS)), max_size=40),
    st.sampled_from([None, False, True]),
    st.sampled_from([None, False, True]),
)
def test_whatever_happens_the_door_is_secured_in_time(
    rule: KeeperRule, steps: list[tuple[int, Happening]], button: bool | None, contact: bool | None
) -> None:
    door = Door(rule, button=button, contact=contact)
    assert not door.is_released
    joined, gone_ns = False, None
    for later, happening in steps:
        door.until(door.now + later)
        door.step(happening)
        joined = (joined or isinstance(happening, Joined)) and not isinstance(happening, Left)
        gone_ns = None if joined else door.now if gone_ns is None else gone_ns
        keeper = door.keeper
        if keeper.is_released:
            assert keeper.left_ns(door.now) <= LONGEST_NS
            due = keeper.due_ns(door.now)
            assert due is not None
            assert door.now < due <= door.now + LONGEST_NS
            # Without a client only a button that was pressed can be the reason.
            assert joined or (button is not None and keeper.releases.granted_until_ns is None)
    door.until(door.now + LONGEST_NS + S)
    assert not door.is_released
    check_rows(door.trace)


@given(
    st.lists(
        st.tuples(st.integers(0, 5 * S), st.one_of(*[one for one in HAPPENINGS if one is not HAPPENINGS[7]])),
        max_size=40,
    )
)
def test_without_button_and_client_it_is_never_released(steps: list[tuple[int, Happening]]) -> None:
    door = Door()
    for later, happening in steps:
        door.until(door.now + later)
        if not isinstance(happening, Joined):
            door.step(happening)
    assert door.changes() == []
