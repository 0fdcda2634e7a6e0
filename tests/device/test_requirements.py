"""The rule for tests that need what not every machine has."""

from collections.abc import Callable

import pytest

from tests.requirements import need_file, need_module, need_program


def test_what_is_there_is_used() -> None:
    assert need_program("sh").endswith("/sh")
    need_module("json")
    assert need_file("/bin/s[h]").name == "sh"


@pytest.mark.parametrize(
    ("value", "ends_with"),
    [
        pytest.param(None, pytest.skip.Exception, id="skipped-where-it-may-be-missing"),
        pytest.param("1", pytest.fail.Exception, id="failed-where-nothing-may-be"),
    ],
)
@pytest.mark.parametrize("need", [need_program, need_module, need_file])
def test_what_is_missing(
    *,
    need: Callable[[str], object],
    value: str | None,
    ends_with: type[BaseException],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("FACELATCH_REQUIRE_ALL", raising=False)
    if value is not None:
        monkeypatch.setenv("FACELATCH_REQUIRE_ALL", value)
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    with pytest.raises(ends_with, match="no_such_thing is not installed"):
        need("no_such_thing")


def test_some_machines_have_fewer_wheels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FACELATCH_REQUIRE_ALL", "1")
    monkeypatch.setattr("platform.machine", lambda: "aarch64")
    with pytest.raises(pytest.skip.Exception):
        need_module("no_such_thing")
