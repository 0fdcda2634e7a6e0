"""A lock chosen by the driver's name in the config; there is no fallback."""

from facelatch.errors import ConfigError
from facelatch.locks import Lock
from facelatch.locks.gpio import GpioLock, OpenChip
from facelatch.locks.recording import RecordingLock

DRIVERS = ("recording", "gpio")


def open_lock(
    driver: str,
    *,
    chip: str = "",
    line: str = "",
    active_low: bool = False,
    fail_safe: bool = False,
    open_chip: OpenChip | None = None,
) -> Lock:
    """The lock, secured; `ConfigError` for a driver or a line that is not named, else as the driver does.

    `open_chip` opens a GPIO chip in place of `gpiod.Chip`.
    """
    if driver == "recording":
        return RecordingLock()
    if driver != "gpio":
        raise ConfigError(f"the lock driver {driver!r} is unknown; use one of {', '.join(DRIVERS)}")
    if not chip or not line:
        raise ConfigError("the gpio lock needs lock.chip and lock.line; see `gpioinfo` for both")
    return GpioLock(chip, line, active_low=active_low, fail_safe=fail_safe, open_chip=open_chip)
