from dataclasses import replace

import numpy as np
import pytest

from facelatch.diagnosis.checks import Status
from facelatch.diagnosis.livecheck import LiveCheck, Moment, judge, to_moment, to_record
from facelatch.locate import Located, Missing
from facelatch.preprocess import FacePoint
from tests.factories import make_frame

FACE = Located(FacePoint(320.0, 240.0, 520.0), (270, 190, 100, 100), 150.0)
GOOD = Moment(0, 0.9, 110.0, 0.01, FACE, 0.95)
EMPTY = replace(GOOD, face=Missing.TOO_FAR, face_depth_share=None)


def check(*moments: Moment, rate_hz: float = 30.0) -> LiveCheck:
    timed = (replace(one, timestamp_ns=round(place * 1e9 / rate_hz)) for place, one in enumerate(moments))
    return LiveCheck(tuple(timed))


def judged(of: LiveCheck) -> dict[str, tuple[Status, str, str]]:
    return {one.name: (one.status, one.found, one.hint) for one in judge(of, {}, [])}


def test_a_good_camera_with_somebody_before_it() -> None:
    findings = judged(check(*[GOOD] * 10))
    assert {name: status for name, (status, _, _) in findings.items()} == {
        "rate": Status.OK,
        "depth": Status.OK,
        "light": Status.OK,
        "face": Status.OK,
    }
    assert findings["rate"][1] == "30.0 frames a second, 10 looked at"
    assert findings["depth"][1] == "on 90% of the view, on 95% of the face's box"
    assert findings["face"][1] == "52 cm away, in 100% of the frames, 150 mm wide"


@pytest.mark.parametrize(
    ("of", "name", "status", "words"),
    [
        pytest.param(check(*[GOOD] * 9, rate_hz=7.5), "rate", Status.WARN, "USB 3", id="slow"),
        pytest.param(check(GOOD), "rate", Status.WARN, "look longer", id="one-frame"),
        pytest.param(LiveCheck((GOOD, GOOD)), "rate", Status.FAIL, "stands still", id="time-stands-still"),
        pytest.param(
            check(*[replace(EMPTY, depth_share=0.04)] * 3), "depth", Status.FAIL, "clean", id="blind"
        ),
        pytest.param(
            check(*[replace(EMPTY, depth_share=0.2)] * 3), "depth", Status.WARN, "clean", id="little"
        ),
        pytest.param(
            check(*[replace(GOOD, face_depth_share=0.5)] * 3), "depth", Status.WARN, "sun", id="thin-face"
        ),
        pytest.param(check(*[replace(GOOD, level=20.0)] * 3), "light", Status.WARN, "lamp", id="dark"),
        pytest.param(check(*[replace(GOOD, white_share=0.3)] * 3), "light", Status.WARN, "sun", id="white"),
        pytest.param(check(*[replace(GOOD, level=220.0)] * 3), "light", Status.WARN, "sun", id="bright"),
        pytest.param(check(*[EMPTY] * 3), "face", Status.WARN, "come nearer", id="nobody"),
        pytest.param(check(GOOD, EMPTY, EMPTY), "face", Status.WARN, "come nearer", id="now-and-then"),
        pytest.param(check(GOOD, GOOD, EMPTY), "face", Status.OK, "67%", id="mostly"),
        pytest.param(
            check(*[replace(GOOD, depth_share=float("nan"))] * 3), "depth", Status.FAIL, "clean", id="nan"
        ),
    ],
)
def test_what_is_wrong(of: LiveCheck, name: str, status: Status, words: str) -> None:
    found = judged(of)[name]
    assert found[0] is status
    assert words in found[1] + found[2]


def test_facts_and_notes_of_the_camera_are_told() -> None:
    findings = judge(check(GOOD, GOOD), {"exposure": "depth 8.5 ms"}, ["it has no laser; so be it"])
    assert "exposure depth 8.5 ms" in findings[2].found
    assert (findings[-1].status, findings[-1].found, findings[-1].hint) == (
        Status.WARN,
        "it has no laser",
        "so be it",
    )


def test_a_frames_numbers() -> None:
    depth = np.full((480, 640), 500, np.uint16)
    depth[:, :320] = 0
    frame = replace(make_frame(timestamp_ns=7, grey=100), depth_mm=depth)
    frame.colour[190:290, 270:370] = 255
    moment = to_moment(frame, FACE)
    assert (moment.timestamp_ns, moment.depth_share, moment.face_depth_share) == (7, 0.5, 0.5)
    assert (moment.level, moment.white_share) == (255.0, 1.0)
    empty = to_moment(frame, Missing.NO_FACE)
    assert empty.face_depth_share is None
    assert empty.white_share == pytest.approx(10_000 / (640 * 480))


def test_nothing_seen_cannot_be_judged() -> None:
    with pytest.raises(ValueError, match="nothing"):
        LiveCheck(())


def test_numbers_for_programs() -> None:
    assert to_record(check(GOOD, GOOD, EMPTY)) == {
        "frames": 3,
        "rate_hz": 30.0,
        "depth_share": 0.9,
        "level": 110.0,
        "white_share": 0.01,
        "faces": 2,
        "distance_mm": 520.0,
        "face_depth_share": 0.95,
        "box": [270, 190, 100, 100],
        "reason": "too-far",
    }
    assert dict(to_record(LiveCheck((EMPTY,)))) | {"reason": None} == {
        "frames": 1,
        "rate_hz": None,
        "depth_share": 0.9,
        "level": 110.0,
        "white_share": 0.01,
        "faces": 0,
        "distance_mm": None,
        "face_depth_share": None,
        "box": None,
        "reason": None,
    }


def test_an_image_that_stands_still_is_told() -> None:
    frames = [make_frame(noise_seed=seed, timestamp_ns=seed * 33_000_000) for seed in range(5)]
    frozen = [replace(frame, colour=frames[0].colour) for frame in frames]
    dark = [replace(frame, colour=np.zeros_like(frame.colour)) for frame in frames]
    for played, still in ((frames, False), (frozen, True), (dark, False), (frozen[:1], False)):
        findings = judged(LiveCheck(tuple(to_moment(frame, Missing.NO_FACE) for frame in played)))
        assert ("camera" in findings) == still
    assert judged(LiveCheck(tuple(to_moment(frame, FACE) for frame in frozen)))["camera"][0] is Status.FAIL
