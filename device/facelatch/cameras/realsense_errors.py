"""The RealSense SDK's messages in plain words; it has one class of error for everything, told apart by its text."""

from pathlib import Path

from facelatch.errors import CameraError, CameraStalledError, CameraUnpluggedError, CaptureError

WIDTH, HEIGHT, RATE_HZ = 640, 480, 30
"""What is asked of a live camera."""
STREAMS = f"pictures and depth of {WIDTH}x{HEIGHT} at {RATE_HZ} Hz"


def to_error(text: str, source: str | Path) -> CameraError | CaptureError:
    """What a message of the SDK means to the user.

    `source` is the recording's path or the camera's serial number.
    """
    text = to_reason(text)
    if isinstance(source, Path):
        return CaptureError(f"{source}: the RealSense SDK cannot play it ({text}); record it again")
    lower = text.lower()
    for signs, kind, sentence in _MEANINGS:
        if any(sign in lower for sign in signs):
            return kind(sentence.format(serial=source, text=text, streams=STREAMS))
    return CameraError(f"camera {source}: {text}")


_MEANINGS: tuple[tuple[tuple[str, ...], type[CameraError], str], ...] = (
    (
        ("no device connected", "disconnected", "no_device", "errno=19"),
        CameraUnpluggedError,
        "camera {serial} is gone from the bus; plug it in again",
    ),
    (
        ("didn't arrive",),
        CameraStalledError,
        "camera {serial} is connected but sends no frames ({text}); check its cable and power supply",
    ),
    (
        ("resolve",),
        CameraError,
        "camera {serial} cannot deliver what is asked of it, {streams}; plug it into a USB 3 port",
    ),
    (
        ("permission", "access", "errno=13"),
        CameraError,
        "camera {serial} may not be opened by this user ({text}); install systemd/60-facelatch.rules "
        "and join the group video",
    ),
    (
        ("busy", "errno=16"),
        CameraError,
        "camera {serial} is in use by another program ({text}); stop that one, or the facelatch daemon",
    ),
)
"""Words in lower case by which messages are told apart, in this order."""


def to_reason(text: str) -> str:
    """The message without what the SDK puts around it, on one line."""
    return " ".join(text.rpartition("Reason: ")[2].split()).rstrip(".")
