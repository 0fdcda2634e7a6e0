"""A scripted GPIO board: refuses what the kernel refuses and keeps a line's level when its holder dies."""

import errno
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from gpiod.line import Direction, Edge, Value


def refusal(number: int) -> OSError:
    """The error that the kernel's call gives; Python picks the subclass."""
    return OSError(number, os.strerror(number))


@dataclass
class Line:
    """One line as the kernel sees it; `level` is the voltage: 1 or 0."""

    name: str = ""
    level: int = 0
    consumer: str = ""
    active_low: bool = False
    levels: list[int] = field(default_factory=list)
    changed: Callable[["Line"], object] = lambda _: None
    """Told of each level that is driven."""
    source: int = -1
    """Of a line that is listened to: a descriptor from which its levels come, `0` and `1`."""

    def drive(self, value: Value) -> None:
        self.level = int((value == Value.ACTIVE) != self.active_low)
        self.levels.append(self.level)
        self.changed(self)

    def sense(self) -> Value:
        return Value.ACTIVE if bool(self.level) != self.active_low else Value.INACTIVE

    def take(self) -> None:
        """Take the edges that came; the last one is the level."""
        self.level = int(os.read(self.source, 100)[-1:])


@dataclass
class Board:
    """Chips by path. `unplugged` makes every later call on a line fail as a lost expander does."""

    chips: dict[str, tuple[str, list[Line]]]
    forbidden: set[str] = field(default_factory=set)
    unplugged: bool = False
    open_chips: int = 0

    def open(self, path: str) -> "Chip":
        if path in self.forbidden:
            raise refusal(errno.EACCES)
        if path not in self.chips:
            raise refusal(errno.ENOENT)
        self.open_chips += 1
        return Chip(self, *self.chips[path])


class Chip:
    """What `gpiod.Chip` offers, as far as a lock uses it."""

    def __init__(self, board: Board, label: str, lines: list[Line]) -> None:
        self._board, self._label, self._lines = board, label, lines

    def get_info(self) -> Any:
        return SimpleNamespace(label=self._label, num_lines=len(self._lines))

    def line_offset_from_id(self, line: str) -> int:
        for offset, known in enumerate(self._lines):
            if known.name == line:
                return offset
        try:
            offset = int(line)
        except ValueError:
            raise refusal(errno.ENOENT) from None
        if offset >= len(self._lines):
            raise ValueError("line offset of out range")
        return offset

    def get_line_info(self, offset: int) -> Any:
        line = self._lines[offset]
        return SimpleNamespace(used=bool(line.consumer), consumer=line.consumer, name=line.name)

    def request_lines(self, config: dict[int, Any], consumer: str) -> "Request":
        ((offset, settings),) = config.items()
        line = self._lines[offset]
        if line.consumer:
            raise refusal(errno.EBUSY)
        line.consumer, line.active_low = consumer, settings.active_low
        if settings.direction == Direction.OUTPUT:
            line.drive(settings.output_value)
        elif settings.edge_detection != Edge.BOTH:
            raise refusal(errno.EINVAL)
        return Request(self._board, offset, line)

    def close(self) -> None:
        self._board.open_chips -= 1


class Request:
    """What `gpiod.LineRequest` offers. Releasing it leaves the level as it is: some controllers do."""

    def __init__(self, board: Board, offset: int, line: Line) -> None:
        self._board, self._offset, self._line = board, offset, line

    def set_value(self, offset: int, value: Value) -> None:
        if self._board.unplugged:
            raise refusal(errno.EIO)
        if offset != self._offset:
            raise ValueError("line offset not in request")
        self._line.drive(value)

    def get_value(self, offset: int) -> Value:
        if self._board.unplugged:
            raise refusal(errno.EIO)
        if offset != self._offset:
            raise ValueError("line offset not in request")
        return self._line.sense()

    @property
    def fd(self) -> int:
        return self._line.source

    def read_edge_events(self) -> None:
        self._line.take()

    def release(self) -> None:
        self._line.consumer = ""
