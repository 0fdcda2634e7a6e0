"""Whether a camera's stream can be trusted, judged frame by frame; pure, time is passed in.

A camera is trusted once several good new frames came in a row. One bad frame puts it in doubt: nothing is decided
on until it has proved itself again. A doubt that lasts, or comes back too often, is a trouble that has to be told and
recovered from; the bounds are in `HealthRule`.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from facelatch.supervision.signs import Light, Signs

Channels = tuple[int | None, int | None, int | None, int | None]
Content = tuple[int | None, int | None, int | None]

_REMEMBERED = 24
"""Frames that a new one is held against: drivers have at most 16 buffers that could go round with old pictures."""


class Trouble(StrEnum):
    """What can be wrong with a camera; the words are those of events and of the status."""

    STALLED = "stalled"
    UNPLUGGED = "unplugged"
    REPEATING = "repeating"
    FROZEN = "frozen"
    BLACK = "black"
    SATURATED = "saturated"
    CLOCK = "clock"
    GARBAGE = "garbage"
    WRONG_SERIAL = "wrong-serial"
    DRIVER_FAILED = "driver-failed"


SENTENCES: Mapping[Trouble, str] = {
    Trouble.STALLED: "new frames come too late; check the camera's cable and power supply",
    Trouble.REPEATING: "the same frame comes again and again",
    Trouble.FROZEN: "an image stays the same or old ones come again, as a living sensor's never do",
    Trouble.BLACK: "the image is black and there is no depth; is something over the lenses?",
    Trouble.SATURATED: "the image is white; is a light shining into the camera?",
    Trouble.CLOCK: "the frames' times jump",
    Trouble.GARBAGE: "frames are cut off or change their size or intrinsics; check the camera's cable",
}
"""What a judged stream shows; other troubles come with a driver's own sentence."""


@dataclass(frozen=True, slots=True)
class HealthRule:
    """How long what is borne. A recording is what it is: its bad frames are left out, and never a trouble."""

    stall_s: float = 5.0
    """Longest wait for one frame, and for one that is new in every image."""
    frames_to_trust: int = 5
    """Good new frames in a row."""
    ahead_s: float = 2.0
    """How far a frame's time may jump ahead of our own clock."""
    still_s: float = 2.0
    """How long the same time or the same image may come again."""
    garbage_s: float = 1.0
    """How long frames may be broken, and times may jump before the camera was ever trusted."""
    blind_s: float = 10.0
    """How long a hand may cover the lenses."""
    doubts: int = 5
    """This many within `doubts_within_s` are a trouble, however soon each was over."""
    doubts_within_s: float = 60.0
    is_recording: bool = False

    def bound_s(self, trouble: Trouble, was_trusted: bool) -> float:
        """For how long a doubt may last before it counts."""
        if self.is_recording:
            return math.inf
        if trouble in (Trouble.BLACK, Trouble.SATURATED):
            return self.blind_s
        # A camera that has just been opened may still be setting its clock.
        if trouble is Trouble.GARBAGE or (trouble is Trouble.CLOCK and not was_trusted):
            return self.garbage_s
        return 0.0


def for_recording() -> HealthRule:
    """The rule for frames that were recorded and that no clock of ours runs beside."""
    return HealthRule(frames_to_trust=1, ahead_s=math.inf, still_s=math.inf, stall_s=60.0, is_recording=True)


@dataclass(frozen=True, slots=True)
class Health:
    """An open camera's stream so far; each frame gives a new one, and each opening starts afresh."""

    rule: HealthRule
    trouble: Trouble | None = None
    """What counts: the camera has to be recovered."""
    is_trusted: bool = False
    is_new: bool = False
    """Whether the last frame was good and unlike those before in every image; only such frames are used."""
    was_trusted: bool = False
    doubt: Trouble | None = None
    doubted_ns: int = 0
    """Since when."""
    doubts_ns: tuple[int, ...] = ()
    """When the last few doubts began."""
    good: int = 0
    """Good new frames in a row."""
    first: Signs | None = None
    last: Signs | None = None
    lead_ns: int | None = None
    """How far the frames' times are ahead of ours at most: no frame arrives before it was taken."""
    still_ns: Channels = (None, None, None, None)
    """Since when time, colour, depth and infrared come unchanged or again; None for one that is new."""
    recent: tuple[Content, ...] = ()
    """What the last frames held."""
    idle_ns: int | None = None
    """Since when good frames come and none of them is new; None while they are."""

    def after(self, signs: Signs, now_ns: int, waited_ns: int = 0) -> "Health":
        """The health that follows a frame; `waited_ns` is how long it took to come."""
        found = self._judge(signs, now_ns, waited_ns)
        still_ns = self._still(signs, now_ns)
        # Every image that shows anything must be new: a picture that hangs beside living depth may be of
        # somebody else. A slower colour stream then just gives fewer frames.
        is_new = all(since is None for since in still_ns)
        lead_ns = signs.timestamp_ns - now_ns
        if self.lead_ns is not None and found is not Trouble.CLOCK:
            lead_ns = max(self.lead_ns, lead_ns)
        is_idle = found is None and not (is_new or self.rule.is_recording)
        seen = replace(
            self,
            is_new=found is None and not is_idle,
            first=self.first or signs,
            last=signs,
            lead_ns=lead_ns,
            still_ns=still_ns,
            recent=(*self.recent, signs.content)[-_REMEMBERED:],
            idle_ns=_since(self.idle_ns, now_ns, is_idle),
        )
        if found is not None:
            return seen._doubting(found, now_ns)
        return seen._stuck(now_ns) or seen._trusting()

    def _judge(self, signs: Signs, now_ns: int, waited_ns: int) -> Trouble | None:
        """What is wrong with this one frame beside those before."""
        first, last, lead_ns = self.first or signs, self.last or signs, self.lead_ns
        is_other = (signs.size, signs.intrinsics) != (first.size, first.intrinsics)
        if is_other or signs.is_cut_off or not _is_plausible(signs):
            return Trouble.GARBAGE
        if signs.timestamp_ns < last.timestamp_ns:
            return Trouble.CLOCK
        if lead_ns is not None and signs.timestamp_ns - now_ns - lead_ns > self.rule.ahead_s * 1e9:
            return Trouble.CLOCK
        if waited_ns > self.rule.stall_s * 1.5e9:
            return Trouble.STALLED
        blind = {Light.BLACK: Trouble.BLACK, Light.WHITE: Trouble.SATURATED}
        return blind.get(signs.blindness)

    def _still(self, signs: Signs, now_ns: int) -> Channels:
        is_same = self.last is not None and self.last.timestamp_ns == signs.timestamp_ns
        colour, depth, infrared = (
            _since(since, now_ns, new is not None and any(old[place] == new for old in self.recent))
            for place, (since, new) in enumerate(zip(self.still_ns[1:], signs.content, strict=True))
        )
        return _since(self.still_ns[0], now_ns, is_same), colour, depth, infrared

    def _doubting(self, found: Trouble, now_ns: int) -> "Health":
        """A bad frame: the trust is gone at once, the rest is a matter of time."""
        since_ns = now_ns if self.doubt is None else self.doubted_ns
        doubts_ns = self.doubts_ns
        if self.is_trusted:
            within_ns = self.rule.doubts_within_s * 1e9
            doubts_ns = (*(one for one in doubts_ns if now_ns - one < within_ns), now_ns)
        lasted_s = (now_ns - since_ns) / 1e9
        counts = lasted_s >= self.rule.bound_s(found, self.was_trusted) or (
            len(doubts_ns) >= self.rule.doubts and not self.rule.is_recording
        )
        return replace(
            self,
            trouble=found if counts else None,
            is_trusted=False,
            doubt=found,
            doubted_ns=since_ns,
            doubts_ns=doubts_ns,
            good=0,
        )

    def _stuck(self, now_ns: int) -> "Health | None":
        """The health of a stream in which nothing, or not every image, has been new for too long."""
        bound_ns = self.rule.still_s * 1e9
        stuck = [since is not None and now_ns - since >= bound_ns for since in self.still_ns]
        if any(stuck):
            trouble = Trouble.REPEATING if stuck[0] else Trouble.FROZEN
        elif self.idle_ns is not None and now_ns - self.idle_ns >= self.rule.stall_s * 1e9:
            trouble = Trouble.STALLED
        else:
            return None
        return replace(self, trouble=trouble, is_trusted=False, is_new=False, good=0)

    def _trusting(self) -> "Health":
        """A good frame, or one that is not new and proves nothing either way."""
        if not self.is_new:
            return replace(self, trouble=None)
        good = min(self.good + 1, self.rule.frames_to_trust)
        if good < self.rule.frames_to_trust:
            return replace(self, trouble=None, good=good)
        return replace(self, trouble=None, good=good, is_trusted=True, was_trusted=True, doubt=None)


def _since(before_ns: int | None, now_ns: int, lasts: bool) -> int | None:
    """Since when something lasts; None where it does not."""
    return (now_ns if before_ns is None else before_ns) if lasts else None


def _is_plausible(signs: Signs) -> bool:
    """Whether these can be a camera's intrinsics: a view of 10 to 150 degrees, its middle within the image."""
    width, height = signs.size
    camera = signs.intrinsics
    wide = all(0.13 * size < focal < 6 * size for focal, size in ((camera.fx, width), (camera.fy, width)))
    return wide and 0 < camera.cx < width and 0 < camera.cy < height
