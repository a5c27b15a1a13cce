"""Rigid alignment by brute force in NumPy and SciPy, on plain arrays."""

import numpy as np
from scipy.linalg import expm
from scipy.spatial import cKDTree
from scipy.spatial.transform import Rotation


def twist_matrix(step: np.ndarray) -> np.ndarray:
    """Step (6,) -> transform (4, 4): the rotation by matrix exponential, then the translation."""
    x, y, z = step[:3]
    out = np.eye(4)
    out[:3, :3] = expm(np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]]))
    out[:3, 3] = step[3:]
    return out


def residuals(step, source, target, normals, pose):
    """Stacked residuals after one more step: (N,) along the normals, or (3 N,)."""
    moved = twist_matrix(step) @ pose
    p = source @ moved[:3, :3].T + moved[:3, 3]
    if normals is None:
        return (p - target).ravel()
    return ((p - target) * normals).sum(1)


def numeric_jacobian(source, target, normals, pose, eps=1e-6):
    """Derivative of `residuals` at step 0 by central differences: (rows, 6)."""
    columns = []
    for axis in range(6):
        d = np.zeros(6)
        d[axis] = eps
        above = residuals(d, source, target, normals, pose)
        columns.append((above - residuals(-d, source, target, normals, pose)) / (2 * eps))
    return np.stack(columns, 1)


def huber(r: float, k: float) -> tuple[float, float]:
    """Residual size -> weight, cost."""
    return (1.0, r * r) if r <= k else (k / r, 2 * k * r - k * k)


def tukey(r: float, k: float) -> tuple[float, float]:
    """Residual size -> weight, cost."""
    if r >= k:
        return 0.0, k * k / 3
    q = 1 - (r / k) ** 2
    return q * q, k * k / 3 * (1 - q**3)


def icp(source, target, max_distance, iterations=100):
    """Point-to-point with the closed-form rotation: transform (4, 4), share of pairs."""
    pose = np.eye(4)
    tree = cKDTree(target)
    for _ in range(iterations):
        p = source @ pose[:3, :3].T + pose[:3, 3]
        distance, index = tree.query(p)
        keep = distance <= max_distance
        a, b = p[keep], target[index[keep]]
        turn = Rotation.align_vectors(b - b.mean(0), a - a.mean(0))[0].as_matrix()
        step = np.eye(4)
        step[:3, :3], step[:3, 3] = turn, b.mean(0) - turn @ a.mean(0)
        pose = step @ pose
    return pose, keep.mean()


def project(points, intrinsics, width, height):
    """Points (N, 3) -> column, row of the pixel that each falls into, and whether there is one."""
    out = []
    for x, y, z in points:
        if z <= 0:
            out.append((-1, -1))
            continue
        u, v = (
            intrinsics[0, 0] * x / z + intrinsics[0, 2],
            intrinsics[1, 1] * y / z + intrinsics[1, 2],
        )
        inside = 0 <= u < width and 0 <= v < height
        out.append((int(u), int(v)) if inside else (-1, -1))
    return out
