"""Takes: the same each time, swaying a little, and round in a circle for an enrolment."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from facelatch.enrolment import CENTRE, SECTORS, WANTED, to_sector
from facelatch_converter.protocols.cast import load_generator
from facelatch_converter.protocols.named import ANY_WIDE, Circumstances, Cohort, Lighting, Protocol
from facelatch_converter.protocols.takes import attempt_take, enrolment_take, reference_take

COHORT = Cohort("people", 5)
PLAIN = Protocol("plain", "nothing special", 6, COHORT, Circumstances())


def test_an_enrolment_goes_round_through_as_many_directions_as_the_board_asks_for(face_model: Path) -> None:
    generator = load_generator(face_model)
    for number in range(6):
        take = enrolment_take(generator, COHORT, number)
        turns = [(view.yaw_deg, view.pitch_deg) for view in take.views]
        sectors = {to_sector(*turn) for turn in turns}
        assert sectors - {None} == set(SECTORS)
        first = {to_sector(*turn) for turn in turns[:WANTED]} - {None}
        assert CENTRE in sectors
        assert len(first) >= WANTED - 4
        assert all(350 - 30 <= view.position_mm[2] <= 700 + 30 for view in take.views)


def test_a_longer_attempt_begins_with_the_same_frames(face_model: Path) -> None:
    generator = load_generator(face_model)
    short, long = (attempt_take(generator, PLAIN, 1, 2, frames) for frames in (1, 4))
    assert long.views[:1] == short.views
    np.testing.assert_array_equal(long.expression, short.expression)
    assert short.light == long.light
    away = [abs(view.yaw_deg - long.views[0].yaw_deg) for view in long.views]
    assert away[0] == 0 < max(away) < 15


def test_people_attempts_and_protocols_differ(face_model: Path) -> None:
    generator = load_generator(face_model)
    other = replace(PLAIN, seed=7)
    takes = [
        attempt_take(generator, PLAIN, 0, 0, 1),
        attempt_take(generator, PLAIN, 0, 1, 1),
        attempt_take(generator, PLAIN, 1, 0, 1),
        attempt_take(generator, other, 0, 0, 1),
        attempt_take(generator, replace(PLAIN, twin=0.5), 0, 0, 1, by_twin=True),
        reference_take(generator, COHORT, 0, 0),
        reference_take(generator, COHORT, 0, 1),
    ]
    assert len({take.views for take in takes}) == len(takes)
    noises = [take.noise(0).random() for take in takes]
    assert len(set(noises)) == len(noises)


def test_what_a_camera_adds_is_apart_from_what_the_take_is_drawn_from(face_model: Path) -> None:
    take = attempt_take(load_generator(face_model), PLAIN, 0, 0, 2)
    drawn = np.random.default_rng(take.seed).random()
    assert len({drawn, take.noise(0).random(), take.noise(1).random(), take.circumstance(1).random()}) == 4
    assert take.noise(1).random() == take.noise(1).random()


def test_circumstances_reach_the_take(face_model: Path) -> None:
    generator = load_generator(face_model)
    agape = replace(PLAIN, attempt=Circumstances(expression="open-mouth"))
    place = generator.model.expression_names.index("jawOpen")
    assert all(attempt_take(generator, agape, 0, n, 1).expression[place] >= 0.5 for n in range(6))
    assert not all(attempt_take(generator, PLAIN, 0, n, 1).expression[place] >= 0.5 for n in range(6))
    wide = replace(PLAIN, attempt=Circumstances(expression=ANY_WIDE))
    drawn = [attempt_take(generator, wide, 0, n, 1).expression for n in range(12)]
    assert len({float(weights[place]) for weights in drawn}) > 3
    hard = replace(PLAIN, attempt=Circumstances(lighting=Lighting.HARD))
    assert attempt_take(generator, hard, 0, 0, 1).light != attempt_take(generator, PLAIN, 0, 0, 1).light
