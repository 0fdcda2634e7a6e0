import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facelatch.captures import INFO_FILE, CaptureWriter, image_path, read_frames, read_info
from facelatch.errors import CaptureError
from facelatch.frames import Frame
from facelatch.resources import demo_folder
from tests.factories import make_frame
from tests.processes import run_python

SIZE = (16, 12)


def write_capture(folder: Path, frames: list[Frame], **about: str | None) -> Path:
    with CaptureWriter(folder, driver="scripted", serial="1", **about) as writer:  # type: ignore[arg-type]
        for frame in frames:
            writer.write(frame)
    return folder


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    frames = [make_frame(size=SIZE, infrared=9, noise_seed=seed, timestamp_ns=seed * 33) for seed in range(3)]
    return write_capture(tmp_path / "capture", frames, subject="s01", attack="flat-photo")


def same(one: Frame, other: Frame) -> bool:
    infrared = one.infrared is other.infrared is None or (
        one.infrared is not None
        and other.infrared is not None
        and np.array_equal(one.infrared, other.infrared)
    )
    return (
        infrared
        and np.array_equal(one.colour, other.colour)
        and np.array_equal(one.depth_mm, other.depth_mm)
        and (one.intrinsics, one.timestamp_ns) == (other.intrinsics, other.timestamp_ns)
    )


@given(
    size=st.tuples(st.integers(1, 20), st.integers(1, 20)),
    stamps=st.lists(st.integers(0, 2**62), min_size=1, max_size=4, unique=True).map(sorted),
    infrared=st.none() | st.integers(0, 255),
    subject=st.none() | st.text("aé1 _", max_size=8),
    focal_px=st.floats(1, 1e5),
)
def test_round_trip(
    *,
    tmp_path_factory: pytest.TempPathFactory,
    size: tuple[int, int],
    stamps: list[int],
    infrared: int | None,
    subject: str | None,
    focal_px: float,
) -> None:
    frames = [
        make_frame(0 if seed == 1 else 65_000, size, infrared=infrared, focal_px=focal_px, timestamp_ns=stamp,
                   noise_seed=seed)
        for seed, stamp in enumerate(stamps)
    ]  # fmt: skip
    folder = write_capture(tmp_path_factory.mktemp("root") / "c", frames, subject=subject)
    info = read_info(folder)
    assert (info.size, info.intrinsics, info.subject, info.attack) == (
        size,
        frames[0].intrinsics,
        subject,
        None,
    )
    assert info.timestamps_ns == tuple(stamps)
    read = list(read_frames(folder))
    assert len(read) == len(frames)
    assert all(same(one, other) for one, other in zip(frames, read, strict=True))


def test_layout_is_the_documented_one(capture: Path) -> None:
    assert sorted(path.name for path in capture.iterdir()) == sorted(
        [INFO_FILE]
        + [f"{index:04d}.{kind}.png" for index in range(3) for kind in ("colour", "depth", "infrared")]
    )
    document = json.loads((capture / INFO_FILE).read_text())
    assert document["format"] == 1
    assert document["camera"] == {"driver": "scripted", "serial": "1"}
    assert set(document["intrinsics"]) == {"width", "height", "fx", "fy", "cx", "cy"}
    assert (document["subject"], document["attack"]) == ("s01", "flat-photo")
    assert document["frames"][2] == {"index": 2, "timestamp_ns": 66}


def test_a_capture_is_private(capture: Path) -> None:
    assert capture.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in capture.iterdir()} == {0o600}


def test_a_frame_without_infrared_has_none(capture: Path) -> None:
    image_path(capture, 1, "infrared").unlink()
    assert [frame.infrared is None for frame in read_frames(capture)] == [False, True, False]


def test_frames_are_read_one_by_one(capture: Path) -> None:
    image_path(capture, 1, "depth").write_bytes(b"")
    frames = read_frames(capture)
    assert next(frames).timestamp_ns == 0
    with pytest.raises(CaptureError, match=r"0001\.depth\.png: is not a PNG"):
        next(frames)


def test_the_info_is_read_at_once(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match=r"a capture is a folder with capture\.json"):
        read_frames(tmp_path / "nowhere")


@pytest.mark.parametrize("kind", ["colour", "depth"])
def test_a_missing_image_is_named(capture: Path, kind: str) -> None:
    image_path(capture, 2, kind).unlink()
    with pytest.raises(CaptureError, match=rf"0002\.{kind}\.png: cannot be read"):
        list(read_frames(capture))


def test_swapped_images_are_refused(capture: Path) -> None:
    image_path(capture, 0, "depth").rename(image_path(capture, 0, "colour"))
    with pytest.raises(CaptureError, match="must be 8-bit colour, found 16 bits"):
        list(read_frames(capture))


Change = Callable[[dict[str, Any]], object]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param(lambda c: c.update(format=2), "capture format 2, this release reads 1", id="newer"),
        pytest.param(lambda c: c.pop("format"), "key format is missing", id="foreign"),
        pytest.param(lambda c: c.update(note=""), "unknown key note", id="unknown"),
        pytest.param(lambda c: c["camera"].update(note=""), r"unknown key camera\.note", id="unknown-inside"),
        pytest.param(lambda c: c.pop("subject"), "key subject is missing", id="no-subject"),
        pytest.param(lambda c: c.update(subject=7), "subject must be one line", id="subject"),
        pytest.param(lambda c: c["intrinsics"].update(fx=0), "focal lengths must be positive", id="focal"),
        pytest.param(
            lambda c: c["intrinsics"].update(cx="8"), r"intrinsics\.cx must be a number", id="centre"
        ),
        pytest.param(lambda c: c["intrinsics"].update(width=0), r"intrinsics\.width must be", id="width"),
        pytest.param(lambda c: c.update(frames=[]), "holds no frames", id="no-frames"),
        pytest.param(lambda c: c.update(frames={}), "frames must be a list", id="frames"),
        pytest.param(lambda c: c["frames"].reverse(), "rising indices", id="order"),
        pytest.param(lambda c: c["frames"][0].update(index=1), "rising indices", id="twice"),
        pytest.param(lambda c: c["frames"][0].update(index=-1), r"frames\[0\]\.index must be", id="negative"),
        pytest.param(lambda c: c["frames"][0].update(timestamp_ns=34), "order of time", id="time"),
        pytest.param(lambda c: c["frames"][0].update(timestamp_ns=33), "no two of the same", id="same-time"),
        pytest.param(lambda c: c["frames"][0].update(timestamp_ns=1.5), "whole number", id="real-time"),
    ],
)
def test_refuses_infos(capture: Path, change: Change, message: str) -> None:
    path = capture / INFO_FILE
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))
    with pytest.raises(CaptureError, match=message) as caught:
        read_info(capture)
    assert str(caught.value).startswith(str(path))


def test_every_cut_info_is_refused(capture: Path) -> None:
    path = capture / INFO_FILE
    text = path.read_text().rstrip()
    for length in range(0, len(text), 7):
        path.write_text(text[:length])
        with pytest.raises(CaptureError, match="is not JSON as expected"):
            read_info(capture)


@given(st.binary(max_size=60))
def test_any_bytes_are_an_info_or_an_error(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    folder = tmp_path_factory.mktemp("capture")
    (folder / INFO_FILE).write_bytes(data)
    with suppress(CaptureError):
        read_info(folder)


def test_nothing_is_overwritten(capture: Path) -> None:
    before = (capture / INFO_FILE).read_bytes()
    with pytest.raises(CaptureError, match="is not empty; choose a new folder"):
        CaptureWriter(capture, driver="scripted", serial="1")
    assert (capture / INFO_FILE).read_bytes() == before


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CaptureError, match=r"file/c: cannot be recorded to \(Not a directory\)"):
        CaptureWriter(tmp_path / "file" / "c", driver="scripted", serial="1")


@pytest.mark.parametrize(
    ("second", "message"),
    [
        pytest.param(
            make_frame(size=(12, 16), timestamp_ns=9), r"one size; started with \(16, 12\)", id="size"
        ),
        pytest.param(
            make_frame(size=SIZE, focal_px=3, timestamp_ns=9), "one camera's frames", id="intrinsics"
        ),
        pytest.param(make_frame(size=SIZE, timestamp_ns=4), "time went backwards", id="time"),
        pytest.param(make_frame(size=SIZE, timestamp_ns=5), "or stood still; start", id="same-time"),
    ],
)
def test_refuses_frames_that_do_not_follow(tmp_path: Path, second: Frame, message: str) -> None:
    with CaptureWriter(tmp_path / "c", driver="scripted", serial="1") as writer:
        writer.write(make_frame(size=SIZE, timestamp_ns=5))
        with pytest.raises(CaptureError, match=message):
            writer.write(second)
    assert read_info(tmp_path / "c").timestamps_ns == (5,)


def test_refuses_a_time_before_the_clock_began(tmp_path: Path) -> None:
    with (
        CaptureWriter(tmp_path / "c", driver="scripted", serial="1") as writer,
        pytest.raises(CaptureError, match="time went backwards"),
    ):
        writer.write(make_frame(size=SIZE, timestamp_ns=-1))


def test_the_demonstrations_captures_are_read_by_these_rules() -> None:
    infos = [read_info(path.parent) for path in demo_folder().rglob(INFO_FILE)]
    assert len(infos) > 5


def test_an_interrupted_recording_keeps_its_frames(tmp_path: Path) -> None:
    def interrupted() -> None:
        with CaptureWriter(tmp_path / "c", driver="scripted", serial="1") as writer:
            writer.write(make_frame(size=SIZE))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert len(list(read_frames(tmp_path / "c"))) == 1


def test_a_recording_without_frames_is_no_capture(tmp_path: Path) -> None:
    write_capture(tmp_path / "c", [])
    with pytest.raises(CaptureError, match="cannot be read"):
        read_info(tmp_path / "c")


def test_a_closed_writer_takes_no_frames(tmp_path: Path) -> None:
    writer = CaptureWriter(tmp_path / "c", driver="scripted", serial="1")
    writer.write(make_frame(size=SIZE))
    writer.close()
    writer.close()
    with pytest.raises(ValueError, match="closed"):
        writer.write(make_frame(size=SIZE))


def test_a_serial_that_drives_a_terminal_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match="serial must be one line"):
        CaptureWriter(tmp_path / "c", driver="scripted", serial="\x1b[2J")


FULL_DISK = """
import resource, sys
from pathlib import Path
from facelatch.captures import CaptureWriter
from facelatch.errors import CaptureError
from tests.factories import make_frame
with CaptureWriter(Path(sys.argv[1]), driver="scripted", serial="1") as writer:
    writer.write(make_frame(size=(64, 48)))
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
    try:
        writer.write(make_frame(size=(64, 48), noise_seed=1, timestamp_ns=1))
    except CaptureError as error:
        print(error)
"""


def test_a_full_disk_keeps_the_frames_before(tmp_path: Path) -> None:
    done = run_python(FULL_DISK, str(tmp_path / "c"))
    assert "0001.colour.png: cannot be written (File too large); free some space" in done
    assert len(list(read_frames(tmp_path / "c"))) == 1
