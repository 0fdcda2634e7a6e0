"""Recorded frames on disk, capture format 1: lossless PNGs and a `capture.json` that is written last.

A folder without `capture.json` was not finished. Readers refuse what does not fit, by name, because a test on
a damaged recording proves nothing.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt

from facelatch import pngs
from facelatch.errors import CaptureError
from facelatch.fields import Fields, build, decode_object
from facelatch.files import replace_file
from facelatch.frames import Frame, Intrinsics

FORMAT = 1
INFO_FILE = "capture.json"

_LARGEST_INFO_BYTES = 16 << 20
_LARGEST_SIDE_PX = 8192


@dataclass(frozen=True, slots=True)
class CaptureInfo:
    """What `capture.json` says."""

    driver: str
    serial: str
    size: tuple[int, int]
    """(width, height) in pixels."""
    intrinsics: Intrinsics
    subject: str | None
    attack: str | None
    """The attack species, or None for a live face."""
    indices: tuple[int, ...]
    """Rising; each names its files."""
    timestamps_ns: tuple[int, ...]
    """One per index, rising: the same moment twice is the same frame twice."""

    def __post_init__(self) -> None:
        """Refuse an order in which frames cannot have come."""
        if not self.indices or len(self.indices) != len(self.timestamps_ns):
            raise ValueError("holds no frames")
        if any(one >= following for one, following in pairwise(self.indices)):
            raise ValueError("frames must have rising indices")
        if any(one >= following for one, following in pairwise(self.timestamps_ns)):
            raise ValueError("frames must be in order of time, no two of the same moment")


def read_info(folder: Path) -> CaptureInfo:
    """What the capture is; raises `CaptureError` naming the file and what is wrong."""
    path = folder / INFO_FILE
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST_INFO_BYTES)
        text = data.decode("utf-8")
    except OSError as problem:
        raise CaptureError(
            f"{path}: cannot be read ({problem.strerror}); a capture is a folder with {INFO_FILE}, "
            "which is written when the recording ends"
        ) from problem
    except UnicodeDecodeError as problem:
        raise CaptureError(f"{path}: is not text; the file is damaged or foreign") from problem
    fields = decode_object(text, str(path), CaptureError)
    found = fields.whole("format", 0, 1_000_000)
    if found != FORMAT:
        raise CaptureError(f"{path}: is capture format {found}, this release reads {FORMAT}; record it again")
    info = build(lambda: _read(fields), str(path), CaptureError)
    fields.done()
    return info


def read_frames(folder: Path) -> Iterator[Frame]:
    """The frames in order, each read when it is asked for; `capture.json` is read at once.

    Raises `CaptureError` for an image that is missing, damaged or does not fit.
    """
    return _frames(folder, read_info(folder))


class CaptureWriter:
    """A new capture, frame by frame; closing it writes `capture.json`, even if a later frame failed.

    Folder and files are private to their owner: they show a face.
    """

    def __init__(
        self,
        folder: Path,
        *,
        driver: str,
        serial: str,
        subject: str | None = None,
        attack: str | None = None,
        compression: int = 3,
    ) -> None:
        self._folder = folder
        self._about: dict[str, Any] = {"subject": subject, "attack": attack}
        self._camera = {"driver": driver, "serial": serial}
        self._compression = compression
        self._first: Frame | None = None
        self._frames: list[dict[str, int]] = []
        self._closed = False
        self._refuse_odd_text()
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            taken = any(folder.iterdir())
        except OSError as problem:
            raise CaptureError(
                f"{folder}: cannot be recorded to ({problem.strerror}); choose a folder that you may write"
            ) from problem
        if taken:
            raise CaptureError(f"{folder}: is not empty; choose a new folder, nothing is overwritten")

    def write(self, frame: Frame) -> None:
        """Add a frame; it must be of the first one's size and camera, and newer than the last."""
        if self._closed:
            raise ValueError("the capture is closed")
        first = self._first or frame
        if frame.size != first.size or frame.intrinsics != first.intrinsics:
            raise CaptureError(
                f"{self._folder}: a capture holds one camera's frames of one size; started with "
                f"{first.size}, {first.intrinsics}, then came {frame.size}, {frame.intrinsics}"
            )
        if frame.timestamp_ns <= (self._frames[-1]["timestamp_ns"] if self._frames else -1):
            raise CaptureError(
                f"{self._folder}: the camera's time went backwards or stood still; start the recording again"
            )
        index = len(self._frames)
        for kind, image in _images(frame).items():
            pngs.write(image_path(self._folder, index, kind), image, self._compression)
        self._first = first
        self._frames.append({"index": index, "timestamp_ns": frame.timestamp_ns})

    def close(self) -> None:
        """Write `capture.json`, once; a capture without a frame leaves none."""
        if self._closed:
            return
        self._closed = True
        if self._first is None:
            return
        width, height = self._first.size
        document = {
            "format": FORMAT,
            "camera": self._camera,
            "intrinsics": {"width": width, "height": height, **asdict(self._first.intrinsics)},
            **self._about,
            "frames": self._frames,
        }
        path = self._folder / INFO_FILE
        try:
            replace_file(path, (json.dumps(document, indent=1, allow_nan=False) + "\n").encode())
        except OSError as problem:
            raise CaptureError(
                f"{path}: cannot be written ({problem.strerror}); the capture is not usable"
            ) from problem

    def __enter__(self) -> "CaptureWriter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _refuse_odd_text(self) -> None:
        for name, text in (self._camera | self._about).items():
            if text is not None and not text.isprintable():
                raise CaptureError(
                    f"{self._folder}: {name} must be one line of printable text, found {text!r}"
                )


def image_path(folder: Path, index: int, kind: str) -> Path:
    """The file of one image; `kind` is `colour`, `depth` or `infrared`."""
    return folder / f"{index:04d}.{kind}.png"


def _read(fields: Fields) -> CaptureInfo:
    camera, pinhole, frames = fields.child("camera"), fields.child("intrinsics"), fields.children("frames")
    info = CaptureInfo(
        driver=camera.text("driver"),
        serial=camera.text("serial"),
        size=(pinhole.whole("width", 1, _LARGEST_SIDE_PX), pinhole.whole("height", 1, _LARGEST_SIDE_PX)),
        intrinsics=Intrinsics(*(pinhole.real(key, -1e6, 1e6) for key in ("fx", "fy", "cx", "cy"))),
        subject=fields.text_or_none("subject"),
        attack=fields.text_or_none("attack"),
        indices=tuple(frame.whole("index", 0, 999_999) for frame in frames),
        timestamps_ns=tuple(frame.whole("timestamp_ns", 0, 2**63 - 1) for frame in frames),
    )
    for part in (camera, pinhole, *frames):
        part.done()
    return info


def _frames(folder: Path, info: CaptureInfo) -> Iterator[Frame]:
    for index, timestamp_ns in zip(info.indices, info.timestamps_ns, strict=True):
        infrared = image_path(folder, index, "infrared")
        colour = pngs.read(image_path(folder, index, "colour"), info.size, pngs.COLOUR)
        yield Frame(
            colour=np.ascontiguousarray(colour[..., ::-1]),
            depth_mm=pngs.read(image_path(folder, index, "depth"), info.size, pngs.DEPTH),
            intrinsics=info.intrinsics,
            timestamp_ns=timestamp_ns,
            infrared=pngs.read(infrared, info.size, pngs.INFRARED) if infrared.exists() else None,
        )


def _images(frame: Frame) -> dict[str, npt.NDArray[Any]]:
    """What is written for a frame; OpenCV's PNGs take blue first."""
    images: dict[str, npt.NDArray[Any]] = {"colour": frame.colour[..., ::-1], "depth": frame.depth_mm}
    return images if frame.infrared is None else images | {"infrared": frame.infrared}
