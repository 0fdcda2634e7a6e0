"""What a daemon tells the world: events at the door, one line for the service manager, and its status."""

from facelatch.door import Door
from facelatch.events import Notice
from facelatch.lockout import Lockout
from facelatch.notify import Notifier
from facelatch.session import Outcome, Verdict
from facelatch.status import CameraState, LastEvent
from facelatch.status_file import StatusFile
from facelatch.supervision.supply import Supply, to_words, wrong_now


class Reports:
    """Turns each change into what has to be told of it, and tells it once."""

    def __init__(self, door: Door, notifier: Notifier, status: StatusFile) -> None:
        self._door = door
        self._notifier = notifier
        self._status = status
        self._is_ready = False
        self._told: str | None = None
        """The trouble that the last event named, until the camera is back."""

    def started(self, reason: str | None = None) -> None:
        """The daemon began; `reason` is how the one before it ended, where that was not as it should."""
        self._tell(Notice.STARTED, reason)

    def stopping(self) -> None:
        """The daemon is on its way out."""
        self._notifier.stopping()

    def stopped(self) -> None:
        """The daemon ends now; the status goes with it."""
        self._status.close()
        self._tell(Notice.STOPPED)

    def lock_failed(self, reason: str) -> None:
        """The lock cannot be driven."""
        self._tell(Notice.LOCK_FAILED, reason)

    def camera(self, state: CameraState, enrolled: int, now_ns: int) -> None:
        """The camera's state changed."""
        self._door.camera = state.serial
        self._status.change(camera=state, camera_since_ns=self._since_ns(state, now_ns), enrolled=enrolled)
        if not self._is_ready and (state.is_trusted or state.trouble is not None):
            # Without a camera too: it may be plugged in later.
            self._is_ready = True
            self._notifier.ready()
        if state.trouble is not None:
            if state.trouble != self._told:
                self._told = state.trouble
                self._tell(Notice.CAMERA_LOST, f"{state.trouble}: {state.sentence}")
            self._notifier.status(f"no camera ({state.trouble}), trying to {state.trying}: {state.sentence}")
        elif state.is_trusted:
            if self._told is not None:
                self._tell(Notice.CAMERA_BACK, f"after {self._told}")
                self._told = None
            self._notifier.status(f"watching for {enrolled} enrolled")
        self._status(now_ns)

    def verdict(self, verdict: Verdict, enrolled: int) -> None:
        """An attempt ended; its event is the door's."""
        self._notifier.status(f"{verdict.outcome.value}: {verdict.reason or verdict.user}")
        user = verdict.user if verdict.outcome is Outcome.GRANTED else None
        self._status.change(
            last=LastEvent(verdict.outcome, self._door.now(), user, verdict.reason), enrolled=enrolled
        )

    def lockout(self, lockout: Lockout, now_ns: int) -> None:
        """The count of refusals changed, or the pause it led to."""
        self._status.change(refusals=lockout.refusals, locked_until_ns=lockout.locked_until_ns)
        if lockout.locked_until_ns is not None and lockout.is_locked(now_ns):
            reason = f"for {(lockout.locked_until_ns - now_ns) / 1e9:.0f} s"
            self._tell(Outcome.LOCKED_OUT, reason)
            self._notifier.status(f"locked out {reason} after {lockout.refusals} refusals")

    def supply(self, supply: Supply) -> None:
        """The board's power supply changed."""
        before = wrong_now(self._status.status.supply)
        self._status.change(supply=supply)
        if wrong_now(supply) and wrong_now(supply) != before:
            self._tell(Notice.SUPPLY_LOW, to_words(supply))
        elif before and not wrong_now(supply):
            self._tell(Notice.SUPPLY_GOOD, to_words(supply))

    def _since_ns(self, state: CameraState, now_ns: int) -> int:
        """Since when the camera has been trusted, or in this trouble; what is being tried may change meanwhile."""
        before = self._status.status.camera
        if (before.is_trusted, before.trouble) == (state.is_trusted, state.trouble):
            return self._status.status.camera_since_ns
        return now_ns

    def _tell(self, what: Outcome | Notice, reason: str | None = None) -> None:
        self._door.tell(what, reason)
