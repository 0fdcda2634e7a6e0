import pytest

from facelatch.acquisition import Failure, Sample
from facelatch.attempts import RECORDING_ENDED, Look, attempt
from facelatch.locate import Missing
from facelatch.session import Outcome, SessionRule
from tests.factories import make_embedding, make_near, make_template
from tests.looks import FLAT, LIVE, NO_FACE, make_frames, make_sample, scripted

RULE = SessionRule(frames=2, attempts=4)
THRESHOLD = 0.6
OWNER = make_sample(make_near(make_embedding(1), 0.25))
STRANGER = make_sample(make_embedding(2))
PHOTO = make_sample(make_near(make_embedding(1), 0.25), [LIVE, FLAT])
UNCHECKED = make_sample(make_near(make_embedding(1), 0.25), [])
FAR = Failure(Missing.TOO_FAR)


@pytest.mark.parametrize(
    ("found", "outcome", "reason", "looks"),
    [
        pytest.param([OWNER, OWNER], Outcome.GRANTED, None, 2, id="owner"),
        pytest.param([NO_FACE, OWNER, FAR, OWNER], Outcome.GRANTED, None, 4, id="owner-comes-near"),
        pytest.param([STRANGER, STRANGER], Outcome.NO_MATCH, "beyond-threshold", 2, id="stranger"),
        pytest.param([OWNER, STRANGER], Outcome.NO_MATCH, "samples-disagree", 2, id="two-in-turn"),
        pytest.param([OWNER, PHOTO], Outcome.NOT_LIVE, "plane", 2, id="photo-after-owner"),
        pytest.param([PHOTO], Outcome.NOT_LIVE, "plane", 1, id="photo"),
        pytest.param([UNCHECKED], Outcome.NOT_LIVE, "no-check", 1, id="no-check-ran"),
        pytest.param([NO_FACE, FAR, FAR, OWNER], Outcome.RETRY, "too-far", 4, id="too-few"),
        pytest.param([OWNER], Outcome.RETRY, RECORDING_ENDED, 1, id="frames-end-after-a-sample"),
        pytest.param([FAR, NO_FACE, FAR], Outcome.RETRY, "too-far", 3, id="frames-end-without-one"),
        pytest.param([], Outcome.RETRY, RECORDING_ENDED, 0, id="no-frames"),
    ],
)
def test_an_attempt(found: list[Sample | Failure], outcome: Outcome, reason: str | None, looks: int) -> None:
    seen: list[Look] = []
    frames = make_frames(len(found))
    verdict = attempt(frames, scripted(*found), RULE, [make_template()], THRESHOLD, tell=seen.append)
    assert (verdict.outcome, verdict.reason, verdict.looks) == (outcome, reason, looks)
    assert [(look.frame, look.found) for look in seen] == list(zip(frames, found, strict=True))


def test_no_frame_is_taken_after_the_verdict() -> None:
    frames = iter(make_frames(5))
    attempt(frames, scripted(OWNER, OWNER), RULE, [make_template()], THRESHOLD)
    assert len(list(frames)) == 3


def test_an_empty_gallery_matches_nobody() -> None:
    verdict = attempt(make_frames(2), scripted(OWNER, OWNER), RULE, [], THRESHOLD)
    assert (verdict.outcome, verdict.reason) == (Outcome.NO_MATCH, "nobody-enrolled")
