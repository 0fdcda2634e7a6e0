"""What a few seconds of a camera show: rate, depth, light, and where a face is; pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np

from facelatch.diagnosis.checks import Finding, Status, split
from facelatch.frames import Frame, intensity
from facelatch.guidance import to_hint
from facelatch.locate import Located, Missing
from facelatch.supervision.signs import to_signs

_SLOW_HZ = 10.0
_LEAST_DEPTH, _LITTLE_DEPTH = 0.05, 0.3
"""Shares of the view."""
_LEAST_FACE_DEPTH = 0.75
"""Of a face; the liveness checks refuse a face with less than 0.6."""
_DARK, _BRIGHT = 25.0, 200.0
"""Mean grey levels of a face, or of the view where there is none."""
_MOSTLY_WHITE = 0.2
_SOMETIMES = 0.5
_STILL = Finding(
    "camera", Status.FAIL, "an image is the same in all frames", "unplug the camera and plug it in again"
)


@dataclass(frozen=True, slots=True)
class Moment:
    """One frame's numbers."""

    timestamp_ns: int
    depth_share: float
    """Of the view."""
    level: float
    """Mean grey level of what the encoder would see, on the face if there is one, 0-255."""
    white_share: float
    """Of the same part: levels that cannot get any higher."""
    face: Located | Missing
    face_depth_share: float | None = None
    content: tuple[int | None, ...] = ()
    """See `signs.Signs`."""


def to_moment(frame: Frame, face: Located | Missing) -> Moment:
    """The numbers of a frame in which `face` was found."""
    part = slice(None), slice(None)
    if isinstance(face, Located):
        x, y, width, height = face.box
        part = slice(max(y, 0), y + height), slice(max(x, 0), x + width)
    picture, depth = intensity(frame)[part], frame.depth_mm[part]
    return Moment(
        timestamp_ns=frame.timestamp_ns,
        depth_share=float((frame.depth_mm > 0).mean()),
        level=float(picture.mean()),
        white_share=float((picture >= 254).mean()),
        face=face,
        face_depth_share=float((depth > 0).mean()) if isinstance(face, Located) else None,
        content=to_signs(frame).content,
    )


@dataclass(frozen=True, slots=True)
class LiveCheck:
    """All moments; there is at least one."""

    moments: tuple[Moment, ...]

    def __post_init__(self) -> None:
        """Refuse to judge nothing."""
        if not self.moments:
            raise ValueError("nothing was seen")

    @property
    def rate_hz(self) -> float:
        """Frames per second by the camera's own time; NaN for a single frame and where time stands still."""
        first, last = self.moments[0].timestamp_ns, self.moments[-1].timestamp_ns
        return (len(self.moments) - 1) * 1e9 / (last - first) if last > first else float("nan")

    @property
    def is_still(self) -> bool:
        """Whether one of the images was the same in all frames, as a living sensor's never is."""
        images = zip(*(moment.content for moment in self.moments), strict=True)
        return len(self.moments) > 1 and any(
            image[0] is not None and len(set(image)) == 1 for image in images
        )

    @property
    def depth_share(self) -> float:
        """Median share of the view with depth."""
        return median(moment.depth_share for moment in self.moments)

    @property
    def level(self) -> float:
        """Median grey level."""
        return median(moment.level for moment in self.moments)

    @property
    def white_share(self) -> float:
        """Median share of over-exposed pixels."""
        return median(moment.white_share for moment in self.moments)

    @property
    def faces(self) -> list[Located]:
        """Those that were found."""
        return [moment.face for moment in self.moments if isinstance(moment.face, Located)]

    @property
    def distance_mm(self) -> float | None:
        """Median distance of the face."""
        return median(face.point.depth_mm for face in self.faces) if self.faces else None

    @property
    def face_depth_share(self) -> float | None:
        """Median share of the face's box with depth."""
        shares = [one.face_depth_share for one in self.moments if one.face_depth_share is not None]
        return median(shares) if shares else None

    @property
    def reason(self) -> Missing | None:
        """The most frequent reason for finding none."""
        reasons = Counter(moment.face for moment in self.moments if isinstance(moment.face, Missing))
        return reasons.most_common(1)[0][0] if reasons else None


def judge(check: LiveCheck, facts: Mapping[str, str], notes: Sequence[str]) -> list[Finding]:
    """What it means for a door; `facts` and `notes` are the camera's own, see `cameras.Informative`."""
    return [
        _judge_rate(check),
        _judge_depth(check),
        _judge_light(check, facts.get("exposure", "")),
        _judge_face(check),
        *([_STILL] if check.is_still else []),
        *(Finding("camera", Status.WARN, *split(note)) for note in notes),
    ]


def to_record(check: LiveCheck) -> Mapping[str, object]:
    """The numbers for programs; None where there are none."""
    rate = check.rate_hz
    return {
        "frames": len(check.moments),
        "rate_hz": None if np.isnan(rate) else round(rate, 2),
        "depth_share": round(check.depth_share, 4),
        "level": round(check.level, 1),
        "white_share": round(check.white_share, 4),
        "faces": len(check.faces),
        "distance_mm": None if check.distance_mm is None else round(check.distance_mm, 1),
        "face_depth_share": None if check.face_depth_share is None else round(check.face_depth_share, 4),
        "box": list(check.faces[-1].box) if check.faces else None,
        "reason": None if check.reason is None else check.reason.value,
    }


def _judge_rate(check: LiveCheck) -> Finding:
    count = len(check.moments)
    if count < 2:
        return Finding("rate", Status.WARN, "a single frame came", "look longer, or at a longer recording")
    if np.isnan(check.rate_hz):
        found = f"{count} frames came with no time between them"
        return Finding(
            "rate", Status.FAIL, found, "the camera's clock stands still; unplug it and plug it in again"
        )
    found = f"{check.rate_hz:.1f} frames a second, {count} looked at"
    if not check.rate_hz >= _SLOW_HZ:
        return Finding("rate", Status.WARN, found, "use a USB 3 port and cable, and fewer filters")
    return Finding("rate", Status.OK, found)


def _judge_depth(check: LiveCheck) -> Finding:
    found = f"on {check.depth_share:.0%} of the view"
    hint = "clean the lenses, keep direct sun away, and look at something 0.3 to 3 m away"
    if check.face_depth_share is not None:
        found += f", on {check.face_depth_share:.0%} of the face's box"
    if not check.depth_share >= _LEAST_DEPTH:
        return Finding("depth", Status.FAIL, found, hint)
    thin = check.face_depth_share is not None and not check.face_depth_share >= _LEAST_FACE_DEPTH
    if thin or not check.depth_share >= _LITTLE_DEPTH:
        return Finding("depth", Status.WARN, found, hint)
    return Finding("depth", Status.OK, found)


def _judge_light(check: LiveCheck, exposure: str) -> Finding:
    where = "face" if check.faces else "view"
    found = f"the {where} has level {check.level:.0f} of 255, {check.white_share:.0%} of it is white"
    found += f"; exposure {exposure}" if exposure else ""
    if not check.level >= _DARK:
        return Finding("light", Status.WARN, found, "put a lamp before the face, or use the infrared view")
    if check.white_share > _MOSTLY_WHITE or check.level > _BRIGHT:
        return Finding("light", Status.WARN, found, "keep lamp and sun from shining into the camera")
    return Finding("light", Status.OK, found)


def _judge_face(check: LiveCheck) -> Finding:
    share = len(check.faces) / len(check.moments)
    if check.distance_mm is None:
        return Finding("face", Status.WARN, f"none in {len(check.moments)} frames", to_hint(check.reason))
    width_mm = median(face.width_mm for face in check.faces)
    found = f"{check.distance_mm / 10:.0f} cm away, in {share:.0%} of the frames, {width_mm:.0f} mm wide"
    if share < _SOMETIMES:
        return Finding("face", Status.WARN, found, to_hint(check.reason))
    return Finding("face", Status.OK, found)
