from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facelatch.optics.emitter_pairs import Pair, Pairing, Shot, dottedness, to_picture

DOTTED, SMOOTH = 9.0, 2.0


def shot(number: int, is_lit: bool | None, dots: float | None = None) -> Shot[int]:
    told = (DOTTED if is_lit else SMOOTH) if dots is None else dots
    return Shot(is_lit, number, told, number)


def play(shots: Sequence[Shot[int]]) -> tuple[Pairing[int], list[tuple[int, int]]]:
    """The last pairing, and the pairs as (lit, unlit)."""
    pairing: Pairing[int] = Pairing()
    pairs: list[Pair[int]] = []
    for one in shots:
        pairing, pair = pairing.after(one)
        pairs += [pair] if pair else []
    return pairing, [(pair.lit, pair.unlit) for pair in pairs]


def switching(count: int, *, skipped: Sequence[int] = (), inverted: bool = False) -> list[Shot[int]]:
    """Even shots have dots; `inverted` metadata say that the odd ones do."""
    return [
        shot(number, (number % 2 == 0) != inverted, DOTTED if number % 2 == 0 else SMOOTH)
        for number in range(count)
        if number not in skipped
    ]


@pytest.mark.parametrize(
    ("shots", "expected"),
    [
        pytest.param(switching(14), [(8, 9), (10, 11), (12, 13)], id="as-told"),
        pytest.param(
            switching(14, inverted=True), [(8, 9), (10, 11), (12, 13)], id="metadata-the-wrong-way-round"
        ),
        pytest.param(switching(15, skipped=[0]), [(10, 9), (12, 11), (14, 13)], id="unlit-first"),
        pytest.param(switching(14, skipped=[11]), [(8, 9), (12, 13)], id="a-lost-neighbour"),
        pytest.param(switching(8), [], id="not-settled-yet"),
        pytest.param(
            [shot(n, n % 2 == 0, 3.0) for n in range(12)], [(8, 9), (10, 11)], id="no-dots-in-sunlight"
        ),
        pytest.param([shot(n, None) for n in range(20)], [], id="no-metadata"),
        pytest.param([shot(n, True) for n in range(20)], [], id="always-lit"),
        pytest.param([shot(2 * n, n % 2 == 0) for n in range(20)], [], id="every-second-lost"),
        pytest.param([shot(5, n % 2 == 0) for n in range(20)], [], id="the-same-number-again"),
    ],
)
def test_pairs(shots: list[Shot[int]], expected: list[tuple[int, int]]) -> None:
    assert play(shots)[1] == expected


@pytest.mark.parametrize(
    ("shots", "hopeless"),
    [
        pytest.param([shot(n, None) for n in range(29)], False, id="be-patient"),
        pytest.param([shot(n, None) for n in range(30)], True, id="no-metadata"),
        pytest.param([shot(n, True) for n in range(30)], True, id="does-not-switch"),
        pytest.param(switching(60), False, id="switches"),
    ],
)
def test_patience(shots: list[Shot[int]], *, hopeless: bool) -> None:
    assert play(shots)[0].is_hopeless is hopeless


def test_metadata_that_turn_wrong_later_are_found_out() -> None:
    later = [shot(one.number + 20, one.is_lit, one.dots) for one in switching(20, inverted=True)]
    pairs = play([*switching(20), *later])[1]
    assert pairs[-3:] == [(34, 35), (36, 37), (38, 39)]


@given(
    st.lists(
        st.tuples(st.integers(0, 60), st.sampled_from([True, False, None]), st.floats(0, 50)), max_size=80
    )
)
def test_no_shot_is_used_twice_and_partners_are_neighbours(
    steps: list[tuple[int, bool | None, float]],
) -> None:
    pairs = play([Shot(lit, number, dots, number) for number, lit, dots in steps])[1]
    assert all(abs(lit - unlit) == 1 for lit, unlit in pairs)
    assert 2 * len(pairs) <= len(steps)


def test_dots_show() -> None:
    smooth = np.tile(np.linspace(0, 255, 64).astype(np.uint8), (48, 1))
    dotted = smooth.copy()
    dotted[:, ::5] = 255
    assert dottedness(dotted) > 5 * dottedness(smooth)
    assert dottedness(np.zeros((4, 2), np.uint8)) == 0


@pytest.mark.parametrize(
    ("unlit", "expected"), [pytest.param(40, 40, id="day"), pytest.param(3, 200, id="night")]
)
def test_at_night_the_lit_picture_stands_in(unlit: int, expected: int) -> None:
    picture = to_picture(np.full((8, 8), unlit, np.uint8), np.full((8, 8), 200, np.uint8))
    assert picture.shape == (8, 8, 3)
    assert (picture == expected).all()
