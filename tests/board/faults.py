"""A simulated camera and the faults that cameras are known for, on a clock that only moves when somebody waits.

The device knows what it did to each frame, so it can say at any moment whether a lock may be released: only after
good new frames of an undisturbed stream, whatever the code under test makes of them.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from random import Random

from facelatch.errors import CameraStalledError, CameraUnpluggedError
from facelatch.frames import Frame
from facelatch.supervision.health import HealthRule, Trouble
from facelatch.supervision.recovery import longest_recovery_s
from tests.factories import make_frame

SECOND = 1_000_000_000
FRAME_NS = SECOND // 30
BLIND_FRAME_NS = SECOND // 4
QUIET_FRAME_NS = SECOND
"""Between faults the device takes its time, so that hours of good weather pass in few frames."""
OPEN_NS = SECOND
SIZE = (64, 48)
SERIAL = "000000000042"
FOREIGN_SERIAL = "000000000666"


class Cure(StrEnum):
    """What ends a fault."""

    TIME = "time"
    REOPEN = "reopen"
    RESET = "reset"


@dataclass(frozen=True, slots=True)
class Fault:
    """One kind of fault, as the table in the documentation tells of it."""

    name: str
    trouble: Trouble
    cure: Cure
    noticed_s: float
    """Bound: from its first bad frame, or the moment that one was due, until its trouble is told."""
    noticed: str
    happens: str
    tries: int = 1
    """How often at least the camera has to be opened again."""


_PULLED = (Trouble.UNPLUGGED, Trouble.WRONG_SERIAL)
_RULE = HealthRule()
_RESTART = "told, attempt dropped; the stream is restarted"
_LADDER = (
    "told, attempt dropped; restart, device reset, look for it anew, then ever rarer, 30 s apart at most"
)

FAULTS = (
    Fault(
        "stream stalls",
        Trouble.STALLED,
        Cure.REOPEN,
        _RULE.stall_s,
        "no frame within stall_s (5 s)",
        _RESTART,
    ),
    Fault(
        "stream stalls until the device is reset",
        Trouble.STALLED,
        Cure.RESET,
        _RULE.stall_s,
        "no frame within stall_s (5 s)",
        "told, attempt dropped; a restart does not help, the device is reset",
    ),
    Fault("unplugged for 1 s to 5 min", Trouble.UNPLUGGED, Cure.TIME, 0.1, "the driver says so", _LADDER),
    Fault(
        "plugged into another port",
        Trouble.UNPLUGGED,
        Cure.TIME,
        0.1,
        "the driver says so",
        "told, attempt dropped; looked for anew, in whatever port it is",
    ),
    Fault(
        "another camera in its place",
        Trouble.WRONG_SERIAL,
        Cure.TIME,
        longest_recovery_s(OPEN_NS / SECOND),
        "its serial number, at the next try after the own one was unplugged",
        "told; the foreign camera is neither trusted nor reset",
    ),
    Fault(
        "the SDK raises anything",
        Trouble.DRIVER_FAILED,
        Cure.REOPEN,
        0.1,
        "whatever it raises is caught",
        _RESTART,
    ),
    Fault(
        "the SDK cannot open the device",
        Trouble.DRIVER_FAILED,
        Cure.RESET,
        0.1,
        "whatever it raises is caught",
        _LADDER,
    ),
    Fault(
        "frames of another size",
        Trouble.GARBAGE,
        Cure.REOPEN,
        _RULE.garbage_s + 0.1,
        "size or intrinsics differ from the first frame's, for 1 s",
        "attempt dropped with the first one; told after 1 s, the stream is restarted",
    ),
    Fault(
        "truncated frames",
        Trouble.GARBAGE,
        Cure.REOPEN,
        _RULE.garbage_s + 0.1,
        "the last rows of every image are zero, for 1 s",
        "attempt dropped with the first one; told after 1 s, the stream is restarted",
    ),
    Fault("time jumps back", Trouble.CLOCK, Cure.REOPEN, 0.1, "a frame older than the one before", _RESTART),
    Fault(
        "time jumps ahead", Trouble.CLOCK, Cure.REOPEN, 0.1, "a frame more than 2 s from the future", _RESTART
    ),
    Fault(
        "the same frame again and again",
        Trouble.REPEATING,
        Cure.REOPEN,
        _RULE.still_s + 0.1,
        "the same time stamp for 2 s",
        "no repeated frame is looked at; told after 2 s, the stream is restarted",
    ),
    Fault(
        "frozen stream",
        Trouble.FROZEN,
        Cure.REOPEN,
        _RULE.still_s + 0.1,
        "the same pixels for 2 s",
        "no repeated frame is looked at; told after 2 s, the stream is restarted",
    ),
    Fault(
        "colour freezes, depth goes on",
        Trouble.FROZEN,
        Cure.RESET,
        _RULE.still_s + 0.1,
        "the same pixels in one image for 2 s",
        "no such frame is looked at; told after 2 s, restart, device reset",
    ),
    Fault(
        "black image and no depth",
        Trouble.BLACK,
        Cure.TIME,
        _RULE.blind_s + 0.3,
        "colour and infrared black, no depth, for 10 s; a dark room with infrared or depth is none",
        "attempt dropped with the first one; told after 10 s, " + _LADDER.partition("; ")[2],
    ),
    Fault(
        "saturated image and no depth",
        Trouble.SATURATED,
        Cure.TIME,
        _RULE.blind_s + 0.3,
        "colour and infrared white, no depth, for 10 s",
        "attempt dropped with the first one; told after 10 s, " + _LADDER.partition("; ")[2],
    ),
)


@dataclass(slots=True)
class Device:
    """What is plugged in: one fault at a time, a clock, and a record of what it truly delivered."""

    random: Random
    pool: list[Frame] = field(default_factory=list)
    now_ns: int = 0
    frames: int = 0
    fault: Fault | None = None
    until_ns: int = 0
    """When a fault ends whose cure is time."""
    good: int = 0
    """Good new frames in a row, as delivered."""
    last: Frame | None = None
    kinds: tuple[Fault, ...] = FAULTS
    gap: int = 20
    """Good frames before the next fault."""
    longest_gap: int = 120
    struck: Callable[[Fault], object] = lambda _: None
    """Hears of each fault as it begins."""
    plug: int = 0
    """How often it was pulled out or put in: who opened it before has lost it for good."""
    foreign_resets: int = 0
    """How often somebody else's camera was reset."""
    due: list[Fault] = field(default_factory=list)
    """What is still to come of this round: each kind comes once in each."""

    def __post_init__(self) -> None:
        """Draw the frames: noise, as every sensor's, so that no two agree."""
        self.pool = [make_frame(600, SIZE, infrared=50, noise_seed=seed) for seed in range(31)]

    def strike(self) -> None:
        """Begin a fault, if it is time for one."""
        if self.fault is not None or self.good < self.gap:
            return
        self.due = self.due or self.random.sample(self.kinds, len(self.kinds))
        self.fault = fault = self.due.pop()
        self.plug += fault.trouble in _PULLED
        self.gap = self.random.randint(10, self.longest_gap)
        self.struck(fault)
        brief = fault.name == "plugged into another port"
        self.until_ns = self.now_ns + round(self.random.uniform(1, 3 if brief else 300) * SECOND)

    @property
    def is_sound(self) -> bool:
        """Whether the fault has ended, as far as time alone ends it."""
        if self.fault is not None and self.fault.cure is Cure.TIME and self.now_ns >= self.until_ns:
            self.plug += self.fault.trouble in _PULLED
            self.fault = None
        return self.fault is None

    @property
    def frame_ns(self) -> int:
        """How long the next frame takes: long ones save time where nothing happens."""
        if self.is_sound and self.good > 8:
            return QUIET_FRAME_NS
        is_blind = self.fault is not None and self.fault.trouble in (Trouble.BLACK, Trouble.SATURATED)
        return BLIND_FRAME_NS if is_blind else FRAME_NS

    def heal(self, cure: Cure) -> None:
        """End the fault if this is its cure."""
        if self.fault is not None and self.fault.cure is cure:
            self.fault = None

    def open(self) -> "SimulatedCamera":
        """Look for it on the bus and open it."""
        self.good = 0
        self.last = None
        self.now_ns += OPEN_NS
        self.heal(Cure.REOPEN)
        if self.is_sound or self.fault is None:
            return SimulatedCamera(self, SERIAL)
        if self.fault.trouble is Trouble.UNPLUGGED:
            raise CameraUnpluggedError(f"camera {SERIAL} is not connected")
        if self.fault.trouble is Trouble.WRONG_SERIAL:
            return SimulatedCamera(self, FOREIGN_SERIAL)
        if self.fault.name == "the SDK cannot open the device":
            raise RuntimeError("failed to open usb interface: 0, error: RS2_USB_STATUS_BUSY")
        return SimulatedCamera(self, SERIAL)


class SimulatedCamera:
    """The device while it is open."""

    driver = "simulated"

    def __init__(self, device: Device, serial: str) -> None:
        self._device = device
        self._plug = device.plug
        self.serial = serial

    def frames(self) -> Iterator[Frame]:
        """Yield frames without end, each as the fault of the moment makes it."""
        while True:
            yield self._next()

    def reset(self) -> None:
        """Tell the device to start anew."""
        if self.serial == SERIAL:
            self._device.heal(Cure.RESET)
        else:
            self._device.foreign_resets += 1

    def close(self) -> None:
        """Nothing is left behind."""

    def _next(self) -> Frame:
        device = self._device
        device.strike()
        device.frames += 1
        device.now_ns += device.frame_ns
        if self._plug != device.plug:
            raise CameraUnpluggedError(f"camera {self.serial} is gone from the bus")
        frame = replace(
            device.pool[device.frames % len(device.pool)],
            timestamp_ns=device.now_ns + 10**15,
        )
        if device.fault is None:
            device.good += 1
        elif self.serial == SERIAL:
            frame = self._spoil(frame, device.fault)
        device.last = frame
        return frame

    def _spoil(self, frame: Frame, fault: Fault) -> Frame:
        device = self._device
        if fault.trouble is Trouble.STALLED:
            device.now_ns += 5 * SECOND
            raise CameraStalledError("no frame within 5 s")
        if fault.trouble is Trouble.DRIVER_FAILED:
            raise RuntimeError("xioctl(VIDIOC_DQBUF) failed, Last Error: Protocol error")
        spoilt = spoil(frame, device.last or frame, fault)
        is_repeat = fault.trouble in (Trouble.REPEATING, Trouble.FROZEN)
        if not is_repeat:
            device.good = 0
        return spoilt


def spoil(frame: Frame, last: Frame, fault: Fault) -> Frame:
    """The frame as the fault leaves it; `last` is the one delivered before."""
    grey = 0 if fault.trouble is Trouble.BLACK else 255
    spoilers: Mapping[str, Callable[[], Frame]] = {
        "frames of another size": lambda: make_frame(600, (32, 24), timestamp_ns=frame.timestamp_ns),
        "truncated frames": lambda: cut_off(frame, 20),
        "time jumps back": lambda: replace(frame, timestamp_ns=frame.timestamp_ns - 3600 * SECOND),
        "time jumps ahead": lambda: replace(frame, timestamp_ns=last.timestamp_ns + 3600 * SECOND),
        "the same frame again and again": lambda: last,
        "frozen stream": lambda: replace(last, timestamp_ns=frame.timestamp_ns),
        "colour freezes, depth goes on": lambda: replace(frame, colour=last.colour),
    }
    blind = lambda: make_frame(0, SIZE, grey=grey, infrared=grey, timestamp_ns=frame.timestamp_ns)  # noqa: E731
    return spoilers.get(fault.name, blind)()


def cut_off(frame: Frame, rows: int) -> Frame:
    """The frame as a transfer leaves it that ended so many rows early."""
    colour, depth_mm = frame.colour.copy(), frame.depth_mm.copy()
    infrared = None if frame.infrared is None else frame.infrared.copy()
    for image in (colour, depth_mm, infrared):
        if image is not None:
            image[-rows:] = 0
    return replace(frame, colour=colour, depth_mm=depth_mm, infrared=infrared)
