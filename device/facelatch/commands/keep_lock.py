"""`facelatch keep-lock`: the keeper of the door's lines, a process of its own."""

import argparse
import json
import os
import pwd
import select
import selectors
import signal
import socket
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack, closing, suppress
from functools import partial
from pathlib import Path

from facelatch.commands.lock_options import KEEPER, to_lock
from facelatch.commands.options import add_config
from facelatch.errors import ConfigError, FacelatchError
from facelatch.exit_codes import ExitCode, of_error
from facelatch.keeping.keeper import KeeperRule
from facelatch.keeping.notices import Told
from facelatch.keeping.releases import Again
from facelatch.keeping.settings import DoorSettings, load_door
from facelatch.keeping.wire import Noticed, Refused, answer_line
from facelatch.locks.clients import Clients
from facelatch.locks.gpio import OpenChip
from facelatch.locks.keeping import Keeping
from facelatch.locks.listening import listening
from facelatch.locks.remembered import forget, remember
from facelatch.locks.wiring import open_panel
from facelatch.notify import Notifier, watchdog_interval_s
from facelatch.stop import StopSignal
from facelatch.timestamps import to_utc_text

DESCRIPTION = """\
Keep the door's lines: release the lock when the daemon or the exit button asks, and secure it in time whatever becomes
of them. It needs neither camera nor model, and of the settings it reads [lock] and [panel] alone. What happens at
the door is told to the daemon, and printed as one JSON line each. systemd starts this; see docs/lock.md.
"""
EXAMPLES = """\
examples:
  facelatch keep-lock --socket /run/facelatch-lock/lock.sock --client-user facelatch
  facelatch run --keeper /run/facelatch-lock/lock.sock
"""
BEAT_S = 2.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    add_config(parser)
    place = parser.add_mutually_exclusive_group()
    place.add_argument(
        "--socket", type=Path, metavar="PATH", default=KEEPER, help=f"where to listen (default: {KEEPER})"
    )
    place.add_argument("--client-fd", type=int, metavar="N", help=argparse.SUPPRESS)
    parser.add_argument(
        "--client-user",
        metavar="USER",
        help="who may ask for a release, beside root and this process's own user",
    )


def run(arguments: argparse.Namespace, open_chip: OpenChip | None = None) -> ExitCode:
    """Keep the lines until told to stop; with `--client-fd` until that client is gone."""
    if arguments.client_fd is None:
        users = _users(arguments.client_user)
        door = load_door(arguments.config)
        _keep(door, open_chip, partial(_listen, door, arguments.socket), users, _print)
        # Not where it ended by an error: who knows what became of the line.
        forget(arguments.socket)
        return ExitCode.OK
    with socket.socket(fileno=arguments.client_fd) as client:
        try:
            _keep(load_door(arguments.config), open_chip, partial(_serve, client), set(), lambda _: None)
        except FacelatchError as error:
            # Whoever started this is told there, and says it.
            with suppress(OSError):
                client.send(answer_line(Refused(str(error))))
            return of_error(error)
    return ExitCode.OK


Opening = Callable[[Clients, ExitStack], Callable[[], bool]]


def _keep(
    door: DoorSettings,
    open_chip: OpenChip | None,
    begin: Opening,
    users: set[int],
    write: Callable[[str], object],
) -> None:
    """Secure the lock first, then open the rest, then let clients in; secure it however this ends."""
    alarm = partial(signal.setitimer, signal.ITIMER_REAL)
    # Whoever started this may have left the signal ignored or blocked, and the timer would end nothing.
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGALRM})
    with ExitStack() as stack:
        stack.callback(alarm, 0)
        # Around the lock: whoever is asked to stop twice must not end before it is secured.
        stop = stack.enter_context(StopSignal())
        lock = stack.enter_context(closing(to_lock(door.lock, open_chip)))
        faults: list[str] = []
        panel = stack.enter_context(closing(open_panel(door.panel, door.lock.chip, faults.append, open_chip)))
        selector = stack.enter_context(closing(selectors.DefaultSelector()))
        clients = Clients(selector, users.__contains__, time.monotonic_ns)
        notifier = Notifier(os.environ.get("NOTIFY_SOCKET"))
        beat_s = watchdog_interval_s(
            os.environ.get("WATCHDOG_USEC"), os.environ.get("WATCHDOG_PID"), os.getpid()
        )

        def tell(told: Told) -> None:
            unix_ns = time.time_ns()
            write(_line(told, unix_ns))
            clients.tell(Noticed(unix_ns // 1_000_000, told))

        keeping = Keeping(
            rule=to_rule(door, panel.has_signs),
            lock=lock,
            panel=panel,
            clients=clients,
            selector=selector,
            stop=stop,
            clock=time.monotonic_ns,
            alarm=alarm,
            tell=tell,
            beat=notifier.watchdog,
            beat_s=min(beat_s or BEAT_S, BEAT_S),
        )
        for fault in faults:
            keeping.complain(fault)
        stack.callback(notifier.stopping)
        stack.callback(clients.close)
        ends = begin(clients, stack)
        notifier.ready()
        keeping.run(ends)


def to_rule(door: DoorSettings, has_signs: bool) -> KeeperRule:
    """The pure state's part of the settings."""
    return KeeperRule(
        again=Again(door.lock.again),
        button_ns=round(door.panel.button_pulse_s * 1e9),
        held_open_ns=round(door.panel.held_open_s * 1e9),
        secure_when_opened=door.panel.secure_when_opened,
        quiet_ns=round(door.panel.debounce_s * 1e9),
        has_signs=has_signs,
    )


def _serve(client: socket.socket, clients: Clients, _stack: ExitStack) -> Callable[[], bool]:
    clients.take(client)
    return lambda: clients.is_empty


def _listen(door: DoorSettings, path: Path, clients: Clients, stack: ExitStack) -> Callable[[], bool]:
    clients.listen(stack.enter_context(listening(path)))
    try:
        remember(door, path)
    except OSError as error:
        # The exit button must work in spite of a full disk.
        print(f"facelatch: the lock's line cannot be noted ({error}); do not change [lock]", file=sys.stderr)
    return lambda: False


def _users(name: str | None) -> set[int]:
    """The numbers of those who may speak to the keeper."""
    users = {0, os.geteuid()}
    if name is not None:
        try:
            users.add(pwd.getpwnam(name).pw_uid)
        except KeyError:
            raise ConfigError(
                f"--client-user: there is no user {name}; install the sysusers file and run systemd-sysusers"
            ) from None
    return users


def _line(told: Told, unix_ns: int) -> str:
    return json.dumps({"event": told.notice, "at": to_utc_text(unix_ns), "reason": told.reason})


def _print(line: str) -> None:
    """Write to standard output, but never wait for whoever reads it: the door comes first."""
    with suppress(OSError):
        # There is none where whoever started this closed it.
        if sys.stdout is not None and select.select([], [sys.stdout], [], 0)[1]:
            os.write(sys.stdout.fileno(), f"{line}\n".encode())
