import json
import os
import shutil
import signal
from pathlib import Path

import pytest

from facelatch import cli, resources
from facelatch.captures import read_frames, read_info
from facelatch.commands.record import limited
from facelatch.exit_codes import ExitCode
from tests.factories import make_frame
from tests.processes import start_python

VISIT = resources.demo_folder() / "owner" / "poses"


def run(*words: object) -> int:
    return cli.main([str(word) for word in ("record", *words)])


def test_a_recording_of_a_recording_is_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "copy"
    assert (
        run(folder, "--capture", VISIT, "--subject", "owner", "--attack", "none yet", "--json") == ExitCode.OK
    )
    assert json.loads(capsys.readouterr().out) == {"folder": str(folder), "frames": 5}
    info, original = read_info(folder), read_info(VISIT)
    assert (info.driver, info.serial) == ("replay", original.serial)
    assert (info.subject, info.attack) == ("owner", "none yet")
    assert info.timestamps_ns == original.timestamps_ns
    for one, other in zip(read_frames(folder), read_frames(VISIT), strict=True):
        assert (one.colour == other.colour).all()
        assert (one.depth_mm == other.depth_mm).all()


def test_a_number_of_frames(tmp_path: Path) -> None:
    assert run(tmp_path / "two", "--capture", VISIT, "--frames", 2) == ExitCode.OK
    assert len(read_info(tmp_path / "two").indices) == 2


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_recording_that_is_stopped_is_kept(number: signal.Signals, tmp_path: Path) -> None:
    """Each image becomes a FIFO, so that the recording is somewhere in the middle when it is stopped."""
    source = shutil.copytree(VISIT, tmp_path / "source")
    (source / "0002.depth.png").unlink()
    os.mkfifo(source / "0002.depth.png")
    script = "import sys; from facelatch import cli; sys.exit(cli.main(sys.argv[1:]))"
    words = ("record", tmp_path / "kept", "--config", "/dev/null", "--capture", source)
    with start_python(script, *map(str, words)) as recorder:
        # Returns when the recorder opens the other end.
        descriptor = os.open(source / "0002.depth.png", os.O_WRONLY)
        recorder.process.send_signal(number)
        assert recorder.process.wait(timeout=30) == ExitCode.INTERRUPTED
        os.close(descriptor)
    assert len(list(read_frames(tmp_path / "kept"))) == 2


def test_nothing_is_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine").write_text("precious")
    assert run(tmp_path, "--capture", VISIT) == ExitCode.CAPTURE
    assert "not empty" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


@pytest.mark.parametrize(
    ("count", "seconds", "expected"),
    [(None, None, 10), (3, None, 3), (None, 0.35, 4), (2, 0.35, 2), (50, 50.0, 10)],
)
def test_limits(count: int | None, seconds: float | None, expected: int) -> None:
    frames = [make_frame(size=(32, 24), timestamp_ns=7 + place * 100_000_000) for place in range(10)]
    assert list(limited(frames, count, seconds)) == frames[:expected]


def test_no_frame_is_waited_for_after_the_last() -> None:
    frames = iter([make_frame(size=(32, 24), timestamp_ns=place) for place in range(5)])
    assert len(list(limited(frames, 2, None))) == 2
    assert len(list(frames)) == 3
