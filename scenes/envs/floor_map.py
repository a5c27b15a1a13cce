"""Where one can walk in a room, and how far it is from anywhere to the things of a class."""

import dataclasses
import math

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import dijkstra

from scenes.build.home import Home
from scenes.build.plan import Rectangle

CELL = 0.1  # metres
RADIUS = 0.15  # of who walks

Floats = NDArray[np.float64]


@dataclasses.dataclass(frozen=True, eq=False)
class FloorMap:
    """Cells (X, Y) of a floor: free or not, and per class the metres to walk (X, Y), inf for never.

    corner (2,) is that of cell (0, 0); a walk to a class ends within `reach` of one of its things.
    """

    corner: Floats
    free: NDArray[np.bool_]
    distance: dict[str, Floats]

    def cells(self, places: Floats) -> NDArray[np.int64]:
        """Places (N, 2) -> their cells (N, 2), the nearest ones of places outside."""
        cell = np.floor((places - self.corner) / CELL).astype(np.int64)
        return np.clip(cell, 0, np.array(self.free.shape) - 1)

    def middle(self, cell: NDArray[np.int64]) -> Floats:
        return np.asarray(self.corner + (cell + 0.5) * CELL)

    def is_free(self, start: Floats, end: Floats) -> bool:
        """Whether one can walk straight from a free place to another (2,)."""
        count = max(math.ceil(float(np.abs(end - start).max()) / (CELL / 2)), 1)
        line = start + (end - start) * (np.arange(1, count + 1) / count)[:, None]
        cell = np.floor((line - self.corner) / CELL).astype(np.int64)
        if (cell < 0).any() or (cell >= self.free.shape).any():
            return False
        return bool(self.free[cell[:, 0], cell[:, 1]].all())


def floor_map(home: Home, labels: tuple[str, ...], reach: float) -> FloorMap:
    """The map of a home; classes of `labels` that it has and that can be walked to."""
    x, y, _ = home.size
    shape = (max(int(x / CELL), 1), max(int(y / CELL), 1))
    corner = -np.array(shape) * CELL / 2
    line = [corner[k] + (np.arange(shape[k]) + 0.5) * CELL for k in range(2)]
    places = np.stack(np.meshgrid(*line, indexing="ij"), -1)  # (X, Y, 2)
    free = (np.abs(places) + RADIUS < np.array([x, y]) / 2).all(-1)
    for rectangle in home.floor.values():
        free &= away_from(places, rectangle) > RADIUS
    graph = _graph(free)
    distance = {}
    for label in labels:
        near = np.zeros(shape, bool)
        for thing in home.things:
            if thing.label == label:
                near |= away_from(places, thing.rectangle()) <= reach
        near &= free
        if near.any():
            sources = near.reshape(-1).nonzero()[0]
            walked = dijkstra(graph, indices=sources, min_only=True)
            distance[label] = np.asarray(walked).reshape(shape)
    return FloorMap(corner, free, distance)


def away_from(places: Floats, rectangle: Rectangle) -> Floats:
    """Places (*S, 2), x0 y0 x1 y1 -> metres (*S,) to the rectangle, 0 inside."""
    low, high = np.array(rectangle[:2]), np.array(rectangle[2:])
    out = np.maximum(np.maximum(low - places, places - high), 0)
    return np.asarray(np.hypot(out[..., 0], out[..., 1]))


def _graph(free: NDArray[np.bool_]) -> sparse.csr_matrix:
    """Free cells (X, Y) to a graph of their eight neighbours; no way past a blocked corner."""
    number = np.arange(free.size).reshape(free.shape)
    starts, ends, lengths = [], [], []
    wide, deep = free.shape
    for dx, dy in ((1, 0), (0, 1), (1, 1), (1, -1)):
        here = (slice(0, wide - dx), slice(max(-dy, 0), deep - max(dy, 0)))
        there = (slice(dx, wide), slice(max(dy, 0), deep + min(dy, 0)))
        way = free[here] & free[there]
        if dx and dy:
            way &= free[here[0], there[1]] & free[there[0], here[1]]
        starts.append(number[here][way])
        ends.append(number[there][way])
        lengths.append(np.full(int(way.sum()), CELL * math.hypot(dx, dy)))
    a, b, c = (np.concatenate(x) for x in (starts, ends, lengths))
    both = (np.concatenate([c, c]), (np.concatenate([a, b]), np.concatenate([b, a])))
    return sparse.csr_matrix(both, shape=(free.size, free.size))
