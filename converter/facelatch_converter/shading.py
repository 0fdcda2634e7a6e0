"""What is computed for every vertex or pixel of a rendering, compiled: placing, shading and veils."""

import numba
import numpy as np
import numpy.typing as npt

Real = npt.NDArray[np.float32]

NECK_MM = -95.0
"""Height against the nose below which the neck begins to turn less than the head."""
NECK_LENGTH_MM = 60.0


@numba.njit(cache=True, nogil=True, fastmath=True)
def veil_over(image: Real, veil: Real, covered: npt.NDArray[np.bool_]) -> None:
    """Lay a veil over what is behind it, in place; nothing is behind it where the image is empty."""
    for y in range(image.shape[0]):
        for x in range(image.shape[1]):
            if not covered[y, x]:
                continue
            visible, infrared = veil[y, x, 6], veil[y, x, 7]
            for k in range(3):
                image[y, x, k] += visible * (veil[y, x, k] - image[y, x, k])
            image[y, x, 3] += infrared * (veil[y, x, 3] - image[y, x, 3])
            image[y, x, 5] = max(image[y, x, 5], veil[y, x, 5])


@numba.njit(cache=True, nogil=True, fastmath=True)
def placed_before(vertices: Real, turn: Real, body_offset: Real, position: Real) -> Real:
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
def shade(
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
