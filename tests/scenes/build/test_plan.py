import math

import pytest

from scenes.build.plan import Plan


def test_walls_go_round() -> None:
    plan = Plan((6.0, 4.0, 2.5))
    places = [plan.wall_place(side, 1.0, 0.5) for side in range(4)]
    assert [turn for turn, _ in places] == [side * math.pi / 2 for side in range(4)]
    assert [place for _, place in places] == [(1, 1.5), (-2.5, 1), (-1, -1.5), (2.5, -1)]
    assert [plan.length(side) for side in range(4)] == [6, 4, 6, 4]


def test_what_is_taken() -> None:
    plan = Plan((6.0, 4.0, 2.5))
    plan.floor[0] = (0.0, 0.0, 1.0, 1.0)
    assert plan.is_free((1.2, 0.0, 2.0, 1.0), 0.1)
    assert not plan.is_free((1.2, 0.0, 2.0, 1.0), 0.3)
    plan.walls.append((2, 0.0, 1.0, 0.0, 1.0))
    assert plan.wall_free((2, 0.0, 1.0, 1.1, 2.0))
    assert plan.wall_free((1, 0.0, 1.0, 0.0, 2.0))
    assert not plan.wall_free((2, 0.9, 1.5, 0.5, 2.0))


@pytest.mark.parametrize("side", range(4))
def test_the_floor_before_a_wall_is_inside(side: int) -> None:
    plan = Plan((6.0, 4.0, 2.5))
    x0, y0, x1, y1 = plan.before_wall((side, -0.4, 0.6, 0.0, 2.0), 0.8)
    assert x0 < x1 <= 3
    assert y0 < y1 <= 2
    assert {round(x1 - x0, 6), round(y1 - y0, 6)} == {1.0, 0.8}
    _, (x, y) = plan.wall_place(side, 0.1, 0.4)
    assert x0 < x < x1
    assert y0 < y < y1
