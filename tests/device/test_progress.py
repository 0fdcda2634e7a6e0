import errno
import io
import os

from facelatch.progress import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def columns() -> int:
    return 21


def test_outside_a_terminal_only_what_is_said_is_printed_and_never_twice_in_a_row() -> None:
    stream = io.StringIO()
    progress = Progress(stream, columns)
    progress.show(["working", "on it"])
    for line in ("one", "one", "two", "one"):
        progress.say(line)
    progress.clear()
    assert stream.getvalue() == "one\ntwo\none\n"


def test_a_terminal_is_redrawn_in_place() -> None:
    stream = Terminal()
    progress = Progress(stream, columns)
    progress.show(["a", "b"])
    progress.show(["a", "b"])
    assert stream.getvalue() == "a\nb\n"
    progress.show(["c"])
    assert stream.getvalue() == "a\nb\n\x1b[2F\x1b[0Jc\n"


def test_what_is_said_stays_above_what_is_shown() -> None:
    stream = Terminal()
    progress = Progress(stream, columns)
    progress.show(["working"])
    progress.say("half-way")
    assert stream.getvalue().endswith("\x1b[1F\x1b[0Jhalf-way\nworking\n")
    progress.clear()
    assert stream.getvalue().endswith("working\n\x1b[1F\x1b[0J")
    progress.clear()
    assert stream.getvalue().count("\x1b[1F") == 2


def test_who_watches_may_leave() -> None:
    class Full(io.StringIO):
        def flush(self) -> None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    progress = Progress(Full(), columns)
    progress.say("one")
    progress.say("two")


def test_lines_are_cut_to_the_terminal_so_that_none_wraps() -> None:
    stream = Terminal()
    Progress(stream, columns).show(["x" * 50])
    assert stream.getvalue() == "x" * 20 + "\n"
