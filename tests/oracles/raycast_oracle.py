"""Rays and distances against triangles, one formula apart from the project's: numpy, float64."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def corners(vertices: Array, faces: NDArray[np.int64]) -> tuple[Array, Array, Array]:
    v = np.asarray(vertices, np.float64)
    return v[faces[:, 0]], v[faces[:, 1]], v[faces[:, 2]]


def hit_distances(vertices: Array, faces: NDArray[np.int64], origin: Array, way: Array) -> Array:
    """One ray against all faces -> distances (F,), inf for none: plane, then three half-planes."""
    a, b, c = corners(vertices, faces)
    normal = np.cross(b - a, c - a)
    slope = normal @ way
    with np.errstate(divide="ignore", invalid="ignore"):
        t = ((a - origin) * normal).sum(1) / slope
        p = origin + t[:, None] * way
        sides = [(np.cross(y - x, p - x) * normal).sum(1) >= 0 for x, y in ((a, b), (b, c), (c, a))]
    hit = np.logical_and.reduce(sides) & (slope != 0) & (t >= 0)
    return np.where(hit, t, np.inf)


def closest_on_triangle(p: Array, a: Array, b: Array, c: Array) -> Array:
    """One point, one triangle -> closest point, by Voronoi regions (Ericson 2005, 5.1.5)."""
    ab, ac, ap = b - a, c - a, p - a
    d1, d2 = ab @ ap, ac @ ap
    if d1 <= 0 and d2 <= 0:
        return a
    bp = p - b
    d3, d4 = ab @ bp, ac @ bp
    if d3 >= 0 and d4 <= d3:
        return b
    if d1 * d4 - d3 * d2 <= 0 and d1 >= 0 and d3 <= 0:
        return a + d1 / (d1 - d3) * ab
    cp = p - c
    d5, d6 = ab @ cp, ac @ cp
    if d6 >= 0 and d5 <= d6:
        return c
    vb = d5 * d2 - d1 * d6
    if vb <= 0 and d2 >= 0 and d6 <= 0:
        return a + d2 / (d2 - d6) * ac
    va = d3 * d6 - d5 * d4
    if va <= 0 and d4 - d3 >= 0 and d5 - d6 >= 0:
        return b + (d4 - d3) / ((d4 - d3) + (d5 - d6)) * (c - b)
    vc = d1 * d4 - d3 * d2
    return a + (vb * ab + vc * ac) / (va + vb + vc)


def distances(vertices: Array, faces: NDArray[np.int64], query: Array) -> Array:
    """One point against all faces -> distances (F,)."""
    q = np.asarray(query, np.float64)
    triangles = zip(*corners(vertices, faces), strict=True)
    return np.array([np.linalg.norm(q - closest_on_triangle(q, *t)) for t in triangles])


def winding(vertices: Array, faces: NDArray[np.int64], query: Array) -> float:
    """Winding number by spherical excess: the angles of each spherical triangle less pi."""
    total = 0.0
    for triangle in zip(*corners(vertices, faces), strict=True):
        x, y, z = (v / np.linalg.norm(v) for v in (t - query for t in triangle))
        excess = -np.pi
        for p, q, r in ((x, y, z), (y, z, x), (z, x, y)):
            to_q, to_r = q - (p @ q) * p, r - (p @ r) * p
            cosine = to_q @ to_r / (np.linalg.norm(to_q) * np.linalg.norm(to_r))
            excess += np.arccos(np.clip(cosine, -1, 1))
        total += np.sign(np.linalg.det(np.stack((x, y, z)))) * excess
    return total / (4 * np.pi)


def box_distance(queries: Array, half: Array) -> Array:
    """Signed distance of an axis-aligned box about the origin, exactly."""
    d = np.abs(queries) - half
    return np.linalg.norm(np.maximum(d, 0), axis=1) + np.minimum(d.max(1), 0)
