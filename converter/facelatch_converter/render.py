"""A person before a camera: the mesh, light and lens, as a whole sensor frame or straight as a metric crop.

Both ways share the geometry, the shading and the rasteriser, and differ only in which pixels they fill; the crop's
way agrees with `preprocess.crop` of the frame's way to within a test's bounds.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numba
import numpy as np
import numpy.typing as npt

from facelatch.frames import Intrinsics
from facelatch.preprocess import CropSpec
from facelatch_converter.face_model import FaceModel
from facelatch_converter.people import Person
from facelatch_converter.rasterise import interpolate, rasterise, vertex_normals

Real = npt.NDArray[np.float32]

NECK_MM = -95.0
"""Height against the nose below which the neck begins to turn less than the head."""
NECK_LENGTH_MM = 60.0
JOINT_MM = (0.0, -45.0, -95.0)
"""Where the head turns on the neck, against the nose, in the head's axes."""


@dataclass(frozen=True, slots=True)
class View:
    """Where a head is and where it looks, seen by the camera.

    Positive yaw turns the face towards the image's right, positive pitch looks up, positive roll tilts the head
    clockwise in the image.
    """

    yaw_deg: float = 0.0
    pitch_deg: float = 0.0
    roll_deg: float = 0.0
    position_mm: tuple[float, float, float] = (0.0, 0.0, 500.0)
    """The middle of the nose: x right, y down, z along the optical axis."""


@dataclass(frozen=True, slots=True)
class Lamp:
    """A distant light."""

    direction: tuple[float, float, float]
    """From the head towards the light, camera axes (x right, y down, z away from the camera); unit length."""
    colour: tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Light:
    """All light on a head; colours are linear and 1 shows white paint as white."""

    ambient: tuple[float, float, float] = (0.35, 0.35, 0.35)
    lamps: tuple[Lamp, ...] = (Lamp((0.0, -0.6, -0.8), (0.65, 0.65, 0.65)),)
    infrared_gain: float = 200.0
    """Grey level of a white surface facing the projector at 500 mm."""


@dataclass(frozen=True, slots=True, eq=False)
class Backdrop:
    """A wall behind the person, perhaps slanted, with a soft pattern."""

    distance_mm: float = 1500.0
    slant: tuple[float, float] = (0.0, 0.0)
    """Millimetres of depth per millimetre to the right and downwards."""
    colour: tuple[float, float, float] = (150.0, 150.0, 150.0)
    pattern: Real = field(default_factory=lambda: np.zeros((2, 2), np.float32))
    """Grey levels added, stretched over the image."""


@dataclass(frozen=True, slots=True, eq=False)
class Rendering:
    """What an ideal sensor would see; `sensors` adds what a real one does."""

    colour: Real
    """(height, width, 3), 0-255."""
    infrared: Real
    """(height, width), 0-255."""
    depth_mm: Real
    """(height, width), 0 where nothing is."""
    facing: Real
    """(height, width), cosine between surface normal and line of sight; 0 where nothing is."""
    focal_px: float
    """Focal length of the sensor."""
    sensor_px: float = 1.0
    """Sensor pixels per pixel of this rendering: 1 for a frame, more for a crop."""


@dataclass(frozen=True, slots=True, eq=False)
class Posed:
    """A mesh in camera axes, lit."""

    vertices_mm: Real
    triangles: npt.NDArray[np.int32]
    attributes: Real
    """(n, 5): red, green, blue (0-255), infrared (0-255), facing (cosine)."""


def express(model: FaceModel, person: Person, expression: Real) -> Real:
    """The person's vertices (n, 3) with expression weights (expressions,) applied."""
    used = np.flatnonzero(expression)
    vertices = person.vertices_mm
    if used.size:
        flat = model.expression_mm[used].reshape(len(used), -1)
        vertices = vertices + (expression[used] @ flat).reshape(-1, 3)
    return np.ascontiguousarray(vertices, np.float32)


def pose(
    model: FaceModel, vertices: Real, albedo: Real, infrared_albedo: Real, view: View, light: Light
) -> Posed:
    """Turn and place a head before the camera and light it; the collar stays with the body."""
    placed = _place(vertices, rotation(view), body_offset_mm(view), np.array(view.position_mm, np.float32))
    return light_mesh(placed, model.triangles, albedo, infrared_albedo, light)


def body_offset_mm(view: View) -> Real:
    """How far the body moves, in the head's axes (3,), so that the neck's joint stays where it is."""
    joint = np.array(JOINT_MM, np.float32)
    offset: Real = rotation(view) @ joint - joint
    return offset


def light_mesh(
    placed: Real, triangles: npt.NDArray[np.int32], albedo: Real, infrared_albedo: Real, light: Light
) -> Posed:
    """Shade each vertex by Lambert's law; infrared comes from beside the camera and falls with distance."""
    normals = vertex_normals(placed, triangles)
    directions = np.array([lamp.direction for lamp in light.lamps], np.float32).reshape(-1, 3)
    colours = np.array([lamp.colour for lamp in light.lamps], np.float32).reshape(-1, 3)
    attributes = _shade(
        placed, normals, albedo, infrared_albedo, np.array(light.ambient, np.float32), directions, colours,
        light.infrared_gain,
    )  # fmt: skip
    return Posed(placed, triangles, attributes)


def rotation(view: View) -> Real:
    """Roll after pitch after yaw, (3, 3), in the head's axes (x right, y up, z out of the face)."""
    yaw, pitch, roll = np.deg2rad((view.yaw_deg, view.pitch_deg, view.roll_deg))
    cos, sin = np.cos, np.sin
    turn = np.array([[cos(yaw), 0, sin(yaw)], [0, 1, 0], [-sin(yaw), 0, cos(yaw)]])
    nod = np.array([[1, 0, 0], [0, cos(pitch), sin(pitch)], [0, -sin(pitch), cos(pitch)]])
    tilt = np.array([[cos(roll), sin(roll), 0], [-sin(roll), cos(roll), 0], [0, 0, 1]])
    matrix: Real = (tilt @ nod @ turn).astype(np.float32)
    return matrix


def render_frame(
    parts: Sequence[Posed], backdrop: Backdrop, light: Light, intrinsics: Intrinsics, size: tuple[int, int]
) -> Rendering:
    """A whole sensor image of `size` (width, height) with these meshes in it."""
    width, height = size
    wall_mm, wall = _wall(backdrop, light, intrinsics, size)
    if not parts:
        return Rendering(wall[..., :3], wall[..., 3], wall_mm, wall[..., 4], intrinsics.fx)
    mesh = _join(parts)
    projected = _project(mesh.vertices_mm, intrinsics.fx, intrinsics.fy, intrinsics.cx, intrinsics.cy)
    inverse, index, weights = rasterise(projected, mesh.triangles, width, height)
    image = interpolate(mesh.attributes, mesh.triangles, index, weights)
    seen = inverse > 0
    depth = np.where(seen, 1 / np.where(seen, inverse, 1), wall_mm)
    image = np.where(seen[..., None], image, wall)
    return Rendering(
        colour=image[..., :3],
        infrared=image[..., 3],
        depth_mm=depth.astype(np.float32),
        facing=image[..., 4],
        focal_px=intrinsics.fx,
    )


def render_crop(
    head: Posed, centre_mm: tuple[float, float, float], focal_px: float, spec: CropSpec
) -> Rendering:
    """The metric crop around a point in camera axes, without the frame around it."""
    x, y, z = centre_mm
    step = spec.span_mm * focal_px / z / spec.size_px
    focal = focal_px / step
    middle = spec.size_px / 2
    projected = _project(head.vertices_mm, focal, focal, middle - focal * x / z, middle - focal * y / z)
    inverse, index, weights = rasterise(projected, head.triangles, spec.size_px, spec.size_px)
    image = interpolate(head.attributes, head.triangles, index, weights)
    seen = inverse > 0
    return Rendering(
        colour=image[..., :3],
        infrared=image[..., 3],
        depth_mm=np.where(seen, 1 / np.where(seen, inverse, 1), 0).astype(np.float32),
        facing=image[..., 4],
        focal_px=focal_px,
        sensor_px=step,
    )


def _project(vertices: Real, fx: float, fy: float, cx: float, cy: float) -> Real:
    """Pixel coordinates and depth (n, 3)."""
    projected = np.empty_like(vertices)
    depth = np.maximum(vertices[:, 2], 1)
    projected[:, 0] = vertices[:, 0] / depth * np.float32(fx) + np.float32(cx)
    projected[:, 1] = vertices[:, 1] / depth * np.float32(fy) + np.float32(cy)
    projected[:, 2] = vertices[:, 2]
    return projected


def _join(parts: Sequence[Posed]) -> Posed:
    offsets = np.cumsum([0] + [len(part.vertices_mm) for part in parts[:-1]])
    return Posed(
        np.concatenate([part.vertices_mm for part in parts]),
        np.concatenate(
            [part.triangles + offset for part, offset in zip(parts, offsets, strict=True)], dtype=np.int32
        ),
        np.concatenate([part.attributes for part in parts]),
    )


def _wall(
    backdrop: Backdrop, light: Light, intrinsics: Intrinsics, size: tuple[int, int]
) -> tuple[Real, Real]:
    """Depth (height, width) and attributes (height, width, 5) of the backdrop."""
    width, height = size
    x = (np.arange(width, dtype=np.float32) + 0.5 - intrinsics.cx) / intrinsics.fx
    y = ((np.arange(height, dtype=np.float32) + 0.5 - intrinsics.cy) / intrinsics.fy)[:, None]
    right, down = backdrop.slant
    depth = backdrop.distance_mm / np.clip(1 - right * x - down * y, 0.3, None)
    pattern = cv2.resize(backdrop.pattern, size, interpolation=cv2.INTER_LINEAR)
    image = np.empty((height, width, 5), np.float32)
    image[..., :3] = np.clip(np.array(backdrop.colour, np.float32) + pattern[..., None], 0, 255)
    image[..., 3] = np.clip(0.5 * light.infrared_gain * (500 / depth) ** 2, 0, 255)
    image[..., 4] = 1
    return depth.astype(np.float32), image


@numba.njit(cache=True, nogil=True, fastmath=True)
def _place(vertices: Real, turn: Real, body_offset: Real, position: Real) -> Real:
    """The head turned, the body below the neck moved along unturned, both before the camera, (n, 3)."""
    placed = np.empty_like(vertices)
    lowest, length = np.float32(NECK_MM), np.float32(NECK_LENGTH_MM)
    for i in range(vertices.shape[0]):
        x, y, z = vertices[i, 0], vertices[i, 1], vertices[i, 2]
        still = min(max((lowest - y) / length, np.float32(0)), np.float32(1))
        for k in range(3):
            turned = turn[k, 0] * x + turn[k, 1] * y + turn[k, 2] * z
            moved = turned + still * (vertices[i, k] + body_offset[k] - turned)
            # The head's axes have y up and z towards the camera, the camera's the other way round.
            placed[i, k] = position[k] + (moved if k == 0 else -moved)
    return placed


@numba.njit(cache=True, nogil=True, fastmath=True)
def _shade(
    vertices: Real,
    normals: Real,
    albedo: Real,
    infrared_albedo: Real,
    ambient: Real,
    directions: Real,
    colours: Real,
    infrared_gain: float,
) -> Real:
    """Red, green, blue, infrared and facing of each vertex, (n, 5)."""
    shaded = np.empty((vertices.shape[0], 5), np.float32)
    for i in range(vertices.shape[0]):
        x, y, z = vertices[i, 0], vertices[i, 1], vertices[i, 2]
        nx, ny, nz = normals[i, 0], normals[i, 1], normals[i, 2]
        range_squared = x * x + y * y + z * z
        facing = max(-(nx * x + ny * y + nz * z) / np.sqrt(range_squared), np.float32(0))
        # More light comes from above than from below (y points down).
        sky = np.float32(0.72) - np.float32(0.28) * ny
        red, green, blue = ambient[0] * sky, ambient[1] * sky, ambient[2] * sky
        for k in range(directions.shape[0]):
            lit = nx * directions[k, 0] + ny * directions[k, 1] + nz * directions[k, 2]
            if lit > 0:
                red += lit * colours[k, 0]
                green += lit * colours[k, 1]
                blue += lit * colours[k, 2]
        # Gamma 2.2, as sRGB to within a grey level.
        shaded[i, 0] = min(255 * (albedo[i, 0] * red) ** np.float32(1 / 2.2), 255)
        shaded[i, 1] = min(255 * (albedo[i, 1] * green) ** np.float32(1 / 2.2), 255)
        shaded[i, 2] = min(255 * (albedo[i, 2] * blue) ** np.float32(1 / 2.2), 255)
        shaded[i, 3] = min(infrared_gain * infrared_albedo[i] * facing * 250000 / range_squared, 255)
        shaded[i, 4] = facing
    return shaded
