import json

import pytest

from facelatch.diagnosis.checks import Finding, Status, examine, to_record, to_text, worst
from facelatch.errors import LockError

FINE = Finding("model", Status.OK, "default")
ODD = Finding("board", Status.WARN, "hot", "fit a fan")
BAD = Finding("lock", Status.FAIL, "no chip", "see `gpiodetect`")


def fails(error: Exception) -> Finding:
    def look() -> Finding:
        raise error

    return examine("lock", look)


def test_a_check_says_what_it_found() -> None:
    assert examine("model", lambda: FINE) == FINE


@pytest.mark.parametrize(
    ("error", "found", "hint"),
    [
        pytest.param(LockError("no chip; see `gpiodetect`"), "no chip", "see `gpiodetect`", id="foreseen"),
        pytest.param(LockError("a; b; do c"), "a; b", "do c", id="remedy-after-the-last"),
        pytest.param(LockError("no remedy"), "no remedy", "", id="nothing-to-do"),
        pytest.param(
            ZeroDivisionError("x\ny"),
            "could not run (ZeroDivisionError: x y)",
            "report this as a bug",
            id="not",
        ),
    ],
)
def test_a_check_that_could_not_run_has_failed(error: Exception, found: str, hint: str) -> None:
    finding = fails(error)
    assert (finding.name, finding.status, finding.hint) == ("lock", Status.FAIL, hint)
    assert finding.found.endswith(found)


def test_an_interrupt_is_no_finding() -> None:
    def interrupted() -> Finding:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        examine("lock", interrupted)


@pytest.mark.parametrize(
    ("findings", "expected"),
    [
        pytest.param([], Status.FAIL, id="nothing-was-checked"),
        pytest.param([FINE], Status.OK, id="ok"),
        pytest.param([ODD, FINE], Status.WARN, id="warn"),
        pytest.param([BAD, ODD, FINE], Status.FAIL, id="fail"),
    ],
)
def test_the_worst_counts(findings: list[Finding], expected: Status) -> None:
    assert worst(findings) is expected


def test_text_has_hints_below() -> None:
    assert to_text([FINE, BAD]).splitlines() == [
        "ok    model       default",
        "fail  lock        no chip",
        "                  -> see `gpiodetect`",
    ]


def test_record_is_plain_json() -> None:
    assert json.loads(json.dumps(to_record([FINE, ODD]))) == {
        "status": "warn",
        "checks": [
            {"name": "model", "status": "ok", "found": "default", "hint": ""},
            {"name": "board", "status": "warn", "found": "hot", "hint": "fit a fan"},
        ],
    }
