"""Whole attempts on whole frames: people enrol and come to the door, all of it by the board's own code.

Nothing is decided here. What each frame gave is kept, so that any rule, threshold and gallery can be tried on it by
`facelatch.session` afterwards.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from facelatch.acquisition import FaceFinder, Failure, Sample, acquire
from facelatch.attempts import follow
from facelatch.enrolling import Ending, gather
from facelatch.enrolment import Enrolment
from facelatch.frames import Frame
from facelatch.locate import Located, Locator, Missing
from facelatch.matching import Template
from facelatch.session import Session, SessionRule
from facelatch_converter.protocols.cast import Generator, load_generator
from facelatch_converter.protocols.contenders import Contender, Embed
from facelatch_converter.protocols.crop_trials import POSES, Stage
from facelatch_converter.protocols.named import Cohort, Protocol
from facelatch_converter.protocols.take_frames import film_frame
from facelatch_converter.protocols.take_heads import make_head
from facelatch_converter.protocols.takes import Take, attempt_take, enrolment_take

LOOKS = SessionRule().attempts
"""Frames of an attempt before it is given up, as a board's settings begin with."""

CROPS_PER_FRAME = 12
"""What a whole frame costs, in crops."""

_AT = "2026-01-01T00:00:00.000Z"

Found = Sample | Failure


@dataclass(frozen=True, slots=True, eq=False)
class Enrolled:
    """How a person's enrolment ended."""

    ending: Ending
    frames: int
    template: Template | None


@dataclass(frozen=True, slots=True)
class Crew:
    """One locator and the contenders' networks, open."""

    locator: FaceFinder
    networks: Mapping[str, Embed]


def hire(contenders: Sequence[Contender]) -> Crew:
    """The board's locator and these networks."""
    return Crew(Locator(), {one.name: one.open() for one in contenders})


class Film:
    """A take's frames, each filmed and searched for a face once, however many contenders look at it."""

    def __init__(self, generator: Generator, take: Take, crew: Crew) -> None:
        self._shoot = partial(film_frame, generator, take, make_head(generator, take))
        self._length = len(take.views)
        self._crew = crew
        self._frames: list[Frame] = []
        self._located: dict[int, Located | Missing] = {}

    def frames(self) -> Iterator[Frame]:
        """All frames, rendered as they are asked for."""
        for number in range(self._length):
            if number == len(self._frames):
                self._frames.append(self._shoot(number))
            yield self._frames[number]

    def locate(self, frame: Frame) -> Located | Missing:
        """As the board's locator answers."""
        if frame.timestamp_ns not in self._located:
            self._located[frame.timestamp_ns] = self._crew.locator.locate(frame)
        return self._located[frame.timestamp_ns]

    def examine(self, contender: Contender, frame: Frame) -> Found:
        """The board's way of a frame with this contender's network."""
        network = _Network(self._crew.networks[contender.name])
        return acquire(frame, self, network, contender.spec, time.perf_counter_ns)


@dataclass(frozen=True, slots=True)
class _Network:
    embed: Embed


@dataclass(frozen=True, slots=True)
class EnrolJob:
    """The enrolment of some of a cohort's people."""

    stage: Stage
    cohort: Cohort
    people: range

    @property
    def cost(self) -> int:
        """About, in crops rendered."""
        return len(self.people) * POSES * CROPS_PER_FRAME

    def run(self) -> list[dict[str, Enrolled]]:
        """Each person's enrolments by contender, all from the same film."""
        generator, crew = load_generator(self.stage.face_model), hire(self.stage.contenders)
        found = []
        for number in self.people:
            film = Film(generator, enrolment_take(generator, self.cohort, number), crew)
            user = f"p{number:05d}"
            found.append({one.name: enrol(film, one, user) for one in self.stage.contenders})
        return found


@dataclass(frozen=True, slots=True)
class CallJob:
    """Some people's attempts at the door, or their twins'."""

    stage: Stage
    protocol: Protocol
    people: range
    attempts: int
    frames: int
    by_twins: bool = False

    @property
    def cost(self) -> int:
        """About, in crops rendered."""
        return len(self.people) * self.attempts * self.frames * CROPS_PER_FRAME

    def run(self) -> list[list[dict[str, tuple[Found, ...]]]]:
        """For each person and attempt what each frame gave, by contender."""
        generator, crew = load_generator(self.stage.face_model), hire(self.stage.contenders)
        return [
            [self._call(generator, crew, number, attempt) for attempt in range(self.attempts)]
            for number in self.people
        ]

    def _call(
        self, generator: Generator, crew: Crew, number: int, attempt: int
    ) -> dict[str, tuple[Found, ...]]:
        take = attempt_take(generator, self.protocol, number, attempt, LOOKS, by_twin=self.by_twins)
        film = Film(generator, take, crew)
        return {
            one.name: collect(film, one, SessionRule(self.frames, LOOKS, one.enrolment_limit))
            for one in self.stage.contenders
        }


def enrol(film: Film, contender: Contender, user: str) -> Enrolled:
    """The board's enrolment on a film, as far as it comes."""
    start = Enrolment(limit=contender.enrolment_limit)
    looks: list[object] = []
    enrolment, ending = gather(
        film.frames(), partial(film.examine, contender), start, lambda: _AT, looks.append
    )
    sha256 = contender.sha256
    template = enrolment.to_template(user, sha256) if ending is Ending.COMPLETE else None
    return Enrolled(ending, len(looks), template)


def collect(film: Film, contender: Contender, rule: SessionRule) -> tuple[Found, ...]:
    """What the frames give until a session wants no more."""
    session, found = Session(rule), []
    for frame in film.frames():
        found.append(film.examine(contender, frame))
        session = follow(session, found[-1])
        if session.complete:
            break
    return tuple(found)
