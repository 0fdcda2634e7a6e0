"""The loop behind a door's lines: what the pure state decides is driven, at once and in time.

Three things bound a release, each for the case that the one before it fails: this loop, which waits no longer than the
state asks for; a timer of the kernel, armed before the line is driven, whose signal ends the process wherever it
hangs; and the service manager's watchdog. After the last two the unit's `ExecStopPost=` secures the line.
"""

import selectors
from collections.abc import Callable
from typing import Protocol

from facelatch.keeping.happenings import ButtonMoved, ContactMoved, Happening, Joined, Left, Show, Tick
from facelatch.keeping.keeper import Keeper, KeeperRule
from facelatch.keeping.notices import DoorNotice, Told
from facelatch.keeping.wire import Answer, Done, Plain, Request, to_happening
from facelatch.locks import Lock
from facelatch.locks.clients import Clients
from facelatch.locks.wiring import Panel

MARGIN_S = 1.0
"""How much later than this loop the kernel's timer ends a release."""


class Stop(Protocol):
    """Says whether the process was asked to stop; readable, as `select` sees it, from then on."""

    @property
    def is_set(self) -> bool:
        """Whether it was asked."""

    def fileno(self) -> int:
        """What `select` wants."""


class Keeping:
    """Keeps a door until it is asked to stop; the lock is secured by whoever opened it, after the loop."""

    def __init__(
        self,
        *,
        rule: KeeperRule,
        lock: Lock,
        panel: Panel,
        clients: Clients,
        selector: selectors.BaseSelector,
        stop: Stop,
        clock: Callable[[], int],
        alarm: Callable[[float], object],
        tell: Callable[[Told], object],
        beat: Callable[[], object],
        beat_s: float,
    ) -> None:
        """`alarm` ends the process after so many seconds, 0 for never; `beat` is called every `beat_s` at least."""
        self._lock = lock
        self._panel = panel
        self._clients = clients
        self._selector = selector
        self._stop = stop
        self._clock = clock
        self._alarm = alarm
        self._tell = tell
        self._beat = beat
        self._beat_s = beat_s
        self._beaten_ns: int | None = None
        self._is_driven = False
        button = None if panel.button is None else panel.button.read()
        contact = None if panel.contact is None else panel.contact.read()
        self._keeper, told = Keeper.start(rule, clock(), button=button, contact=contact)
        clients.joined = lambda: self._step(Joined())
        clients.left = lambda: self._step(Left())
        clients.obey = self._obey
        self._tell_all(told)

    def run(self, until: Callable[[], bool] = lambda: False) -> None:
        """Keep the door until asked to stop, or until `until` says so; raises `LockError` as the lock does."""
        self._selector.register(self._stop.fileno(), selectors.EVENT_READ, lambda: None)
        for line, moved in ((self._panel.button, ButtonMoved), (self._panel.contact, ContactMoved)):
            if line is not None:
                self._selector.register(
                    line, selectors.EVENT_READ, lambda line=line, moved=moved: self._step(moved(line.take()))
                )
        while not self._stop.is_set and not until():
            self._step(Tick())
            for key, _ in self._selector.select(self._wait_s()):
                key.data()
            self._clients.tidy()
            self._live()

    def complain(self, reason: str) -> None:
        """Tell of a fault that a line's driver found."""
        self._tell_all((Told(DoorNotice.FAULT, reason),))

    def _live(self) -> None:
        now_ns = self._clock()
        if self._beaten_ns is None or now_ns - self._beaten_ns >= self._beat_s * 5e8:
            self._beaten_ns = now_ns
            self._beat()

    def _wait_s(self) -> float:
        now_ns = self._clock()
        due_ns = self._keeper.due_ns(now_ns)
        return self._beat_s if due_ns is None else min(max(due_ns - now_ns, 0) / 1e9, self._beat_s)

    def _step(self, happening: Happening) -> None:
        """Let the state follow and drive what it says, before anybody is told."""
        now_ns = self._clock()
        self._keeper, told = self._keeper.after(happening, now_ns)
        self._drive(now_ns)
        self._panel.lamp.switch(self._keeper.lamp(now_ns), self.complain)
        self._panel.buzzer.switch(self._keeper.buzzer(now_ns), self.complain)
        self._tell_all(told)

    def _drive(self, now_ns: int) -> None:
        if self._keeper.is_released:
            self._alarm(self._keeper.left_ns(now_ns) / 1e9 + MARGIN_S)
            if not self._is_driven:
                self._is_driven = True
                self._lock.release()
        elif self._is_driven:
            self._lock.secure()
            self._is_driven = False
            self._alarm(0)

    def _obey(self, request: Request) -> Answer | None:
        """Do what a client may ask for, and answer where it waits for that."""
        if request is not Plain.HELLO and request is not Plain.ASK:
            self._step(to_happening(request))
        if request is Plain.BEAT or isinstance(request, Show):
            return None
        return Done(self._keeper.left_ns(self._clock()) // 1_000_000)

    def _tell_all(self, told: tuple[Told, ...]) -> None:
        for one in told:
            self._tell(one)
