"""A Raspberry Pi's firmware, as sysfs shows it, that tells of a weak supply now and then."""

from collections.abc import Sequence
from pathlib import Path
from statistics import median

from facelatch.supervision.supply import Supply, read_supply, wrong_now

SECOND = 1_000_000_000
EVERY_S, LASTS_S = 1200, 90
"""How often the supply is weak, and for how long: less than a reading apart would not be told."""
BOUND_S = 32.0
"""Until it is told: the next reading, up to 30 s away, and the sign of life that brings it."""
WEAK, SINCE = "50005", "50000"
"""`get_throttled`: under-voltage and throttling now and since boot, and since boot only."""


class WeakSupply:
    """What the file holds at each time, and how late each change of it was told."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._file = root / "sys/devices/platform/soc/soc:firmware/get_throttled"
        self._file.parent.mkdir(parents=True)
        self._now_ns = 0
        self.late_s: dict[bool, list[float]] = {True: [], False: []}
        self.wrong: list[str] = []

    def pass_time(self, now_ns: int) -> None:
        """A chore before the watch's: the file as it is at this time."""
        if not self._file.exists() or _is_weak(now_ns) is not _is_weak(self._now_ns):
            self._file.write_text(f"{WEAK if _is_weak(now_ns) else SINCE}\n")
        self._now_ns = now_ns

    def read(self) -> Supply:
        """As on a board."""
        return read_supply(self._root)

    def told(self, supply: Supply) -> None:
        """Judge what was told."""
        weak = bool(wrong_now(supply))
        if weak is not _is_weak(self._now_ns):
            self.wrong.append(f"told a supply that is {'weak' if weak else 'good'} when it was not")
            return
        within_s = self._now_ns / SECOND % EVERY_S
        # The first reading after the start finds it good; that is no change.
        if weak or self._now_ns >= EVERY_S * SECOND:
            self.late_s[weak].append(within_s if weak else within_s - LASTS_S)

    def finish(self) -> Sequence[str]:
        """What was wrong, in words."""
        slow = [late for late in self.late_s[True] if late > BOUND_S]
        if slow:
            self.wrong.append(f"a weak supply was told after {max(slow):.1f} s, the bound is {BOUND_S:g} s")
        return self.wrong

    def rows(self) -> list[dict[str, object]]:
        """The table's row; none where it was never told."""
        low, good = self.late_s[True], self.late_s[False]
        if not low or not good:
            return []
        return [
            {
                "fault": "the supply is weak, the board throttles",
                "noticed": "the firmware's report, read every 30 s",
                "happens": "supply-low is told and `facelatch status` fails; supply-good when it is over",
                "times": len(low),
                "noticed_s": round(max(low), 1),
                "median_s": round(median(good), 1),
                "took_s": round(max(good), 1),
                "bound_s": BOUND_S,
            }
        ]


def _is_weak(now_ns: int) -> bool:
    since_s = now_ns / SECOND
    return since_s >= EVERY_S and since_s % EVERY_S < LASTS_S
