import json
import os
import time
from contextlib import closing
from pathlib import Path

import pytest

from facelatch import cli
from facelatch.exit_codes import ExitCode
from facelatch.locks.kept import join
from facelatch.status import CameraState, DaemonStatus
from facelatch.status_file import StatusFile
from tests.wired_door import wire


def ask(folder: Path, capsys: pytest.CaptureFixture[str], *words: str, named: bool = True) -> tuple[int, str]:
    config = folder / "facelatch.toml"
    config.write_text(f'[daemon]\nstatus = "{folder / "status.json" if named else ""}"\n')
    code = cli.main(["status", "--config", str(config), *words])
    return code, capsys.readouterr().out


def write(folder: Path, camera: CameraState) -> None:
    """As a daemon does whose process is this one's parent."""
    now_ns = time.monotonic_ns()
    status = DaemonStatus(os.getppid(), "0.1.0", now_ns, now_ns, camera, now_ns, enrolled=1)
    StatusFile(folder / "status.json", status, print)(now_ns)


def test_a_healthy_daemon_ends_with_0(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, CameraState("7", is_trusted=True, trying=""))
    code, out = ask(tmp_path, capsys)
    assert (code, out.splitlines()[1]) == (ExitCode.OK, "ok    camera      camera 7 trusted for 0 s")
    code, out = ask(tmp_path, capsys, "--json")
    assert code == ExitCode.OK
    assert json.loads(out)["healthy"] is True


def test_an_untrusted_camera_ends_with_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, CameraState("7"))
    code, out = ask(tmp_path, capsys, "--json")
    assert (code, json.loads(out)["daemon"]["camera"]["trying"]) == (ExitCode.REFUSED, "open the camera")


@pytest.mark.parametrize(("named", "words"), [(True, "is not there"), (False, "daemon.status is empty")])
def test_no_daemon_ends_with_1_and_says_why(
    named: bool, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out = ask(tmp_path, capsys, named=named)
    assert code == ExitCode.REFUSED
    assert words in out
    code, out = ask(tmp_path, capsys, "--json", named=named)
    assert (code, json.loads(out)["daemon"]) == (ExitCode.REFUSED, None)


def test_the_locks_keeper_is_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with wire(tmp_path) as door:
        door.write_config(other=f'[daemon]\nstatus = "{tmp_path / "status.json"}"\n')
        words = ["status", "--config", str(door.config), "--keeper", str(door.socket)]
        with door.keeper(), closing(join(door.socket)) as lock:
            cli.main(words)
            assert "ok    lock        secured" in capsys.readouterr().out
            lock.pulse(20.0)
            cli.main(words)
            assert "ok    lock        released for " in capsys.readouterr().out
        cli.main(words)
        assert "warn  lock        nobody answers at" in capsys.readouterr().out
