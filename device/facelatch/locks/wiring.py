"""Everything that is wired to a door beside its lock, as far as it is there."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from facelatch.errors import LockError
from facelatch.keeping.settings import PanelSettings
from facelatch.locks.gpio import OpenChip
from facelatch.locks.lines import InputLine, OutputLine

Warn = Callable[[str], object]


@dataclass(slots=True)
class Sign:
    """A lamp or a buzzer. One that fails is done without: no door is to stay shut, or open, because of a lamp."""

    name: str
    line: OutputLine | None = None

    def switch(self, is_on: bool, warn: Warn) -> None:
        """Switch it; `warn` is told once where that fails."""
        if self.line is None:
            return
        try:
            self.line.switch(is_on)
        except LockError as error:
            self.close()
            warn(f"the {self.name} fails: {error}")

    def close(self) -> None:
        """Switch it off, as far as possible, and give it back."""
        if self.line is not None:
            with suppress(LockError):
                self.line.close()
            self.line = None


@dataclass(frozen=True, slots=True)
class Panel:
    """A door's switches and signs; None stands for what is not there."""

    button: InputLine | None
    contact: InputLine | None
    lamp: Sign
    buzzer: Sign

    @property
    def has_signs(self) -> bool:
        """Whether anything shows or sounds."""
        return self.lamp.line is not None or self.buzzer.line is not None

    def close(self) -> None:
        """Give every line back."""
        for part in (self.button, self.contact, self.lamp, self.buzzer):
            if part is not None:
                part.close()


def open_panel(
    settings: PanelSettings, lock_chip: str, warn: Warn, open_chip: OpenChip | None = None
) -> Panel:
    """The lines that the settings name; raises `LockError` for a switch that is not there."""
    chip = settings.chip or lock_chip

    def listen(line: str, active_low: bool) -> InputLine | None:
        if not line:
            return None
        return InputLine(chip, line, active_low=active_low, bias=settings.bias, open_chip=open_chip)

    def sign(name: str, line: str, active_low: bool) -> Sign:
        try:
            found = OutputLine(chip, line, active_low=active_low, open_chip=open_chip) if line else None
        except LockError as error:
            found = None
            warn(f"the {name} is done without: {error}")
        return Sign(name, found)

    return Panel(
        button=listen(settings.button, settings.button_active_low),
        contact=listen(settings.contact, settings.contact_active_low),
        lamp=sign("lamp", settings.led, settings.led_active_low),
        buzzer=sign("buzzer", settings.buzzer, settings.buzzer_active_low),
    )
