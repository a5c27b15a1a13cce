"""Farthest points and Poisson disks one point at a time, in numpy."""

import numpy as np


def squared(points: np.ndarray, at: int) -> np.ndarray:
    total = np.zeros(len(points), points.dtype)
    for axis in range(points.shape[1]):
        total = total + (points[:, axis] - points[at, axis]) ** 2
    return total


def farthest(points: np.ndarray, count: int, start: int = 0) -> list[int]:
    """Each point farthest from those before, never twice, ties to the lower index."""
    chosen = [start]
    gap = squared(points, start)
    while len(chosen) < count:
        free = np.setdiff1d(np.arange(len(points)), chosen)
        chosen.append(int(free[np.argmax(gap[free])]))
        gap = np.minimum(gap, squared(points, chosen[-1]))
    return chosen


def darts(points: np.ndarray, radius: float, order: np.ndarray) -> np.ndarray:
    """Kept (N,): no earlier kept point is closer than radius."""
    kept = np.zeros(len(points), bool)
    for at in order:
        near = squared(points, at) < points.dtype.type(radius) ** 2
        kept[at] = not (near & kept).any()
    return kept
