"""Worker processes that end when their work is no longer wanted."""

import signal
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import active_children, get_context

import cv2
from threadpoolctl import threadpool_limits

from facelatch_converter.errors import ConverterError

_ENDING_S = 5.0


@contextmanager
def processes(count: int) -> Iterator[ProcessPoolExecutor]:
    """A pool for the block; a block that fails or is interrupted ends the workers in the middle of their work.

    Raises `ConverterError` where a worker ends by itself.
    """
    others = set(active_children())
    # Spawned, not forked: a fork of a process with running threads (numba, OpenCV) may hang.
    with ProcessPoolExecutor(count, mp_context=get_context("spawn"), initializer=begin_worker) as pool:
        try:
            yield pool
        except BaseException as error:
            pool.shutdown(wait=False, cancel_futures=True)
            workers = set(active_children()) - others
            for worker in workers:
                worker.terminate()
            for worker in workers:
                worker.join(_ENDING_S)
            if isinstance(error, BrokenProcessPool):
                raise ConverterError(
                    "a worker process ended by itself, perhaps for lack of memory; take fewer --workers"
                ) from error
            raise


def begin_worker() -> None:
    """What a worker process does first: one thread, as the processes are the parallelism; Ctrl-C is its parent's.

    A process whose numpy spread over both of two cores rendered a fifth of the crops per processor second.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    compute_on_one_thread()


def compute_on_one_thread() -> None:
    """Keep OpenCV's and numpy's libraries from starting threads of their own."""
    cv2.setNumThreads(1)
    threadpool_limits(1)
