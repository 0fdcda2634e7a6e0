"""The whole device path on recordings: enrol somebody, play attempts, compare outcomes with the expected.

Only the lock is a recording one; detector, encoder, liveness, store, session and lockout are the board's.
"""

import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from facelatch import acquisition
from facelatch.acquisition import Sample
from facelatch.attempts import Examine, Look, attempt
from facelatch.cameras.replay import ReplayCamera
from facelatch.captures import read_info
from facelatch.door import Door
from facelatch.enrolling import Progression, gather
from facelatch.enrolment import SECTORS, Enrolment, Step, to_sector
from facelatch.errors import CaptureError
from facelatch.fields import Fields, decode_object
from facelatch.lockout import Lockout, LockoutRule
from facelatch.locks.recording import RecordingLock
from facelatch.matching import Embedding, template_distance
from facelatch.session import Outcome, SessionRule, Verdict
from facelatch.store import Store
from facelatch.timestamps import to_utc_text

FORMAT = 1
PLAN_FILE = "attempts.json"
OWNER = "owner"

_LARGEST_PLAN_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Planned:
    """An attempt and how it may end."""

    capture: Path
    label: str
    expected: tuple[Outcome, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """What `attempts.json` says."""

    enrol: Path
    attempts: tuple[Planned, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Played:
    """An attempt and how it ended."""

    planned: Planned
    verdict: Verdict
    look: Look | None
    """The one to show: the last with a face, or else the last; None while locked out."""
    lock: tuple[str, ...]
    """What the lock did meanwhile: nothing, or `released` and `secured`."""
    singles: tuple[float, ...] = ()
    """Each frame's own distance to the owner, decided on or not: a photograph's may be small."""

    @property
    def is_as_expected(self) -> bool:
        """Whether outcome and lock are what was planned; the lock may move for a grant only."""
        moved = ("released", "secured") if self.verdict.outcome is Outcome.GRANTED else ()
        return self.verdict.outcome in self.planned.expected and self.lock == moved


@dataclass(frozen=True, slots=True, eq=False)
class Report:
    """All that was played, for the table and the picture."""

    enrolled: Mapping[str, Look]
    """The look behind each covered direction."""
    played: tuple[Played, ...]
    threshold: float
    stages_ms: Mapping[str, float]
    """The median of each stage, and of all `together`."""
    samples: int
    """Behind each median."""
    is_rendered: bool
    """Whether every recording says that it was rendered."""

    @property
    def is_as_expected(self) -> bool:
        """Whether every attempt ended as planned; none at all proves nothing."""
        return bool(self.played) and all(one.is_as_expected for one in self.played)


@dataclass(slots=True)
class Watcher:
    """Remembers looks while they are taken."""

    look: Look | None = None
    embeddings: list[Embedding] = field(default_factory=list)
    timings_ns: list[Mapping[str, int]] = field(default_factory=list)

    def see(self, look: Look) -> None:
        """Take note of a look."""
        if isinstance(look.found, Sample):
            self.timings_ns.append(look.found.timings_ns)
            self.embeddings.append(look.found.embedding)
            self.look = look
        elif self.look is None or not isinstance(self.look.found, Sample):
            self.look = look


@dataclass(slots=True, eq=False)
class Stage:
    """What a demonstration needs of the world; `tell` is given a line for each step."""

    examine: Examine
    encoder_sha256: str
    threshold: float
    enrolment_limit: float
    store: Store
    door: Door
    lock: RecordingLock
    tell: Callable[[str], object]
    clock: Callable[[], int] = time.monotonic_ns
    watcher: Watcher = field(default_factory=Watcher)


def read_plan(folder: Path) -> Plan:
    """The plan in a folder of recordings; raises `CaptureError` naming what is wrong."""
    path = folder / PLAN_FILE
    try:
        with path.open("rb") as file:
            text = file.read(_LARGEST_PLAN_BYTES).decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise CaptureError(
            f"{path}: cannot be read ({reason}); --recordings takes a folder with {PLAN_FILE}"
        ) from error
    fields = decode_object(text, str(path), CaptureError)
    fields.whole("format", FORMAT, FORMAT)
    plan = Plan(
        enrol=_capture(folder, fields, "enrol"),
        attempts=tuple(_to_planned(folder, child) for child in fields.children("attempts")),
    )
    fields.done()
    if not plan.attempts:
        fields.refuse("attempts", "at least one attempt", [])
    return plan


def play(plan: Plan, stage: Stage) -> Report:
    """Enrol, then play every attempt; raises `CaptureError` where the enrolment cannot be completed."""
    captures = [plan.enrol, *(planned.capture for planned in plan.attempts)]
    drivers = {read_info(capture).driver for capture in captures}
    enrolled = _enrol(plan.enrol, stage)
    lockout = Lockout(LockoutRule())
    played = []
    for planned in plan.attempts:
        stage.tell(planned.label)
        one, lockout = _play_one(planned, stage, lockout)
        played.append(one)
    return Report(
        enrolled=enrolled,
        played=tuple(played),
        threshold=stage.threshold,
        stages_ms=to_medians_ms(stage.watcher.timings_ns),
        samples=len(stage.watcher.timings_ns),
        is_rendered=drivers == {"rendered"},
    )


def to_medians_ms(timings_ns: list[Mapping[str, int]]) -> Mapping[str, float]:
    """The median of each stage in milliseconds, and of their sum as `together`; empty for no sample."""
    if not timings_ns:
        return {}
    stages = {stage: median(one[stage] for one in timings_ns) / 1e6 for stage in acquisition.STAGES}
    return stages | {"together": median(sum(one.values()) for one in timings_ns) / 1e6}


def _enrol(capture: Path, stage: Stage) -> Mapping[str, Look]:
    """Enrol the owner into the store; the look behind each direction."""
    stage.tell("enrolling the owner")
    looks: dict[str, Look] = {}
    steps: Counter[str] = Counter()

    def tell(progression: Progression) -> None:
        stage.watcher.see(progression.look)
        steps[progression.step or "no-face"] += 1
        if progression.step is Step.TAKEN:
            sector = to_sector(*progression.enrolment.poses[-1])
            looks[sector or ""] = progression.look

    with closing(ReplayCamera(capture)) as camera:
        enrolment, ending = gather(
            camera.frames(),
            stage.examine,
            Enrolment(stage.enrolment_limit),
            lambda: to_utc_text(stage.door.unix_ns()),
            tell,
        )
    if not enrolment.coverage.complete:
        counted = ", ".join(f"{count} {step}" for step, count in steps.most_common())
        raise CaptureError(
            f"{capture}: nobody can be enrolled from it ({ending}; frames: {counted}), missing directions: "
            f"{', '.join(enrolment.coverage.missing)}; record it again, or use another model"
        )
    stage.store.save(enrolment.to_template(OWNER, stage.encoder_sha256))
    return {sector: looks[sector] for sector in SECTORS if sector in looks}


def _play_one(planned: Planned, stage: Stage, lockout: Lockout) -> tuple[Played, Lockout]:
    before = len(stage.lock.transitions)
    stage.watcher.look = None
    stage.watcher.embeddings.clear()
    if lockout.is_locked(stage.clock()):
        verdict = Verdict(Outcome.LOCKED_OUT, None, None, stage.threshold, None, samples=0, looks=0)
    else:
        verdict = _attempt(planned.capture, stage)
    stage.door.answer(verdict, stage.clock())
    owner = stage.store.load(OWNER)
    singles = tuple(template_distance(embedding, owner) for embedding in stage.watcher.embeddings)
    played = Played(planned, verdict, stage.watcher.look, stage.lock.transitions[before:], singles)
    return played, lockout.after(verdict.outcome, stage.clock())


def _attempt(capture: Path, stage: Stage) -> Verdict:
    with closing(ReplayCamera(capture)) as camera:
        stage.door.camera = camera.serial
        return attempt(
            camera.frames(),
            stage.examine,
            SessionRule(reach=stage.enrolment_limit),
            stage.store.all(),
            stage.threshold,
            tell=stage.watcher.see,
        )


def _to_planned(folder: Path, fields: Fields) -> Planned:
    words = fields.items("expected")
    known = {outcome.value: outcome for outcome in Outcome}
    if not words or not all(isinstance(word, str) and word in known for word in words):
        fields.refuse("expected", f"a list of one or more of {', '.join(known)}", words)
    planned = Planned(
        capture=_capture(folder, fields, "capture"),
        label=fields.text("label"),
        expected=tuple(known[str(word)] for word in words),
    )
    fields.done()
    return planned


def _capture(folder: Path, fields: Fields, key: str) -> Path:
    """A capture within the folder: a plan from elsewhere must not make us read other files."""
    name = Path(fields.text(key))
    if name.is_absolute() or ".." in name.parts:
        fields.refuse(key, "a folder within the recordings", str(name))
    return folder / name
