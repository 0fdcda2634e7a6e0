from collections.abc import Callable, Sequence

import pytest

from facelatch.acquisition import Failure, Sample
from facelatch.cameras.scripted import ScriptedCamera
from facelatch.cameras.supervised import Source
from facelatch.daemon import Daemon
from facelatch.door import Door
from facelatch.errors import CameraStalledError, CameraUnpluggedError, ConfigError, LockError
from facelatch.events import Event
from facelatch.frames import Frame
from facelatch.heartbeat import Heartbeat
from facelatch.keeping.panel import Mood
from facelatch.lockout import Lockout, LockoutRule
from facelatch.locks.recording import RecordingLock
from facelatch.matching import Template
from facelatch.notify import Notifier
from facelatch.reports import Reports
from facelatch.session import SessionRule
from facelatch.status import DaemonStatus
from facelatch.status_file import StatusFile
from facelatch.supervision.health import for_recording
from facelatch.supervision.recovery import LONGEST_S
from facelatch.watch import Watch
from tests.factories import make_embedding, make_near, make_template
from tests.looks import FLAT, LIVE, NO_FACE, make_frames, make_sample

OWNER = make_sample(make_near(make_embedding(1), 0.25))
STRANGER = make_sample(make_embedding(2))
PHOTO = make_sample(make_near(make_embedding(1), 0.25), [LIVE, FLAT])
UNPLUGGED = CameraUnpluggedError("camera 7 is gone")

Look = Sample | Failure | Exception


class World(Notifier):
    """A clock that moves by a millisecond for each look and by what is waited; remembers all that happens."""

    def __init__(self, *cameras: Sequence[Look] | Exception) -> None:
        super().__init__(None)
        self.now_ns = 0
        self.log: list[str] = []
        self.events: list[Event] = []
        self.is_set = False
        self.stop_on_wait: int | None = None
        self.waits: list[float] = []
        self.found: dict[int, Look] = {}
        self.looked = 0
        self.cameras = iter(cameras)
        self.gallery: list[Template] = [make_template()]
        self.kept: list[Lockout] = []

    def open_camera(self) -> ScriptedCamera:
        """The next camera; the last one is followed by SIGTERM."""
        script = next(self.cameras, None)
        if script is None:
            self.is_set = True
            script = []
        if isinstance(script, Exception):
            raise script
        frames = make_frames(len(script), first_ns=len(self.found) + 1)
        self.found |= {frame.timestamp_ns: look for frame, look in zip(frames, script, strict=True)}
        steps = [
            look if isinstance(look, CameraStalledError | CameraUnpluggedError) else frame
            for frame, look in zip(frames, script, strict=True)
        ]
        return ScriptedCamera(steps, serial="7")

    def examine(self, frame: Frame) -> Sample | Failure:
        self.looked += 1
        self.now_ns += 1_000_000
        found = self.found[frame.timestamp_ns]
        if isinstance(found, Exception):
            raise found
        return found

    def wait(self, seconds: float) -> bool:
        self.waits.append(seconds)
        self.log.append(f"wait {seconds:g}")
        self.now_ns += round(seconds * 1e9)
        self.is_set = self.is_set or len(self.waits) == self.stop_on_wait
        return self.is_set

    def ready(self) -> None:
        self.log.append("READY")

    def watchdog(self) -> None:
        self.log.append("WATCHDOG")

    def stopping(self) -> None:
        self.log.append("STOPPING")

    def status(self, text: str) -> None:
        self.log.append(f"STATUS {text}")

    def emit(self, event: Event) -> None:
        self.events.append(event)
        self.log.append(event.event.value)


def run(
    world: World,
    *,
    lock: RecordingLock | None = None,
    cooldown_s: float = 0.0,
    beat_s: float = 1000.0,
    lockout: Lockout | None = None,
    open_camera: Callable[[], ScriptedCamera] | None = None,
) -> RecordingLock:
    lock = lock or RecordingLock()
    door = Door(lock, world.emit, pulse_s=3.0, unix_ns=lambda: world.now_ns)
    status = StatusFile(None, DaemonStatus(1, "0", 0, 0), world.log.append)
    Daemon(
        source=Source(open_camera or world.open_camera, rule=for_recording()),
        examine=world.examine,
        gallery=lambda: world.gallery,
        threshold=0.6,
        watch=Watch(
            SessionRule(frames=2, attempts=4),
            lockout or Lockout(LockoutRule(refusals=3, first_s=30.0)),
            cooldown_ns=round(cooldown_s * 1e9),
        ),
        keep=lambda lockout, _: world.kept.append(lockout),
        door=door,
        reports=Reports(door, world, status),
        heartbeat=Heartbeat(world, lambda: world.now_ns, world, beat_s),
        stop=world,
        clock=lambda: world.now_ns,
    ).run()
    return lock


def words(world: World) -> list[str]:
    return [event.event.value for event in world.events]


def test_the_owner_is_let_in() -> None:
    world = World([NO_FACE, OWNER, OWNER, NO_FACE])
    lock = run(world)
    assert words(world) == ["started", "granted", "stopped"]
    assert lock.transitions == ("secured", "released", "secured")
    assert (world.events[1].user, world.events[1].camera) == ("ada", "7")


def test_frames_are_looked_at_while_the_lock_is_released() -> None:
    """The keeper ends the pulse, not the daemon, which waits for nothing but the end of a recording."""
    world = World([NO_FACE, OWNER, OWNER, NO_FACE, STRANGER, STRANGER])
    run(world)
    assert words(world) == ["started", "granted", "no-match", "stopped"]
    assert world.log.index("no-match") < world.log.index("wait 2.997")
    assert world.waits == [2.997]


def test_lamp_and_buzzer_follow_what_is_seen() -> None:
    world = World([NO_FACE, OWNER, OWNER, NO_FACE, *[STRANGER] * 6, UNPLUGGED], [NO_FACE])
    lock = run(world)
    assert lock.shown == [
        Mood.FAULT,
        Mood.IDLE,
        Mood.LOOKING,
        Mood.IDLE,
        *[Mood.LOOKING, Mood.REFUSED, Mood.IDLE] * 2,
        Mood.LOOKING,
        Mood.REFUSED,
        Mood.LOCKED_OUT,
        Mood.FAULT,
        Mood.LOCKED_OUT,
    ]


@pytest.mark.parametrize(
    ("looks", "outcome"),
    [
        pytest.param([STRANGER, STRANGER], "no-match", id="stranger"),
        pytest.param([OWNER, PHOTO], "not-live", id="photo"),
        pytest.param([OWNER, NO_FACE, NO_FACE, NO_FACE], "retry", id="gone-again"),
    ],
)
def test_nobody_else_is(looks: list[Look], outcome: str) -> None:
    world = World(looks)
    lock = run(world)
    assert words(world) == ["started", outcome, "stopped"]
    assert lock.transitions == ("secured",)


def test_samples_from_before_and_after_a_failure_of_the_camera_are_never_put_together() -> None:
    world = World([OWNER, UNPLUGGED], [OWNER])
    lock = run(world)
    assert words(world) == ["started", "camera-lost", "camera-back", "stopped"]
    assert lock.transitions == ("secured",)
    assert world.events[1].reason == "unplugged: camera 7 is gone"
    assert world.events[2].reason == "after unplugged"


def test_a_camera_that_stays_away_is_tried_less_and_less_often_and_told_once() -> None:
    world = World(*[UNPLUGGED] * 9, [OWNER, OWNER], UNPLUGGED)
    run(world)
    assert world.waits[:9] == [0.5, 4, 1, 2, 4, 8, 16, LONGEST_S, LONGEST_S]
    assert words(world) == ["started", "camera-lost", "camera-back", "granted", "stopped"]


def test_another_trouble_is_told_too() -> None:
    world = World(UNPLUGGED, CameraStalledError("no frame"), CameraStalledError("no frame"), [NO_FACE])
    run(world)
    lost = [event.reason for event in world.events if event.event == "camera-lost"]
    assert lost == ["unplugged: camera 7 is gone", "stalled: no frame"]


def test_ready_is_said_once_with_the_first_frame_or_without_a_camera() -> None:
    with_camera, without = World([NO_FACE, NO_FACE]), World(UNPLUGGED, [NO_FACE])
    run(with_camera)
    run(without)
    for world in (with_camera, without):
        assert world.log.count("READY") == 1
    assert with_camera.log.index("READY") < with_camera.log.index("STATUS watching for 1 enrolled")
    assert without.log.index("READY") < without.log.index("wait 0.5")


def test_guessing_locks_out_and_nothing_is_looked_at_meanwhile() -> None:
    world = World([STRANGER] * 6 + [OWNER] * 10)
    lock = run(world)
    assert words(world) == ["started", *["no-match"] * 3, "locked-out", "stopped"]
    assert world.events[4].reason == "for 30 s"
    assert world.looked == 6
    assert lock.transitions == ("secured",)


def test_the_door_rests_after_an_attempt() -> None:
    world = World([OWNER] * 10)
    run(world, cooldown_s=2.0)
    assert world.looked == 2
    assert words(world) == ["started", "granted", "stopped"]


def test_a_removed_user_is_refused_at_once() -> None:
    world = World([OWNER, OWNER])
    world.gallery.clear()
    lock = run(world)
    assert world.events[1].reason == "nobody-enrolled"
    assert lock.transitions == ("secured",)


def test_being_stopped_does_not_wait_for_the_pulse_and_secures() -> None:
    world = World([OWNER, OWNER])
    world.stop_on_wait = 1
    lock = run(world, beat_s=1.0)
    assert world.waits == [1.0]
    assert lock.transitions == ("secured", "released", "secured")
    assert words(world) == ["started", "granted", "stopped"]
    assert "STOPPING" in world.log


def test_the_watchdog_hears_from_us_while_the_lock_is_released_and_the_camera_away() -> None:
    world = World(*[UNPLUGGED] * 5, [OWNER, OWNER])
    run(world, beat_s=1.0)
    for place, entry in enumerate(world.log):
        if entry.startswith("wait"):
            assert entry in ("wait 1", "wait 0.5")
            assert world.log[place + 1] == "WATCHDOG"
    assert sum(world.waits) == 0.5 + 4 + 1 + 2 + 4 + 3


def test_the_watchdog_is_not_told_for_every_frame() -> None:
    world = World([NO_FACE] * 1000)
    run(world, beat_s=1.0)
    assert 1 <= world.log.count("WATCHDOG") <= 3


class StuckLock(RecordingLock):
    """Cannot be driven from the given call on, counted over release and secure."""

    def __init__(self, fails_from: int) -> None:
        super().__init__()
        self._left = fails_from

    def _become(self, state: str) -> None:
        self._left -= 1
        if self._left < 0:
            raise LockError(f"line 17 cannot be driven ({state})")
        super()._become(state)


@pytest.mark.parametrize("fails_from", [0, 1, 2, 3], ids=["at-start", "release", "secure-after", "at-end"])
def test_a_lock_that_cannot_be_driven_ends_the_daemon_loudly(fails_from: int) -> None:
    world = World([OWNER, OWNER])
    with pytest.raises(LockError, match="line 17"):
        run(world, lock=StuckLock(fails_from))
    assert words(world)[-2:] == ["lock-failed", "stopped"]


@pytest.mark.parametrize(
    "problem", [SystemExit(), KeyboardInterrupt(), ConfigError("no driver"), MemoryError()]
)
def test_whatever_happens_the_lock_is_secured(problem: BaseException) -> None:
    world = World([OWNER, OWNER])
    lock = RecordingLock()
    lock.release()

    def fail() -> ScriptedCamera:
        raise problem

    with pytest.raises(type(problem)):
        run(world, lock=lock, open_camera=fail)
    assert not lock.is_released
    assert words(world) == ["started", "stopped"]


def test_a_bug_in_the_middle_of_an_attempt_secures() -> None:
    world = World([OWNER, ValueError("a bug")])
    lock = RecordingLock()
    with pytest.raises(ValueError, match="a bug"):
        run(world, lock=lock)
    assert lock.transitions == ("secured",)
    assert words(world) == ["started", "stopped"]


def test_a_driver_that_fails_in_a_way_of_its_own_is_a_trouble_and_no_end() -> None:
    class SdkError(Exception):
        pass

    world = World([OWNER, OWNER])
    openings = iter([SdkError("usb\nreset"), None])

    def open_camera() -> ScriptedCamera:
        problem = next(openings, None)
        if problem is not None:
            raise problem
        return world.open_camera()

    run(world, open_camera=open_camera)
    assert words(world) == ["started", "camera-lost", "camera-back", "granted", "stopped"]
    assert world.events[1].reason == "driver-failed: the camera's driver failed (SdkError: usb reset)"


def test_a_refusal_is_on_record_before_it_is_told_and_a_grant_before_the_door_opens() -> None:
    world = World([STRANGER, STRANGER, OWNER, OWNER])

    class Watching(RecordingLock):
        def release(self) -> None:
            assert world.kept[-1].refusals == 0
            super().release()

    def emit(event: Event, told: Callable[[Event], None] = world.emit) -> None:
        if event.event == "no-match":
            assert world.kept[-1].refusals == 1
        told(event)

    world.emit = emit  # type: ignore[method-assign]
    run(world, lock=Watching())
    assert words(world) == ["started", "no-match", "granted", "stopped"]


def test_a_lockout_of_the_daemon_before_holds_and_is_told() -> None:
    rule = LockoutRule(refusals=3, first_s=30.0)
    world = World([OWNER] * 10)
    lock = run(world, lockout=Lockout(rule, 3, locked_until_ns=20_000_000_000))
    assert [(event.event.value, event.reason) for event in world.events[1:-1]] == [("locked-out", "for 20 s")]
    assert world.looked == 0
    assert lock.transitions == ("secured",)
