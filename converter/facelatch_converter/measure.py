"""Captures through the board's own code: locate, preprocess, encode, liveness and fusion as in a session."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import Protocol

from facelatch import matching
from facelatch.acquisition import Failure, Sample, acquire
from facelatch.card import Bundle
from facelatch.encoder import Encoder
from facelatch.frames import Frame
from facelatch.liveness import PadCheck
from facelatch.locate import Locator
from facelatch.matching import Embedding
from facelatch.session import counted
from facelatch_converter.datasets import CaptureRef
from facelatch_converter.processes import processes

NO_EMBEDDING = "no-embedding"
"""The reason where a face was found and the encoder gave nothing that can be compared."""

SAMPLES_DISAGREE = "samples-disagree"
"""The reason where a capture gave samples, and a session would not have compared them with anybody."""

_CAPTURES_PER_JOB = 8


class Acquirer(Protocol):
    """A way from a frame to a sample; picklable before it is opened, so that each process opens its own."""

    def open(self) -> Callable[[Frame], Sample | Failure]:
        """Load what is needed."""


@dataclass(frozen=True, slots=True)
class BoardAcquirer:
    """The way that the board goes with this bundle."""

    bundle: Bundle
    runtime: str

    def open(self) -> Callable[[Frame], Sample | Failure]:
        """Load the encoder and the face locator."""
        return partial(
            acquire,
            locator=Locator(),
            embedder=Encoder(self.bundle, self.runtime),
            spec=self.bundle.card.crop,
            clock=time.perf_counter_ns,
        )


@dataclass(frozen=True, slots=True, eq=False)
class MeasuredCapture:
    """What a capture gave."""

    subject: str
    name: str
    attack: str | None
    embedding: Embedding | None
    """The samples that count in a session, fused; None where there was no usable one or they disagree."""
    frames: int
    """Frames looked at."""
    failures: tuple[str, ...]
    """Why frames gave no sample."""
    checks: tuple[tuple[PadCheck, ...], ...]
    """The liveness checks of each sample."""

    @property
    def disagrees(self) -> bool:
        """Whether there were samples, and no session would have compared them."""
        return self.embedding is None and bool(self.checks)

    @property
    def live(self) -> bool:
        """Whether a session would have taken the face for live: every check of every sample passed."""
        passed = [bool(sample) and all(check.passed for check in sample) for sample in self.checks]
        return bool(passed) and all(passed)


def measure(
    refs: Sequence[CaptureRef],
    acquirer: Acquirer,
    samples: int,
    reach: float,
    workers: int = 1,
    progress: Callable[[int], object] = lambda _: None,
) -> list[MeasuredCapture]:
    """Every capture's result in the order given; takes its first `samples` samples, 0 means all of them.

    Of these it fuses what a session whose `SessionRule` has this `reach` would compare. `progress` is told how many
    captures came out since the last call. With several workers the captures are dealt to processes; errors in reading
    a capture come through as they are.
    """
    jobs = [refs[start : start + _CAPTURES_PER_JOB] for start in range(0, len(refs), _CAPTURES_PER_JOB)]
    return list(chain.from_iterable(_in_order(jobs, acquirer, _Rule(samples, reach), workers, progress)))


@dataclass(frozen=True, slots=True)
class _Rule:
    samples: int
    reach: float


def _in_order(
    jobs: Sequence[Sequence[CaptureRef]],
    acquirer: Acquirer,
    rule: _Rule,
    workers: int,
    progress: Callable[[int], object],
) -> Iterator[list[MeasuredCapture]]:
    if workers <= 1:
        opened = acquirer.open()
        for ref in chain.from_iterable(jobs):
            yield [_measure_capture(ref, opened, rule)]
            progress(1)
        return
    with processes(workers) as pool:
        pending = [pool.submit(_measure_job, job, acquirer, rule) for job in jobs]
        for future in pending:
            done = future.result()
            progress(len(done))
            yield done


def _measure_job(job: Sequence[CaptureRef], acquirer: Acquirer, rule: _Rule) -> list[MeasuredCapture]:
    opened = acquirer.open()
    return [_measure_capture(ref, opened, rule) for ref in job]


def _measure_capture(
    ref: CaptureRef, acquire_frame: Callable[[Frame], Sample | Failure], rule: _Rule
) -> MeasuredCapture:
    frames = 0
    failures: list[str] = []
    found: list[Sample] = []
    for frame in ref.frames():
        frames += 1
        result = acquire_frame(frame)
        if isinstance(result, Failure):
            failures.append(str(result.reason))
        elif matching.is_usable(result.embedding):
            found.append(result)
        else:
            failures.append(NO_EMBEDDING)
        if rule.samples and len(found) == rule.samples:
            break
    return MeasuredCapture(
        subject=ref.subject,
        name=ref.name,
        attack=ref.attack,
        # As in a session, a broken embedding is no bad frame but a broken encoder: it spoils all others.
        embedding=None if NO_EMBEDDING in failures else _fused(found, rule.reach),
        frames=frames,
        failures=tuple(failures),
        checks=tuple(sample.checks for sample in found),
    )


def _fused(found: Sequence[Sample], reach: float) -> Embedding | None:
    """What a session compares of these samples; None where they disagree, or where there is none."""
    embeddings = [sample.embedding for sample in found]
    places = counted(embeddings, [sample.coverage for sample in found], reach)
    return matching.fuse([embeddings[place] for place in places]) if places else None
