"""Findings of `facelatch doctor`: each is ok, warn or fail, and says why and what to do.

A check that could not run has failed.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from facelatch.errors import FacelatchError


class Status(StrEnum):
    """How a check ended; `warn` works, but not as it should."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found, and what to do about it."""

    name: str
    status: Status
    found: str
    hint: str = ""


def examine(name: str, look: Callable[[], Finding]) -> Finding:
    """The finding of `look`; a check that raises has failed."""
    try:
        return look()
    except FacelatchError as error:
        found, hint = split(str(error))
        return Finding(name, Status.FAIL, found, hint)
    except Exception as error:
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        return Finding(name, Status.FAIL, f"the check could not run ({reason})", "report this as a bug")


def split(sentence: str) -> tuple[str, str]:
    """What an error found and what to do about it, which our sentences put after their last semicolon."""
    found, _, hint = sentence.rpartition("; ")
    return (found, hint) if found else (sentence, "")


def worst(findings: Sequence[Finding]) -> Status:
    """The worst status; no findings at all count as failed."""
    order = list(Status)
    return max((finding.status for finding in findings), key=order.index, default=Status.FAIL)


def to_text(findings: Sequence[Finding]) -> str:
    """One line for each finding, and its hint below."""
    lines = []
    for finding in findings:
        lines.append(f"{finding.status:4}  {finding.name:12}{finding.found}")
        if finding.hint:
            lines.append(f"{'':18}-> {finding.hint}")
    return "\n".join(lines)


def to_record(findings: Sequence[Finding]) -> Mapping[str, object]:
    """What `--json` prints."""
    return {
        "status": worst(findings).value,
        "checks": [
            {"name": one.name, "status": one.status.value, "found": one.found, "hint": one.hint}
            for one in findings
        ],
    }
