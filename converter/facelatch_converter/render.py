"""A person before a camera: the mesh, light and lens, as a whole sensor frame or straight as a metric crop.

Both ways share the geometry, the shading and the rasteriser, and differ only in which pixels they fill; the crop's
way agrees with `preprocess.crop` of the frame's way to within a test's bounds.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
import numpy.typing as npt

from facelatch.frames import Intrinsics
from facelatch.preprocess import CropSpec
from facelatch_converter.face_model import FaceModel
from facelatch_converter.people import Person
from facelatch_converter.rasterise import interpolate, rasterise, vertex_normals
from facelatch_converter.shading import placed_before, shade, veil_over

Real = npt.NDArray[np.float32]

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
    loss: Real | None = None
    """(height, width), 0..1: how likely the reading is lost or false whatever the sensor; None: nowhere."""


@dataclass(frozen=True, slots=True, eq=False)
class Veil:
    """A mesh that light and depth pass through, in camera axes and lit: the lenses of glasses."""

    vertices_mm: Real
    triangles: npt.NDArray[np.int32]
    attributes: Real
    """(n, 8): red, green, blue, infrared (0-255), facing, loss, and the opacity to visible and to infrared light."""


@dataclass(frozen=True, slots=True, eq=False)
class Posed:
    """A mesh in camera axes, lit."""

    vertices_mm: Real
    triangles: npt.NDArray[np.int32]
    attributes: Real
    """(n, 5): red, green, blue (0-255), infrared (0-255), facing (cosine); (n, 6): and loss, see `Rendering`."""
    veils: tuple[Veil, ...] = ()
    """What the mesh is seen through."""


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
    return light_mesh(place(vertices, view), model.triangles, albedo, infrared_albedo, light)


def place(vertices: Real, view: View) -> Real:
    """Vertices in the head's axes turned and placed before the camera, (n, 3) in camera axes."""
    placed: Real = placed_before(
        vertices, rotation(view), body_offset_mm(view), np.array(view.position_mm, np.float32)
    )
    return placed


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
    attributes = shade(
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
    wall_mm, wall = _wall(backdrop, light, intrinsics, size)
    if not parts:
        return Rendering(wall[..., :3], wall[..., 3], wall_mm, wall[..., 4], intrinsics.fx)
    inverse, image = _draw(join(parts), intrinsics, size)
    seen = inverse > 0
    depth = np.where(seen, 1 / np.where(seen, inverse, 1), wall_mm)
    loss = image[..., 5] if image.shape[2] > 5 else None
    image = np.where(seen[..., None], image[..., :5], wall)
    return Rendering(
        colour=image[..., :3],
        infrared=image[..., 3],
        depth_mm=depth.astype(np.float32),
        facing=image[..., 4],
        focal_px=intrinsics.fx,
        loss=loss,
    )


def render_crop(
    head: Posed, centre_mm: tuple[float, float, float], focal_px: float, spec: CropSpec
) -> Rendering:
    """The metric crop around a point in camera axes, without the frame around it."""
    x, y, z = centre_mm
    step = spec.span_mm * focal_px / z / spec.size_px
    focal = focal_px / step
    middle = spec.size_px / 2
    lens = Intrinsics(focal, focal, middle - focal * x / z, middle - focal * y / z)
    inverse, image = _draw(head, lens, (spec.size_px, spec.size_px))
    seen = inverse > 0
    return Rendering(
        colour=image[..., :3],
        infrared=image[..., 3],
        depth_mm=np.where(seen, 1 / np.where(seen, inverse, 1), 0).astype(np.float32),
        facing=image[..., 4],
        focal_px=focal_px,
        sensor_px=step,
        loss=image[..., 5] if image.shape[2] > 5 else None,
    )


def join(parts: Sequence[Posed]) -> Posed:
    """Several meshes as one; where one has losses, the others have none of theirs."""
    if len(parts) == 1:
        return parts[0]
    offsets = np.cumsum([0] + [len(part.vertices_mm) for part in parts[:-1]])
    wide = max(part.attributes.shape[1] for part in parts)
    attributes = np.zeros((sum(len(part.vertices_mm) for part in parts), wide), np.float32)
    for part, offset in zip(parts, offsets, strict=True):
        attributes[offset : offset + len(part.attributes), : part.attributes.shape[1]] = part.attributes
    return Posed(
        np.concatenate([part.vertices_mm for part in parts]),
        np.concatenate(
            [part.triangles + offset for part, offset in zip(parts, offsets, strict=True)], dtype=np.int32
        ),
        attributes,
        tuple(veil for part in parts for veil in part.veils),
    )


def _draw(mesh: Posed, lens: Intrinsics, size: tuple[int, int]) -> tuple[Real, Real]:
    """1/depth (height, width) and the attributes (height, width, 5 or 6) of a mesh seen through its veils."""
    width, height = size
    projected = _project(mesh.vertices_mm, lens.fx, lens.fy, lens.cx, lens.cy)
    inverse, index, weights = rasterise(projected, mesh.triangles, width, height)
    image = interpolate(mesh.attributes, mesh.triangles, index, weights)
    for veil in mesh.veils:
        over = _project(veil.vertices_mm, lens.fx, lens.fy, lens.cx, lens.cy)
        nearer, index, weights = rasterise(over, veil.triangles, width, height)
        veil_over(image, interpolate(veil.attributes, veil.triangles, index, weights), nearer > inverse)
    return inverse, image


def _project(vertices: Real, fx: float, fy: float, cx: float, cy: float) -> Real:
    """Pixel coordinates and depth (n, 3)."""
    projected = np.empty_like(vertices)
    depth = np.maximum(vertices[:, 2], 1)
    projected[:, 0] = vertices[:, 0] / depth * np.float32(fx) + np.float32(cx)
    projected[:, 1] = vertices[:, 1] / depth * np.float32(fy) + np.float32(cy)
    projected[:, 2] = vertices[:, 2]
    return projected


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
