"""Large pages: a command that trains begins again with them once, and nobody else's settings are touched."""

import os
import platform
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from facelatch_converter import cli, large_pages
from facelatch_converter.processes import processes
from tests.processes import run_python

on_glibc = pytest.mark.skipif(
    not large_pages.are_offered(), reason="large pages are asked of glibc 2.35 or later"
)


def with_and_without(script: str) -> tuple[str, ...]:
    """What a script prints in a process with large pages, and in one without."""
    return tuple(
        run_python(script, variables={large_pages.TUNABLES: pages}) for pages in (large_pages.SETTINGS, "")
    )


@pytest.fixture(name="begun")
def _begun(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Sequence[str], str]]:
    """What would begin instead of this process: its words and its settings."""
    seen: list[tuple[Sequence[str], str]] = []

    def begin(_path: str, words: Sequence[str], variables: Mapping[str, str]) -> None:
        seen.append((words, variables[large_pages.TUNABLES]))

    monkeypatch.setattr(os, "execve", begin)
    monkeypatch.setattr(platform, "libc_ver", lambda: ("glibc", "2.36"))
    monkeypatch.delenv(large_pages.TUNABLES, raising=False)
    return seen


def test_a_process_begins_again_with_its_own_words(
    begun: list[tuple[Sequence[str], str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        sys, "orig_argv", ["python", "-X", "dev", "facelatch-convert", "train", "--out", "a b"]
    )
    large_pages.begin_again()
    assert begun == [
        (
            [
                sys.executable,
                "-X",
                large_pages.MARK,
                "-X",
                "dev",
                "facelatch-convert",
                "train",
                "--out",
                "a b",
            ],
            large_pages.SETTINGS,
        )
    ]


@pytest.mark.parametrize("own", ["", "glibc.malloc.check=3", large_pages.SETTINGS])
def test_what_is_set_already_is_left_alone(
    begun: list[tuple[Sequence[str], str]], monkeypatch: pytest.MonkeyPatch, own: str
) -> None:
    monkeypatch.setenv(large_pages.TUNABLES, own)
    large_pages.begin_again()
    assert not begun


@pytest.mark.parametrize(
    "other", [("", ""), ("musl", "2.36"), ("glibc", "2.31"), ("glibc", "2"), ("glibc", "x.y")]
)
def test_another_c_library_is_left_alone(
    begun: list[tuple[Sequence[str], str]], monkeypatch: pytest.MonkeyPatch, other: tuple[str, str]
) -> None:
    monkeypatch.setattr(platform, "libc_ver", lambda: other)
    large_pages.begin_again()
    assert not begun


def test_a_cleaned_environment_does_not_let_it_begin_for_ever(
    begun: list[tuple[Sequence[str], str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "_xoptions", {large_pages.MARK: True})
    large_pages.begin_again()
    assert not begun


def test_where_it_cannot_begin_again_it_goes_on(
    begun: list[tuple[Sequence[str], str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise FileNotFoundError

    monkeypatch.setattr(os, "execve", fail)
    large_pages.begin_again()
    assert large_pages.TUNABLES not in os.environ


@on_glibc
def test_the_process_that_began_again_has_them_and_its_own_processes_have_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv(large_pages.TUNABLES, raising=False)
    script = (
        "import os; from pathlib import Path; from facelatch_converter import large_pages\n"
        "large_pages.begin_again()\n"
        "begun_with = Path('/proc/self/environ').read_text()\n"
        "print('TUNABLES=glibc.malloc.hugetlb=1' in begun_with, large_pages.TUNABLES in os.environ)"
    )
    assert run_python(script) == "True False\n"


@on_glibc
def test_with_these_settings_glibc_keeps_what_is_freed() -> None:
    """By what the kernel says of the process's own memory."""
    script = (
        "import resource; from pathlib import Path\n"
        "resident = lambda: int(Path('/proc/self/statm').read_text().split()[1]) * resource.getpagesize()\n"
        "array = bytearray(b'1') * (1 << 27); del array\n"
        "print(resident() > 1 << 27)"
    )
    assert with_and_without(script) == ("True\n", "False\n")


THP = Path("/sys/kernel/mm/transparent_hugepage/enabled")


@on_glibc
@pytest.mark.skipif(
    not THP.exists() or "[madvise]" not in THP.read_text(), reason="this kernel asks nobody about large pages"
)
def test_with_these_settings_memory_is_in_large_pages() -> None:
    script = (
        "from pathlib import Path\n"
        "array = bytearray(b'1') * (1 << 27)\n"
        "told = Path('/proc/self/smaps_rollup').read_text().split('AnonHugePages:')[1].split()[0]\n"
        "print(int(told) > 1 << 16)"
    )
    assert with_and_without(script) == ("True\n", "False\n")


def pages_of_this_process() -> str:
    """What the process was begun with."""
    return os.environ[large_pages.TUNABLES]


@pytest.mark.parametrize(("large", "expected"), [(True, large_pages.SETTINGS), (False, "")])
def test_new_processes_have_what_they_are_given_and_this_one_what_it_had(
    monkeypatch: pytest.MonkeyPatch, large: bool, expected: str
) -> None:
    monkeypatch.delenv(large_pages.TUNABLES, raising=False)
    with large_pages.in_new_processes(large), processes(1) as pool:
        assert pool.submit(pages_of_this_process).result() == expected
    assert large_pages.TUNABLES not in os.environ


def test_only_a_command_line_that_trains_begins_again(
    begun: list[tuple[Sequence[str], str]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    missing, out = str(tmp_path / "no.npz"), str(tmp_path / "out")
    train = ["train", "--face-model", missing, "--out", out]
    assert cli.main(train) != 0
    monkeypatch.setattr(sys, "argv", ["facelatch-convert", *train])
    assert cli.main() != 0
    monkeypatch.setattr(sys, "argv", ["facelatch-convert", "benchmark-render", "--face-model", missing])
    assert cli.command() != 0
    assert not begun
    for words in (
        train,
        ["fit-head", "--face-model", missing, "--from", missing, "--out", out],
        ["compare-recipes", "--face-model", missing, "--out", out],
    ):
        monkeypatch.setattr(sys, "argv", ["facelatch-convert", *words])
        assert cli.command() != 0
        assert len(begun) == 1, words
        begun.clear()


def test_commands_that_train_are_commands() -> None:
    assert set(cli._TRAINING) <= set(cli.COMMANDS)
