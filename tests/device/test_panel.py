from pathlib import Path

import pytest

from facelatch.keeping.panel import BUZZER, LAMP, STEP_NS, Mood, Pattern


@pytest.mark.parametrize("table", [LAMP, BUZZER], ids=["lamp", "buzzer"])
def test_every_mood_has_a_pattern_of_on_and_off(table: dict[Mood, Pattern]) -> None:
    assert set(table) == set(Mood)
    assert all(pattern.steps and set(pattern.steps) <= {"#", "."} for pattern in table.values())


def test_the_lamp_tells_moods_apart() -> None:
    assert len({LAMP[mood] for mood in Mood}) == len(Mood)


@pytest.mark.parametrize(
    ("pattern", "shown"),
    [
        pytest.param(Pattern("#."), "#.#.#.#.", id="repeats"),
        pytest.param(Pattern("##.#", repeats=False), "##.#....", id="once"),
        pytest.param(Pattern("#"), "########", id="always"),
        pytest.param(Pattern("."), "........", id="never"),
    ],
)
def test_a_pattern_over_time(pattern: Pattern, shown: str) -> None:
    assert "".join(".#"[pattern.is_on(place * STEP_NS + 1)] for place in range(len(shown))) == shown


@pytest.mark.parametrize(
    "pattern", {*LAMP.values(), *BUZZER.values()}, ids=lambda pattern: pattern.steps[:12]
)
def test_the_next_change_is_the_next_change(pattern: Pattern) -> None:
    for elapsed in range(0, 120 * STEP_NS, STEP_NS // 2):
        following = pattern.next_ns(elapsed)
        if following is None:
            assert {pattern.is_on(elapsed + later * STEP_NS) for later in range(200)} == {
                pattern.is_on(elapsed)
            }
        else:
            assert following > elapsed
            assert pattern.is_on(following) != pattern.is_on(elapsed) == pattern.is_on(following - 1)


def test_the_documentation_shows_the_tables() -> None:
    page = (Path(__file__).parents[2] / "docs" / "lock.md").read_text()

    def cell(pattern: Pattern) -> str:
        return f"`{pattern.steps}`" + ("" if pattern.repeats else " once")

    for mood in Mood:
        assert f"| `{mood}` | {cell(LAMP[mood])} | {cell(BUZZER[mood])} |\n" in page
