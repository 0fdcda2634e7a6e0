"""All renderings of some protocols through all contenders, dealt to processes, each cohort once."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from typing import Any

import numpy as np

from facelatch_converter.processes import compute_on_one_thread, processes
from facelatch_converter.protocols.attempt_scores import Embeddings, Samples, join
from facelatch_converter.protocols.attempt_trials import CallJob, EnrolJob, Enrolled, Found
from facelatch_converter.protocols.crop_trials import AttemptJob, CohortJob, Stage
from facelatch_converter.protocols.named import Protocol
from facelatch_converter.protocols.options import Scale

Job = CohortJob | AttemptJob | EnrolJob | CallJob
Calls = list[list[dict[str, tuple[Found, ...]]]]


@dataclass(frozen=True, slots=True, eq=False)
class Trials:
    """Everything that came out, by protocol's or cohort's name and then by contender's."""

    cohorts: Mapping[str, Mapping[str, Embeddings]]
    """(people, POSES + REFERENCES, 128)"""
    attempts: Mapping[str, Mapping[str, Samples]]
    """(callers, attempts, frames)"""
    twins: Mapping[str, Mapping[str, Samples]]
    """The same of the callers' twins, of protocols that have them."""
    enrolled: Mapping[str, list[dict[str, Enrolled]]]
    """Of each filmed person."""
    calls: Mapping[str, Calls]
    twin_calls: Mapping[str, Calls]


def run_trials(
    protocols: Sequence[Protocol],
    stage: Stage,
    scale: Scale,
    workers: int,
    progress: Callable[[int], object] = lambda _: None,
) -> Trials:
    """Render and embed all of it; `progress` is told of costs as in `total_cost`."""
    plan = _plan(protocols, stage, scale)
    results = _in_order(list(chain.from_iterable(plan.values())), workers)
    done: dict[tuple[str, str], list[Any]] = {}
    for key, jobs in plan.items():
        done[key] = []
        for job in jobs:
            done[key].append(next(results))
            progress(job.cost)

    def of(kind: str, join: Callable[[list[Any]], Any]) -> dict[str, Any]:
        return {name: join(parts) for (found, name), parts in done.items() if found == kind}

    return Trials(
        cohorts=of("cohort", _stack),
        attempts=of("attempts", _join),
        twins=of("twins", _join),
        enrolled=of("enrolled", _chain),
        calls=of("calls", _chain),
        twin_calls=of("twin calls", _chain),
    )


def total_cost(protocols: Sequence[Protocol], stage: Stage, scale: Scale) -> int:
    """What `progress` will have been told in the end."""
    return sum(job.cost for jobs in _plan(protocols, stage, scale).values() for job in jobs)


def _plan(protocols: Sequence[Protocol], stage: Stage, scale: Scale) -> dict[tuple[str, str], list[Job]]:
    """Jobs of a second or two each, by kind and name."""
    plan: dict[tuple[str, str], list[Job]] = {}
    # Attempts are decided at a threshold: a network without one takes no part in whole frames.
    filming = replace(stage, contenders=tuple(one for one in stage.contenders if one.keeps_threshold))
    seen = {protocol.cohort for protocol in protocols if protocol.is_seen}
    for cohort in dict.fromkeys(protocol.cohort for protocol in protocols):
        plan["cohort", cohort.name] = [CohortJob(stage, cohort, part) for part in _deal(scale.people, 20)]
        if cohort in seen and scale.filmed:
            plan["enrolled", cohort.name] = [
                EnrolJob(filming, cohort, part) for part in _deal(scale.filmed, 2)
            ]
    for protocol in protocols:
        for by_twins in (False, True) if protocol.twin is not None else (False,):
            crops = partial(
                AttemptJob, stage, protocol, attempts=scale.attempts, frames=scale.frames, by_twins=by_twins
            )
            films = partial(
                CallJob,
                filming,
                protocol,
                attempts=scale.filmed_attempts,
                frames=scale.frames,
                by_twins=by_twins,
            )
            kinds = ("twins", "twin calls") if by_twins else ("attempts", "calls")
            plan[kinds[0], protocol.name] = [crops(people=part) for part in _deal(scale.callers, 5)]
            if protocol.is_seen and scale.filmed:
                plan[kinds[1], protocol.name] = [films(people=part) for part in _deal(scale.filmed, 2)]
    return plan


def _deal(count: int, each: int) -> list[range]:
    return [range(start, min(start + each, count)) for start in range(0, count, each)]


def _in_order(jobs: Sequence[Job], workers: int) -> Iterator[Any]:
    """Each job's result, in order; one worker works here."""
    if workers <= 1:
        compute_on_one_thread()
        yield from (job.run() for job in jobs)
        return
    with processes(workers) as pool:
        pending = deque(pool.submit(job.run) for job in jobs)
        while pending:
            yield pending.popleft().result()


def _stack(parts: Iterable[Mapping[str, Embeddings]]) -> dict[str, Embeddings]:
    kept = list(parts)
    return {name: np.concatenate([part[name] for part in kept]) for name in kept[0]}


def _join(parts: Iterable[Mapping[str, Samples]]) -> dict[str, Samples]:
    kept = list(parts)
    return {name: join([part[name] for part in kept]) for name in kept[0]}


def _chain(parts: Iterable[list[Any]]) -> list[Any]:
    return list(chain.from_iterable(parts))
