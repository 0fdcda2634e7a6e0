"""A lock on one GPIO output line, driven through libgpiod version 2.

A fail-secure lock is released while its line is active, a fail-safe one while it is not. A killed process leaves the
line as it was on many controllers (PL061 among them), so it is secured when it is opened, when it is closed, and by
the unit's `ExecStopPost=`.
"""

import errno
import importlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from facelatch.errors import ConfigError, LockError

CONSUMER = "facelatch"
"""What `gpioinfo` shows as the user of the line."""

OpenChip = Callable[[str], Any]
"""`gpiod.Chip`, or a double that offers the same as far as it is used here."""


class GpioLock:
    """A lock on one line of a chip, secured from the moment it is open.

    `chip` is a path such as `/dev/gpiochip4` or a label such as `pinctrl-rp1`; labels stay the same when the
    kernel numbers chips differently. `line` is a name such as `GPIO17` or an offset like `17`. `active_low`
    is for a relay that closes at 0 V, `fail_safe` for a lock that current holds shut. Raises `LockError`, or
    `ConfigError` where gpiod is not installed.
    """

    def __init__(
        self,
        chip: str,
        line: str,
        *,
        active_low: bool = False,
        fail_safe: bool = False,
        open_chip: OpenChip | None = None,
        devices: Callable[[], Iterable[Path]] | None = None,
    ) -> None:
        gpiod = load_gpiod()
        active, inactive = gpiod.line.Value.ACTIVE, gpiod.line.Value.INACTIVE
        self._released, self._secured = (inactive, active) if fail_safe else (active, inactive)
        self._name = f"line {line} of {chip}"
        settings = gpiod.LineSettings(
            direction=gpiod.line.Direction.OUTPUT, active_low=active_low, output_value=self._secured
        )
        with open_line(chip, line, open_chip, devices) as (opened, offset), driving(self._name):
            self._request = opened.request_lines({offset: settings}, consumer=CONSUMER)
        self._offset = offset
        self._closed = False

    def release(self) -> None:  # noqa: D102
        if self._closed:
            raise LockError(f"{self._name} is closed; open the lock again before it is released")
        self._drive(self._released)

    def secure(self) -> None:  # noqa: D102
        if not self._closed:
            self._drive(self._secured)

    def close(self) -> None:  # noqa: D102
        if self._closed:
            return
        try:
            self.secure()
        finally:
            self._closed = True
            self._request.release()

    def _drive(self, value: Any) -> None:
        with driving(self._name):
            self._request.set_value(self._offset, value)


def load_gpiod() -> Any:
    """The gpiod bindings; `ConfigError` that says how to get them."""
    try:
        gpiod: Any = importlib.import_module("gpiod")
        gpiod.line.Value, gpiod.LineSettings  # noqa: B018
    except (ImportError, AttributeError) as error:
        raise ConfigError(
            f'the gpio lock needs libgpiod\'s bindings, version 2 ({error}); pip install "facelatch[gpio]"'
        ) from error
    return gpiod


@contextmanager
def open_line(
    chip: str,
    line: str,
    open_chip: OpenChip | None = None,
    devices: Callable[[], Iterable[Path]] | None = None,
) -> Iterator[tuple[Any, int]]:
    """The open chip and the line's offset on it, for the block; `LockError` where either is missing."""
    opener = load_gpiod().Chip if open_chip is None else open_chip
    path = chip if chip.startswith("/") else _find(chip, opener, (devices or _devices)())
    with driving(chip):
        opened = opener(path)
    try:
        yield opened, _offset(opened, chip, line)
    finally:
        opened.close()


def _devices() -> Iterable[Path]:
    return sorted(Path("/dev").glob("gpiochip*"))


def _find(label: str, open_chip: OpenChip, devices: Iterable[Path]) -> str:
    """The path of the one chip with this label."""
    labels: dict[str, str] = {}
    refused: OSError | None = None
    for path in devices:
        try:
            opened = open_chip(str(path))
        except OSError as error:
            refused = error
            continue
        try:
            with driving(str(path)):
                labels[str(path)] = opened.get_info().label
        finally:
            opened.close()
    matching = [path for path, found in labels.items() if found == label]
    if len(matching) == 1:
        return matching[0]
    if refused is not None:
        with driving(label):
            raise refused
    if matching:
        raise LockError(
            f"{label} is the label of {' and '.join(matching)}; set lock.chip to one of these paths"
        )
    found = ", ".join(f"{name} ({path})" for path, name in labels.items()) or "none"
    raise LockError(f"no GPIO chip is labelled {label}; this board has {found}; set lock.chip to one of them")


def _offset(opened: Any, chip: str, line: str) -> int:
    """The line's place on the chip, by name first, as libgpiod's own tools do."""
    try:
        with driving(chip, missing_is_line=line):
            offset = int(opened.line_offset_from_id(line))
    except ValueError:
        offset = -1
    if offset < 0:
        with driving(chip):
            last = opened.get_info().num_lines - 1
        raise LockError(f"{chip} has lines 0 to {last}, found {line}; see `gpioinfo` for their names")
    return offset


@contextmanager
def driving(what: str, missing_is_line: str | None = None) -> Iterator[None]:
    """Turn the kernel's refusals into sentences about `what`."""
    try:
        yield
    except OSError as error:
        if error.errno == errno.EBUSY:
            message = f"{what} is in use by another program (see `gpioinfo`); stop that one, or give --keeper"
        elif error.errno in (errno.EACCES, errno.EPERM):
            message = f"{what} may not be opened by this user; install the udev rules and join the group gpio"
        elif error.errno == errno.ENOENT and missing_is_line is not None:
            message = f"{what} has no line named {missing_is_line}; see `gpioinfo` for its names"
        elif error.errno in (errno.ENOENT, errno.ENODEV, errno.ENOTTY):
            message = f"{what} is not a GPIO chip of this board; see `gpiodetect`"
        else:
            message = f"{what} cannot be driven ({error.strerror or error}); check the board and its wiring"
        raise LockError(message) from error
