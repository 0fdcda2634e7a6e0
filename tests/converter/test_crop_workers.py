"""Rendering processes: who delivers when, and what is noticed when one of them dies."""

import multiprocessing
import os
import select
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from facelatch.preprocess import CropSpec
from facelatch_converter.crop_workers import Job, Pace, Worker, batches_of, rendered_batches, take_turns
from facelatch_converter.errors import TrainingError
from facelatch_converter.recipe import Recipe
from tests.processes import start_python

SPEC = CropSpec(32)
# Never augmented in the first half, always in the second: a worker that mistakes its pace draws other crops.
RECIPE = Recipe(people=2, views=2, rendered=2, augmented=0.0, sharpened=1.0, sharpen_from=0.5)
PACE = Pace(8, 32)


def test_workers_take_turns_at_a_pace_known_beforehand_and_a_dead_one_is_noticed(face_model: Path) -> None:
    others = set(multiprocessing.active_children())
    with rendered_batches(face_model, SPEC, RECIPE, 5, workers=2, first_stream=3, pace=PACE) as (found, _):
        taken = [next(found) for _ in range(5)]
        workers = set(multiprocessing.active_children()) - others
        assert len(workers) == 2
        alone = [
            batches_of(Job(face_model, SPEC, RECIPE, 5, 3 + place, place, 2, PACE), lambda: 0.0)
            for place in (0, 1)
        ]
        for number, batch in enumerate(taken):
            expected = next(alone[number % 2])
            np.testing.assert_array_equal(batch.tensors, expected.tensors)
            np.testing.assert_array_equal(batch.weights, expected.weights)
        killed = workers.pop()
        killed.kill()
        killed.join()
        with pytest.raises(TrainingError, match=r"exit code -9"):
            next(found)
    assert not set(multiprocessing.active_children()) - others


@pytest.mark.parametrize(
    ("clock", "augmented"),
    [pytest.param(0.0, 2, id="by-crops"), pytest.param(1.0, 4, id="by-the-clock")],
)
def test_whichever_of_crops_and_time_is_further_sets_the_pace(
    face_model: Path, clock: float, augmented: int
) -> None:
    plain = Recipe(people=2, views=2, rendered=2, augmented=0.0, sharpened=0.0)
    streams = [
        batches_of(Job(face_model, SPEC, recipe, 5, 0, 0, 1, Pace(0, 16)), lambda: clock)
        for recipe in (plain, RECIPE)
    ]
    differ = [not np.array_equal(next(streams[0]).tensors, next(streams[1]).tensors) for _ in range(4)]
    # Once the random numbers are used otherwise, all that follows differs.
    assert differ == [False] * (4 - augmented) + [True] * augmented


def test_the_pace_of_a_run_without_an_end_never_moves() -> None:
    assert [Pace().share(batch, 96) for batch in (0, 10**6)] == [0.0, 0.0]
    assert [Pace(100, 200).share(batch, 50) for batch in range(4)] == [0.5, 0.75, 1.0, 1.0]


def test_a_worker_that_hangs_is_given_up() -> None:
    with _process() as (worker, _), pytest.raises(TrainingError, match=r"no training batch came for 0 s"):
        next(take_turns([worker], patience_s=0.01))


def test_a_worker_that_dies_in_the_middle_of_a_batch_is_noticed() -> None:
    with _process() as (worker, sender):
        # Half a message: its length in front, as `Connection.send` writes it, and nothing behind.
        os.write(sender, (1000).to_bytes(4, "big") + b"torn")
        os.close(sender)
        worker.process.kill()
        with pytest.raises(TrainingError, match="ended by itself"):
            next(take_turns([worker]))


def test_workers_end_when_the_trainer_is_killed(face_model: Path) -> None:
    script = """
import multiprocessing, sys
from pathlib import Path
from facelatch.preprocess import CropSpec
from facelatch_converter.crop_workers import rendered_batches
from facelatch_converter.recipe import Recipe
with rendered_batches(Path(sys.argv[1]), CropSpec(32), Recipe(people=2, views=2, rendered=2), 1, 1) as (found, _):
    next(found)
    print(multiprocessing.active_children()[0].pid, flush=True)
    input()
"""
    with start_python(script, str(face_model)) as trainer:
        worker = os.pidfd_open(int(trainer.hear()))
        trainer.process.kill()
        trainer.process.wait()
        try:
            assert select.select([worker], [], [], 20)[0], "the worker renders for nobody"
        finally:
            os.close(worker)


@contextmanager
def _process() -> Iterator[tuple[Worker, int]]:
    """A worker that sends nothing by itself, and the descriptor of its sending end."""
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=signal.pause, daemon=True)
    process.start()
    descriptor = os.dup(sender.fileno())
    sender.close()
    try:
        yield Worker(process, receiver), descriptor
    finally:
        process.kill()
        process.join()
        receiver.close()
