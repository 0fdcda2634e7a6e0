"""The daemon's command and a killed enrolment, as processes of their own."""

import json
import os
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
from facelatch.store import Store
from tests.bundles import make_bundle, write_bundle
from tests.factories import make_template
from tests.processes import ROOT

DEMO = resources.demo_folder()
TURNS, VISIT = DEMO / "owner" / "enrol", DEMO / "owner" / "poses"


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_bundle(tmp_path_factory.mktemp("model") / "bundle", make_bundle())


@pytest.fixture(scope="module")
def enrolled(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Store:
    store = Store(tmp_path_factory.mktemp("store") / "templates")
    words = ("enrol", "ada", "--capture", TURNS, "--bundle", bundle, "--store", store.folder)
    assert cli.main([str(word) for word in words]) == ExitCode.OK
    return store


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


def test_sigterm_in_the_middle_of_a_pulse_secures_and_ends_with_0(bundle: Path, enrolled: Store) -> None:
    with start("run", "--capture", VISIT, "--bundle", bundle, "--store", enrolled.folder) as process:
        assert process.stdout is not None
        seen = [process.stdout.readline(), process.stdout.readline()]
        assert events(seen) == ["started", "granted"]
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (0, "")
    assert events(out.splitlines()) == ["stopped"]


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
    assert messages[0] == "READY=1"
    assert "STATUS=watching for 1 enrolled" in messages
    assert "WATCHDOG=1" in messages
    assert "STATUS=granted: ada" in messages
    assert events((tmp_path / "events").read_text().splitlines()) == ["started", "granted", "stopped"]


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
