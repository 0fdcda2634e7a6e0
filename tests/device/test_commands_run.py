"""The daemon's command and a killed enrolment, as processes of their own."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from facelatch import cli, resources
from facelatch.exit_codes import ExitCode
from facelatch.matching import expect_encoder
from facelatch.status_file import read_status
from facelatch.store import Store
from tests import hanging_driver
from tests.bundles import make_bundle
from tests.factories import make_template
from tests.processes import ROOT, start_python
from tests.wired_door import wire

DEMO = resources.demo_folder()
TURNS, VISIT = DEMO / "owner" / "enrol", DEMO / "owner" / "poses"


def start(*words: object, extra: dict[str, str] | None = None) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "facelatch.cli", *map(str, words)],
        env=os.environ | {"PYTHONPATH": str(ROOT / "device"), "OMP_NUM_THREADS": "1"} | (extra or {}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def events(lines: Sequence[str]) -> list[str]:
    return [json.loads(line)["event"] for line in lines]


WATCH = """
import argparse
import json
import sys
from facelatch.commands import run

parser = argparse.ArgumentParser()
run.add_arguments(parser)
sys.exit(run.run(parser.parse_args(sys.argv[2:]), json.loads(sys.argv[1])))
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT])
def test_a_signal_in_the_middle_of_a_pulse_secures_and_ends_with_0(
    number: signal.Signals, bundle: Path, enrolled: Store, tmp_path: Path
) -> None:
    """The pulse is far longer than the test waits: only the signal can end it."""
    with wire(tmp_path) as door:
        door.write_config(lock="pulse_s = 30")
        words = ("--config", door.config, "--capture", VISIT, "--bundle", bundle, "--store", enrolled.folder)
        with start_python(WATCH, json.dumps(door.program), *map(str, words)) as daemon:
            assert events([daemon.hear(), daemon.hear()]) == ["started", "granted"]
            while door.change() != "lock 1":
                pass
            daemon.process.send_signal(number)
            assert daemon.process.wait(timeout=10) == 0
            assert events([daemon.hear()]) == ["stopped"]
        assert set(door.changes_so_far()) == {"lock 0"}


def test_a_daemon_whom_nobody_hears_goes_on_and_keeps_its_code(
    bundle: Path, enrolled: Store, tmp_path: Path
) -> None:
    """Both streams are pipes that nobody reads any more; what it did is in no file but the door's."""
    config = tmp_path / "facelatch.toml"
    config.write_text("[lock]\npulse_s = 0.1\n")
    words = ("run", "--config", config, "--capture", VISIT, "--bundle", bundle, "--store", enrolled.folder)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        with start(*words, extra={"NOTIFY_SOCKET": str(tmp_path / "notify")}) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            process.stdout.close()
            process.stderr.close()
            assert process.wait(timeout=60) == 0
        manager.setblocking(False)
        messages: list[str] = []
        while not messages or messages[-1] != "STOPPING=1":
            messages.append(manager.recv(4096).decode())
    assert "STATUS=granted: ada" in messages


def test_events_that_cannot_be_kept_are_refused_at_the_start(
    bundle: Path, enrolled: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "facelatch.toml"
    config.write_text(f'[events]\npath = "{tmp_path}/gone/events"\n')
    words = ("run", "--config", config, "--capture", VISIT, "--bundle", bundle, "--store", enrolled.folder)
    assert cli.main([str(word) for word in words]) == ExitCode.CONFIG
    assert "gone/events cannot be written" in capsys.readouterr().err


def test_the_service_manager_is_told(bundle: Path, enrolled: Store, tmp_path: Path) -> None:
    config = tmp_path / "facelatch.toml"
    config.write_text(f'[events]\npath = "{tmp_path / "events"}"\n[lock]\npulse_s = 0.1\n')
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(30)
        told = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "20000000"}
        words = ("--config", config, "--capture", VISIT, "--bundle", bundle, "--store", enrolled.folder)
        with start("run", *words, extra=told) as process:
            out, err = process.communicate(timeout=60)
        messages: list[str] = []
        while not messages or messages[-1] != "STOPPING=1":
            messages.append(manager.recv(4096).decode())
    assert (process.returncode, out, err) == (0, "", "")
    assert messages.index("READY=1") < messages.index("STATUS=watching for 1 enrolled")
    assert "WATCHDOG=1" in messages
    assert "STATUS=granted: ada" in messages
    assert events((tmp_path / "events").read_text().splitlines()) == ["started", "granted", "stopped"]


def test_a_driver_that_hangs_ends_the_daemon_and_the_next_one_tells(bundle: Path, tmp_path: Path) -> None:
    """The service manager is told nothing meanwhile, and starts it again."""
    hanging_driver.install(tmp_path)
    reasons = []
    for _ in range(2):
        with hanging_driver.start(tmp_path, 1.0, "--bundle", bundle) as process:
            out, err = process.communicate(timeout=60)
        assert process.returncode == 1
        assert "Timeout" in err
        assert "hanging.py" in err
        assert events(out.splitlines()) == ["started"]
        reasons.append(json.loads(out.splitlines()[0])["reason"])
        left = read_status(tmp_path / "status.json")
        assert (left.pid, left.camera.trying) == (process.pid, "wait for good frames")
    assert reasons[0] is None
    assert str(reasons[1]).endswith("ended without a word while it tried to wait for good frames")


WATCH_ANY = """
import argparse
from facelatch.commands import run

parser = argparse.ArgumentParser()
run.add_arguments(parser)
run.run(parser.parse_args())
"""


def test_a_killed_daemon_keeps_its_lockout(bundle: Path, enrolled: Store, tmp_path: Path) -> None:
    """Nobody of an empty store is known, so each attempt is a refusal; the first one locks."""
    config, empty = tmp_path / "facelatch.toml", tmp_path / "none"
    config.write_text("[matching]\nframes = 1\n[lockout]\nrefusals = 1\n[daemon]\ncooldown_s = 0\n")
    words = ("--config", config, "--capture", VISIT, "--bundle", bundle, "--store", empty)
    with start_python(WATCH_ANY, *map(str, words)) as daemon:
        assert events([daemon.hear(), daemon.hear(), daemon.hear()]) == ["started", "no-match", "locked-out"]
        daemon.process.kill()
    with start_python(WATCH_ANY, *map(str, words)) as daemon:
        told = [json.loads(daemon.hear()) for _ in range(3)]
    assert [one["event"] for one in told] == ["started", "locked-out", "stopped"]
    assert re.fullmatch("for (2[0-9]|30) s", told[1]["reason"])


@pytest.mark.parametrize("after_lines", [0, 1, 5, 8], ids=["at-start", "first", "middle", "last"])
def test_a_killed_enrolment_loses_no_template(after_lines: int, bundle: Path, tmp_path: Path) -> None:
    """Whenever it is killed, ada's template is the old one or, right at the end, the whole new one."""
    store = Store(tmp_path / "templates")
    encoder = make_bundle().card.encoder_sha256
    for user in ("ada", "bob"):
        store.save(make_template(user, encoder_sha256=encoder))
    words = ("enrol", "ada", "--replace", "--capture", TURNS, "--bundle", bundle, "--store", store.folder)
    with start(*words) as process:
        assert process.stderr is not None
        for _ in range(after_lines):
            assert process.stderr.readline()
        process.kill()
    assert store.users() == ["ada", "bob"]
    assert len(expect_encoder(store.load("ada"), encoder).embeddings) in ({3, 8} if after_lines == 8 else {3})
    assert len(store.load("bob").embeddings) == 3
