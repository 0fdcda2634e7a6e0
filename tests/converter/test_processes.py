import os
import signal
import time
from concurrent.futures import wait
from threading import Event

import pytest

from facelatch_converter.errors import ConverterError
from facelatch_converter.processes import processes


def never_ends() -> None:
    Event().wait(300)


def interrupted() -> tuple[set[int], float]:
    """The workers of a block that Ctrl-C ended, and when it was pressed."""
    workers: set[int] = set()
    started = 0.0
    try:
        with processes(2) as pool:
            workers = {pool.submit(os.getpid).result() for _ in range(4)}
            wait([pool.submit(never_ends) for _ in range(6)], timeout=0.2)
            for worker in workers:
                os.kill(worker, signal.SIGINT)  # It reaches the whole group; the parent alone is to act.
            started = time.monotonic()
            raise KeyboardInterrupt
    except KeyboardInterrupt:
        return workers, started


def test_an_interrupted_block_does_not_wait_for_its_workers() -> None:
    workers, started = interrupted()
    assert time.monotonic() - started < 20
    assert workers
    for worker in workers:
        with pytest.raises(ProcessLookupError):
            os.kill(worker, 0)


def test_a_worker_that_ends_by_itself_is_one_sentence() -> None:
    with pytest.raises(ConverterError, match="a worker process ended by itself"), processes(1) as pool:
        pool.submit(os._exit, 1).result()


def test_work_comes_back() -> None:
    with processes(2) as pool:
        assert list(pool.map(abs, range(-3, 3))) == [3, 2, 1, 0, 1, 2]
