"""Recordings made by the SDK's own recorder, played through its ordinary pipeline."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from facelatch.cameras.drivers import DriverSettings, open_camera
from facelatch.cameras.realsense import RealSenseCamera
from facelatch.captures import CaptureWriter, read_frames
from facelatch.errors import CameraError, CaptureError
from facelatch.frames import Frame, Intrinsics
from tests.device.sdk_recording import SERIAL, Rig, record
from tests.factories import make_frame
from tests.requirements import need_module

need_module("pyrealsense2")

CAMERA = Intrinsics(612.3, 611.7, 318.7, 241.2)


def random_frames(count: int = 3) -> list[Frame]:
    made = [make_frame(900, infrared=1, noise_seed=seed) for seed in range(count)]
    return [replace(frame, intrinsics=CAMERA, timestamp_ns=number) for number, frame in enumerate(made)]


def play(path: Path) -> list[Frame]:
    with closing(RealSenseCamera(recording=path, timeout_ms=2000)) as camera:
        return list(camera.frames())


def same(one: Frame, other: Frame) -> bool:
    images = np.array_equal(one.colour, other.colour) and np.array_equal(one.depth_mm, other.depth_mm)
    if one.infrared is None or other.infrared is None:
        infrared = one.infrared is other.infrared
    else:
        infrared = np.array_equal(one.infrared, other.infrared)
    return images and infrared and one.intrinsics == other.intrinsics


def test_every_frame_comes_back_bit_by_bit(tmp_path: Path) -> None:
    frames = random_frames(4)
    played = play(record(tmp_path / "a.db3", frames))
    assert len(played) == 4
    assert all(map(same, frames, played))
    times = [frame.timestamp_ns for frame in played]
    assert times == sorted(set(times))


def test_a_capture_folder_recorded_and_played_gives_its_frames(tmp_path: Path) -> None:
    folder = tmp_path / "capture"
    with CaptureWriter(folder, driver="realsense", serial=SERIAL) as writer:
        for frame in random_frames(2):
            writer.write(frame)
    from_folder = list(read_frames(folder))
    settings = DriverSettings(recording=record(tmp_path / "a.db3", from_folder))
    with closing(open_camera("realsense", settings)) as camera:
        assert camera.serial == SERIAL
        assert all(map(same, from_folder, list(camera.frames())))


def test_tenths_of_millimetres_become_millimetres(tmp_path: Path) -> None:
    frames = random_frames(1)
    played = play(record(tmp_path / "a.db3", frames, Rig(metres_per_unit=0.0001)))
    assert same(frames[0], played[0])


def test_a_recording_without_infrared_plays(tmp_path: Path) -> None:
    played = play(record(tmp_path / "a.db3", random_frames(1), Rig(with_infrared=False)))
    assert played[0].infrared is None


def test_depth_and_infrared_are_registered_to_colour(tmp_path: Path) -> None:
    depth = np.full((480, 640), 1500, np.uint16)
    depth[200:280, 300:340] = 500
    infrared = np.where(depth < 600, 200, 20).astype(np.uint8)
    frame = replace(
        make_frame(), depth_mm=depth, infrared=infrared, intrinsics=Intrinsics(600, 600, 320, 240)
    )
    played = play(record(tmp_path / "a.db3", [frame], Rig(baseline_mm=50)))[0]
    # The depth camera sits 50 mm to the left: at 500 mm it sees things 60 pixels further to the right.
    rows, columns = np.nonzero((played.depth_mm > 400) & (played.depth_mm < 600))
    assert (columns.min(), columns.max(), rows.min(), rows.max()) == pytest.approx(
        (240, 279, 200, 279), abs=1.5
    )
    assert played.infrared is not None
    assert played.infrared[240, 260] == 200
    assert played.infrared[240, 200] == 20


def test_another_cameras_recording_is_refused(tmp_path: Path) -> None:
    path = record(tmp_path / "a.db3", random_frames(1))
    with pytest.raises(CaptureError, match=f"camera {SERIAL}, not by 77"):
        RealSenseCamera("77", recording=path)


def test_a_recording_without_colour_is_refused(tmp_path: Path) -> None:
    path = record(tmp_path / "a.db3", random_frames(1), Rig(with_colour=False))
    with pytest.raises(CaptureError, match=r"a\.db3: the aligned view needs a stream of colour"):
        RealSenseCamera(recording=path)


def test_close_may_be_called_twice(tmp_path: Path) -> None:
    camera = RealSenseCamera(recording=record(tmp_path / "a.db3", random_frames(2)))
    stream = camera.frames()
    next(stream)
    camera.close()
    camera.close()
    with pytest.raises(CameraError, match="closed"):
        next(stream)


@pytest.mark.parametrize("kept", [0, 50, 5000, 200_000])
def test_a_truncated_recording_is_refused(tmp_path: Path, kept: int) -> None:
    path = record(tmp_path / "a.db3", random_frames(1))
    with path.open("r+b") as file:
        file.truncate(kept)
    check_refused(path)


def test_a_damaged_recording_is_refused(tmp_path: Path) -> None:
    path = record(tmp_path / "a.db3", random_frames(1))
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\x55" * 100_000)
    check_refused(path)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"not a recording", id="text"),
        pytest.param(b"#ROSBAG V2.0\n" + b"0" * 500, id="broken-bag"),
    ],
)
def test_a_foreign_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.db3"
    path.write_bytes(content)
    check_refused(path)


def test_another_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.db3"
    with closing(sqlite3.connect(path)) as database:
        database.execute("create table notes (text)")
        database.commit()
    check_refused(path)


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    check_refused(tmp_path / "none.db3")
    check_refused(tmp_path)


def check_refused(path: Path) -> None:
    with pytest.raises(CaptureError) as caught:
        RealSenseCamera(recording=path)
    message = str(caught.value)
    assert message.startswith(str(path))
    assert "\n" not in message
    assert len(message) < 400
