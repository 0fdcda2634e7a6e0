"""Processes that render training batches ahead of the trainer."""

import multiprocessing
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.queues import Queue
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path
from queue import Empty

import cv2

from facelatch.preprocess import CropSpec
from facelatch_converter.crops import Batch, Recipe, batches
from facelatch_converter.errors import TrainingError
from facelatch_converter.face_model import load_face_model

AHEAD = 3
"""Batches that wait per worker: enough to smooth out, few enough to fit in memory."""

PATIENCE_S = 300.0
"""Longest wait for a batch; compiling the rasteriser for the first time takes half a minute."""


@contextmanager
def rendered_batches(
    face_model: Path, spec: CropSpec, recipe: Recipe, seed: int, workers: int, first_stream: int = 0
) -> Iterator[tuple[Iterator[Batch], Callable[[float], None]]]:
    """An iterator of batches from `workers` processes, which end with the block, and what tells them the progress.

    Each worker draws from its own stream, `first_stream` upwards; a resumed run passes new ones.
    """
    context = multiprocessing.get_context("spawn")
    queue: Queue[Batch] = context.Queue(AHEAD * workers)
    progress = context.Value("d", 0.0)
    processes = [
        context.Process(
            target=_work,
            args=(queue, progress, face_model, spec, recipe, seed, first_stream + n),
            daemon=True,
        )
        for n in range(workers)
    ]
    for process in processes:
        process.start()
    try:
        yield _take(queue), lambda share: setattr(progress, "value", share)
    finally:
        for process in processes:
            process.terminate()
            process.join()


def _take(queue: "Queue[Batch]") -> Iterator[Batch]:
    while True:
        try:
            yield queue.get(timeout=PATIENCE_S)
        except Empty:
            raise TrainingError(
                f"no training batch came for {PATIENCE_S:.0f} s; the rendering processes have died, see their messages"
            ) from None


def _work(
    queue: "Queue[Batch]",
    progress: "Synchronized[float]",
    face_model: Path,
    spec: CropSpec,
    recipe: Recipe,
    seed: int,
    stream: int,
) -> None:
    # One thread per process: the processes are the parallelism.
    cv2.setNumThreads(1)
    model = load_face_model(face_model)
    for batch in batches(model, spec, recipe, seed, stream, lambda: float(progress.value)):
        queue.put(batch)
