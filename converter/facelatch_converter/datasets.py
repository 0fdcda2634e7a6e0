"""Data sets as captures with subjects: our own folders, the VAP RGB-D database and EURECOM KinectFaceDB.

A capture is what a person gave in one go; comparisons are made between captures, never within one. The
two public databases were taken with a Kinect v1 and carry no calibration; `kinect_v1` says what is assumed.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from facelatch import captures
from facelatch.frames import Frame
from facelatch_converter import eurecom, vap
from facelatch_converter.errors import DatasetError

RENDERED = "rendered"
"""The driver that a capture names which no camera took."""


@dataclass(frozen=True, slots=True)
class CaptureRef:
    """One capture of one subject; `frames` reads it when asked, and again each time."""

    subject: str
    name: str
    """Unique within the subject."""
    frames: Callable[[], Iterator[Frame]]
    """Picklable (a partial, not a lambda), so that worker processes can read it."""
    attack: str | None = None
    """The attack species, or None for a live person."""
    rendered: bool = False
    """Known to show no real person."""


def open_dataset(root: Path, grey_mm: tuple[float, float] | None = None) -> list[CaptureRef]:
    """All captures under `root`, whichever of the three layouts it has; refuses a folder that has none.

    `grey_mm` is only for EURECOM without its DepthKinect texts; see `read_eurecom`.
    """
    if not root.is_dir():
        raise DatasetError(f"{root}: no such folder; name the root of a data set")
    if any(root.glob("*/*/capture.json")):
        return read_captures(root)
    if any(root.glob("*/*_d.dat")):
        return read_vap(root)
    if any(root.glob("*/s[12]/RGB")):
        return read_eurecom(root, grey_mm)
    raise DatasetError(
        f"{root}: not a data set; expected <subject>/<capture>/capture.json (facelatch record), "
        "<person>/NNN_P_d.dat (VAP RGB-D) or NNNN/s1/RGB/*.bmp (EURECOM KinectFaceDB)"
    )


def read_captures(root: Path) -> list[CaptureRef]:
    """`<root>/<subject>/<capture>/` as `facelatch record` writes it; the folder names the subject."""
    found = []
    for file in sorted(root.glob("*/*/capture.json")):
        folder = file.parent
        info = captures.read_info(folder)
        subject = folder.parent.name
        if info.subject not in (None, subject):
            raise DatasetError(
                f"{file}: is of subject {info.subject!r} but lies in the folder of {subject!r}; move it"
            )
        found.append(
            CaptureRef(
                subject,
                folder.name,
                partial(captures.read_frames, folder),
                info.attack,
                info.driver == RENDERED,
            )
        )
    return _not_empty(found, root, "<subject>/<capture>/capture.json")


def read_vap(root: Path) -> list[CaptureRef]:
    """The VAP RGB-D face database: a folder per person, `NNN_P_d.dat` beside `NNN_P_c.bmp`.

    NNN is the pose, P the picture of it (17 poses, three pictures each): a capture is all pictures of a pose.
    """
    groups: dict[tuple[str, str], list[Path]] = {}
    for file in sorted(root.glob("*/*_d.dat")):
        named = re.fullmatch(r"(\d+)_(\d+)_d\.dat", file.name)
        if named is None:
            raise DatasetError(f"{file}: expected a name like 001_1_d.dat (pose, picture)")
        groups.setdefault((file.parent.name, named[1]), []).append(file)
    found = [
        CaptureRef(person, pose, partial(vap.read_pictures, tuple(files)))
        for (person, pose), files in groups.items()
    ]
    return _not_empty(found, root, "<person>/NNN_P_d.dat")


def read_eurecom(root: Path, grey_mm: tuple[float, float] | None = None) -> list[CaptureRef]:
    """EURECOM KinectFaceDB: `NNNN/s1` and `NNNN/s2`, the two sessions, are two captures of subject NNNN.

    Depth comes in millimetres from `Depth/DepthKinect/*.txt`. Where a copy has only the 8-bit pictures of
    `Depth/DepthBMP`, `grey_mm` must say which distances grey 1 and grey 255 stand for; they do not say it.
    """
    found = []
    for folder in sorted(root.glob("*/s[12]")):
        if not re.fullmatch(r"\d{4}", folder.parent.name) or not (folder / "RGB").is_dir():
            raise DatasetError(f"{folder}: expected NNNN/s1 or NNNN/s2 with RGB and Depth/DepthBMP in it")
        pictures = tuple(eurecom.pictures(folder))
        found.append(
            CaptureRef(folder.parent.name, folder.name, partial(eurecom.read_pictures, pictures, grey_mm))
        )
    return _not_empty(found, root, "NNNN/s1/RGB/*.bmp")


def subjects(refs: Iterable[CaptureRef]) -> list[str]:
    """The subjects, each once, sorted."""
    return sorted({ref.subject for ref in refs})


def split_subjects(
    refs: Sequence[CaptureRef], share: float, seed: int
) -> tuple[list[CaptureRef], list[CaptureRef]]:
    """The captures in two parts that share no subject; the second holds `share` of the subjects.

    Each part has at least one subject. The same subjects and seed give the same split in any order.
    """
    if not 0 < share < 1:
        raise DatasetError(f"a share lies between 0 and 1, found {share:g}")
    names = subjects(refs)
    held_out = draw_subjects(names, round(share * len(names)), seed)
    return (
        [ref for ref in refs if ref.subject not in held_out],
        [ref for ref in refs if ref.subject in held_out],
    )


def draw_subjects(names: Iterable[str], count: int, seed: int) -> frozenset[str]:
    """`count` of the subjects, but at least one and not all; the same names and seed give the same ones."""
    known = sorted(set(names))
    if len(known) < 2:
        raise DatasetError(f"two parts need at least two subjects, found {len(known)}")
    shuffled = np.random.default_rng(seed).permutation(len(known))
    return frozenset(known[index] for index in shuffled[: min(max(count, 1), len(known) - 1)])


def _not_empty(found: list[CaptureRef], root: Path, expected: str) -> list[CaptureRef]:
    if not found:
        raise DatasetError(f"{root}: holds no captures; expected {expected}")
    return found
