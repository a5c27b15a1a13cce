"""Polygons as triangle fans."""

import numpy as np
from numpy.typing import NDArray


def fan(counts: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Corners per polygon (P,) -> positions in the corner list (T, 3), polygon of each (T,).

    A polygon of n corners gives n - 2 triangles around its first corner, in order; polygons of
    fewer than three corners give none.
    """
    counts = np.asarray(counts, dtype=np.int64)
    triangles = np.maximum(counts - 2, 0)
    polygon = np.repeat(np.arange(len(counts)), triangles)
    first = (np.cumsum(counts) - counts)[polygon]
    step = np.arange(len(polygon)) - (np.cumsum(triangles) - triangles)[polygon]
    return np.stack([first, first + step + 1, first + step + 2], axis=1), polygon
