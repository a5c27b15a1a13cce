"""Voxels by dictionaries, trilinear reading by loops, triangle-box overlap by clipping."""

import itertools
import math

import numpy as np


def groups(points: np.ndarray, cell: float, origin: np.ndarray) -> dict[tuple[int, ...], list[int]]:
    """Cell -> the points in it."""
    found: dict[tuple[int, ...], list[int]] = {}
    for i, p in enumerate(points):
        key = tuple(math.floor(c) for c in (p - origin) / cell)
        found.setdefault(key, []).append(i)
    return found


def trilinear(grid: np.ndarray, place: np.ndarray) -> np.ndarray:
    """Grid (C, X, Y, Z) at one place in cells from the centre of cell 0, clamped."""
    size = np.array(grid.shape[1:])
    p = np.clip(place, 0, size - 1)
    low = np.minimum(np.floor(p).astype(int), np.maximum(size - 2, 0))
    total = np.zeros(grid.shape[0])
    for bits in itertools.product((0, 1), repeat=3):
        at = np.minimum(low + bits, size - 1)
        t = p - low
        total += grid[:, at[0], at[1], at[2]] * np.prod(np.where(bits, t, 1 - t))
    return total


def meets_box(triangle: np.ndarray, low: np.ndarray, high: np.ndarray) -> bool:
    """Cut the triangle by the six planes of the box; something is left where they meet."""
    polygon = [np.asarray(p, float) for p in triangle]
    for axis in range(3):
        for sign, bound in ((1, high[axis]), (-1, -low[axis])):
            kept = []
            for i, b in enumerate(polygon):
                a = polygon[i - 1]
                da, db = sign * a[axis] - bound, sign * b[axis] - bound
                if (da <= 0) != (db <= 0):
                    kept.append(a + (b - a) * da / (da - db))
                if db <= 0:
                    kept.append(b)
            polygon = kept
    return bool(polygon)
