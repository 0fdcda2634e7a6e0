import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facelatch import pngs
from facelatch.errors import CaptureError
from tests.factories import make_frame

SIZE = (16, 12)
FRAME = make_frame(size=SIZE, infrared=3, noise_seed=1)


@pytest.fixture
def depth_png(tmp_path: Path) -> Path:
    pngs.write(tmp_path / "0000.depth.png", FRAME.depth_mm, 3)
    return tmp_path / "0000.depth.png"


def test_pixels_come_back(tmp_path: Path, depth_png: Path) -> None:
    pngs.write(tmp_path / "colour.png", FRAME.colour, 9)
    assert np.array_equal(pngs.read(tmp_path / "colour.png", SIZE, pngs.COLOUR), FRAME.colour)
    assert np.array_equal(pngs.read(depth_png, SIZE, pngs.DEPTH), FRAME.depth_mm)
    assert depth_png.stat().st_mode & 0o777 == 0o600


def test_every_cut_is_noticed(depth_png: Path) -> None:
    data = depth_png.read_bytes()
    for length in range(len(data)):
        depth_png.write_bytes(data[:length])
        with pytest.raises(CaptureError, match="cut short" if length >= 8 else "is not a PNG"):
            pngs.read(depth_png, SIZE, pngs.DEPTH)


@given(data=st.data())
def test_every_flipped_bit_is_noticed(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    path = tmp_path_factory.mktemp("png") / "depth.png"
    pngs.write(path, FRAME.depth_mm, 3)
    content = bytearray(path.read_bytes())
    content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(content)
    with pytest.raises(CaptureError, match=r"depth\.png: "):
        pngs.read(path, SIZE, pngs.DEPTH)


@pytest.mark.parametrize(
    ("size", "kind", "message"),
    [
        pytest.param((12, 16), pngs.DEPTH, r"is 16x12 pixels, capture\.json says 12x16", id="size"),
        pytest.param(
            SIZE, pngs.COLOUR, "must be 8-bit colour, found 16 bits of PNG colour type 0", id="colour"
        ),
        pytest.param(SIZE, pngs.INFRARED, "must be 8-bit grey, found 16 bits", id="infrared"),
    ],
)
def test_refuses_another_image(depth_png: Path, size: tuple[int, int], kind: pngs.Kind, message: str) -> None:
    with pytest.raises(CaptureError, match=message):
        pngs.read(depth_png, size, kind)


def chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


@pytest.mark.parametrize(
    ("chunks", "message"),
    [
        pytest.param([chunk(b"IDAT", b"")], "it has no header", id="no-header"),
        pytest.param(
            [chunk(b"IHDR", struct.pack(">IIBBBBB", 16, 12, 16, 0, 0, 0, 0)), chunk(b"IEND", b"")],
            "cannot be decoded",
            id="no-pixels",
        ),
        pytest.param(
            [
                chunk(b"IHDR", struct.pack(">IIBBBBB", 16, 12, 16, 0, 0, 0, 0)),
                chunk(b"IDAT", zlib.compress(bytes(40))),
                chunk(b"IEND", b""),
            ],
            "cannot be decoded",
            id="too-few-pixels",
        ),
        pytest.param(
            [
                chunk(b"IHDR", struct.pack(">IIBBBBB", 2**31 - 1, 2**31 - 1, 16, 0, 0, 0, 0)),
                chunk(b"IEND", b""),
            ],
            "is 2147483647x2147483647 pixels",
            id="bomb",
        ),
    ],
)
def test_refuses_a_made_up_png(tmp_path: Path, chunks: list[bytes], message: str) -> None:
    path = tmp_path / "depth.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunks))
    with pytest.raises(CaptureError, match=message):
        pngs.read(path, SIZE, pngs.DEPTH)


def test_names_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match=r"0007\.depth\.png: cannot be read \(No such file"):
        pngs.read(tmp_path / "0007.depth.png", SIZE, pngs.DEPTH)


def test_a_failed_write_names_the_file(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match=r"depth\.png: cannot be written \(No such file"):
        pngs.write(tmp_path / "gone" / "depth.png", FRAME.depth_mm, 3)
