"""Progress bars on stderr, only where a person looks at them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def progress_bar(total: int, unit: str) -> Iterator[Callable[[int], object]]:
    """A bar for the block; gives what is told of each step. Without a terminal it shows nothing."""
    from tqdm import tqdm  # noqa: PLC0415 - keeps --help fast

    with tqdm(total=total, unit=f" {unit}", disable=None, leave=False) as bar:
        yield bar.update
