"""Memory in large pages for what computes with large arrays.

A training step takes gigabytes and gives them back. glibc hands such memory to the kernel at once, which clears each
page of 4 KiB when it is touched again: more work than the arithmetic in between. Pages of 2 MiB that are kept cost next
to nothing (`benchmark-train`).
"""

import os
import platform
import sys
from collections.abc import Iterator
from contextlib import contextmanager

TUNABLES = "GLIBC_TUNABLES"
"""The environment variable that glibc reads when a process begins, and at no other time."""

_KEPT_BYTES = 1 << 34
SETTINGS = ":".join(
    (
        "glibc.malloc.hugetlb=1",
        f"glibc.malloc.mmap_threshold={_KEPT_BYTES}",
        f"glibc.malloc.trim_threshold={_KEPT_BYTES}",
    )
)
"""From glibc 2.35 on; an older one passes over what it does not know."""


def begin_again() -> None:
    """Let this process begin again with large pages, once; what it did so far is lost.

    Nothing happens where the C library is another one, and where the variable is set already, to whatever: its user
    knows why.
    """
    if TUNABLES in os.environ or platform.libc_ver()[0] != "glibc":
        return
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], os.environ | {TUNABLES: SETTINGS})


@contextmanager
def in_new_processes(large: bool) -> Iterator[None]:
    """Processes that begin during the block have large pages, or those that glibc gives by itself."""
    before = os.environ.get(TUNABLES)
    os.environ[TUNABLES] = SETTINGS if large else ""
    try:
        yield
    finally:
        if before is None:
            del os.environ[TUNABLES]
        else:
            os.environ[TUNABLES] = before
