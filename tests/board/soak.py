"""Plays hours of camera faults in minutes, and proves what the daemon makes of them.

    python -m tests.board.soak [--frames N] [--recoveries N] [--sdk-recoveries N] [--watchdog S] [--seed N] [--log FILE]

The real daemon with its supervised camera runs on a simulated device and then on the RealSense SDK playing a
recording, both with faults put in at random. What looks at faces is replaced by something that grants always: the
strictest check there is that nothing unlocks while the camera is not trusted. Time is simulated; memory is this
process's own. Ends with 0 where everything held, prints a table and then writes the log that `docs/faults.md` is made
of; a run with a failure writes none.
"""

import argparse
import gc
import json
import math
import os
import platform
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from random import Random
from statistics import median

from facelatch.cameras import Camera
from facelatch.cameras.supervised import Source
from facelatch.daemon import Daemon
from facelatch.door import Door
from facelatch.event_log import EventLog
from facelatch.heartbeat import Heartbeat
from facelatch.keeping.panel import Mood
from facelatch.keeping.wire import Noticed
from facelatch.lockout import Lockout, LockoutRule
from facelatch.lockout_file import LockoutFile
from facelatch.notify import Notifier
from facelatch.progress import Progress
from facelatch.reports import Reports
from facelatch.session import SessionRule
from facelatch.status import CameraState, DaemonStatus
from facelatch.status_file import StatusFile
from facelatch.supervision.health import HealthRule
from facelatch.supervision.recovery import longest_recovery_s
from facelatch.supervision.supply import Supply, SupplyWatch
from facelatch.watch import Watch
from tests.board.faults import FAULTS, OPEN_NS, SECOND, Cure, Device, Fault
from tests.board.report import revision
from tests.board.weak_supply import WeakSupply
from tests.factories import make_embedding, make_near, make_template
from tests.hanging_driver import measure_hang_s
from tests.looks import make_sample

RULE = HealthRule()
LEAKS_MB = 5.0
"""Resident memory may grow by less, in millions of bytes."""
SHORTEST_WATCH = 100
"""Recoveries below which memory is not judged: what a short run takes is its modules and the allocator's pools."""
SESSION_FRAMES = 3
TRUST_FRAMES = 5
_AGAIN_S = longest_recovery_s(OPEN_NS / SECOND) + 1.0
"""From the end of a fault's cause: the longest back-off, opening, and five good frames."""


def bound_s(fault: Fault) -> float:
    """Within what time the camera must be trusted again: since the cause's end where time ends it, else in all."""
    if fault.cure is Cure.TIME:
        return _AGAIN_S
    # A fault that only a reset ends may have to be noticed three times before the ladder comes to one.
    seen = 3 if fault.cure is Cure.RESET else fault.tries
    return fault.tries * _AGAIN_S + seen * (fault.noticed_s + OPEN_NS / SECOND)


@dataclass(frozen=True, slots=True)
class Baseline:
    """How things stood when what is only done once was done."""

    frames: int
    recoveries: int
    memory_mb: float


@dataclass(slots=True)
class Tally:
    """What is known of one kind of fault."""

    noticed_s: list[float] = field(default_factory=list)
    took_s: list[float] = field(default_factory=list)


class Soak(Notifier):
    """A door before a device that fails: its clock, its stop signal, its lock, and the judge of all of it."""

    def __init__(
        self,
        device: Device,
        frames: int,
        recoveries: int,
        progress: Callable[[str], object] = lambda _: None,
    ) -> None:
        super().__init__(None)
        self.device = device
        self.recoveries = 0
        self.releases = 0
        self.wrong: list[str] = []
        self.tallies: dict[str, Tally] = defaultdict(Tally)
        self.kinds = {fault.name: fault for fault in device.kinds}
        self._frames = frames
        self._recoveries = recoveries
        self._progress = progress
        self._struck: Fault | None = None
        self._struck_ns = 0
        self._told: set[str] = set()
        self._owner = make_sample(make_near(make_embedding(1), 0.25))
        self._baseline: Baseline | None = None
        self.grew_mb = math.inf
        self.supply: WeakSupply | None = None
        device.struck = self.struck

    # The lock.

    def pulse(self, seconds: float) -> None:
        """Judge: only right after good new frames that nothing disturbed."""
        self.releases += 1
        good, fault = self.device.good, self.device.fault
        if fault is not None or good < TRUST_FRAMES + SESSION_FRAMES - 1:
            self._complain(f"released after {good} good frames, fault: {fault and fault.name}")

    def secure(self) -> None:
        """Nothing to judge."""

    def show(self, mood: Mood) -> None:
        """Nobody looks."""

    def attend(self) -> Sequence[Noticed]:
        """Nothing happens at the door itself."""
        return ()

    def close(self) -> None:
        """Nothing to free."""

    # The clock and the stop signal.

    def clock(self) -> int:
        """The device's time is everybody's."""
        return self.device.now_ns

    @property
    def is_set(self) -> bool:
        """Whether enough was seen; the fault of the moment is played to its end."""
        return bool(self.wrong) or (self._has_seen_enough and self._struck is None)

    @property
    def _has_seen_enough(self) -> bool:
        """Whether as much was seen as was asked for while the memory was watched."""
        base = self._baseline
        if base is None:
            return False
        frames, recoveries = self.device.frames - base.frames, self.recoveries - base.recoveries
        return frames >= self._frames and recoveries >= self._recoveries

    def wait(self, seconds: float) -> bool:
        """Let time pass."""
        self.device.now_ns += round(seconds * SECOND)
        return self.is_set

    def watchdog(self) -> None:
        """A sign of life: time to see whether the camera should be back by now."""
        fault = self._struck
        if fault is not None and not self.wrong and self._lasts_s(fault) > 2 * bound_s(fault):
            self._complain(f"{fault.name}: not recovered after {self._lasts_s(fault):.0f} s")
        self._progress(
            f"{self.device.frames:,} frames, {self.recoveries:,} recoveries, {self.releases:,} releases, "
            f"{self.device.now_ns / SECOND / 3600:.1f} h simulated"
        )

    # What is told.

    def struck(self, fault: Fault) -> None:
        """A fault begins."""
        self._struck, self._struck_ns, self._told = fault, self.device.now_ns, set()
        # The first recoveries bring memory that is kept: modules, caches, the allocator's pools.
        if self._baseline is None and self.recoveries >= self._recoveries // 10:
            self._baseline = Baseline(self.device.frames, self.recoveries, resident_mb())

    def noticed(self, state: CameraState) -> None:
        """The supervised camera changed its mind."""
        now_ns, fault = self.device.now_ns, self._struck
        if fault is None:
            if state.trouble is not None:
                self._complain(f"told {state.trouble} of a sound camera: {state.sentence}")
            return
        if state.trouble is not None:
            if state.trouble is fault.trouble and state.trouble not in self._told:
                self.tallies[fault.name].noticed_s.append((now_ns - self._struck_ns) / SECOND)
            self._told.add(state.trouble)
        elif state.is_trusted:
            self._recovered(fault, now_ns)

    def _recovered(self, fault: Fault, now_ns: int) -> None:
        took_s, tally = self._lasts_s(fault), self.tallies[fault.name]
        if self.device.fault is not None or self.device.good < TRUST_FRAMES:
            self._complain(f"{fault.name}: trusted after {self.device.good} good frames")
        if fault.trouble not in self._told:
            # One that was over before it counted need not be told, and a foreign camera not be met.
            lasted_s = (self.device.until_ns - self._struck_ns) / SECOND
            if fault.cure is not Cure.TIME or lasted_s > fault.noticed_s:
                self._complain(f"{fault.name}: {fault.trouble} was never told, but {sorted(self._told)}")
        elif tally.noticed_s[-1] > fault.noticed_s + 0.1:
            self._complain(f"{fault.name}: noticed after {tally.noticed_s[-1]:.1f} s")
        if took_s > bound_s(fault):
            self._complain(f"{fault.name}: took {took_s:.1f} s, the bound is {bound_s(fault):.1f} s")
        tally.took_s.append(took_s)
        self.recoveries += 1
        self._struck = None

    def _lasts_s(self, fault: Fault) -> float:
        """For how long the camera is away by now: since the cause's end where time ends it."""
        since_ns = self._struck_ns if fault.cure is not Cure.TIME else self.device.until_ns
        return max(self.device.now_ns - since_ns, 0) / SECOND

    def _complain(self, text: str) -> None:
        self.wrong.append(f"after {self.device.frames} frames: {text}")

    def finish(self) -> None:
        """Judge the memory and whether every kind of fault was seen."""
        if self._baseline is not None:
            self.grew_mb = resident_mb() - self._baseline.memory_mb
        if self._recoveries >= SHORTEST_WATCH and not self.grew_mb < LEAKS_MB:
            self._complain(f"resident memory grew by {self.grew_mb:.1f} MB, allowed is {LEAKS_MB:g} MB")
        unseen = sorted(name for name in self.kinds if not self.tallies[name].took_s)
        if unseen and self.recoveries >= len(self.kinds):
            self._complain(f"never played: {', '.join(unseen)}")
        for complaint in self.supply.finish() if self.supply is not None else ():
            self._complain(complaint)
        if self.device.foreign_resets:
            self._complain(f"somebody else's camera was reset {self.device.foreign_resets} times")
        if self.releases == 0:
            self._complain("nobody was let in, so nothing was shown")

    def run(self, open_camera: Callable[[], Camera], folder: Path, health: HealthRule) -> None:
        """Run the daemon until enough was seen."""
        soak = self

        weak = self.supply = WeakSupply(folder / "board")

        class Judged(Reports):
            def supply(self, supply: Supply) -> None:
                weak.told(supply)
                super().supply(supply)

            def camera(self, state: CameraState, enrolled: int, now_ns: int) -> None:
                soak.noticed(state)
                super().camera(state, enrolled, now_ns)

        door = Door(self, EventLog(folder / "events", print), 1.0, time.time_ns)
        status = StatusFile(folder / "status.json", DaemonStatus(os.getpid(), "soak", 0, 0), print)
        template = make_template()
        rule = LockoutRule()
        reports = Judged(door, self, status)
        chores = (weak.pass_time, SupplyWatch(weak.read, reports.supply), status)
        Daemon(
            source=Source(open_camera, rule=health),
            examine=lambda _: self._owner,
            gallery=lambda: (template,),
            threshold=0.6,
            watch=Watch(SessionRule(SESSION_FRAMES, 30), Lockout(rule), cooldown_ns=3 * SECOND),
            keep=LockoutFile(folder / "lockout", "soak", print).keep,
            door=door,
            reports=reports,
            heartbeat=Heartbeat(self, self.clock, self, 2.0, chores),
            stop=self,
            clock=self.clock,
        ).run()
        self.finish()

    def rows(self) -> list[dict[str, object]]:
        """One row of the table for each kind of fault that was played."""
        found = []
        for name, fault in self.kinds.items():
            tally = self.tallies.get(name)
            if tally is not None and tally.took_s:
                found.append(
                    {
                        "fault": name,
                        "noticed": fault.noticed,
                        "happens": fault.happens,
                        "times": len(tally.took_s),
                        "noticed_s": round(max(tally.noticed_s, default=0.0), 1),
                        "median_s": round(median(tally.took_s), 1),
                        "took_s": round(max(tally.took_s), 1),
                        "bound_s": round(bound_s(fault), 1),
                    }
                )
        return found


def resident_mb() -> float:
    """This process's memory, in millions of bytes."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGESIZE") / 1e6


def _memory() -> str | None:
    """A file system in memory, as the status has on a board; where there is none, any."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


def soak_simulated(
    frames: int,
    recoveries: int,
    seed: int,
    show: Callable[[str], object] = lambda _: None,
    health: HealthRule = RULE,
    kinds: tuple[Fault, ...] = FAULTS,
    open_camera: Callable[[Device], Camera] = Device.open,
) -> Soak:
    """The daemon on a simulated device with these kinds of faults."""
    device = Device(Random(seed), kinds=kinds)
    soak = Soak(device, frames, recoveries, show)
    with tempfile.TemporaryDirectory(prefix="facelatch-soak-", dir=_memory()) as folder:
        soak.run(lambda: open_camera(device), Path(folder), health)
    return soak


def soak_sdk(recoveries: int, seed: int, show: Callable[[str], object] = lambda _: None) -> Soak:
    """The daemon on the SDK's playback."""
    from tests.board import flaky_sdk  # The SDK is not everywhere.

    device = Device(Random(seed), kinds=flaky_sdk.FAULTS, longest_gap=120)
    soak = Soak(device, 0, recoveries, show)
    with tempfile.TemporaryDirectory(prefix="facelatch-soak-", dir=_memory()) as name:
        recording = flaky_sdk.make_recording(Path(name))
        flaky_sdk.warm_up(recording)
        soak.run(lambda: flaky_sdk.PlayedCamera(device, recording), Path(name), RULE)
    return soak


def main(
    words: Sequence[str] | None = None,
    *,
    has_sdk: bool | None = None,
    measure: Callable[[Path, float], float] = measure_hang_s,
) -> int:
    """Soak, print and judge: 0 where everything held, 1 where not, 2 where it cannot run here.

    `measure` says for how long a daemon hangs in a folder under a watchdog.
    """
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, usage=argparse.SUPPRESS
    )
    parser.add_argument("--frames", type=int, default=200_000, help="simulated frames (default: 200000)")
    parser.add_argument("--recoveries", type=int, default=2_000, help="simulated faults (default: 2000)")
    parser.add_argument(
        "--sdk-recoveries", type=int, default=500, help="faults in the SDK's playback (default: 500; 0: none)"
    )
    parser.add_argument(
        "--watchdog", type=float, default=20.0, help="the unit's WatchdogSec= (default: 20; 0: no such test)"
    )
    parser.add_argument("--seed", type=int, default=4)
    parser.add_argument("--log", type=Path, help="where the log goes, as JSON")
    arguments = parser.parse_args(words)
    if has_sdk is None:
        has_sdk = find_spec("pyrealsense2") is not None
    if arguments.sdk_recoveries and not has_sdk:
        print(
            "the soak needs pyrealsense2: install facelatch[realsense], or ask for --sdk-recoveries 0",
            file=sys.stderr,
        )
        return 2
    progress = Progress(sys.stderr, lambda: 100)
    started_s, parts = time.monotonic(), dict[str, Soak]()
    parts["simulated"] = soak_simulated(
        arguments.frames, arguments.recoveries, arguments.seed, _showing(progress, "simulated", arguments)
    )
    if arguments.sdk_recoveries:
        parts["sdk"] = soak_sdk(
            arguments.sdk_recoveries, arguments.seed, _showing(progress, "sdk", arguments)
        )
    rows = [row for soak in parts.values() for row in soak.rows()]
    supply = parts["simulated"].supply
    rows += supply.rows() if supply is not None else []
    if arguments.watchdog:
        progress.show(["a driver that hangs for good"])
        rows.append(hang(arguments.watchdog, measure))
    progress.clear()
    log = to_log(parts, rows, arguments.seed, time.monotonic() - started_s)
    print(to_text(log))
    wrong = [line for soak in parts.values() for line in soak.wrong]
    if arguments.watchdog:
        wrong += judge_hang(rows[-1])
    for line in wrong:
        print(f"WRONG: {line}", file=sys.stderr)
    if wrong:
        return 1
    if arguments.log is not None:
        arguments.log.write_text(json.dumps(log, indent=1) + "\n")
    return 0


def judge_hang(row: Mapping[str, object]) -> list[str]:
    """A daemon that hung ends before systemd loses patience; one that ended much sooner did not hang."""
    took_s, bound = row["took_s"], row["bound_s"]
    assert isinstance(took_s, float)
    assert isinstance(bound, float)
    if 0.8 * bound <= took_s <= bound:
        return []
    return [f"{row['fault']}: took {took_s} s, expected {0.9 * bound:g} to {bound:g} s"]


def _showing(progress: Progress, name: str, arguments: argparse.Namespace) -> Callable[[str], object]:
    """A bar for whoever waits; redrawn at most ten times a second."""
    wanted = arguments.recoveries if name == "simulated" else arguments.sdk_recoveries
    shown_s = 0.0

    def show(text: str) -> None:
        nonlocal shown_s
        if time.monotonic() - shown_s < 0.1:
            return
        shown_s = time.monotonic()
        done = int(text.partition(" recoveries")[0].rpartition(", ")[2].replace(",", ""))
        filled = min(20, 20 * done // max(wanted, 1))
        progress.show([f"[{'#' * filled}{'.' * (20 - filled)}] {name}: {text}"])

    return show


def hang(watchdog_s: float, measure: Callable[[Path, float], float]) -> dict[str, object]:
    """The row of a daemon, a process of its own in real time, whose driver never comes back."""
    with tempfile.TemporaryDirectory(prefix="facelatch-soak-", dir=_memory()) as folder:
        took_s = round(measure(Path(folder), watchdog_s), 1)
    return {
        "fault": "a driver's call never returns (real time)",
        "noticed": f"no sign of life from the loop for {0.9 * watchdog_s:g} s",
        "happens": "the process ends itself and says where; systemd starts it again, the lock's keeper secures",
        "times": 1,
        "noticed_s": took_s,
        "median_s": took_s,
        "took_s": took_s,
        "bound_s": watchdog_s,
    }


def to_log(
    parts: Mapping[str, Soak], rows: Sequence[Mapping[str, object]], seed: int, wall_s: float
) -> dict[str, object]:
    """What was found, for programs and for the documentation's table."""
    return {
        "facelatch": revision(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        "seed": seed,
        "wall_s": round(wall_s),
        "parts": {
            name: {
                "frames": soak.device.frames,
                "recoveries": soak.recoveries,
                "releases": soak.releases,
                "wrong": len(soak.wrong),
                "simulated_h": round(soak.device.now_ns / SECOND / 3600, 1),
                "grew_mb": round(soak.grew_mb, 2),
            }
            for name, soak in parts.items()
        },
        "rows": list(rows),
    }


def to_text(log: Mapping[str, object]) -> str:
    """The log for people."""
    lines = []
    parts, rows = log["parts"], log["rows"]
    assert isinstance(parts, dict)
    assert isinstance(rows, list)
    for name, part in parts.items():
        lines.append(
            f"{name}: {part['frames']:,} frames, {part['recoveries']:,} recoveries, {part['releases']:,} releases, "
            f"{part['wrong']} wrong, {part['simulated_h']} h simulated, memory grew by {part['grew_mb']} MB"
        )
    lines.append(f"{'fault':42}{'times':>6}{'noticed':>9}{'median':>8}{'longest':>9}{'bound':>7}")
    for row in rows:
        lines.append(
            f"{row['fault']:42}{row['times']:>6}{row['noticed_s']:>8}s{row['median_s']:>7}s"
            f"{row['took_s']:>8}s{row['bound_s']:>6}s"
        )
    return "\n".join(
        [*lines, f"{log['facelatch']}: {log['wall_s']} s on {log['machine']}, seed {log['seed']}"]
    )


if __name__ == "__main__":
    sys.exit(main())
