"""Lines beside the lock's: switches that are listened to, and a lamp and a buzzer that are switched."""

from typing import Any

from facelatch.locks.gpio import CONSUMER, OpenChip, driving, load_gpiod, open_line


class OutputLine:
    """A line that is switched on and off; off from the moment it is open. Raises `LockError`."""

    def __init__(self, chip: str, line: str, *, active_low: bool, open_chip: OpenChip | None = None) -> None:
        gpiod = load_gpiod()
        self._values = (gpiod.line.Value.INACTIVE, gpiod.line.Value.ACTIVE)
        self._name = f"line {line} of {chip}"
        self._is_on = False
        settings = gpiod.LineSettings(
            direction=gpiod.line.Direction.OUTPUT, active_low=active_low, output_value=self._values[False]
        )
        with open_line(chip, line, open_chip) as (opened, offset), driving(self._name):
            self._request = opened.request_lines({offset: settings}, consumer=CONSUMER)
        self._offset = offset

    def switch(self, is_on: bool) -> None:
        """Switch it, if it is not so already."""
        if is_on != self._is_on:
            with driving(self._name):
                self._request.set_value(self._offset, self._values[is_on])
            self._is_on = is_on

    def close(self) -> None:
        """Switch it off and give it back."""
        try:
            self.switch(False)
        finally:
            self._request.release()


class InputLine:
    """A line that is listened to; readable, as `select` sees it, when its level changed. Raises `LockError`."""

    def __init__(
        self, chip: str, line: str, *, active_low: bool, bias: str, open_chip: OpenChip | None = None
    ) -> None:
        """`bias` is `pull-up`, `pull-down` or `none`."""
        gpiod = load_gpiod()
        self._active = gpiod.line.Value.ACTIVE
        self._name = f"line {line} of {chip}"
        settings = gpiod.LineSettings(
            direction=gpiod.line.Direction.INPUT,
            active_low=active_low,
            edge_detection=gpiod.line.Edge.BOTH,
            bias=_to_bias(gpiod.line.Bias, bias),
        )
        with open_line(chip, line, open_chip) as (opened, offset), driving(self._name):
            self._request = opened.request_lines({offset: settings}, consumer=CONSUMER)
        self._offset = offset

    def fileno(self) -> int:
        """What `select` wants."""
        return int(self._request.fd)

    def read(self) -> bool:
        """Whether it is active now."""
        with driving(self._name):
            return bool(self._request.get_value(self._offset) == self._active)

    def take(self) -> bool:
        """Forget the changes up to now, and say whether it is active after them."""
        with driving(self._name):
            self._request.read_edge_events()
        return self.read()

    def close(self) -> None:
        """Give it back."""
        self._request.release()


def _to_bias(biases: Any, word: str) -> Any:
    return {"pull-up": biases.PULL_UP, "pull-down": biases.PULL_DOWN, "none": biases.DISABLED}[word]
