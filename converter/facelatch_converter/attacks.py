"""Presentation attacks: a picture of a person instead of the person.

Each attack is a mesh that shows a frame's colour on a surface of its own: flat paper, bent paper, or a tablet's screen.
Terms follow ISO/IEC 30107-3: an attack's kind is its species.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from facelatch_converter.render import Posed, Rendering

Real = npt.NDArray[np.float32]

SPECIES = ("flat-photo", "bent-photo", "tablet")

CELLS = (72, 96)
"""Cells of the sheet in width and height: a print this coarse already looks like a face to a detector."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A picture held before the camera."""

    species: str
    size_mm: tuple[float, float] = (210.0, 280.0)
    """Width and height."""
    bend_radius_mm: float = float("inf")
    """Bent about its vertical axis like a cylinder of this radius, bulging towards the camera."""
    tilt_deg: tuple[float, float] = (0.0, 0.0)
    """About the vertical and about the horizontal axis."""
    position_mm: tuple[float, float, float] = (0.0, 0.0, 450.0)
    glow: bool = False
    """A screen: bright by itself and dark in infrared."""

    def __post_init__(self) -> None:
        """Refuse an unknown species or a sheet rolled up more than half way."""
        if self.species not in SPECIES:
            raise ValueError(f"unknown attack species {self.species!r}; known are {', '.join(SPECIES)}")
        if self.size_mm[0] / 2 > np.pi / 2 * self.bend_radius_mm:
            raise ValueError(f"a sheet {self.size_mm[0]} mm wide cannot be bent to {self.bend_radius_mm} mm")


def draw_sheet(species: str, position_mm: tuple[float, float, float], rng: np.random.Generator) -> Sheet:
    """A random sheet of a species."""
    tilt = (float(rng.uniform(-20, 20)), float(rng.uniform(-15, 15)))
    if species == "bent-photo":
        return Sheet(
            species, bend_radius_mm=float(rng.uniform(85, 250)), tilt_deg=tilt, position_mm=position_mm
        )
    return Sheet(species, tilt_deg=tilt, position_mm=position_mm, glow=species == "tablet")


def present(sheet: Sheet, picture: npt.NDArray[np.uint8]) -> Posed:
    """The sheet with a picture (height, width, 3) on it, in camera axes and lit."""
    columns, rows = CELLS
    across = np.linspace(-0.5, 0.5, columns + 1) * sheet.size_mm[0]
    down = np.linspace(-0.5, 0.5, rows + 1) * sheet.size_mm[1]
    x, y = np.meshgrid(across, down)
    z = np.zeros_like(x)
    if np.isfinite(sheet.bend_radius_mm):
        angle = x / sheet.bend_radius_mm
        x, z = sheet.bend_radius_mm * np.sin(angle), sheet.bend_radius_mm * (1 - np.cos(angle))
    points = np.stack([x, y, z], axis=-1).reshape(-1, 3) @ _tilt(sheet).T + np.array(sheet.position_mm)
    colour = cv2.resize(picture, (columns + 1, rows + 1), interpolation=cv2.INTER_AREA).reshape(-1, 3)
    attributes = np.empty((len(points), 5), np.float32)
    attributes[:, :3] = np.clip(colour.astype(np.float32) * (1.1 if sheet.glow else 0.9), 0, 255)
    attributes[:, 3] = 20.0 if sheet.glow else colour.mean(1) * 0.6
    attributes[:, 4] = 1.0
    return Posed(np.ascontiguousarray(points, np.float32), _grid(columns, rows), attributes)


def face_picture(
    rendering: Rendering, centre_px: tuple[float, float], px_per_mm: float, size_mm: tuple[float, float]
) -> npt.NDArray[np.uint8]:
    """What an attacker prints: the rendering around a face at life size, (height, width, 3)."""
    wide, high = (round(side * px_per_mm) for side in size_mm)
    left, top = round(centre_px[0] - wide / 2), round(centre_px[1] - high / 2)
    move = np.array([[1, 0, -left], [0, 1, -top]], np.float32)
    image = cv2.warpAffine(rendering.colour, move, (wide, high), borderMode=cv2.BORDER_REPLICATE)
    return np.clip(np.rint(image), 0, 255).astype(np.uint8)


def _tilt(sheet: Sheet) -> npt.NDArray[np.float64]:
    yaw, pitch = np.deg2rad(sheet.tilt_deg)
    turn = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]])
    nod = np.array([[1, 0, 0], [0, np.cos(pitch), -np.sin(pitch)], [0, np.sin(pitch), np.cos(pitch)]])
    tilt: npt.NDArray[np.float64] = nod @ turn
    return tilt


def _grid(columns: int, rows: int) -> npt.NDArray[np.int32]:
    """Triangles of a grid that face the camera (counter-clockwise seen from it, y pointing down)."""
    corner = (np.arange(rows)[:, None] * (columns + 1) + np.arange(columns)).ravel()
    below = corner + columns + 1
    upper, lower = np.stack([corner, below, corner + 1], 1), np.stack([corner + 1, below, below + 1], 1)
    triangles: npt.NDArray[np.int32] = np.concatenate([upper, lower]).astype(np.int32)
    return triangles
