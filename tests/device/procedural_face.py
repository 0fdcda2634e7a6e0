"""A made-up head of formulas: an egg with a nose, eye sockets, brows and a mouth. It is nobody.

Good enough for the detector to find and for shape checks to see relief; not for measuring accuracy.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from facelatch.frames import Frame, Intrinsics

Real = npt.NDArray[Any]

SIZE = (640, 480)
CAMERA = Intrinsics(600.0, 600.0, 320.0, 240.0)


@dataclass(frozen=True)
class Scene:
    """Where the nose's foot is (camera axes) and how the head is turned: + yaw to the right, + pitch up."""

    x_mm: float = 0.0
    y_mm: float = 0.0
    z_mm: float = 500.0
    yaw_deg: float = 0.0
    pitch_deg: float = 0.0
    wall_mm: int = 2000
    noise_px: float = 0.0
    """Disparity noise of the depth, pixels at a focal length times baseline of 19250."""
    brightness: float = 1.0
    with_infrared: bool = False


def face_frame(*scenes: Scene, seed: int = 0) -> Frame:
    """A frame with one head per scene before the first one's wall."""
    depth = np.full(SIZE[::-1], float(scenes[0].wall_mm))
    picture = np.full(SIZE[::-1], 190.0)
    for scene in scenes:
        head, skin = _splat(scene)
        nearer = head < depth
        depth = np.where(nearer, head, depth)
        picture = np.where(nearer, skin, picture)
    grey = cv2.GaussianBlur(picture, (0, 0), 1.2)
    return _to_frame(grey, depth, scenes[0], seed)


def sheet_frame(
    scene: Scene, *, radius_mm: float | None = None, vertical: bool = True, slope: float = 0.0, seed: int = 0
) -> Frame:
    """A photo of the head, printed in life size: flat (tilted by `slope`), or bent around an axis."""
    width, height = SIZE
    x = (np.arange(width) + 0.5 - CAMERA.cx) / CAMERA.fx * scene.z_mm
    y = ((np.arange(height) + 0.5 - CAMERA.cy) / CAMERA.fy * scene.z_mm)[:, None]
    across = np.broadcast_to(x if vertical else y, (height, width))
    depth = scene.z_mm + slope * across
    if radius_mm is not None:
        depth = depth + radius_mm - np.sqrt(np.maximum(radius_mm**2 - across**2, 0))
    sheet = (np.abs(x) < 105) & (np.abs(y) < 148) & (np.abs(across) < (radius_mm or 1e9) * 0.95)
    printed = face_frame(Scene(z_mm=scene.z_mm, wall_mm=scene.wall_mm)).colour[..., 0].astype(float)
    return _to_frame(
        np.where(sheet, printed, 120.0), np.where(sheet, depth, float(scene.wall_mm)), scene, seed
    )


def _to_frame(grey: Real, depth: Real, scene: Scene, seed: int) -> Frame:
    rng = np.random.default_rng(seed)
    grain = rng.normal(0, 1.5, grey.shape)
    image = np.clip(grey * scene.brightness + grain, 0, 255).astype(np.uint8)
    if scene.noise_px:
        noise = cv2.GaussianBlur(rng.normal(size=depth.shape), (0, 0), 2.0)
        disparity = 19250 / depth + noise / noise.std() * scene.noise_px
        depth = 19250 / np.rint(disparity * 32) * 32
    infrared = np.clip(grey + grain, 0, 255).astype(np.uint8) if scene.with_infrared else None
    return Frame(
        np.repeat(image[..., None], 3, axis=2), np.rint(depth).astype(np.uint16), CAMERA, 0, infrared
    )


def _splat(scene: Scene) -> tuple[Real, Real]:
    """Depth (inf where the head is not) and grey of one head, by throwing its points at the image."""
    x, y, z, grey = _head()
    yaw, pitch = np.deg2rad((scene.yaw_deg, scene.pitch_deg))
    # The head turns about a point behind the nose; z points away from the camera.
    x, z = x * np.cos(yaw) - z * np.sin(yaw), x * np.sin(yaw) + z * np.cos(yaw)
    y, z = y * np.cos(pitch) + z * np.sin(pitch), z * np.cos(pitch) - y * np.sin(pitch)
    x, y, z = x + scene.x_mm, y + scene.y_mm, z + scene.z_mm
    columns = np.floor(x / z * CAMERA.fx + CAMERA.cx).astype(int)
    rows = np.floor(y / z * CAMERA.fy + CAMERA.cy).astype(int)
    inside = (columns >= 0) & (columns < SIZE[0]) & (rows >= 0) & (rows < SIZE[1])
    order = np.argsort(-z[inside])
    place = rows[inside][order], columns[inside][order]
    depth, picture = np.full(SIZE[::-1], np.inf), np.zeros(SIZE[::-1])
    depth[place], picture[place] = z[inside][order], grey[inside][order]
    return depth, picture


@cache
def _head() -> tuple[Real, Real, Real, Real]:
    """Points of the head's front, flat: x right, y down, z away, against the nose's foot; and their grey."""
    across = np.arange(-76, 76.01, 0.45)
    down = np.arange(-115, 105.01, 0.45)
    x, y = (axis.ravel() for axis in np.meshgrid(across, down))
    on = (x / 76) ** 2 + ((y + 5) / 110) ** 2 < 1
    x, y = x[on], y[on]
    # From the nose's root over its tip to the upper lip.
    ridge = np.interp(y, (-40, -30, 5, 18, 24), (0, 8, 24, 12, 0))
    sockets = 9 * (_bump(x - 32, y + 30, 18, 11) + _bump(x + 32, y + 30, 18, 11))
    lips = 5 * _bump(x, y - 42, 24, 10)
    chin = 6 * _bump(x, y - 75, 20, 14)
    egg = 75 - 95 * np.sqrt(np.clip(1 - (x / 76) ** 2 - ((y + 5) / 110) ** 2, 0, 1)) + 20
    z = egg - ridge * np.exp(-((x / (9 + np.clip(y + 30, 0, 50) * 0.1)) ** 2)) + sockets - lips - chin
    grey = 165 - 25 * np.abs(x / 76) ** 3
    for side in (-1, 1):
        grey -= 95 * _soft((x - 32 * side) / 19, (y + 46) / 5)
        grey -= 45 * _soft((x - 32 * side) / 22, (y + 28) / 11)
        grey -= 70 * _soft((x - 32 * side) / 9, (y + 28) / 7)
        grey -= 60 * _soft((x - 9 * side) / 5, (y - 20) / 3)
    grey -= 70 * _soft(x / 25, (y - 42) / 6)
    grey += 22 * _soft(x / 7, (y + 5) / 30)
    grey -= 110 * np.clip((-y - 85) / 8, 0, 1)
    return x, y, z, grey


def _bump(x: Real, y: Real, wide: float, high: float) -> Real:
    bump: Real = np.exp(-((x / wide) ** 2) - (y / high) ** 2)
    return bump


def _soft(x: Real, y: Real) -> Real:
    """1 inside the unit ellipse, 0 outside, with a soft rim."""
    inside: Real = np.clip(1.5 - (x**2 + y**2), 0, 1)
    return inside
