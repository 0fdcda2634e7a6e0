"""What people are told: what to do about a reason, how far an enrolment is, what a verdict means."""

from collections.abc import Mapping

from facelatch.attempts import RECORDING_ENDED
from facelatch.enrolment import CENTRE, WANTED, Coverage
from facelatch.locate import Missing
from facelatch.session import Outcome, Verdict

HINTS: Mapping[str, str] = {
    Missing.NO_FACE: "no face is seen; look into the camera",
    Missing.TOO_FAR: "come nearer; half a metre is best",
    Missing.TOO_NEAR: "step back; half a metre is best",
    Missing.TURNED_AWAY: "turn your face towards the camera",
    Missing.NO_DEPTH: "the camera measures no depth on the face; avoid direct sun and clean the lens",
    Missing.CUT_OFF: "the face is cut off; move into the middle of the view",
    Missing.NOT_FACE_SIZED: "what looks like a face is not as large as one",
    Missing.UNUSABLE_IMAGE: "the image is blank or over-exposed; mind the light",
    RECORDING_ENDED: "the recording ended before enough was seen",
    "depth-coverage": "too little of the face has depth; avoid glare and shiny glasses",
    "plane": "the face is as flat as a picture",
    "curved-plane": "the face is shaped like a bent picture",
    "no-check": "no check for a living face could run",
    "samples-disagree": "the frames differ; hold still",
    "beyond-threshold": "the face is not the enrolled one",
    "nobody-enrolled": "nobody is enrolled with a template that can be used; enrol first",
}
"""What a reason means to the person before the camera."""


def to_hint(reason: str | None) -> str:
    """A reason in plain words; the word itself where there are none."""
    return HINTS.get(reason, reason) if reason else ""


def to_sentence(verdict: Verdict) -> str:
    """A verdict on one line."""
    words = [str(verdict.user) if verdict.outcome is Outcome.GRANTED else to_hint(verdict.reason)]
    if verdict.distance is not None:
        words.append(f"distance {verdict.distance:.3f}, at most {verdict.threshold:.3f}")
    return f"{verdict.outcome}: {'; '.join(words)}"


def to_record(verdict: Verdict) -> Mapping[str, object]:
    """A verdict for programs; only who was granted is named."""
    return {
        "outcome": verdict.outcome.value,
        "user": verdict.user if verdict.outcome is Outcome.GRANTED else None,
        "distance": verdict.distance,
        "threshold": verdict.threshold,
        "reason": verdict.reason,
        "samples": verdict.samples,
        "fused": verdict.fused,
        "looks": verdict.looks,
    }


def to_bar(coverage: Coverage) -> str:
    """For example `[#####.......] 5 of 12`; full only with the centre, which no other direction replaces."""
    around = min(len(coverage.covered - {CENTRE}), WANTED - 1)
    seen = around + (CENTRE in coverage.covered)
    return f"[{'#' * seen}{'.' * (WANTED - seen)}] {seen} of {WANTED}"


_DIAL: tuple[tuple[str, ...], ...] = (
    ("", "up-right", "up", "up-left", ""),
    ("right-up", "", "", "", "left-up"),
    ("right", "", CENTRE, "", "left"),
    ("right-down", "", "", "", "left-down"),
    ("", "down-right", "down", "down-left", ""),
)


_MARKS = {(False, False): ".", (True, False): "#", (False, True): "o", (True, True): "@"}
"""By whether a direction is covered, and whether the head is there."""
LEGEND = "# covered, . missing; your head is at o or @"


def to_dial(coverage: Coverage, here: str | None = None) -> list[str]:
    """Which directions are covered, as in a mirror: what its owner turns to the left is on the left.

    Five rows of equal width: the directions stand like a clock's hours. `here` is where the head is now.
    """
    covered = coverage.covered
    return [" ".join(_MARKS[one in covered, one == here] if one else " " for one in row) for row in _DIAL]
