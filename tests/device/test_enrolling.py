import pytest

from facelatch.acquisition import Failure, Sample
from facelatch.enrolling import MOST_NOT_LIVE, Ending, Progression, gather
from facelatch.enrolment import WANTED, Enrolment, Step
from tests.factories import ENCODER_SHA256, MOMENT, make_embedding, make_near
from tests.looks import FLAT, LIVE, NO_FACE, make_frames, make_sample, scripted

RING = [
    (0.0, 0.0),
    (15.0, 0.0),
    (13.0, 7.5),
    (7.5, 13.0),
    (0.0, 15.0),
    (-7.5, 13.0),
    (-13.0, 7.5),
    (-15.0, 0.0),
    (-13.0, -7.5),
    (-7.5, -13.0),
    (0.0, -15.0),
    (7.5, -13.0),
]
OWNER = [make_sample(make_near(make_embedding(1), 0.2, place), pose=pose) for place, pose in enumerate(RING)]
PHOTO = make_sample(make_embedding(1), [LIVE, FLAT])
STRANGER = make_sample(make_embedding(2), pose=(13.0, -7.5))


def run(*found: Sample | Failure) -> tuple[Enrolment, Ending, list[Progression]]:
    told: list[Progression] = []
    enrolment, ending = gather(
        make_frames(len(found)), scripted(*found), Enrolment(0.6), lambda: MOMENT, told.append
    )
    return enrolment, ending, told


def test_a_head_turned_in_a_circle_is_enrolled() -> None:
    enrolment, ending, told = run(NO_FACE, OWNER[0], OWNER[0], *OWNER[1:])
    assert ending is Ending.COMPLETE
    assert [one.step for one in told[:4]] == [None, Step.TAKEN, Step.COVERED, Step.TAKEN]
    template = enrolment.to_template("ada", ENCODER_SHA256)
    assert (len(template.embeddings), template.poses) == (WANTED, tuple(RING))


def test_no_frame_is_taken_after_the_last_needed() -> None:
    frames = iter(make_frames(20))
    gather(frames, scripted(*OWNER), Enrolment(0.6), lambda: MOMENT, lambda progression: None)
    assert len(list(frames)) == 20 - WANTED


@pytest.mark.parametrize(
    ("found", "ending", "taken"),
    [
        pytest.param([], Ending.FRAMES_ENDED, 0, id="no-frames"),
        pytest.param([NO_FACE] * 5, Ending.FRAMES_ENDED, 0, id="no-face"),
        pytest.param(OWNER[:5], Ending.FRAMES_ENDED, 5, id="too-few-directions"),
        pytest.param([PHOTO] * 3, Ending.NOT_LIVE, 0, id="short-recording-of-a-photo"),
        pytest.param([PHOTO] * MOST_NOT_LIVE + OWNER, Ending.NOT_LIVE, 0, id="photo-first"),
        pytest.param(
            [*OWNER[:-1], *[PHOTO] * MOST_NOT_LIVE, OWNER[-1]], Ending.NOT_LIVE, WANTED - 1, id="photo-later"
        ),
        pytest.param([*OWNER[:3], PHOTO, *OWNER[3:]], Ending.COMPLETE, WANTED, id="one-bad-look"),
        pytest.param([*OWNER[:-1], STRANGER], Ending.FRAMES_ENDED, WANTED - 1, id="somebody-else-at-the-end"),
    ],
)
def test_endings(found: list[Sample | Failure], ending: Ending, taken: int) -> None:
    enrolment, ended, _ = run(*found)
    assert (ended, len(enrolment.embeddings)) == (ending, taken)


def test_what_is_not_live_is_never_taken() -> None:
    photos = [make_sample(make_embedding(1), [LIVE, FLAT], pose=pose) for pose in RING]
    enrolment, ending, _ = run(*photos)
    assert (enrolment.embeddings, ending) == ((), Ending.NOT_LIVE)


def test_a_sample_without_a_pose_is_not_taken() -> None:
    enrolment, _, told = run(make_sample(make_embedding(1), pose=None))
    assert (enrolment.embeddings, told[0].step) == ((), Step.NO_POSE)


def test_where_the_head_is_is_told_whatever_becomes_of_a_look() -> None:
    *_, told = run(NO_FACE, make_sample(make_embedding(1), pose=None), PHOTO, OWNER[3], OWNER[3])
    assert [one.pose for one in told] == [None, None, (0.0, 0.0), RING[3], RING[3]]
