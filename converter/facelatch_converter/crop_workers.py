"""Processes that render training batches ahead of the trainer."""

import math
import multiprocessing
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from itertools import count, cycle
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path

from facelatch.preprocess import CropSpec
from facelatch_converter.crops import Batch, batches
from facelatch_converter.errors import TrainingError
from facelatch_converter.face_model import load_face_model
from facelatch_converter.processes import begin_worker
from facelatch_converter.recipe import Recipe

AHEAD = 3
"""Batches that wait in each worker: enough to smooth out, few enough to fit in memory."""

PATIENCE_S = 300.0
"""Longest wait for a batch; compiling the rasteriser for the first time takes half a minute."""


@dataclass(frozen=True, slots=True)
class Pace:
    """Which share of a run each batch begins at, known beforehand: equal runs draw equal crops."""

    seen: int = 0
    """Crops before the first batch."""
    total: float = math.inf
    """Crops of the whole run."""

    def share(self, batch: int, crops_per_batch: int) -> float:
        """0 at the start of the run, 1 at its end."""
        return min(1.0, (self.seen + batch * crops_per_batch) / self.total)


@dataclass(frozen=True, slots=True)
class Job:
    """What a worker renders: every `workers`-th batch, the first of which is number `place`."""

    face_model: Path
    spec: CropSpec
    recipe: Recipe
    seed: int
    stream: int
    place: int
    workers: int
    pace: Pace


@dataclass(frozen=True, slots=True)
class Worker:
    """A process that renders and the receiving end of its pipe."""

    process: BaseProcess
    receiver: "Connection[Batch, Batch]"


@contextmanager
def rendered_batches(
    face_model: Path,
    spec: CropSpec,
    recipe: Recipe,
    seed: int,
    workers: int,
    first_stream: int = 0,
    pace: Pace | None = None,
) -> Iterator[tuple[Iterator[Batch], Callable[[float], None]]]:
    """An iterator of batches from `workers` processes, which end with the block, and what tells them the time.

    Each worker draws from its own stream, `first_stream` upwards; a resumed run passes new ones. The workers take
    turns, so that equal arguments give equal batches. A run that ends by the clock tells its share of the time;
    whichever of that and `pace` is more counts.
    """
    context = multiprocessing.get_context("spawn")
    clock = context.Value("d", 0.0)
    running: list[Worker] = []
    try:
        for place in range(workers):
            job = Job(face_model, spec, recipe, seed, first_stream + place, place, workers, pace or Pace())
            receiver, sender = context.Pipe(duplex=False)
            process = context.Process(target=_work, args=(sender, clock, job), daemon=True)
            process.start()
            # The worker holds the only sending end, so that its death is the end of the pipe.
            sender.close()
            running.append(Worker(process, receiver))
        yield take_turns(running), lambda share: setattr(clock, "value", share)
    finally:
        for worker in running:
            worker.process.terminate()
        for worker in running:
            worker.process.join()
            worker.receiver.close()


def take_turns(workers: Sequence[Worker], patience_s: float = PATIENCE_S) -> Iterator[Batch]:
    """One batch of each worker in turn, without end; raises `TrainingError` as soon as one of them has ended."""
    sentinels = [worker.process.sentinel for worker in workers]
    for worker in cycle(workers):
        ready = wait([worker.receiver, *sentinels], patience_s)
        if not ready:
            raise TrainingError(
                f"no training batch came for {patience_s:.0f} s although the rendering processes run; is the machine "
                "short of memory? then take fewer --workers"
            )
        for one in workers:
            if one.process.sentinel in ready:
                raise _ended(one.process)
        try:
            batch = worker.receiver.recv()
        except (EOFError, OSError):  # The pipe's end is seen a moment before the process's.
            raise _ended(worker.process) from None
        yield batch


def _ended(process: BaseProcess) -> TrainingError:
    process.join()
    return TrainingError(
        f"a rendering process ended by itself (exit code {process.exitcode}), see its message above if there is one; "
        "where it was killed for lack of memory, take fewer --workers"
    )


def batches_of(job: Job, clock: Callable[[], float]) -> Iterator[Batch]:
    """The batches that fall to one worker, in order; `clock` gives the share of the run's time that is over."""
    numbers = count(job.place, job.workers)
    crops = job.recipe.people * job.recipe.views

    def progress() -> float:
        # `batches` asks once for each batch.
        return max(job.pace.share(next(numbers), crops), clock())

    return batches(load_face_model(job.face_model), job.spec, job.recipe, job.seed, job.stream, progress)


def _work(sender: "Connection[Batch, Batch]", clock: "Synchronized[float]", job: Job) -> None:
    begin_worker()
    with closing(sender), suppress(BrokenPipeError):  # The trainer is gone: there is nobody to render for.
        for batch in _prepared(batches_of(job, lambda: float(clock.value))):
            sender.send(batch)


def _prepared(stream: Iterator[Batch]) -> Iterable[Batch]:
    """The same, with the next ones made while one is being sent."""
    with ThreadPoolExecutor(1) as renderer:
        pending = deque(renderer.submit(next, stream) for _ in range(AHEAD))
        while True:
            yield pending.popleft().result()
            pending.append(renderer.submit(next, stream))
