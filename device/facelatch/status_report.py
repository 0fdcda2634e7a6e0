"""A daemon's status judged and told in plain words; pure, time is passed in."""

from collections.abc import Mapping

from facelatch.diagnosis.checks import Finding, Status, to_record, worst
from facelatch.status import STALE_S, CameraState, DaemonStatus
from facelatch.supervision.supply import to_words, wrong_now


def judge(status: DaemonStatus, now_ns: int, is_alive: bool) -> list[Finding]:
    """What to tell of a daemon; `is_alive` says whether its process is there."""
    findings = [_daemon(status, now_ns, is_alive)]
    if findings[0].status is Status.FAIL:
        # All the rest may have changed since.
        return findings
    findings += [_camera(status, now_ns), _door(status), _guessing(status, now_ns)]
    return [*findings, _supply(status)]


def judge_lock(left_ms: int | None, keeper: str) -> Finding:
    """What the lock's keeper answered: for how long the lock stays released; None where nobody answered."""
    if left_ms is None:
        hint = "start facelatch-lock.service, unless this daemon keeps its lock itself"
        return Finding("lock", Status.WARN, f"nobody answers at {keeper}, so its state is not known", hint)
    return Finding("lock", Status.OK, f"released for {left_ms / 1000:.1f} s yet" if left_ms else "secured")


def to_object(status: DaemonStatus | None, findings: list[Finding], now_ns: int) -> Mapping[str, object]:
    """What `--json` prints: the findings, and the facts behind them where there are any."""
    facts: Mapping[str, object] | None = None
    if status is not None:
        facts = {
            "pid": status.pid,
            "version": status.version,
            "age_s": _seconds(now_ns - status.written_ns),
            "running_s": _seconds(now_ns - status.started_ns),
            "camera": {
                "serial": status.camera.serial,
                "trusted": status.camera.is_trusted,
                "trouble": status.camera.trouble,
                "trying": status.camera.trying,
                "since_s": _seconds(now_ns - status.camera_since_ns),
                "recoveries": status.camera.recoveries,
            },
            "last": None
            if status.last is None
            else {"event": status.last.event, "at": status.last.at, "user": status.last.user},
            "enrolled": status.enrolled,
            "refusals": status.refusals,
            "locked_out_s": _left_s(status, now_ns),
            "supply": status.supply,
        }
    return {"healthy": worst(findings) is not Status.FAIL, **to_record(findings), "daemon": facts}


def to_duration(seconds: float) -> str:
    """For example `35 s`, `12 min`, `5 h` or `3 days`."""
    for unit, size in (("days", 86400.0), ("h", 3600.0), ("min", 60.0)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{max(seconds, 0):.0f} s"


def _daemon(status: DaemonStatus, now_ns: int, is_alive: bool) -> Finding:
    age_s = (now_ns - status.written_ns) / 1e9
    age = to_duration(age_s)
    hint = "see `systemctl status facelatch` and `journalctl -u facelatch`"
    if not is_alive:
        return Finding(
            "daemon", Status.FAIL, f"process {status.pid} is gone; it was last heard of {age} ago", hint
        )
    if not 0 <= age_s <= STALE_S:
        return Finding(
            "daemon", Status.FAIL, f"process {status.pid} hangs: its last sign of life is {age} old", hint
        )
    running = to_duration((now_ns - status.started_ns) / 1e9)
    return Finding("daemon", Status.OK, f"{status.version}, running for {running} (process {status.pid})")


def _camera(status: DaemonStatus, now_ns: int) -> Finding:
    camera = status.camera
    since = to_duration((now_ns - status.camera_since_ns) / 1e9)
    name = f"camera {camera.serial}".strip()
    if camera.is_trusted:
        return Finding("camera", Status.OK, f"{name} trusted for {since}{_recoveries(camera)}")
    doing = f"trying to {camera.trying}" if camera.trying else "nothing unlocks meanwhile"
    if camera.trouble is None:
        return Finding(
            "camera", Status.FAIL, f"{name} not trusted yet, for {since}{_recoveries(camera)}", doing
        )
    found = f"{camera.trouble}, for {since}{_recoveries(camera)}: {camera.sentence}"
    return Finding("camera", Status.FAIL, found, doing)


def _recoveries(camera: CameraState) -> str:
    times = {0: "", 1: ", recovered once"}
    return times.get(camera.recoveries, f", recovered {camera.recoveries} times")


def _door(status: DaemonStatus) -> Finding:
    if not status.enrolled:
        return Finding("door", Status.WARN, "nobody is enrolled", "facelatch enrol USER")
    people = f"{status.enrolled} enrolled"
    if status.last is None:
        return Finding("door", Status.OK, f"{people}; nobody came yet")
    who = status.last.user or status.last.reason
    return Finding(
        "door",
        Status.OK,
        f"{people}; last: {status.last.event}{f' ({who})' if who else ''} at {status.last.at}",
    )


def _guessing(status: DaemonStatus, now_ns: int) -> Finding:
    left_s = _left_s(status, now_ns)
    if left_s:
        found = f"locked out for another {to_duration(left_s)} after {status.refusals} refusals in a row"
        return Finding("guessing", Status.WARN, found, "nobody is looked at meanwhile; wait")
    return Finding("guessing", Status.OK, f"{status.refusals} refusals in a row")


def _supply(status: DaemonStatus) -> Finding:
    words = to_words(status.supply)
    hint = "use the board's own power supply and a heat sink; a depth camera draws up to 0.7 A"
    if wrong_now(status.supply):
        return Finding("supply", Status.FAIL, words, hint)
    return (
        Finding("supply", Status.WARN, words, hint) if status.supply else Finding("supply", Status.OK, words)
    )


def _left_s(status: DaemonStatus, now_ns: int) -> float:
    return _seconds(max((status.locked_until_ns or 0) - now_ns, 0))


def _seconds(nanoseconds: int) -> float:
    return round(nanoseconds / 1e9, 1)
