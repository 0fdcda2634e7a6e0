"""`facelatch run`: the daemon behind the door."""

import argparse
import os
import time
from contextlib import closing
from functools import partial
from pathlib import Path

from facelatch.commands.options import add_config
from facelatch.commands.secure_lock import to_lock
from facelatch.commands.sources import (
    add_model,
    add_source,
    add_store,
    to_camera,
    to_config,
    to_model,
    to_store,
    warn,
)
from facelatch.config import to_lockout_rule, to_session_rule
from facelatch.daemon import Daemon
from facelatch.door import Door
from facelatch.event_log import EventLog, check_path
from facelatch.exit_codes import ExitCode
from facelatch.gallery import Gallery
from facelatch.lockout import Lockout
from facelatch.locks.gpio import OpenChip
from facelatch.notify import Notifier, watchdog_interval_s
from facelatch.stop import StopSignal
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


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    add_config(parser)
    add_source(parser)
    add_model(parser)
    add_store(parser)


def run(arguments: argparse.Namespace, open_chip: OpenChip | None = None) -> ExitCode:
    """Run until told to stop, or until a recording ends."""
    config = to_config(arguments)
    beat_s = watchdog_interval_s(os.environ.get("WATCHDOG_USEC"), os.environ.get("WATCHDOG_PID"), os.getpid())
    # The lock first: whatever is wrong with the rest, the door is shut.
    lock = to_lock(config.lock, open_chip)
    with StopSignal() as stop, closing(lock):
        model = to_model(config)
        path = Path(config.events.path) if config.events.path else None
        if path is not None:
            check_path(path)
        events = EventLog(path, warn)
        Daemon(
            open_camera=partial(to_camera, config, beat_s or config.camera.stall_s),
            examine=model.examine,
            gallery=Gallery(to_store(config), model.bundle.card.encoder_sha256, warn),
            threshold=model.threshold,
            watch=Watch(
                to_session_rule(config),
                Lockout(to_lockout_rule(config)),
                cooldown_ns=round(config.daemon.cooldown_s * 1e9),
            ),
            door=Door(lock, events, config.lock.pulse_s, time.time_ns),
            notifier=Notifier(os.environ.get("NOTIFY_SOCKET")),
            stop=stop,
            clock=time.monotonic_ns,
            beat_s=beat_s,
        ).run()
    return ExitCode.OK
