"""A door's lock that a keeper process holds; this process never touches a line.

Everything fails closed: a keeper that is not there, does not answer in time or says something odd is a `LockError`, and
after one this side hangs up, whereupon the keeper ends what it was asked for.
"""

import select
import socket
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from facelatch.errors import LockError
from facelatch.keeping.happenings import Grant, Show
from facelatch.keeping.panel import Mood
from facelatch.keeping.releases import LONGEST_S
from facelatch.keeping.wire import (
    LONGEST_LINE,
    Done,
    Lines,
    Noticed,
    Plain,
    Refused,
    Request,
    parse_answer,
    request_line,
)

ANSWER_S = 2.0
"""A keeper that takes longer hangs."""
_MOST_NOTICES = 1000


class KeptLock:
    """The daemon's side of the keeper's socket."""

    def __init__(
        self,
        channel: socket.socket,
        *,
        hello_s: float = ANSWER_S,
        answer_s: float = ANSWER_S,
        clock: Callable[[], int] = time.monotonic_ns,
        ended: Callable[[], object] = lambda: None,
    ) -> None:
        """Say hello, to be answered within `hello_s`; `ended` is called once, when the channel was closed."""
        self._channel = channel
        self._clock = clock
        self._ended = ended
        self._lines = Lines()
        self._notices: list[Noticed] = []
        self._is_open = True
        self._ask(Plain.HELLO, hello_s)
        self._answer_s = answer_s

    def pulse(self, seconds: float) -> None:  # noqa: D102
        if not 0 < seconds <= LONGEST_S:
            raise ValueError(f"a pulse must be longer than 0 and at most {LONGEST_S:g} s, found {seconds}")
        self._ask(Grant(round(seconds * 1000) * 1_000_000), self._answer_s)

    def secure(self) -> None:  # noqa: D102
        if self._is_open:
            self._ask(Plain.SECURE, self._answer_s)

    def show(self, mood: Mood) -> None:  # noqa: D102
        self._send(Show(mood))

    def attend(self) -> Sequence[Noticed]:  # noqa: D102
        self._send(Plain.BEAT)
        while select.select([self._channel], [], [], 0)[0]:
            if self._take() is not None:
                raise self._failure("it answered what nobody asked")
        noticed, self._notices = self._notices, []
        return noticed

    def close(self) -> None:  # noqa: D102
        if self._is_open:
            try:
                self.secure()
            finally:
                self._hang_up()

    def _ask(self, request: Request, within_s: float) -> Done:
        """Ask and wait for the answer, keeping notices that come before it."""
        self._send(request, within_s)
        until_ns = self._clock() + round(within_s * 1e9)
        while self._clock() < until_ns:
            answer = self._take()
            if answer is not None:
                return answer
        raise self._failure("it does not answer")

    def _send(self, request: Request, within_s: float = ANSWER_S) -> None:
        if not self._is_open:
            raise LockError("the lock's keeper is not there any more; start this program again")
        self._channel.settimeout(within_s)
        try:
            self._channel.sendall(request_line(request))
        except BrokenPipeError:
            # Why it hung up is still to be read.
            return
        except OSError as error:
            raise self._failure(error.strerror or "it does not read") from error

    def _take(self) -> Done | None:
        """What came, the notices apart; waits for something as long as an answer may take."""
        try:
            data = self._channel.recv(4096)
        except OSError as error:
            raise self._failure(error.strerror or "it does not answer") from error
        if not data:
            raise self._failure("it hung up")
        done: Done | None = None
        try:
            answers = [parse_answer(line) for line in self._lines.feed(data)]
        except ValueError as error:
            raise self._failure(str(error)) from error
        for answer in answers:
            match answer:
                case Refused(reason):
                    raise self._failure(reason)
                case Noticed():
                    self._notices = [*self._notices[-_MOST_NOTICES:], answer]
                case Done() if done is None:
                    done = answer
                case Done():
                    raise self._failure("it answered what nobody asked")
        return done

    def _failure(self, reason: str) -> LockError:
        self._hang_up()
        return LockError(f"the lock's keeper failed ({reason}); see `systemctl status facelatch-lock`")

    def _hang_up(self) -> None:
        if self._is_open:
            self._is_open = False
            self._channel.close()
            self._ended()


def join(path: Path) -> KeptLock:
    """The lock of the keeper that listens at `path`; a `LockError` says why there is none."""
    channel = _connect(path, ANSWER_S)
    if channel is None:
        raise LockError(f"{path}: no lock's keeper listens there; start facelatch-lock.service")
    return KeptLock(channel)


def ask(path: Path, request: Plain, answer_s: float = ANSWER_S) -> int | None:
    """What a keeper answers a stranger: for how many milliseconds the lock stays released; None if nobody is there.

    Raises `LockError` for a keeper that is there and does not answer as it should.
    """
    channel = _connect(path, answer_s)
    if channel is None:
        return None
    with channel, channel.makefile("rb") as lines:
        try:
            # Who is sent away at once is told why all the same.
            with suppress(BrokenPipeError):
                channel.sendall(request_line(request))
            answer = parse_answer(lines.readline(LONGEST_LINE).rstrip(b"\n"))
        except (OSError, ValueError) as error:
            raise LockError(f"{path}: the lock's keeper does not answer ({error})") from error
    if not isinstance(answer, Done):
        raise LockError(f"{path}: the lock's keeper refused to answer ({answer})")
    return answer.left_ms


def _connect(path: Path, answer_s: float) -> socket.socket | None:
    """A connection; None where nobody listens."""
    channel = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    channel.settimeout(answer_s)
    try:
        channel.connect(str(path))
    except (FileNotFoundError, ConnectionRefusedError):
        channel.close()
        return None
    except OSError as error:
        channel.close()
        raise LockError(
            f"{path}: the lock's keeper cannot be reached ({error.strerror or error}); "
            "be root or the user that it serves, and see `systemctl status facelatch-lock`"
        ) from error
    return channel
