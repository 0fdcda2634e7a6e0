"""Who speaks to the lock's keeper: one daemon, and for a moment others that ask or secure.

Nobody is believed: lines are short, few at a time, and whoever says something else is sent away. Nobody is waited for:
what a client does not take in time is the end of its connection.
"""

import selectors
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from facelatch.keeping.wire import Answer, Lines, Plain, Refused, Request, answer_line, parse_request

MOST_STRANGERS = 4
STRANGER_NS = 5_000_000_000
"""Who has not said hello must be done by then."""
MOST_LINES = 400
PER_NS = 1_000_000_000
"""So many lines a client may say in so long; a daemon says three for each of 90 frames in a second at most."""
_LONGEST_UNSENT = 1 << 16
_CREDENTIALS = struct.Struct("3i")

Obey = Callable[[Request], Answer | None]


@dataclass(slots=True, eq=False)
class Client:
    """One connection."""

    channel: socket.socket
    since_ns: int
    lines: Lines = field(default_factory=Lines)
    counted_ns: int = 0
    count: int = 0
    unsent: bytes = b""

    def allows(self, now_ns: int) -> bool:
        """Count a line; whether it is not one too many."""
        if now_ns >= self.counted_ns + PER_NS:
            self.counted_ns, self.count = now_ns, 0
        self.count += 1
        return self.count <= MOST_LINES


class Clients:
    """All connections, each to be read when the selector says so: its key's data is a callable."""

    def __init__(
        self, selector: selectors.BaseSelector, may_speak: Callable[[int], bool], clock: Callable[[], int]
    ) -> None:
        """`may_speak` is given the user number of whoever connects; `clock` is monotonic."""
        self._selector = selector
        self._may_speak = may_speak
        self._clock = clock
        self._all: list[Client] = []
        self._daemon: Client | None = None
        self.joined: Callable[[], object] = lambda: None
        self.left: Callable[[], object] = lambda: None
        self.obey: Obey = lambda _: None

    @property
    def is_empty(self) -> bool:
        """Whether nobody is connected."""
        return not self._all

    def listen(self, listener: socket.socket) -> None:
        """Take connections from there."""
        listener.setblocking(False)
        self._selector.register(listener, selectors.EVENT_READ, lambda: self._accept(listener))

    def take(self, channel: socket.socket) -> None:
        """Serve a connection."""
        channel.setblocking(False)
        client = Client(channel, self._clock())
        self._all.append(client)
        self._selector.register(channel, selectors.EVENT_READ, lambda: self._read(client))

    def tell(self, answer: Answer) -> None:
        """Tell the daemon, if there is one."""
        if self._daemon is not None:
            self._send(self._daemon, answer)

    def tidy(self) -> None:
        """Send away who is not the daemon and stays on, and push what could not be sent."""
        now_ns = self._clock()
        for client in list(self._all):
            if client is not self._daemon and now_ns >= client.since_ns + STRANGER_NS:
                self._drop(client)
            elif client.unsent:
                self._push(client)

    def close(self) -> None:
        """End all connections."""
        for client in list(self._all):
            self._drop(client)

    def _accept(self, listener: socket.socket) -> None:
        try:
            channel, _ = listener.accept()
        except OSError:
            return
        strangers = len(self._all) - (self._daemon is not None)
        if strangers < MOST_STRANGERS and self._may_speak(_user_of(channel)):
            self.take(channel)
        else:
            with suppress(OSError):
                channel.send(answer_line(Refused("this user may not speak to the keeper, or too many do")))
            channel.close()

    def _read(self, client: Client) -> None:
        """Do what one piece of what was sent says; no more at once, so that nobody keeps the keeper busy."""
        try:
            data = client.channel.recv(4096)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._drop(client)
            return
        try:
            for line in client.lines.feed(data):
                if not client.allows(self._clock()):
                    raise ValueError(f"more than {MOST_LINES} lines in a second")
                self._answer(client, parse_request(line))
                if client not in self._all:
                    return
        except ValueError as error:
            self._send(client, Refused(str(error)))
            self._drop(client)

    def _answer(self, client: Client, request: Request) -> None:
        if request is Plain.HELLO:
            if self._daemon is not None:
                raise ValueError("another daemon is served; stop it first")
            self._daemon = client
            self.joined()
        elif client is not self._daemon and request not in (Plain.ASK, Plain.SECURE):
            raise ValueError("say hello first")
        answer = self.obey(request)
        if answer is not None:
            self._send(client, answer)

    def _send(self, client: Client, answer: Answer) -> None:
        client.unsent += answer_line(answer)
        self._push(client)

    def _push(self, client: Client) -> None:
        try:
            client.unsent = client.unsent[client.channel.send(client.unsent) :]
        except BlockingIOError:
            if len(client.unsent) > _LONGEST_UNSENT:
                self._drop(client)
        except OSError:
            self._drop(client)

    def _drop(self, client: Client) -> None:
        if client not in self._all:
            return
        self._all.remove(client)
        self._selector.unregister(client.channel)
        client.channel.close()
        if client is self._daemon:
            self._daemon = None
            self.left()


def _user_of(channel: socket.socket) -> int:
    """The user number of the process that connected, as the kernel noted it then."""
    raw = channel.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    _, user, _ = _CREDENTIALS.unpack(raw)
    return int(user)
