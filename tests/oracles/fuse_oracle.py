"""TSDF fusion voxel by voxel, in NumPy doubles (Curless & Levoy 1996)."""

import numpy as np


def integrate(
    centres: np.ndarray,
    frames: list[tuple[np.ndarray, np.ndarray, np.ndarray]],
    intrinsics: np.ndarray,
    truncation: float,
    max_weight: float,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Centres (N, 3), frames (depth, color, world to camera) -> tsdf, weight (N,), color (N, 3)."""
    tsdf, weight = np.zeros(len(centres)), np.zeros(len(centres))
    color = np.zeros((len(centres), 3))
    for depth, image, pose in frames:
        for i, centre in enumerate(centres):
            x, y, z = pose[:3, :3] @ centre + pose[:3, 3]
            if z <= 0:
                continue
            u = int(np.floor(intrinsics[0, 0] * x / z + intrinsics[0, 2]))
            v = int(np.floor(intrinsics[1, 1] * y / z + intrinsics[1, 2]))
            if not (0 <= u < depth.shape[1] and 0 <= v < depth.shape[0]):
                continue
            gap = depth[v, u] - z
            if depth[v, u] <= 0 or gap < -truncation:
                continue
            total = weight[i] + 1
            tsdf[i] = (tsdf[i] * weight[i] + min(gap / truncation, 1)) / total
            color[i] = (color[i] * weight[i] + image[v, u]) / total
            weight[i] = min(total, max_weight)
    return tsdf, weight, color


def look_at(eye: np.ndarray, target: np.ndarray) -> np.ndarray:
    """World to camera (4, 4), OpenCV axes, y of the world up."""
    forward = (target - eye) / np.linalg.norm(target - eye)
    right = np.cross(forward, [0, 1.0, 0])
    right /= np.linalg.norm(right)
    pose = np.eye(4)
    pose[:3, :3] = np.stack([right, np.cross(forward, right), forward])
    pose[:3, 3] = -pose[:3, :3] @ eye
    return pose


def ball_depth(
    pose: np.ndarray, intrinsics: np.ndarray, height: int, width: int, radius: float
) -> np.ndarray:
    """Depth (H, W) of a ball around the world's origin, 0 where there is none."""
    v, u = np.meshgrid(np.arange(height) + 0.5, np.arange(width) + 0.5, indexing="ij")
    x = (u - intrinsics[0, 2]) / intrinsics[0, 0]
    y = (v - intrinsics[1, 2]) / intrinsics[1, 1]
    ray = np.stack([x, y, np.ones_like(x)], -1)
    centre = pose[:3, 3]
    a, b, c = (ray * ray).sum(-1), ray @ centre, centre @ centre - radius**2
    root = b * b - a * c
    return np.where(root > 0, (b - np.sqrt(np.maximum(root, 0))) / a, 0.0)
