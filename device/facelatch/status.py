"""What a running daemon tells of itself, as the JSON object behind `facelatch status`; pure, time is passed in.

Moments in `_ns` are those of the monotonic clock that every process on the board shares, so that a wall clock set
meanwhile changes no age.
"""

import json
from dataclasses import dataclass

from facelatch.errors import StatusError
from facelatch.fields import Fields, decode_object, printable
from facelatch.supervision.health import Trouble
from facelatch.timestamps import is_utc_text

FORMAT = 1
STALE_S = 20.0
"""A daemon writes every few seconds; one that has not for so long hangs or is gone."""
_ANY_NS = 2**63 - 1
_LONGEST_TEXT = 400


@dataclass(frozen=True, slots=True)
class CameraState:
    """What the daemon thinks of its camera."""

    serial: str = ""
    is_trusted: bool = False
    trouble: Trouble | None = None
    """None while it is trusted, and before it has shown anything."""
    sentence: str = ""
    """The trouble in plain words."""
    trying: str = "open the camera"
    """What is being done to get it back; empty where nothing has to be."""
    recoveries: int = 0
    """How often it was trusted again after a trouble."""


@dataclass(frozen=True, slots=True)
class LastEvent:
    """The last thing that happened at the door, no more of it than its event told."""

    event: str
    at: str
    user: str | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class DaemonStatus:
    """Everything that is told."""

    pid: int
    version: str
    started_ns: int
    written_ns: int
    camera: CameraState = CameraState()
    camera_since_ns: int = 0
    """Since when the camera has been so."""
    last: LastEvent | None = None
    refusals: int = 0
    """In a row."""
    locked_until_ns: int | None = None
    """Until when guessing is locked out; it may have passed."""
    enrolled: int = 0
    supply: tuple[str, ...] | None = None
    """What the firmware reports of power and heat; None where it tells nothing."""


def to_json(status: DaemonStatus) -> str:
    """One JSON object in ASCII."""
    camera, last = status.camera, status.last
    return json.dumps(
        {
            "format": FORMAT,
            "pid": status.pid,
            "version": status.version,
            "started_ns": status.started_ns,
            "written_ns": status.written_ns,
            "camera": {
                "serial": printable(camera.serial),
                "trusted": camera.is_trusted,
                "trouble": camera.trouble,
                "sentence": printable(camera.sentence)[:_LONGEST_TEXT],
                "trying": camera.trying,
                "since_ns": status.camera_since_ns,
                "recoveries": camera.recoveries,
            },
            "last": None
            if last is None
            else {
                "event": last.event,
                "at": last.at,
                "user": last.user,
                "reason": None if last.reason is None else printable(last.reason)[:_LONGEST_TEXT],
            },
            "lockout": {"refusals": status.refusals, "locked_until_ns": status.locked_until_ns},
            "enrolled": status.enrolled,
            "supply": None if status.supply is None else list(status.supply),
        },
        allow_nan=False,
    )


def parse(text: str, source: str) -> DaemonStatus:
    """The status in `text`; raises `StatusError` naming `source` for anything else."""
    fields = decode_object(text, source, StatusError)
    fields.whole("format", FORMAT, FORMAT)
    camera, lockout = fields.child("camera"), fields.child("lockout")
    status = DaemonStatus(
        pid=fields.whole("pid", 1, 2**31),
        version=fields.text("version"),
        started_ns=fields.whole("started_ns", 0, _ANY_NS),
        written_ns=fields.whole("written_ns", 0, _ANY_NS),
        camera=CameraState(
            serial=camera.text("serial"),
            is_trusted=_flag(camera, "trusted"),
            trouble=_trouble(camera),
            sentence=camera.text("sentence"),
            trying=camera.text("trying"),
            recoveries=camera.whole("recoveries", 0, _ANY_NS),
        ),
        camera_since_ns=camera.whole("since_ns", 0, _ANY_NS),
        last=None if fields.take("last") is None else _last(fields.child("last")),
        refusals=lockout.whole("refusals", 0, _ANY_NS),
        locked_until_ns=None
        if lockout.take("locked_until_ns") is None
        else lockout.whole("locked_until_ns", 0, _ANY_NS),
        enrolled=fields.whole("enrolled", 0, _ANY_NS),
        supply=None if fields.take("supply") is None else _words(fields, "supply"),
    )
    for part in (camera, lockout, fields):
        part.done()
    return status


def _flag(fields: Fields, key: str) -> bool:
    value = fields.take(key)
    if not isinstance(value, bool):
        fields.refuse(key, "true or false", value)
    return value


def _trouble(camera: Fields) -> Trouble | None:
    word = camera.text_or_none("trouble")
    if word is not None and word not in set(Trouble):
        camera.refuse("trouble", f"null or one of {', '.join(Trouble)}", word)
    return None if word is None else Trouble(word)


def _last(fields: Fields) -> LastEvent:
    last = LastEvent(
        fields.text("event"), fields.text("at"), fields.text_or_none("user"), fields.text_or_none("reason")
    )
    if not is_utc_text(last.at):
        fields.refuse("at", "a moment in UTC", last.at)
    fields.done()
    return last


def _words(fields: Fields, key: str) -> tuple[str, ...]:
    words = fields.items(key)
    if not all(isinstance(word, str) and word.isprintable() for word in words):
        fields.refuse(key, "a list of texts", words)
    return tuple(map(str, words))
