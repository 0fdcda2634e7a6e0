"""Memory in large pages for what computes with large arrays.

A training step takes gigabytes and gives them back. glibc hands such memory to the kernel at once, which clears each
small page when it is touched again. Large pages that are kept cost less; how much depends on the batch and the machine
(`benchmark-train`).
"""

import os
import platform
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

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

_SINCE = (2, 35)
"""glibc: earlier ones have no large pages and refuse so high a threshold of one kind, which makes them slower."""

MARK = "facelatch_large_pages"
"""An option of the interpreter (-X) that says it began again: a cleaned environment does not take it away."""


def are_offered() -> bool:
    """Whether this system's C library knows the settings."""
    name, version = platform.libc_ver()
    numbers = version.split(".")[:2]
    return name == "glibc" and all(map(str.isdecimal, numbers)) and tuple(map(int, numbers)) >= _SINCE


def begin_again() -> None:
    """Let this process begin again with large pages, once; what it did so far is lost.

    Nothing happens where the C library is another one, and where the variable is set already, to whatever: its user
    knows why. Processes that this one starts have the pages that glibc gives by itself.
    """
    if MARK in sys._xoptions:
        if os.environ.get(TUNABLES) == SETTINGS:
            del os.environ[TUNABLES]
        return
    if TUNABLES in os.environ or not are_offered() or not sys.executable:
        return
    words = [sys.executable, "-X", MARK, *sys.orig_argv[1:]]
    # Where it cannot begin again it goes on, slower.
    with suppress(OSError):
        os.execve(sys.executable, words, os.environ | {TUNABLES: SETTINGS})


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
