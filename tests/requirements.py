"""What a test needs of the machine: it is skipped where that is missing, or fails where nothing may be missing.

Continuous integration sets `FACELATCH_REQUIRE_ALL=1`, so that a check which no longer runs is noticed.
"""

import os
import platform
import shutil
from importlib.util import find_spec
from pathlib import Path
from typing import NoReturn

import pytest


def need_program(name: str) -> str:
    """The path of a program that a Debian package brings."""
    path = shutil.which(name)
    if path is None:
        _do_without(f"{name} is not installed: run tests/install-debian-packages.sh", may_be_missing=False)
    return path


def need_file(pattern: str) -> Path:
    """The path of a file that a Debian package brings, the first that fits the pattern (absolute, with `*`)."""
    path = next(iter(sorted(Path("/").glob(pattern.lstrip("/")))), None)
    if path is None:
        _do_without(f"{pattern} is not installed: run tests/install-debian-packages.sh", may_be_missing=False)
    return path


def need_module(name: str) -> None:
    """For the head of a file whose tests use a module that has wheels for x86_64 but not for every machine."""
    if find_spec(name) is None:
        _do_without(f"{name} is not installed", may_be_missing=platform.machine() != "x86_64")


def _do_without(reason: str, *, may_be_missing: bool) -> NoReturn:
    if os.environ.get("FACELATCH_REQUIRE_ALL") == "1" and not may_be_missing:
        pytest.fail(f"{reason}, and FACELATCH_REQUIRE_ALL is set", pytrace=False)
    pytest.skip(reason, allow_module_level=True)
