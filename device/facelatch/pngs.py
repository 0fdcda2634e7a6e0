"""One PNG as an array, checked before it is decoded: whole, and of the size and kind that was expected.

Decoders differ in what they make of a damaged file, so the chunks' checksums are looked at first.
"""

import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from facelatch.errors import CaptureError

_SIGNATURE = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True, slots=True)
class Kind:
    """What an image must be."""

    words: str
    bits: int
    colour_type: int
    """0 for grey, 2 for colour, as in the PNG specification."""

    @property
    def channels(self) -> int:
        """Values per pixel."""
        return 3 if self.colour_type == 2 else 1


COLOUR = Kind("8-bit colour", 8, 2)
DEPTH = Kind("16-bit grey", 16, 0)
INFRARED = Kind("8-bit grey", 8, 0)


def read(path: Path, size: tuple[int, int], kind: Kind) -> npt.NDArray[Any]:
    """The pixels, (height, width) or (height, width, 3), blue first; a `CaptureError` names the file."""
    try:
        data = path.read_bytes()
    except OSError as problem:
        raise CaptureError(
            f"{path}: cannot be read ({problem.strerror}); record the capture again"
        ) from problem
    found_size, bits, colour_type = _header(data, path)
    if found_size != size:
        raise CaptureError(
            f"{path}: is {found_size[0]}x{found_size[1]} pixels, capture.json says {size[0]}x{size[1]}; "
            "record the capture again"
        )
    if (bits, colour_type) != (kind.bits, kind.colour_type):
        raise CaptureError(
            f"{path}: must be {kind.words}, found {bits} bits of PNG colour type {colour_type}; "
            "record the capture again"
        )
    width, height = size
    image = _decode(data)
    shape = (height, width, 3) if kind.channels == 3 else (height, width)
    if image is None or image.shape != shape or image.dtype.itemsize * 8 != kind.bits:
        raise _damaged(path, "its pixels cannot be decoded")
    return image


def write(path: Path, image: npt.NDArray[Any], compression: int) -> None:
    """A file private to its owner; colour comes blue first. Raises `CaptureError` naming the file."""
    done, data = cv2.imencode(".png", image, [cv2.IMWRITE_PNG_COMPRESSION, compression])
    if not done:
        raise CaptureError(f"{path}: cannot be encoded as PNG")
    try:
        path.touch(mode=0o600)
        path.write_bytes(data.tobytes())
    except OSError as problem:
        raise CaptureError(
            f"{path}: cannot be written ({problem.strerror}); free some space and record again"
        ) from problem


def _header(data: bytes, path: Path) -> tuple[tuple[int, int], int, int]:
    """((width, height), bits, colour type) of a PNG whose every chunk is whole."""
    if not data.startswith(_SIGNATURE):
        raise CaptureError(f"{path}: is not a PNG; the file is damaged or foreign")
    offset, header = len(_SIGNATURE), None
    while offset + 12 <= len(data):
        length, name = struct.unpack_from(">I4s", data, offset)
        end = offset + 8 + length
        if end + 4 > len(data):
            break
        if zlib.crc32(memoryview(data)[offset + 4 : end]) != struct.unpack_from(">I", data, end)[0]:
            raise _damaged(path, "a checksum does not fit")
        if header is None:
            if name != b"IHDR" or length != 13:
                raise _damaged(path, "it has no header")
            width, height, bits, colour_type = struct.unpack_from(">IIBB", data, offset + 8)
            header = (width, height), bits, colour_type
        elif name == b"IEND":
            return header
        offset = end + 4
    raise _damaged(path, "it is cut short")


def _decode(data: bytes) -> npt.NDArray[Any] | None:
    try:
        return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error:
        return None


def _damaged(path: Path, what: str) -> CaptureError:
    return CaptureError(f"{path}: is damaged, {what}; record the capture again")
