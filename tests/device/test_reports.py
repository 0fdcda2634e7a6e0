from dataclasses import replace

from facelatch.door import Door
from facelatch.events import Event
from facelatch.lockout import Lockout, LockoutRule
from facelatch.locks.recording import RecordingLock
from facelatch.notify import Notifier
from facelatch.reports import Reports
from facelatch.session import Outcome, Verdict
from facelatch.status import CameraState, DaemonStatus
from facelatch.status_file import StatusFile
from facelatch.supervision.health import Trouble

SECOND = 1_000_000_000
TRUSTED = CameraState("7", is_trusted=True, trying="")
DOUBTED = CameraState("7", trying="wait for good frames")
STALLED = CameraState(
    "7", trouble=Trouble.STALLED, sentence="no frame", trying="restart the stream, in 0.5 s"
)


class World(Notifier):
    """Remembers what is told."""

    def __init__(self) -> None:
        super().__init__(None)
        self.events: list[tuple[str, str | None]] = []
        self.said: list[str] = []
        self.file = StatusFile(None, DaemonStatus(1, "0", 0, 0), print)
        self.reports = Reports(Door(RecordingLock(), self.emit, 3.0, lambda: 0), self, self.file)

    def emit(self, event: Event) -> None:
        self.events.append((event.event.value, event.reason))

    def ready(self) -> None:
        self.said.append("READY")

    def status(self, text: str) -> None:
        self.said.append(text)


def test_a_camera_that_comes_and_goes_is_told_once_each() -> None:
    world = World()
    for second, state in enumerate([DOUBTED, STALLED, replace(STALLED, trying="reset"), DOUBTED, TRUSTED]):
        world.reports.camera(state, 2, second * SECOND)
    assert world.events == [("camera-lost", "stalled: no frame"), ("camera-back", "after stalled")]
    assert world.said == [
        "READY",
        "no camera (stalled), trying to restart the stream, in 0.5 s: no frame",
        "no camera (stalled), trying to reset: no frame",
        "watching for 2 enrolled",
    ]


def test_a_doubt_that_passes_is_no_event() -> None:
    world = World()
    for state in (DOUBTED, TRUSTED, DOUBTED, TRUSTED):
        world.reports.camera(state, 2, 0)
    assert world.events == []


def test_since_when_does_not_move_with_what_is_tried() -> None:
    world = World()
    states = [(STALLED, 1), (replace(STALLED, trying="reset"), 5), (TRUSTED, 9), (TRUSTED, 12)]
    since = []
    for state, second in states:
        world.reports.camera(state, 2, second * SECOND)
        since.append(world.file.status.camera_since_ns // SECOND)
    assert since == [1, 1, 9, 9]


def test_the_supply_is_told_when_it_weakens_and_when_it_is_good_again() -> None:
    world = World()
    now, before = "under-voltage now", "under-voltage since boot"
    for supply in ((), (now, before), (now, before), (before,), None):
        world.reports.supply(supply)
    assert world.events == [("supply-low", f"{now}, {before}"), ("supply-good", before)]
    assert world.file.status.supply is None


def test_the_status_names_who_was_let_in_and_nobody_else() -> None:
    world = World()
    world.reports.verdict(Verdict(Outcome.GRANTED, "ada", 0.3, 0.5, None, 3, 3), 2)
    assert world.file.status.last is not None
    assert (world.file.status.last.event, world.file.status.last.user) == ("granted", "ada")
    world.reports.verdict(Verdict(Outcome.NO_MATCH, "ada", 0.6, 0.5, "beyond-threshold", 3, 3), 2)
    assert (world.file.status.last.event, world.file.status.last.user) == ("no-match", None)


def test_only_a_pause_is_told_and_the_count_is_shown() -> None:
    world, rule = World(), LockoutRule()
    world.reports.lockout(Lockout(rule, 3), 0)
    assert (world.events, world.file.status.refusals) == ([], 3)
    world.reports.lockout(Lockout(rule, 5, 30 * SECOND), 10 * SECOND)
    assert world.events == [("locked-out", "for 20 s")]
    assert world.file.status.locked_until_ns == 30 * SECOND
