"""Brute force: every pixel's ray against every disc, in float64 NumPy."""

import numpy as np


def nearest_discs(
    points: np.ndarray,
    normals: np.ndarray | None,
    K: np.ndarray,
    height: int,
    width: int,
    radius: float,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Camera points (N, 3) -> index (H, W), depth (H, W), and how far from a change each is."""
    points, K = points.astype(np.float64), K.astype(np.float64)
    facing = np.tile([0.0, 0.0, 1.0], (len(points), 1))
    normals = facing if normals is None else normals.astype(np.float64)
    index = np.full((height, width), -1)
    depth = np.full((height, width), np.inf)
    safe = np.full((height, width), np.inf)
    projected = points @ K.T
    with np.errstate(divide="ignore", invalid="ignore"):
        own = np.floor(projected[:, :2] / projected[:, 2:])
    for row in range(height):
        for column in range(width):
            ray = np.linalg.solve(K, [column + 0.5, row + 0.5, 1])
            z = (normals * points).sum(1) / (normals @ ray)
            apart = np.linalg.norm(z[:, None] * ray - points, axis=1)
            hit = (apart <= radius) & (z > 0) & (points[:, 2] > 1e-6)
            at_home = (own == [column, row]).all(1) & (points[:, 2] > 1e-6)
            z = np.where(hit, z, np.where(at_home, points[:, 2], np.inf))
            near = np.abs(apart - radius)
            order = np.argsort(z, kind="stable")
            if np.isfinite(z[order[0]]):
                index[row, column], depth[row, column] = order[0], z[order[0]]
                near = np.append(near, z[order[1]] - z[order[0]])
            safe[row, column] = near.min()
    return index, depth, safe
