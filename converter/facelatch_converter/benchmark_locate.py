"""`facelatch-convert benchmark-locate`: where the board's face locator puts its point, on rendered frames."""

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from facelatch.frames import Frame
from facelatch.locate import Located, Locator
from facelatch.preprocess import CropSpec, FacePoint, crop
from facelatch_converter import options
from facelatch_converter.errors import ConversionError

DESCRIPTION = """Render people whose position is known, let the board's locator find them, and print where its point
lies against the middle of the nose: mean, deviation and how it follows the pose. Training centres its crops alike.
Prints also what a crop costs, and what turning its head to the front would cost beside it."""

FEWEST = 4
"""Faces found that offsets can be described of: three terms and something left over."""

Real = npt.NDArray[np.float64]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.add_argument("--face-model", type=Path, required=True, help="npz written by import-face-model")
    parser.add_argument("--people", type=int, default=60, metavar="N", help="people (default: %(default)s)")
    parser.add_argument("--views", type=int, default=5, metavar="N", help="of each (default: %(default)s)")
    parser.add_argument("--seed", type=options.seed, default=40_000)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")


def run(arguments: argparse.Namespace) -> int:
    """Render, locate and print; returns 0."""
    figures = measure(arguments.face_model, arguments.people, arguments.views, arguments.seed)
    if arguments.json:
        print(json.dumps(figures))
        return 0
    print(f"found {figures['found']} of {figures['frames']} faces")
    for axis, row in figures["offset_mm"].items():
        print(
            f"{axis}: mean {row['mean']:6.1f} mm, deviation {row['deviation']:4.1f} mm; "
            f"{row['per_degree_of_yaw']:+.2f} mm per degree of yaw, {row['per_degree_of_pitch']:+.2f} of pitch"
        )
    cost = figures["processor_ms"]
    print(
        f"processor time, median: {cost['crop']:.2f} ms for a crop, {cost['turned']:.2f} ms more to turn it"
    )
    return 0


def measure(face_model: Path, people: int, views: int, seed: int) -> dict[str, Any]:
    """Counts, of each axis (x right, y down, z away) the offset's mean, deviation and slopes, and times of a crop."""
    from facelatch_converter.synthetic import known_views  # noqa: PLC0415 - loads numba

    locator, spec = Locator(), CropSpec()
    offsets, angles, times = [], [], []
    frames = 0
    for frame, view in known_views(face_model, people, views, seed):
        frames += 1
        located = locator.locate(frame)
        if not isinstance(located, Located):
            continue
        camera, point = frame.intrinsics, located.point
        x, y, z = view.position_mm
        aside = (point.u_px - camera.cx) / camera.fx * z - x
        below = (point.v_px - camera.cy) / camera.fy * z - y
        offsets.append((aside, below, point.depth_mm - z))
        angles.append((view.yaw_deg, view.pitch_deg))
        times.append(_time_crop(frame, point, spec))
    if len(offsets) < FEWEST:
        raise ConversionError(
            f"a face was found in {len(offsets)} of {frames} frames, at least {FEWEST} are needed to describe them; "
            "render more with --people"
        )
    # The first crop compiles what turns it.
    cropped, turned = np.median(times[1:], axis=0) / 1e6
    return {
        "frames": frames,
        "found": len(offsets),
        "offset_mm": _describe(np.array(offsets), np.array(angles)),
        "processor_ms": {"crop": float(cropped), "turned": float(turned)},
    }


def _time_crop(frame: Frame, point: FacePoint, spec: CropSpec) -> tuple[int, int]:
    """Nanoseconds of the processor to crop a face as the board does, and to turn the crop to the front."""
    from facelatch_converter.turned import to_front  # noqa: PLC0415 - loads numba

    begun = time.process_time_ns()
    cropped = crop(frame, point, spec)
    between = time.process_time_ns()
    to_front(cropped, spec)
    return between - begun, time.process_time_ns() - between


def _describe(offsets: Real, angles: Real) -> dict[str, dict[str, float]]:
    """Robust figures: a false find half a metre away must not make the spread."""
    rows = {}
    for number, axis in enumerate("xyz"):
        values = offsets[:, number]
        usual = np.abs(values - np.median(values)) < 40
        terms = np.column_stack([np.ones(usual.sum()), angles[usual]])
        slopes = np.linalg.lstsq(terms, values[usual], rcond=None)[0]
        rows[axis] = {
            "mean": float(values[usual].mean()),
            "deviation": float((values[usual] - terms @ slopes).std()),
            "per_degree_of_yaw": float(slopes[1]),
            "per_degree_of_pitch": float(slopes[2]),
        }
    return rows
