"""The Kinect's whole way, but for the device: dumps that Debian's fakenect plays in processes of their own."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from facelatch.captures import read_frames, read_info
from facelatch.exit_codes import ExitCode
from facelatch.frames import Frame
from facelatch.locate import Located, Locator
from facelatch.optics.kinect_depth import NOMINAL, KinectRegistration
from tests.device.kinect_dump import PERIOD_TICKS, fakenect, scene_frame, to_raw, write_dump
from tests.processes import run_python

COUNT = 6
PLAY = """
import ctypes
import sys
# The unit's MemoryDenyWriteExecute=yes, where the kernel has it (6.3): callbacks from C must do without such memory.
ctypes.CDLL(None).prctl(65, 1, 0, 0, 0)
import numpy as np
from facelatch.cameras.drivers import DriverSettings, open_camera
from facelatch.errors import CaptureError
camera = open_camera("kinect", DriverSettings(stall_s=2))
frames = list(camera.frames())
camera.close()
np.savez(sys.argv[1], depth=[f.depth_mm for f in frames], colour=[f.colour for f in frames],
         time=[f.timestamp_ns for f in frames], focal=frames[0].intrinsics.fx)
print("played", camera.driver, camera.serial)
again = open_camera("kinect", DriverSettings(stall_s=2))
try:
    list(again.frames())
except CaptureError as error:
    print(error)
again.close()
"""
COMMAND = "import sys; from facelatch import cli; print('ended by', cli.main(sys.argv[1:]))"


@pytest.fixture(scope="module")
def scenes() -> list[Frame]:
    return [scene_frame(number) for number in range(COUNT)]


@pytest.fixture(scope="module")
def images(scenes: list[Frame]) -> list[tuple[Any, Any]]:
    """What the device sends of the scenes; the first pixel holds the number of the moment."""
    sent = []
    for number, frame in enumerate(scenes):
        colour = frame.colour.copy()
        colour[0, 0] = number
        sent.append((to_raw(frame.depth_mm), colour))
    return sent


@pytest.fixture(scope="module")
def dump(images: list[tuple[Any, Any]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dump in whose middle the device's counter starts again."""
    return write_dump(tmp_path_factory.mktemp("kinect") / "dump", images, 2**32 - 2 * PERIOD_TICKS)


def test_what_a_dump_holds_is_what_frames_hold(
    dump: Path, images: list[tuple[Any, Any]], scenes: list[Frame], tmp_path: Path
) -> None:
    said = run_python(PLAY, str(tmp_path / "played.npz"), variables=fakenect(dump))
    assert "played kinect fakenect\n" in said
    assert "fakenect plays a dump once per process" in said
    played = np.load(tmp_path / "played.npz")
    moments = played["colour"][:, 0, 0, 0].tolist()
    # A frame that nobody took in time makes room for the next one; the last one has no next one.
    assert moments == sorted(set(moments))
    assert moments[-1] == COUNT - 1
    assert len(moments) >= 2
    registration = KinectRegistration(NOMINAL)
    assert played["focal"] == registration.intrinsics.fx
    for place, moment in enumerate(moments):
        raw, colour = images[moment]
        assert np.array_equal(played["colour"][place], colour)
        assert np.array_equal(played["depth"][place], registration.to_colour(raw))
        passed_ns = int(played["time"][place]) - int(played["time"][0])
        assert passed_ns == pytest.approx((moment - moments[0]) * 1e9 / 30, abs=2)
        # And that is the scene: a reading's step is 1 mm at the head and 12 mm at the wall.
        seen = played["depth"][place] > 0
        off = np.abs(played["depth"][place].astype(int) - scenes[moment].depth_mm)[seen]
        assert seen.mean() > 0.8
        assert np.percentile(off, 99) <= 12


def test_record_keeps_what_a_kinect_sees(dump: Path, images: list[tuple[Any, Any]], tmp_path: Path) -> None:
    (tmp_path / "kinect.toml").write_text('[camera]\ndriver = "kinect"\n')
    words = ("record", str(tmp_path / "kept"), "--config", str(tmp_path / "kinect.toml"), "--seconds", "5")
    assert f"ended by {ExitCode.OK:d}" in run_python(COMMAND, *words, variables=fakenect(dump))
    info = read_info(tmp_path / "kept")
    assert (info.driver, info.serial) == ("kinect", "fakenect")
    registration = KinectRegistration(NOMINAL)
    frames = list(read_frames(tmp_path / "kept"))
    for frame in frames:
        raw, colour = images[int(frame.colour[0, 0, 0])]
        assert np.array_equal(frame.colour, colour)
        assert np.array_equal(frame.depth_mm, registration.to_colour(raw))
    located = Locator().locate(frames[0])
    assert isinstance(located, Located)
    assert located.point.depth_mm == pytest.approx(605, abs=10)


def test_doctor_looks_through_a_kinect(dump: Path, tmp_path: Path) -> None:
    (tmp_path / "kinect.toml").write_text('[camera]\ndriver = "kinect"\n')
    said = run_python(
        COMMAND,
        "doctor",
        "--json",
        "--config",
        str(tmp_path / "kinect.toml"),
        variables=fakenect(dump),
    )
    report = json.loads(said[said.index("{") : said.rindex("}") + 1])
    found = {check["name"]: check for check in report["checks"]}
    assert found["camera"]["status"] == "ok"
    assert found["camera"]["found"].startswith("kinect fakenect, 640x480, depth on 83%")


def test_what_cannot_be_played_ends_as_other_errors_do(tmp_path: Path) -> None:
    """fakenect itself would end the process with 1 and a line on standard output."""
    (tmp_path / "kinect.toml").write_text('[camera]\ndriver = "kinect"\n')
    words = ("record", str(tmp_path / "kept"), "--config", str(tmp_path / "kinect.toml"))
    script = f"import sys; sys.stderr = sys.stdout\n{COMMAND}"
    said = run_python(script, *words, variables=fakenect(tmp_path / "none"))
    assert "is no dump that fakenect can play (No such file or directory)" in said
    assert f"ended by {ExitCode.CAPTURE:d}" in said
