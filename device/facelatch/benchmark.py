"""What a series of times says: its percentiles, and how two series measured side by side compare."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from facelatch.frames import Frame

STAGES = ("capture", "locate", "preprocess", "encode", "match", "liveness", "whole")
"""In the order of a frame's way.

`whole` is from the frame in hand to the decision: waiting for the camera is its own pace, not ours.
"""

Clock = Callable[[], int]
"""Monotonic nanoseconds."""


@dataclass(frozen=True, slots=True)
class Summary:
    """The spread of one stage's times."""

    count: int
    min_ms: float
    p50_ms: float
    p90_ms: float
    p99_ms: float


@dataclass(frozen=True, slots=True)
class Measurement:
    """What a run of frames gave, stage by stage."""

    stages: Mapping[str, Summary]
    failures: int
    """Frames that gave no usable sample; they are in no stage."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """How many times as long the second of two takes, from pairs measured directly after one another.

    The interval holds the true median ratio with at least 95 % confidence, whatever the times' distribution
    (order statistics of a binomial, Conover, Practical Nonparametric Statistics, 3.2); both of its ends are
    NaN where there are too few pairs for any interval.
    """

    pairs: int
    ratio: float
    low: float
    high: float

    @property
    def is_clear(self) -> bool:
        """Whether the pairs show a difference at all: an interval that holds 1 does not."""
        return self.low > 1 or self.high < 1


def summarise(times_ns: Sequence[int]) -> Summary:
    """Percentiles by the nearest rank, so that each of them is a time that was measured.

    Raises `ValueError` for no times: nothing can be said of them.
    """
    if not times_ns:
        raise ValueError("no times were measured; a summary needs at least one")
    ordered = sorted(times_ns)
    p50, p90, p99 = (ordered[math.ceil(share * len(ordered)) - 1] / 1e6 for share in (0.5, 0.9, 0.99))
    return Summary(len(ordered), ordered[0] / 1e6, p50, p90, p99)


def timed(work: Callable[[], object], clock: Clock) -> int:
    """How long `work` takes, in nanoseconds."""
    start = clock()
    work()
    return clock() - start


def measure(
    frames: Iterator[Frame | None],
    process: Callable[[Frame], Mapping[str, int] | None],
    count: int,
    warm_up: int,
    clock: Clock,
) -> Measurement | None:
    """The stages of `count` samples after `warm_up` that are not counted; None where no sample came.

    A None among the frames stands for a wait that is no frame's, such as opening a recording again.
    `process` gives the nanoseconds of the stages that it knows, or None for a frame without a usable sample.
    No more than four times as many frames are looked at as samples are wanted.
    """
    times: dict[str, list[int]] = {stage: [] for stage in STAGES}
    samples = failures = 0
    for _ in range(4 * (count + warm_up)):
        before = clock()
        try:
            frame = next(frames)
        except StopIteration:
            break
        if frame is None:
            continue
        arrived = clock()
        spent = process(frame)
        finished = clock()
        if spent is None:
            failures += 1
            continue
        samples += 1
        if samples > warm_up:
            for stage, ns in {**spent, "capture": arrived - before, "whole": finished - arrived}.items():
                times[stage].append(ns)
        if samples == warm_up + count:
            break
    if samples <= warm_up:
        return None
    return Measurement({stage: summarise(found) for stage, found in times.items() if found}, failures)


def interleave(
    works: Sequence[Callable[[], object]], rounds: int, warm_up: int, clock: Clock
) -> tuple[list[int], ...]:
    """The times of each, taken in turns after `warm_up` rounds that are not counted.

    Each round starts with the next of them, so that none always profits from the cache, the clock or the heat
    that another leaves behind.
    """
    times: tuple[list[int], ...] = tuple([] for _ in works)
    for round_ in range(-warm_up, rounds):
        for turn in range(len(works)):
            which = (round_ + turn) % len(works)
            spent = timed(works[which], clock)
            if round_ >= 0:
                times[which].append(spent)
    return times


def compare(first_ns: Sequence[int], second_ns: Sequence[int]) -> Comparison:
    """The median of second over first, pair by pair, with its confidence interval.

    Raises `ValueError` for series that are no pairs or hold a time that is not positive.
    """
    if len(first_ns) != len(second_ns) or not first_ns:
        raise ValueError(f"a comparison needs pairs, found {len(first_ns)} and {len(second_ns)} times")
    if min(*first_ns, *second_ns) <= 0:
        raise ValueError("a comparison needs positive times; the clock is too coarse")
    ratios = np.sort(np.asarray(second_ns, np.float64) / np.asarray(first_ns, np.float64))
    skipped = _outside_interval(len(ratios))
    ends = (math.nan, math.nan) if skipped is None else (ratios[skipped], ratios[-1 - skipped])
    return Comparison(len(ratios), float(np.median(ratios)), float(ends[0]), float(ends[1]))


def _outside_interval(count: int, confidence: float = 0.95) -> int | None:
    """How many of the smallest and of the largest values lie outside the median's interval."""
    outside = 0.5**count
    skipped = None
    for rank in range((count + 1) // 2):
        if outside > (1 - confidence) / 2:
            break
        skipped = rank
        outside += math.exp(
            math.lgamma(count + 1) - math.lgamma(rank + 2) - math.lgamma(count - rank) - count * math.log(2)
        )
    return skipped
