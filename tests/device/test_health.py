from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facelatch.frames import Intrinsics
from facelatch.supervision.health import SENTENCES, Health, HealthRule, Trouble, for_recording
from facelatch.supervision.signs import Light, Signs

TICK_NS = 33_000_000
RULE = HealthRule()
FRESH = Health(RULE)
GOOD = Signs(0, (640, 480), Intrinsics(600, 600, 320, 240), (1, 1, 1), Light.USABLE, False)

Spoil = Callable[[Signs], Signs]


def good(number: int) -> Signs:
    """A frame as a working camera gives at that tick; its times are not ours."""
    return replace(GOOD, timestamp_ns=10**12 + number * TICK_NS, content=(number, number, number))


def play(health: Health, steps: Iterable[Signs], first: int = 0) -> list[Health]:
    """The healths that follow, one frame a tick."""
    seen = []
    for place, signs in enumerate(steps, first):
        health = health.after(signs, place * TICK_NS)
        seen.append(health)
    return seen


def trusted(frames: int = 30) -> Health:
    return play(FRESH, map(good, range(frames)))[-1]


def first_trouble(seen: Sequence[Health]) -> tuple[Trouble, float] | None:
    """The first that counts, and after how many seconds."""
    for place, health in enumerate(seen, 1):
        if health.trouble is not None:
            return health.trouble, place * TICK_NS / 1e9
    return None


def test_trust_takes_five_good_frames() -> None:
    seen = play(FRESH, map(good, range(8)))
    assert [health.is_trusted for health in seen] == [False] * 4 + [True] * 4
    assert all(health.is_new and health.trouble is None for health in seen)


def black(signs: Signs) -> Signs:
    return replace(signs, content=(None, None, None), blindness=Light.BLACK)


def white(signs: Signs) -> Signs:
    return replace(signs, content=(None, None, None), blindness=Light.WHITE)


def repeated(signs: Signs) -> Signs:
    return good(29)


def frozen(signs: Signs) -> Signs:
    return replace(signs, content=good(29).content)


def part_frozen(signs: Signs) -> Signs:
    """The picture hangs, and depth goes on: somebody else may stand there now."""
    return replace(signs, content=(29, *signs.content[1:]))


def by_turns(signs: Signs) -> Signs:
    """Colour and depth change by turns, so that neither stands still for long and no frame is new."""
    number = signs.content[0] or 0
    return replace(signs, content=(number // 2, (number + 1) // 2 + 10**6, None))


def going_round(signs: Signs) -> Signs:
    """A driver's buffers, filled no more, come one after the other under new times."""
    return replace(signs, content=good(14 + (signs.content[0] or 0) % 16).content)


def smaller(signs: Signs) -> Signs:
    return replace(signs, size=(320, 240))


def zoomed(signs: Signs) -> Signs:
    return replace(signs, intrinsics=Intrinsics(300, 300, 320, 240))


def cut_off(signs: Signs) -> Signs:
    return replace(signs, is_cut_off=True)


def earlier(signs: Signs) -> Signs:
    return replace(signs, timestamp_ns=signs.timestamp_ns - 10**11)


def later(signs: Signs) -> Signs:
    return replace(signs, timestamp_ns=signs.timestamp_ns + 3 * 10**9)


def jumping(signs: Signs) -> Signs:
    number = signs.content[0] or 0
    return earlier(signs) if number % 2 else later(signs)


@pytest.mark.parametrize(
    ("spoil", "trouble", "bound_s"),
    [
        pytest.param(black, Trouble.BLACK, RULE.blind_s, id="black"),
        pytest.param(white, Trouble.SATURATED, RULE.blind_s, id="saturated"),
        pytest.param(repeated, Trouble.REPEATING, RULE.still_s, id="repeating"),
        pytest.param(frozen, Trouble.FROZEN, RULE.still_s, id="frozen"),
        pytest.param(part_frozen, Trouble.FROZEN, RULE.still_s, id="colour-frozen"),
        pytest.param(going_round, Trouble.FROZEN, RULE.still_s, id="buffers-going-round"),
        pytest.param(by_turns, Trouble.STALLED, RULE.stall_s, id="never-all-new"),
        pytest.param(smaller, Trouble.GARBAGE, RULE.garbage_s, id="other-size"),
        pytest.param(zoomed, Trouble.GARBAGE, RULE.garbage_s, id="other-intrinsics"),
        pytest.param(cut_off, Trouble.GARBAGE, RULE.garbage_s, id="cut-off"),
        pytest.param(earlier, Trouble.CLOCK, 0.0, id="time-back"),
        pytest.param(later, Trouble.CLOCK, 0.0, id="time-ahead"),
        pytest.param(jumping, Trouble.CLOCK, 0.0, id="time-jumping"),
    ],
)
def test_what_is_wrong_is_named_within_its_bound_and_unlocks_nothing(
    spoil: Spoil, trouble: Trouble, bound_s: float
) -> None:
    seen = play(trusted(), (spoil(good(number)) for number in range(30, 400)), first=30)
    found = first_trouble(seen)
    assert found is not None
    assert found[0] is trouble
    # The bound, and the frame that shows it.
    assert bound_s <= found[1] <= bound_s + 3 * TICK_NS / 1e9
    assert trouble in SENTENCES
    until_then = seen[: round(found[1] * 1e9 / TICK_NS)]
    assert until_then
    assert not any(health.is_trusted and health.is_new for health in until_then)


@pytest.mark.parametrize("spoil", [black, white, cut_off, smaller, zoomed])
def test_one_bad_frame_costs_the_trust_and_is_no_trouble(spoil: Spoil) -> None:
    seen = play(trusted(), [spoil(good(30)), *map(good, range(31, 40))], first=30)
    assert [health.is_trusted for health in seen] == [False] * 5 + [True] * 5
    assert first_trouble(seen) is None
    assert seen[0].doubt is not None
    assert seen[-1].doubt is None


def test_the_same_frame_twice_is_no_second_one_and_no_doubt() -> None:
    seen = play(trusted(), [good(29), good(29), good(30)], first=30)
    assert [(health.is_new, health.is_trusted) for health in seen] == [
        (False, True),
        (False, True),
        (True, True),
    ]


def test_a_stream_of_which_no_frame_was_ever_new_is_a_trouble_too() -> None:
    """Otherwise a camera that was just opened would be waited for without a word, for ever."""
    seen = play(FRESH, (by_turns(good(number)) for number in range(400)))
    assert first_trouble(seen) is not None
    assert not any(health.is_trusted for health in seen)


def test_a_slower_colour_stream_is_none_that_froze() -> None:
    """Colour at 15 Hz beside depth at 30."""
    steps = [replace(good(number), content=(number // 2, number, number)) for number in range(300)]
    seen = play(FRESH, steps)
    assert first_trouble(seen) is None
    assert [health.is_new and health.is_trusted for health in seen[9:14]] == [False, True, False, True, False]


def test_a_dark_room_is_no_trouble() -> None:
    """Colour is all zero and always the same; infrared and depth live."""
    steps = [replace(good(number), content=(None, number, number)) for number in range(600)]
    seen = play(FRESH, steps)
    assert first_trouble(seen) is None
    assert seen[-1].is_trusted


def test_bad_frames_that_come_again_and_again_are_a_trouble_though_each_is_soon_over() -> None:
    steps = [cut_off(good(number)) if number % 30 == 0 else good(number) for number in range(30, 400)]
    found = first_trouble(play(trusted(), steps, first=30))
    assert found is not None
    assert (found[0], round(found[1])) == (Trouble.GARBAGE, 4)


def test_a_hand_over_the_lens_once_a_minute_is_none() -> None:
    steps = [black(good(number)) if number % 1800 < 60 else good(number) for number in range(1800, 1800 * 8)]
    assert first_trouble(play(trusted(), steps, first=1800)) is None


def test_a_wait_that_was_too_long_costs_the_trust_at_once() -> None:
    health = trusted().after(good(30), 31 * TICK_NS, waited_ns=8 * 10**9)
    assert (health.is_trusted, health.trouble) == (False, Trouble.STALLED)


def test_frames_that_waited_for_us_are_no_jump_of_the_clock() -> None:
    """While a lock is released for 10 s nobody takes frames: the next ones are old, the ones after are new."""
    health = trusted()
    waiting = [(30, 330), (31, 330), (332, 331), (333, 332), (334, 333)]
    for number, tick in waiting:
        health = health.after(good(number), tick * TICK_NS)
        assert health.trouble is None
        assert health.is_trusted


def test_a_clock_that_runs_a_little_faster_is_none_that_jumps() -> None:
    steps = [replace(signs, timestamp_ns=signs.timestamp_ns * 2) for signs in map(good, range(2000))]
    assert first_trouble(play(FRESH, steps)) is None


def test_a_camera_may_set_its_clock_while_it_is_new() -> None:
    steps = [good(0), good(1), later(good(2)), *(later(good(number)) for number in range(3, 10))]
    seen = play(FRESH, steps)
    assert first_trouble(seen) is None
    assert seen[-1].is_trusted


@pytest.mark.parametrize(
    "camera",
    [
        pytest.param(Intrinsics(20, 20, 320, 240), id="fish-eye"),
        pytest.param(Intrinsics(600, 6000, 320, 240), id="squeezed"),
        pytest.param(Intrinsics(600, 600, -5, 240), id="middle-outside"),
        pytest.param(Intrinsics(600, 600, 320, 480), id="middle-below"),
    ],
)
def test_intrinsics_that_no_camera_has_are_garbage(camera: Intrinsics) -> None:
    seen = play(FRESH, (replace(good(number), intrinsics=camera) for number in range(60)))
    found = first_trouble(seen)
    assert found is not None
    assert (found[0], round(found[1], 1)) == (Trouble.GARBAGE, 1.1)
    assert not any(health.is_trusted for health in seen)


def test_a_recording_is_what_it_is() -> None:
    """Its bad frames are left out; playing it again would not mend it."""
    spoilt = [black, frozen, repeated, cut_off, earlier, later]
    steps = [
        spoilt[number % 6](good(number)) if 30 < number < 200 else good(number) for number in range(1000)
    ]
    seen = play(Health(for_recording()), steps)
    assert first_trouble(seen) is None
    assert seen[0].is_trusted
    assert seen[-1].is_trusted
    assert [seen[place].is_trusted for place in (36, 37, 40)] == [False, True, False]


@given(st.lists(st.sampled_from([None, black, white, repeated, frozen, cut_off, smaller, earlier, later])))
def test_nothing_is_used_but_a_new_frame_after_four_others(spoils: list[Spoil | None]) -> None:
    """Whatever a camera does before, five good frames in a row and new ones go before trust."""
    steps = [good(number) if spoil is None else spoil(good(number)) for number, spoil in enumerate(spoils)]
    for place, health in enumerate(play(FRESH, steps)):
        if health.is_trusted and health.is_new:
            assert spoils[place] is None
            used = [spoil for spoil in spoils[: place + 1] if spoil not in (repeated, frozen)]
            assert len(used) >= 5
            assert used[-5:] == [None] * 5
