"""Dumps for fakenect: what a Kinect would send that looks at a made-up scene."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from facelatch.frames import DepthImage, Frame
from facelatch.optics.kinect_depth import HEIGHT, NO_READING, NOMINAL, WIDTH, to_mm
from tests.device.procedural_face import Scene, face_frame
from tests.requirements import need_file

PERIOD_TICKS = 2_000_000
"""1/30 s of the device's counter."""


def scene_frame(number: int) -> Frame:
    """A head half a metre away, a little to the side each time, in colours that tell red from blue."""
    frame = face_frame(Scene(x_mm=4.0 * number, z_mm=600.0, wall_mm=2000), seed=number)
    colour = frame.colour.copy()
    colour[..., 2] //= 2
    return replace(frame, colour=colour)


def to_raw(depth_mm: DepthImage) -> DepthImage:
    """The reading of each infrared pixel for depth in the colour view, by the nominal calibration."""
    table = to_mm(NOMINAL)
    known = np.flatnonzero(table)
    infrared_px = NOMINAL.plane_cm / (NOMINAL.plane_pixel_cm * 2)
    scale = 530.7 / infrared_px
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    down = np.clip(np.rint(240 + (rows - 240) * scale), 0, HEIGHT - 1).astype(int)
    seen = np.full((HEIGHT, WIDTH), float(depth_mm.min()))
    # Where a pixel looks in the colour view depends on the depth it finds there: a few steps settle that.
    for _ in range(6):
        across = 320 + (columns - 320) * scale - infrared_px * 10 * NOMINAL.colour_cm / seen
        found = depth_mm[down, np.clip(np.rint(across), 0, WIDTH - 1).astype(int)].astype(float)
        # What it keeps missing is hidden from the colour camera: it sees the wall past the head.
        seen = np.where(np.abs(found - seen) > 30, np.maximum(found, seen), found)
    raw = known[np.searchsorted(table[known], seen).clip(0, known.size - 1)]
    raw[(across < 0) | (across >= WIDTH)] = NO_READING
    # A Kinect's block matching has nothing to compare at its left edge.
    raw[:, :8] = NO_READING
    sent: DepthImage = raw.astype(np.uint16)
    return sent


def write_dump(
    folder: Path, images: Sequence[tuple[DepthImage, npt.NDArray[np.uint8]]], first_ticks: int = 0
) -> Path:
    """A dump of pairs of raw depth and colour, 1/30 s apart, as fakenect's own recorder writes one."""
    folder.mkdir()
    names = []
    for number, (raw, colour) in enumerate(images):
        at_s = 1_700_000_000 + number / 30
        ticks = (first_ticks + number * PERIOD_TICKS) % 2**32
        tilt, depth = f"a-{at_s:.6f}-{ticks}.dump", f"d-{at_s:.6f}-{ticks}.pgm"
        video = f"r-{at_s + 0.005:.6f}-{ticks}.ppm"
        (folder / tilt).write_bytes(bytes(12))
        (folder / depth).write_bytes(b"P5 640 480 65535\n" + raw.astype("<u2").tobytes())
        (folder / video).write_bytes(b"P6 640 480 255 \n" + colour.tobytes())
        names += [tilt, depth, video]
    (folder / "INDEX.txt").write_text("".join(f"{name}\n" for name in names))
    return folder


def fakenect(dump: Path) -> dict[str, str]:
    """The variables of a process for which a dump is the Kinect."""
    library = need_file("/usr/lib/*/fakenect/libfreenect.so.0.5")
    return {"LD_LIBRARY_PATH": str(library.parent), "FAKENECT_PATH": str(dump)}
