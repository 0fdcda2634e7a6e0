"""What the service manager is told: ready, still alive, what is going on, stopping. See sd_notify(3)."""

import socket


class Notifier:
    """Sends to the service manager; does nothing where there is none.

    `address` is the content of `NOTIFY_SOCKET`: a path, or `@` and a name in the abstract namespace. A
    message that cannot be sent is dropped: the watchdog then restarts the service, which is what it is for.
    """

    def __init__(self, address: str | None) -> None:
        self._address = "\0" + address[1:] if address and address.startswith("@") else address

    def ready(self) -> None:
        """The service is up: frames arrive and the lock is secured."""
        self._send("READY=1")

    def status(self, text: str) -> None:
        """One line for `systemctl status`."""
        self._send("STATUS=" + " ".join(text.split()))

    def watchdog(self) -> None:
        """The service is alive; the unit's `WatchdogSec=` says how often this is expected."""
        self._send("WATCHDOG=1")

    def stopping(self) -> None:
        """The service is on its way out."""
        self._send("STOPPING=1")

    def _send(self, message: str) -> None:
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
                # A manager that does not read must not stop the frames.
                channel.setblocking(False)
                channel.sendto(message.encode(errors="backslashreplace"), self._address)
        except OSError:
            pass


def watchdog_interval_s(usec: str | None, pid: str | None, own_pid: int) -> float | None:
    """How often to call `Notifier.watchdog`: half of what the unit allows, or None where no watchdog is set.

    `usec` and `pid` are the contents of `WATCHDOG_USEC` and `WATCHDOG_PID`; a watchdog meant for another
    process is none of ours. See sd_watchdog_enabled(3).
    """
    if not usec or not usec.isdecimal() or int(usec) == 0 or (pid and pid != str(own_pid)):
        return None
    return int(usec) / 2e6
