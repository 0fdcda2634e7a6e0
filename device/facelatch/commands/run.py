"""`facelatch run`: the daemon behind the door."""

import argparse
import os
import time
from collections.abc import Sequence
from contextlib import closing
from functools import partial
from pathlib import Path

from facelatch import __version__
from facelatch.cameras.drivers import reset_device
from facelatch.cameras.supervised import Source
from facelatch.commands.door_lock import PROGRAM, to_door_lock
from facelatch.commands.lock_options import add_keeper
from facelatch.commands.options import add_config
from facelatch.commands.sources import (
    add_model,
    add_source,
    add_store,
    to_camera,
    to_config,
    to_driver_settings,
    to_model,
    to_store,
    warn,
)
from facelatch.config import Config, to_lockout_rule, to_session_rule
from facelatch.daemon import Daemon
from facelatch.door import Door
from facelatch.event_log import EventLog, check_path
from facelatch.exit_codes import ExitCode
from facelatch.gallery import Gallery
from facelatch.hang import HangGuard
from facelatch.heartbeat import Heartbeat
from facelatch.lockout_file import LockoutFile, beside, read_boot
from facelatch.notify import Notifier, watchdog_interval_s
from facelatch.reports import Reports
from facelatch.status import DaemonStatus
from facelatch.status_file import StatusFile, describe_last, is_taken
from facelatch.stop import StopSignal
from facelatch.supervision.health import HealthRule, for_recording
from facelatch.supervision.supply import SupplyWatch, read_supply
from facelatch.watch import Watch

DESCRIPTION = """\
Watch the door: release the lock for whom the camera shows and the store knows, write one JSON line per event.
systemd starts this; SIGTERM, SIGHUP, SIGQUIT and Ctrl-C secure the lock and end it with 0.
"""
EXAMPLES = """\
examples:
  facelatch run --config /etc/facelatch/facelatch.toml
  facelatch run --capture visit/ --store /tmp/templates     a trial: the default lock drives nothing
"""
BEAT_S = 2.0
"""How often there is a sign of life at least, where the service manager does not ask for more."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    add_config(parser)
    add_source(parser)
    add_model(parser)
    add_store(parser)
    add_keeper(parser, None, "default: one of our own, which ends with this command")


def run(arguments: argparse.Namespace, program: Sequence[str] = PROGRAM) -> ExitCode:
    """Run until told to stop, or until a recording ends; `program` starts facelatch for a keeper of our own."""
    config = to_config(arguments)
    # The lock first: whatever is wrong with the rest, the door is shut.
    lock = to_door_lock(config.lock, arguments.config, arguments.keeper, program)
    with StopSignal() as stop, closing(lock):
        model = to_model(config)
        path = Path(config.events.path) if config.events.path else None
        if path is not None:
            check_path(path)
        door = Door(lock, EventLog(path, warn), config.lock.pulse_s, time.time_ns)
        notifier = Notifier(os.environ.get("NOTIFY_SOCKET"))
        watched_s = watchdog_interval_s(
            os.environ.get("WATCHDOG_USEC"), os.environ.get("WATCHDOG_PID"), os.getpid()
        )
        status, reason = _open_status(config)
        reports = Reports(door, notifier, status)
        lockout = LockoutFile(beside(Path(config.store.folder)), read_boot(), warn)
        with closing(HangGuard(_longest_hang_s(config, watched_s))) as guard:
            chores = (guard.alive, door.attend, SupplyWatch(read_supply, reports.supply), status)
            Daemon(
                source=_to_source(config, watched_s),
                examine=model.examine,
                gallery=Gallery(to_store(config), model.bundle.card.encoder_sha256, warn),
                threshold=model.threshold,
                watch=Watch(
                    to_session_rule(config, model.bundle.card.enrolment_limit),
                    lockout.read(to_lockout_rule(config), time.monotonic_ns()),
                    cooldown_ns=round(config.daemon.cooldown_s * 1e9),
                ),
                keep=lockout.keep,
                door=door,
                reports=reports,
                heartbeat=Heartbeat(
                    stop, time.monotonic_ns, notifier, min(watched_s or BEAT_S, BEAT_S), chores
                ),
                stop=stop,
                clock=time.monotonic_ns,
            ).run(reason)
    return ExitCode.OK


def _to_source(config: Config, watched_s: float | None) -> Source:
    """Where frames come from; a stall is noticed before the service manager's watchdog takes it for a hang."""
    longest_s = watched_s or config.camera.stall_s
    rule = HealthRule(stall_s=min(config.camera.stall_s, longest_s))
    return Source(
        open=partial(to_camera, config, longest_s),
        serial=config.camera.serial,
        rule=for_recording() if config.camera.recording else rule,
        reset=partial(reset_device, config.camera.driver, to_driver_settings(config)),
    )


def _longest_hang_s(config: Config, watched_s: float | None) -> float:
    """After how long without a sign of life the process ends itself: just before systemd would end it."""
    return 1.8 * watched_s if watched_s else config.camera.stall_s + 30.0


def _open_status(config: Config) -> tuple[StatusFile, str | None]:
    """The status's file, and what it says of a daemon that did not end as it should."""
    now_ns = time.monotonic_ns()
    path: Path | None = Path(config.daemon.status) if config.daemon.status else None
    reason = None
    if path is not None and is_taken(path, now_ns):
        warn(f"{path} belongs to another daemon that runs; this one tells no status")
        path = None
    elif path is not None:
        reason = describe_last(path)
    return StatusFile(path, DaemonStatus(os.getpid(), __version__, now_ns, now_ns), warn), reason
