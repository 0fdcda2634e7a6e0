"""A z-buffer rasteriser compiled by numba: triangles to pixels, without a GPU.

One pass finds for each pixel the nearest triangle and where in it the pixel lies; `interpolate` then fetches any
attribute of the vertices. Depth is interpolated as 1/z, which is exact under perspective (Akenine-Möller et al.,
"Real-Time Rendering", 4th edition, section 23.2).
"""

import numba
import numpy as np
import numpy.typing as npt

Real = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int32]

NOTHING = -1
"""The triangle index of a pixel that no triangle covers."""


@numba.njit(cache=True, nogil=True, fastmath=True)
def vertex_normals(vertices: Real, triangles: Indices) -> Real:
    """Unit normals (n, 3), area-weighted over the triangles that share a vertex."""
    normals = np.zeros_like(vertices)
    for t in range(triangles.shape[0]):
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        ux, uy = vertices[b, 0] - vertices[a, 0], vertices[b, 1] - vertices[a, 1]
        vx, vy = vertices[c, 0] - vertices[a, 0], vertices[c, 1] - vertices[a, 1]
        uz, vz = vertices[b, 2] - vertices[a, 2], vertices[c, 2] - vertices[a, 2]
        nx, ny, nz = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
        for vertex in (a, b, c):
            normals[vertex, 0] += nx
            normals[vertex, 1] += ny
            normals[vertex, 2] += nz
    for i in range(normals.shape[0]):
        length = np.sqrt(normals[i, 0] ** 2 + normals[i, 1] ** 2 + normals[i, 2] ** 2) + np.float32(1e-9)
        for k in range(3):
            normals[i, k] /= length
    return normals


@numba.njit(cache=True, nogil=True, fastmath=True)
def rasterise(projected: Real, triangles: Indices, width: int, height: int) -> tuple[Real, Indices, Real]:
    """The nearest front-facing triangle of each pixel.

    `projected` (n, 3) holds pixel coordinates (pixel k covers [k, k+1), y down) and the depth in millimetres.
    Returns 1/depth (height, width; 0 where nothing is), the triangle's index (`NOTHING` where none) and the
    first two perspective-correct barycentric weights (height, width, 2).
    """
    inverse_depth = np.zeros((height, width), np.float32)
    index = np.full((height, width), NOTHING, np.int32)
    weights = np.zeros((height, width, 2), np.float32)
    for t in range(triangles.shape[0]):
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        za, zb, zc = projected[a, 2], projected[b, 2], projected[c, 2]
        if za <= 1 or zb <= 1 or zc <= 1:
            continue
        ax, ay = projected[a, 0], projected[a, 1]
        bx, by = projected[b, 0], projected[b, 1]
        cx, cy = projected[c, 0], projected[c, 1]
        # Twice the signed area; y points down, so a front face (counter-clockwise in space) is negative.
        area = (bx - ax) * (cy - ay) - (cx - ax) * (by - ay)
        if area >= 0:
            continue
        left = max(int(np.ceil(min(ax, bx, cx) - 0.5)), 0)
        right = min(int(np.floor(max(ax, bx, cx) - 0.5)), width - 1)
        top = max(int(np.ceil(min(ay, by, cy) - 0.5)), 0)
        bottom = min(int(np.floor(max(ay, by, cy) - 0.5)), height - 1)
        if right < left or bottom < top:
            continue
        scale = 1 / area
        ia, ib, ic = 1 / za, 1 / zb, 1 / zc
        for y in range(top, bottom + 1):
            py = y + 0.5
            for x in range(left, right + 1):
                px = x + 0.5
                wb = ((px - ax) * (cy - ay) - (cx - ax) * (py - ay)) * scale
                wc = ((bx - ax) * (py - ay) - (px - ax) * (by - ay)) * scale
                wa = 1 - wb - wc
                # A hair's breadth of overlap: a seam between two triangles must not show a hole.
                if wa < -1e-5 or wb < -1e-5 or wc < -1e-5:
                    continue
                inverse = wa * ia + wb * ib + wc * ic
                if inverse > inverse_depth[y, x]:
                    inverse_depth[y, x] = inverse
                    index[y, x] = t
                    weights[y, x, 0] = wa * ia / inverse
                    weights[y, x, 1] = wb * ib / inverse
    return inverse_depth, index, weights


@numba.njit(cache=True, nogil=True, fastmath=True)
def interpolate(attributes: Real, triangles: Indices, index: Indices, weights: Real) -> Real:
    """Vertex attributes (n, k) at each pixel, (height, width, k); 0 where nothing is."""
    height, width = index.shape
    image = np.zeros((height, width, attributes.shape[1]), np.float32)
    for y in range(height):
        for x in range(width):
            t = index[y, x]
            if t < 0:
                continue
            wa, wb = weights[y, x, 0], weights[y, x, 1]
            wc = 1 - wa - wb
            a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
            for k in range(attributes.shape[1]):
                image[y, x, k] = wa * attributes[a, k] + wb * attributes[b, k] + wc * attributes[c, k]
    return image
