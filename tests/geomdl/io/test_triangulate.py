"""Fans of polygons."""

import numpy as np

from geomdl.io.triangulate import fan


def test_fans_by_hand() -> None:
    corners, polygon = fan(np.array([3, 5, 2, 4]))
    assert corners.tolist() == [
        *([0, 1, 2], [3, 4, 5], [3, 5, 6], [3, 6, 7]),
        *([10, 11, 12], [10, 12, 13]),
    ]
    assert polygon.tolist() == [0, 1, 1, 1, 3, 3]


def test_no_polygons() -> None:
    corners, polygon = fan(np.zeros(0, np.int64))
    assert corners.shape == (0, 3)
    assert polygon.shape == (0,)
