"""Nearest neighbours by sorting every distance, in numpy."""

import numpy as np


def squared_distances(points: np.ndarray, queries: np.ndarray) -> np.ndarray:
    """Points (N, D), queries (M, D) -> (M, N), summed axis after axis in the dtype given."""
    total = np.zeros((len(queries), len(points)), points.dtype)
    for axis in range(points.shape[1]):
        total = total + (queries[:, None, axis] - points[None, :, axis]) ** 2
    return total


def nearest(
    points: np.ndarray,
    queries: np.ndarray,
    k: int,
    offsets: list[int] | None = None,
    query_offsets: list[int] | None = None,
    radius: float = np.inf,
) -> np.ndarray:
    """The k nearest within radius, ties to the lower index, -1 padded, packed batches."""
    first = offsets or [0, len(points)]
    second = query_offsets or [0, len(queries)]
    out = np.full((len(queries), k), -1, np.int64)
    reach = points.dtype.type(radius) ** 2
    for item in range(len(first) - 1):
        cloud = points[first[item] : first[item + 1]]
        rows = slice(second[item], second[item + 1])
        distance = squared_distances(cloud, queries[rows])
        order = np.argsort(distance, axis=1, kind="stable")[:, :k]
        near = np.take_along_axis(distance, order, 1) <= reach
        out[rows, : order.shape[1]] = np.where(near, order + first[item], -1)
    return out
