"""The lock-out's file, beside the templates: whoever restarts the daemon or the board gets no new attempts."""

from collections.abc import Callable
from pathlib import Path

from facelatch.errors import StoreError
from facelatch.files import replace_file
from facelatch.lockout import Lockout, LockoutRule
from facelatch.lockout_record import distrusted, restored, to_text

SUFFIX = ".lockout"
_MOST_BYTES = 4096


def beside(store: Path) -> Path:
    """Where the lock-out of a store's templates is kept."""
    return store.with_name(store.name + SUFFIX)


def read_boot(root: Path = Path("/")) -> str:
    """The kernel's name for this boot; empty where it does not tell, which counts as another boot each time."""
    try:
        return (root / "proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""


class LockoutFile:
    """Reads the file once and writes it only when what it should say has changed.

    A record that cannot be written is said to `warn` once for as long as it lasts; this process keeps its own
    lock-out in any case.
    """

    def __init__(self, path: Path, boot: str, warn: Callable[[str], object]) -> None:
        self._path = path
        self._boot = boot
        self._warn = warn
        self._kept: str | None = None
        self._has_warned = False

    def read(self, rule: LockoutRule, now_ns: int) -> Lockout:
        """What was kept; a fresh lock-out where no file is, the longest pause where it cannot be read."""
        try:
            with self._path.open("rb") as file:
                text = file.read(_MOST_BYTES).decode("ascii")
            lockout = restored(text, str(self._path), rule, self._boot, now_ns)
        except FileNotFoundError:
            return Lockout(rule)
        except (OSError, UnicodeDecodeError, StoreError) as error:
            said = str(error) if isinstance(error, StoreError) else f"{self._path}: cannot be read ({error})"
            self._warn(f"{said}; nobody is let in for {rule.longest_s:g} s, as it may have held a lock-out")
            lockout = distrusted(rule, now_ns)
        self.keep(lockout, now_ns)
        return lockout

    def keep(self, lockout: Lockout, now_ns: int) -> None:
        """Write the lock-out where the file says something else."""
        text = to_text(lockout, self._boot, now_ns)
        if text == (self._kept or to_text(Lockout(lockout.rule), self._boot, now_ns)):
            return
        try:
            replace_file(self._path, text.encode("ascii"))
        except OSError as error:
            if not self._has_warned:
                self._has_warned = True
                self._warn(
                    f"{self._path}: the lock-out cannot be written ({error.strerror}) and would not survive a "
                    "restart; check the folder and the disk"
                )
            return
        self._kept, self._has_warned = text, False
