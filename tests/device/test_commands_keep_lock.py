"""The keeper as a process of its own, on a scripted chip, over a real socket."""

import argparse
import json
import os
import signal
import socket
import stat
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from facelatch.commands import keep_lock
from facelatch.errors import ConfigError, LockError
from facelatch.exit_codes import ExitCode
from facelatch.keeping.keeper import KeeperRule
from facelatch.keeping.panel import Mood
from facelatch.keeping.releases import Again
from facelatch.keeping.settings import parse_door
from facelatch.keeping.wire import Plain
from facelatch.locks.child import start_keeper
from facelatch.locks.clients import MOST_LINES, MOST_STRANGERS
from facelatch.locks.kept import ask, join
from tests.gpiochips import Board, Line
from tests.processes import run_python, start_python
from tests.wired_door import CHIP, WiredDoor, environment, wire

# Its pulses are far longer than a test waits, except where their end is what is waited for.
LONG_S = 25.0


@pytest.fixture
def door(tmp_path: Path) -> Iterator[WiredDoor]:
    with wire(tmp_path) as wired:
        wired.write_config(panel='button = "button"\ncontact = "contact"\ndebounce_s = 0.001')
        yield wired


CLIENT = """
import sys
from pathlib import Path
from facelatch.locks.kept import join

lock = join(Path(sys.argv[1]))
lock.pulse(float(sys.argv[2]))
print("granted", flush=True)
sys.stdin.readline()
"""


def test_a_pulse_ends_by_the_keepers_own_clock_while_the_client_is_stopped(door: WiredDoor) -> None:
    with door.keeper(), start_python(CLIENT, str(door.socket), "0.3") as client:
        assert client.hear() == "granted"
        client.process.send_signal(signal.SIGSTOP)
        assert [door.change(), door.change()] == ["lock 1", "lock 0"]
        client.process.send_signal(signal.SIGCONT)


def test_a_client_that_is_killed_in_the_middle_of_a_pulse_ends_it_at_once(door: WiredDoor) -> None:
    with door.keeper() as keeper, start_python(CLIENT, str(door.socket), str(LONG_S)) as client:
        assert client.hear() == "granted"
        assert door.change() == "lock 1"
        client.process.kill()
        assert door.change() == "lock 0"
        assert keeper.poll() is None
        assert ask(door.socket, Plain.ASK) == 0
        keeper.terminate()
        said, _ = keeper.communicate(timeout=30)
        # It was not its silence that was noticed: that takes seconds, and is a fault.
        assert said == ""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT])
def test_a_keeper_that_is_told_to_stop_secures_and_ends_with_0(
    number: signal.Signals, door: WiredDoor
) -> None:
    with door.keeper() as keeper:
        lock = join(door.socket)
        lock.pulse(LONG_S)
        assert door.change() == "lock 1"
        keeper.send_signal(number)
        assert keeper.wait(timeout=10) == 0
        assert set(door.changes_so_far()) == {"lock 0"}
        with pytest.raises(LockError, match="keeper failed"):
            lock.pulse(1)
        assert list(door.folder.glob("lock.sock*")) == []


def test_being_told_to_stop_twice_does_not_end_it_before_the_lock_is_secured(tmp_path: Path) -> None:
    handlers: list[object] = []
    line = Line("lock", changed=lambda _: handlers.append(signal.getsignal(signal.SIGTERM)))
    config = tmp_path / "facelatch.toml"
    config.write_text(f'[lock]\ndriver = "gpio"\nchip = "{CHIP}"\nline = "lock"\n')
    ours, theirs = socket.socketpair()
    ours.close()
    arguments = argparse.Namespace(config=config, client_fd=theirs.detach())
    assert keep_lock.run(arguments, Board({CHIP: ("scripted", [line])}).open) is ExitCode.OK
    assert (line.levels, line.consumer) == ([0, 0], "")
    assert signal.SIG_DFL not in handlers


@pytest.mark.parametrize("line", ["lock", "led"], ids=["as-before", "another-line-meanwhile"])
def test_after_a_keeper_was_killed_its_units_command_secures_the_line_that_stayed(
    line: str, door: WiredDoor
) -> None:
    with door.keeper() as keeper:
        lock = join(door.socket)
        lock.pulse(LONG_S)
        assert door.change() == "lock 1"
        door.config.write_text(door.config.read_text().replace('"lock"', f'"{line}"'))
        keeper.kill()
        keeper.wait()
        assert door.changes_so_far() == []
    secure_lock(door)
    assert set(door.changes_so_far()) == {"lock 0", f"{line} 0"}


def secure_lock(door: WiredDoor) -> None:
    words = ("secure-lock", "--config", str(door.config), "--keeper", str(door.socket))
    subprocess.run([*door.program, *words], env=environment(), check=True, timeout=30)


def test_a_killed_keepers_place_is_taken_by_the_next_one_which_secures_first(door: WiredDoor) -> None:
    with door.keeper() as keeper:
        keeper.kill()
        keeper.wait()
    assert door.socket.exists()
    with door.keeper():
        assert ask(door.socket, Plain.ASK) == 0


def test_a_keeper_that_crashes_secures_the_lock_on_its_way_out(door: WiredDoor) -> None:
    """Something that nobody foresaw: the button's line says what no line can say."""
    with door.keeper() as keeper:
        lock = join(door.socket)
        lock.pulse(LONG_S)
        assert door.change() == "lock 1"
        os.write(door.inputs["button"], b"?")
        assert door.change() == "lock 0"
        _, said = keeper.communicate(timeout=30)
        assert keeper.returncode == 1
        assert "ValueError" in said


@contextmanager
def without_alarms() -> Iterator[None]:
    """Processes that are started in the block inherit that the timer's signal is ignored and blocked."""
    before = signal.signal(signal.SIGALRM, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGALRM})
        signal.signal(signal.SIGALRM, before)


def test_a_keeper_that_hangs_while_the_lock_is_released_is_ended_by_the_kernels_timer(
    door: WiredDoor,
) -> None:
    """The line's driver never returns; nothing of ours runs any more, and the client hears nothing."""
    door.hang_when_released()
    with without_alarms(), door.keeper() as keeper:
        lock = join(door.socket)
        with pytest.raises(LockError, match="keeper failed"):
            lock.pulse(0.1)
        assert door.change() == "lock 1"
        assert keeper.wait(timeout=10) == -signal.SIGALRM
    secure_lock(door)
    assert door.change() == "lock 0"


def test_the_exit_button_works_without_any_daemon(door: WiredDoor) -> None:
    with door.keeper() as keeper:
        assert keeper.stdout is not None
        door.move("button", 0)
        assert door.change() == "lock 1"
        told = json.loads(keeper.stdout.readline())
        assert (told["event"], told["reason"]) == ("exit-button", None)
        secure_lock(door)
        assert door.changes_so_far() == []
        keeper.terminate()
        assert door.change() == "lock 0"


def test_the_exit_button_works_though_nobody_can_be_told(door: WiredDoor) -> None:
    """Standard output was closed by whoever started the keeper."""
    keep = ("keep-lock", "--config", str(door.config), "--socket", str(door.socket))
    command = ["sh", "-c", 'exec "$@" >&-', "sh", *door.program, *keep]
    with subprocess.Popen(command, env=environment()) as keeper:
        try:
            assert door.change() == "lock 0"
            door.move("button", 0)
            assert door.change() == "lock 1"
            left_ms = ask(door.socket, Plain.ASK)
            assert left_ms is not None
            assert left_ms > 0
        finally:
            keeper.kill()


def test_the_exit_button_works_though_its_line_cannot_be_noted(door: WiredDoor) -> None:
    (door.folder / "lock.sock.line").mkdir()
    with door.keeper():
        door.move("button", 0)
        assert door.change() == "lock 1"


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param('[camera]\ndriver = 5\n[model]\nbundel = "x"', id="sections"),
        pytest.param("[no-such-section]", id="unknown-section"),
    ],
)
def test_the_exit_button_works_with_settings_that_no_daemon_starts_with(broken: str, door: WiredDoor) -> None:
    door.write_config(panel='button = "button"\ndebounce_s = 0.001\nbutton_pulse_s = 0.1', other=broken)
    with door.keeper():
        door.move("button", 0)
        assert door.change() == "lock 1"
        door.move("button", 1)
        assert door.change() == "lock 0"


def test_the_daemon_is_told_of_button_and_contact_and_so_is_the_journal(door: WiredDoor) -> None:
    with door.keeper() as keeper:
        lock = join(door.socket)
        door.move("contact", 1)
        assert hear(keeper) == "door-forced-open"
        door.move("contact", 0)
        assert hear(keeper) == "door-closed"
        # What was told before it lies before its answer.
        lock.secure()
        assert [noticed.told.notice for noticed in lock.attend()] == ["door-forced-open", "door-closed"]
        assert lock.attend() == []


def hear(keeper: "subprocess.Popen[str]") -> str:
    assert keeper.stdout is not None
    return str(json.loads(keeper.stdout.readline())["event"])


def test_an_opened_door_may_secure_the_lock(door: WiredDoor) -> None:
    door.write_config(panel='contact = "contact"\ndebounce_s = 0.001\nsecure_when_opened = true')
    with door.keeper():
        lock = join(door.socket)
        lock.pulse(LONG_S)
        assert door.change() == "lock 1"
        door.move("contact", 1)
        assert door.change() == "lock 0"
        lock.secure()


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(b"release\n", id="unknown-word"),
        pytest.param(b"pulse 99999999\n", id="too-long-a-pulse"),
        pytest.param(b"hello 1\npulse -1\n", id="negative-pulse"),
        pytest.param(b"pulse 3000\n", id="no-hello"),
        pytest.param(b"hello 2\n", id="other-version"),
        pytest.param(b"\x00\xff\n", id="bytes"),
        pytest.param(b"x" * 4000, id="no-end"),
        pytest.param(b"hello 1\n" + b"beat\n" * (2 * MOST_LINES), id="flood"),
    ],
)
def test_who_says_something_else_is_sent_away(said: bytes, door: WiredDoor) -> None:
    with door.keeper(), socket.socket(socket.AF_UNIX) as stranger:
        stranger.settimeout(30)
        stranger.connect(str(door.socket))
        stranger.sendall(said)
        heard = b""
        while data := read(stranger):
            heard += data
        assert heard.splitlines()[-1].startswith(b"no ")
        assert door.changes_so_far() == []
        lock = join(door.socket)
        lock.pulse(LONG_S)
        assert door.change() == "lock 1"
        lock.close()


def read(channel: socket.socket) -> bytes:
    """What was said; a reset is an end as well: the keeper left something unread."""
    try:
        return channel.recv(4096)
    except ConnectionResetError:
        return b""


def test_a_flood_ends_the_pulse_of_whoever_sent_it(door: WiredDoor) -> None:
    with door.keeper(), socket.socket(socket.AF_UNIX) as client:
        client.connect(str(door.socket))
        client.sendall(b"hello 1\npulse 25000\n")
        assert door.change() == "lock 1"
        client.sendall(b"pulse 25000\n" * (3 * MOST_LINES))
        assert door.change() == "lock 0"


def test_a_daemon_that_decides_on_every_frame_of_a_fast_camera_is_no_flood(door: WiredDoor) -> None:
    with door.keeper():
        lock = join(door.socket)
        for _ in range(90):
            lock.pulse(LONG_S)
            lock.show(Mood.LOOKING)
            lock.show(Mood.IDLE)
        lock.attend()
        lock.close()
        assert [door.change(), door.change()] == ["lock 1", "lock 0"]


def test_a_client_that_reads_nothing_delays_nothing(door: WiredDoor) -> None:
    with door.keeper(), socket.socket(socket.AF_UNIX) as client:
        client.connect(str(door.socket))
        client.sendall(b"hello 1\npul")
        for _ in range(20):
            door.move("contact", 1)
            door.move("contact", 0)
        client.sendall(b"se 200\n")
        assert [door.change(), door.change()] == ["lock 1", "lock 0"]


def test_one_daemon_is_served_and_a_few_who_ask(door: WiredDoor) -> None:
    with door.keeper():
        first = join(door.socket)
        with pytest.raises(LockError, match="another daemon is served"):
            join(door.socket)
        strangers = [socket.socket(socket.AF_UNIX) for _ in range(MOST_STRANGERS)]
        for stranger in strangers:
            stranger.connect(str(door.socket))
        with pytest.raises(LockError, match="too many do"):
            ask(door.socket, Plain.ASK)
        first.pulse(LONG_S)
        assert door.change() == "lock 1"
        strangers[0].sendall(b"secure\n")
        assert door.change() == "lock 0"
        for stranger in strangers:
            stranger.close()
        first.close()


def test_only_who_may_speaks_to_it(door: WiredDoor) -> None:
    with door.keeper():
        assert stat.S_IMODE(door.socket.stat().st_mode) == 0o660
    with door.start("--client-user", "no-such-user") as keeper:
        _, said = keeper.communicate(timeout=30)
        assert keeper.returncode == ExitCode.CONFIG
        assert "there is no user no-such-user" in said


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may become somebody else")
def test_another_user_is_sent_away_even_where_the_file_lets_him(door: WiredDoor) -> None:
    """Who may connect is the folder's affair; the keeper asks the kernel all the same."""
    with door.keeper():
        door.folder.chmod(0o755)
        door.socket.chmod(0o666)
        script = (
            "import os, socket, sys\nchannel = socket.socket(socket.AF_UNIX)\nos.chdir(sys.argv[1])\n"
            "os.setgroups([])\nos.setgid(65534)\nos.setuid(65534)\n"
            "channel.connect('lock.sock')\n"
            "print(channel.recv(200).decode().strip())\n"
        )
        assert run_python(script, str(door.folder)).startswith("no this user may not speak")


def test_a_second_keeper_at_the_same_place_is_refused(door: WiredDoor) -> None:
    with door.keeper(), door.start() as second:
        _, said = second.communicate(timeout=30)
        assert second.returncode == ExitCode.LOCK
        assert "another keeper listens there" in said


def test_lamp_and_buzzer_follow(door: WiredDoor) -> None:
    door.write_config(panel='led = "led"\nbuzzer = "buzzer"')
    with door.keeper():
        lock = join(door.socket)
        lock.show(Mood.LOCKED_OUT)
        seen = {door.change() for _ in range(6)}
        assert {"buzzer 1", "led 1"} <= seen
        lock.pulse(LONG_S)
        while "lock 1" not in seen:
            seen.add(door.change())
        lock.close()


def test_the_watchdog_is_fed_while_nothing_happens(door: WiredDoor) -> None:
    with door.keeper():
        door.hear("WATCHDOG=1")


def test_broken_settings_of_the_lock_are_said(door: WiredDoor) -> None:
    door.config.write_text('[lock]\ndriver = "gpio"\n')
    with door.start() as keeper:
        _, said = keeper.communicate(timeout=30)
    assert keeper.returncode == ExitCode.CONFIG
    assert "lock.chip and lock.line must be set" in said


def test_every_setting_reaches_the_rule() -> None:
    text = """[lock]
again = "extend"
[panel]
button_pulse_s = 7.5
held_open_s = 12.0
secure_when_opened = true
debounce_s = 0.2
"""
    assert keep_lock.to_rule(parse_door(text, "f.toml"), has_signs=True) == KeeperRule(
        again=Again.EXTEND,
        button_ns=7_500_000_000,
        held_open_ns=12_000_000_000,
        secure_when_opened=True,
        quiet_ns=200_000_000,
        has_signs=True,
    )


def own_keeper(door: WiredDoor) -> tuple[list[str], list[str]]:
    options = ("--config", str(door.config))
    return [*door.program, "keep-lock", *options], [*door.program, "secure-lock", *options]


def test_a_keeper_of_ones_own_speaks_the_same(door: WiredDoor, own_path: None) -> None:
    lock = start_keeper(*own_keeper(door))
    assert door.change() == "lock 0"
    lock.pulse(LONG_S)
    assert door.change() == "lock 1"
    lock.close()
    lock.close()
    assert set(door.changes_so_far()) == {"lock 0"}
    with pytest.raises(LockError, match="not there any more"):
        lock.pulse(1)


OWNER = """
import json
import sys
from facelatch.locks.child import start_keeper

lock = start_keeper(*json.loads(sys.argv[1]))
lock.pulse(25)
print("granted", flush=True)
sys.stdin.readline()
"""


def test_a_keeper_of_ones_own_outlives_nobody(door: WiredDoor) -> None:
    with start_python(OWNER, json.dumps(own_keeper(door))) as owner:
        assert owner.hear() == "granted"
        assert [door.change(), door.change()] == ["lock 0", "lock 1"]
        owner.process.kill()
        assert door.change() == "lock 0"


def test_a_keeper_of_ones_own_that_cannot_start_says_why(door: WiredDoor, own_path: None) -> None:
    door.config.write_text('[lock]\ndriver = "gpio"\nchip = "/dev/gpiochip0"\nline = "missing"\n')
    with pytest.raises(LockError, match="has no line named missing"):
        start_keeper(*own_keeper(door))
    door.config.write_text('[lock]\nlin = "lock"\n')
    with pytest.raises(ConfigError, match=r"unknown key in \[lock\]: lin"):
        start_keeper(*own_keeper(door))


def test_a_keeper_of_ones_own_that_was_killed_leaves_a_line_that_is_secured(
    door: WiredDoor, own_path: None
) -> None:
    """It hangs, the kernel's timer kills it, and whoever started it secures the line."""
    door.hang_when_released()
    lock = start_keeper(*own_keeper(door))
    with pytest.raises(LockError, match="keeper failed"):
        lock.pulse(0.1)
    assert door.changes_so_far()[:2] == ["lock 0", "lock 1"]
    assert set(door.changes_so_far()) <= {"lock 0"}


@pytest.fixture
def own_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes that are started here import what tests import."""
    monkeypatch.setenv("PYTHONPATH", environment()["PYTHONPATH"])


def test_neither_numbers_nor_pictures_are_loaded() -> None:
    """What may be broken about face recognition does not matter: the keeper starts, and starts fast."""
    script = (
        "import sys\nfrom facelatch import cli\nfrom facelatch.commands import keep_lock, secure_lock\n"
        "print(sorted({'numpy', 'cv2', 'cryptography', 'ai_edge_litert'} & set(sys.modules)))"
    )
    assert run_python(script) == "[]\n"
