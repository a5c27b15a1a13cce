"""Maps of floors: distances against a plain Dijkstra, and who may walk where."""

import heapq
import math

import numpy as np
import pytest

from scenes.build.home import furnish
from scenes.envs.floor_map import CELL, RADIUS, away_from, floor_map


def walked(free: np.ndarray, goals: list[tuple[int, int]]) -> np.ndarray:
    """Dijkstra over eight neighbours, no way past a blocked corner."""
    distance = np.full(free.shape, np.inf)
    queue = [(0.0, g) for g in goals]
    while queue:
        d, (x, y) = heapq.heappop(queue)
        if d >= distance[x, y]:
            continue
        distance[x, y] = d
        for dx in (-1, 0, 1):
            for dy in (-1, 0, 1):
                a, b = x + dx, y + dy
                inside = 0 <= a < free.shape[0] and 0 <= b < free.shape[1]
                if (dx or dy) and inside and free[a, b] and free[x, b] and free[a, y]:
                    heapq.heappush(queue, (d + CELL * math.hypot(dx, dy), (a, b)))
    return distance


@pytest.mark.parametrize("seed", [0, 3])
def test_distances(seed):
    home = furnish(seed, clutter=0.0)
    found = floor_map(home, ("door", "bed", "desk", "piano"), 0.7)
    assert "door" in found.distance
    assert set(found.distance) <= {"door", "bed", "desk", "piano"}
    for label, distance in found.distance.items():
        goals = [tuple(c) for c in np.argwhere(distance == 0)]
        np.testing.assert_allclose(distance, walked(found.free, goals), atol=1e-9)
        things = [t.rectangle() for t in home.things if t.label == label]
        for cell in goals[::5]:
            place = found.middle(np.array(cell))
            assert min(away_from(place, r) for r in things) <= 0.7


def test_nothing_walks_into_things():
    home = furnish(1, clutter=0.0)
    found = floor_map(home, ("door",), 0.7)
    for cell in np.argwhere(found.free)[::7]:
        place = found.middle(cell)
        assert np.array_equal(found.cells(place[None])[0], cell)
        assert all(away_from(place, r) > RADIUS for r in home.floor.values())
        assert (np.abs(place) + RADIUS < np.array(home.size[:2]) / 2).all()
        assert found.is_free(place, place)
        assert not found.is_free(place, place + np.array([20.0, 0.0]))
    blocked = np.argwhere(~found.free)
    inside = found.middle(blocked[len(blocked) // 2])
    start = found.middle(np.argwhere(found.free)[0])
    assert not found.is_free(start, inside)


def test_metres_to_a_rectangle():
    places = np.array([[0.5, 0.5], [2.0, 0.5], [2.0, 2.0], [-3.0, 0.0]])
    assert away_from(places, (0, 0, 1, 1)).tolist() == [0, 1, math.sqrt(2), 3]
