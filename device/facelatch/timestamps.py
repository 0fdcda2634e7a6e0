"""Moments as text: UTC, ISO 8601, to the millisecond. The clock is read by the caller."""

from datetime import UTC, datetime


def to_utc_text(unix_ns: int) -> str:
    """For example `2026-03-01T07:30:00.250Z`; `unix_ns` is `time.time_ns()`."""
    whole, rest = divmod(unix_ns // 1_000_000, 1000)
    return f"{datetime.fromtimestamp(whole, UTC):%Y-%m-%dT%H:%M:%S}.{rest:03d}Z"


def is_utc_text(text: str) -> bool:
    """Whether the text is a moment in UTC as `to_utc_text` writes it."""
    try:
        moment = datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ")
    except ValueError:
        return False
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z" == text
