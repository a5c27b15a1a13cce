"""Brute force: every pixel's ray against every triangle, in float64 NumPy."""

import numpy as np


def cast(
    vertices: np.ndarray, faces: np.ndarray, K: np.ndarray, height: int, width: int, near: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Camera vertices (V, 3), faces (F, 3) -> face, depth, barycentric, and how safe each pixel is.

    The last is the smallest |barycentric| of any triangle before the hit, and the gap to the next
    surface behind it: where it is tiny, rounding may decide either way.
    """
    v, u = np.mgrid[:height, :width] + 0.5
    y = (v - K[1, 2]) / K[1, 1]
    x = (u - K[0, 2] - K[0, 1] * y) / K[0, 0]
    rays = np.stack([x, y, np.ones_like(x)], -1).reshape(-1, 3)
    a, b, c = np.moveaxis(vertices[faces].astype(np.float64), 1, 0)  # (F, 3)
    uvw = np.stack([rays @ np.cross(p, q).T for p, q in ((b, c), (c, a), (a, b))], -1)  # (N, F, 3)
    with np.errstate(divide="ignore", invalid="ignore"):
        weight = uvw / uvw.sum(-1, keepdims=True)
        z = (weight * np.stack([a[:, 2], b[:, 2], c[:, 2]], -1)).sum(-1)  # (N, F)
    inside = (weight >= 0).all(-1) & (z >= near) & np.isfinite(z)
    depth = np.where(inside, z, np.inf)
    face = depth.argmin(1)
    best = depth.min(1)
    row = np.arange(len(rays))
    barycentric = weight[row, face]
    barycentric[~np.isfinite(best)] = 0
    face = np.where(np.isfinite(best), face, -1)
    edge = np.where(z <= best[:, None] * 1.0001, np.abs(weight).min(-1), np.inf)
    edge = np.where(z >= near * 0.999, edge, np.inf)
    safe = np.nanmin(edge, 1)
    if depth.shape[1] > 1:
        first, second = np.sort(depth, 1)[:, :2].T
        with np.errstate(invalid="ignore"):
            gap = np.where(np.isfinite(second), (second - first) / first, np.inf)
        safe = np.minimum(safe, gap)
    shape = (height, width)
    return (
        face.reshape(shape),
        best.reshape(shape),
        barycentric.reshape(*shape, 3),
        safe.reshape(shape),
    )
