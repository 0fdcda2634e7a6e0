"""The state behind a door's lines: what happens goes in, what to drive and what to tell comes out; pure.

It asks by `due_ns` to be woken, and each step looks at the time before anything else. So the door is secured in
time whatever a client sends, and whether or not it sends anything. What the client asked for ends with it; what the
exit button asked for does not depend on it.
"""

from dataclasses import dataclass, field, replace

from facelatch.keeping.contact import DoorContact
from facelatch.keeping.exit_button import ExitButton
from facelatch.keeping.happenings import (
    Beat,
    ButtonMoved,
    ContactMoved,
    Grant,
    Happening,
    Joined,
    Left,
    Revoke,
    Show,
)
from facelatch.keeping.notices import DoorNotice, Told
from facelatch.keeping.panel import BUZZER, LAMP, REFUSED_NS, Mood
from facelatch.keeping.releases import LONGEST_NS, LONGEST_S, Again, Releases

SILENT_S = 5.0
"""A client that has said nothing for so long hangs: a grant of its counts no more."""
SILENT_NS = round(SILENT_S * 1e9)


@dataclass(frozen=True, slots=True)
class KeeperRule:
    """The settings of a door."""

    again: Again = Again.IGNORE
    button_ns: int = 3_000_000_000
    held_open_ns: int = 30_000_000_000
    secure_when_opened: bool = False
    quiet_ns: int = 30_000_000
    has_signs: bool = False
    """Whether there is a lamp or a buzzer to be driven in time."""


@dataclass(frozen=True, slots=True)
class Keeper:
    """A door's lines; secured until something is granted or pressed."""

    rule: KeeperRule
    button: ExitButton | None = None
    contact: DoorContact | None = None
    releases: Releases = field(default_factory=Releases)
    is_joined: bool = False
    heard_ns: int = 0
    asked: Mood = Mood.IDLE
    asked_ns: int = 0
    mood: Mood = Mood.FAULT
    mood_ns: int = 0

    @staticmethod
    def start(
        rule: KeeperRule, now_ns: int, *, button: bool | None = None, contact: bool | None = None
    ) -> tuple["Keeper", tuple[Told, ...]]:
        """A secured door; `button` and `contact` are what they read, None where there is none."""
        pressed, told = (None, ()) if button is None else ExitButton.start(button, now_ns)
        door = None if contact is None else DoorContact.start(contact, now_ns)
        return Keeper(rule, pressed, door, mood_ns=now_ns), told

    @property
    def is_released(self) -> bool:
        """Whether the lock is to be released now."""
        return self.releases.is_released

    def lamp(self, now_ns: int) -> bool:
        """Whether the lamp is to be on now."""
        return LAMP[self.mood].is_on(now_ns - self.mood_ns)

    def buzzer(self, now_ns: int) -> bool:
        """Whether the buzzer is to sound now."""
        return BUZZER[self.mood].is_on(now_ns - self.mood_ns)

    def left_ns(self, now_ns: int) -> int:
        """For how long the lock stays released if nothing else happens; 0 while it is secured."""
        due_ns = self.releases.due_ns()
        return 0 if due_ns is None else max(due_ns - now_ns, 0)

    def after(self, happening: Happening, now_ns: int) -> tuple["Keeper", tuple[Told, ...]]:
        """The keeper that follows, and what there is to tell; called for everything, and at `due_ns`."""
        taken = self._take(happening, now_ns)
        heard, silent = taken._listen(now_ns)
        pressed, told = heard._press(now_ns)
        opened, swung = pressed._open(now_ns)
        settled, bounded = opened._settle(now_ns)
        return settled._show(isinstance(happening, Show), now_ns), silent + told + swung + bounded

    def due_ns(self, now_ns: int) -> int | None:
        """When `after` is to be called with a `Tick`, if nothing happens before; None for never."""
        rule, elapsed_ns = self.rule, now_ns - self.mood_ns
        waits = [self.releases.due_ns()]
        if self.releases.granted_until_ns is not None:
            waits.append(self.heard_ns + SILENT_NS)
        if self.button is not None:
            waits.append(self.button.due_ns(rule.quiet_ns))
        if self.contact is not None:
            waits.append(self.contact.due_ns(rule.quiet_ns, rule.held_open_ns))
        if self.mood is Mood.REFUSED:
            waits.append(self.asked_ns + REFUSED_NS)
        for table in (LAMP, BUZZER) if rule.has_signs else ():
            next_ns = table[self.mood].next_ns(elapsed_ns)
            waits.append(None if next_ns is None else self.mood_ns + next_ns)
        return min((wait for wait in waits if wait is not None), default=None)

    def _take(self, happening: Happening, now_ns: int) -> "Keeper":
        """What happened, before its consequences."""
        match happening:
            case Joined():
                return replace(self, is_joined=True, heard_ns=now_ns, asked=Mood.IDLE, asked_ns=now_ns)
            case Left():
                return replace(self, is_joined=False, releases=self.releases.revoked())
            case ButtonMoved(is_on) if self.button is not None:
                level = self.button.level.moved(is_on, now_ns)
                return replace(self, button=replace(self.button, level=level))
            case ContactMoved(is_on) if self.contact is not None:
                level = self.contact.level.moved(is_on, now_ns)
                return replace(self, contact=replace(self.contact, level=level))
            case Beat() | Grant() | Revoke() | Show() if self.is_joined:
                return replace(self, heard_ns=now_ns)._obey(happening, now_ns)
        return self

    def _obey(self, spoken: Happening, now_ns: int) -> "Keeper":
        match spoken:
            case Grant(length_ns) if 0 < length_ns <= LONGEST_NS:
                return replace(self, releases=self.releases.granted(length_ns, now_ns, self.rule.again))
            case Revoke():
                return replace(self, releases=self.releases.revoked())
            case Show(Mood.IDLE) if self.asked is Mood.REFUSED:
                # It ends by itself, and is to be seen until then.
                return self
            case Show(mood):
                return replace(self, asked=mood, asked_ns=now_ns)
        return self

    def _listen(self, now_ns: int) -> tuple["Keeper", tuple[Told, ...]]:
        """A client that hangs loses what it was granted."""
        until_ns = self.releases.granted_until_ns
        if until_ns is None or now_ns >= until_ns or now_ns < self.heard_ns + SILENT_NS:
            return self, ()
        fault = Told(DoorNotice.FAULT, f"the daemon said nothing for {SILENT_S:g} s, its grant is revoked")
        return replace(self, releases=self.releases.revoked()), (fault,)

    def _press(self, now_ns: int) -> tuple["Keeper", tuple[Told, ...]]:
        if self.button is None:
            return self, ()
        button, releases, told = self.button.after(
            now_ns, self.rule.quiet_ns, self.rule.button_ns, self.releases
        )
        return replace(self, button=button, releases=releases), told

    def _open(self, now_ns: int) -> tuple["Keeper", tuple[Told, ...]]:
        if self.contact is None:
            return self, ()
        contact, told = self.contact.after(now_ns, self.rule.quiet_ns, self.rule.held_open_ns, self.releases)
        is_opened = contact.is_open and not self.contact.is_open
        if is_opened and self.rule.secure_when_opened:
            button = None if self.button is None else self.button.spent()
            return replace(self, contact=contact, button=button, releases=self.releases.dropped()), told
        return replace(self, contact=contact), told

    def _settle(self, now_ns: int) -> tuple["Keeper", tuple[Told, ...]]:
        releases, is_bounded = self.releases.settled(now_ns)
        if not is_bounded:
            return replace(self, releases=releases), ()
        button = None if self.button is None else self.button.spent()
        fault = Told(DoorNotice.FAULT, f"released for {LONGEST_S:g} s in a row, secured for a rest")
        return replace(self, releases=releases, button=button), (fault,)

    def _show(self, is_asked: bool, now_ns: int) -> "Keeper":
        """The mood; one that is asked for again begins anew."""
        mood = self._mood(now_ns)
        begins = mood is not self.mood or (is_asked and mood is self.asked)
        return replace(self, mood=mood, mood_ns=now_ns) if begins else self

    def _mood(self, now_ns: int) -> Mood:
        if self.is_released:
            return Mood.GRANTED
        if self.contact is not None and self.contact.is_alarming:
            return Mood.ALARM
        if not self.is_joined:
            return Mood.FAULT
        if self.asked is Mood.REFUSED and now_ns >= self.asked_ns + REFUSED_NS:
            return Mood.IDLE
        return self.asked
