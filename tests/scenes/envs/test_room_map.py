"""Points into a map by hand, and maps that turn."""

import math

import numpy as np
import pytest

from scenes.envs.batch_view import Lens
from scenes.envs.room_map import CELL, LAYERS, ROOM, SHAPE, SIDE, RoomMap

LENS = Lens(size=64, opening=90.0, far=6.4)


def empty(lanes: int = 1) -> RoomMap:
    return RoomMap(lanes, LENS, eye=1.0, pitch=0.0, turns=12)


def shot(row: int, column: int, metres: float) -> tuple[np.ndarray, np.ndarray]:
    """A picture in which one pixel hits something, which is the goal."""
    depth = np.full((1, 64, 64), np.inf, np.float32)
    depth[0, row, column] = metres
    return depth, np.isfinite(depth)


@pytest.mark.parametrize(
    ("row", "metres", "layer"), [(30, 2.0, 2), (48, 1.5, 1), (62, 1.03, 0), (2, 2.0, None)]
)
def test_a_point_is_where_its_pixel_and_depth_say(row, metres, layer):
    """At column 16, so half as far to the left as ahead; up by the row; too high ones are not."""
    built, place = empty(), np.array([[0.5, -0.3]])
    for turn in range(12):
        built.forget(0)
        heading = np.array([turn * math.pi / 6])
        built.see(place, heading, *shot(row, 16, metres))
        if layer is None:
            assert not built.seen.any()
            continue
        ahead, left = metres, metres * 15.5 / 32
        c, s = math.cos(heading[0]), math.sin(heading[0])
        x, y = 0.5 + c * ahead - s * left, -0.3 + s * ahead + c * left
        found = np.argwhere(built.seen[0])
        cell = [math.floor(x / CELL) + ROOM // 2, math.floor(y / CELL) + ROOM // 2]
        assert found.tolist() == [[*cell, 0, layer], [*cell, 1, layer]]
        around = built.voxels(place, heading)
        assert around.shape == (1, *SHAPE)
        cells = np.argwhere(around[0, 1])
        assert len(cells)
        middle = (cells[:, :2] + 0.5 - SIDE / 2) * CELL
        assert np.abs(middle - [ahead, left]).max() < 2 * CELL
        assert set(cells[:, 2].tolist()) == {layer}


def test_a_whole_turn_brings_the_map_back():
    built, rng = empty(2), np.random.default_rng(0)
    built.seen[:, 1:-1, 1:-1] = rng.random((2, ROOM - 2, ROOM - 2, 2, LAYERS)) < 0.2
    place = np.array([[0.0, 0.0], [0.4, -0.2]])  # corners of cells
    heading = np.array([0.0, math.pi / 2])
    seen = built.voxels(place, heading)
    half = SIDE // 2
    middle = ROOM // 2
    first = built.seen[0, middle - half : middle + half, middle - half : middle + half]
    assert np.array_equal(seen[0, :2], first.transpose(2, 0, 1, 3))
    assert np.array_equal(built.voxels(place, heading + 2 * math.pi), seen)
    back = built.voxels(place, heading + math.pi)
    assert np.array_equal(back[0], seen[0, :, ::-1, ::-1])
    assert not np.array_equal(back[1], seen[1])


def test_what_is_felt_and_what_lies_far_away():
    built = empty()
    built.feel(0, np.array([0.25, 0.0]))
    assert np.argwhere(built.seen[0]).tolist() == [[ROOM // 2 + 1, ROOM // 2, 0, 1]]
    built.feel(0, np.array([99.0, 0.0]))
    built.see(np.array([[0.0, 0.0]]), np.zeros(1), *shot(32, 32, 50.0))
    assert not built.seen[0, [0, -1]].any()  # the rim is what lies beyond
    assert not built.voxels(np.array([[-50.0, 0.0]]), np.zeros(1)).any()


def test_pillars_grow_where_the_walker_stays():
    built, nothing = (
        empty(),
        (np.full((1, 64, 64), np.inf, np.float32), np.zeros((1, 64, 64), bool)),
    )
    place, heading, heights = np.array([[0.1, 0.1]]), np.zeros(1), []
    for _ in range(20):
        built.see(place, heading, *nothing)
        around = built.voxels(place, heading)[0]
        assert not around[:2].any()
        heights.append(int(around[2, SIDE // 2, SIDE // 2].sum()))
    assert heights == [1] * 3 + [2] * 4 + [3] * 8 + [4] * 5
    away = built.voxels(np.array([[1.1, 0.1]]), heading)[0, 2]
    assert away[SIDE // 2 - 5, SIDE // 2].all()
    built.forget(0)
    assert not built.voxels(place, heading).any()
