"""Gridworlds are what they are drawn as."""

import numpy as np
import pytest

from core2d.errors import InputError
from rl.gridworld import gridworld
from rl.solve import value_iteration

LEFT, DOWN, RIGHT, UP = range(4)


def test_moves_go_where_they_should_and_walls_stop_them() -> None:
    world = gridworld(["S.", "#G"], step=-0.1)
    to = world.probability.argmax(2)
    assert to[0].tolist() == [0, 0, 1, 0]  # border, wall, floor, border
    assert to[1].tolist() == [0, 3, 1, 1]
    assert world.probability.max(2).min() == 1
    assert world.reward[1, DOWN, 3] == pytest.approx(0.9)
    assert world.reward[0, RIGHT, 1] == pytest.approx(-0.1)
    assert world.terminal[1, DOWN, 3]
    assert not world.terminal[0, RIGHT, 1]
    assert world.start.tolist() == [1, 0, 0, 0]


def test_slipping_goes_to_either_side() -> None:
    world = gridworld(["...", ".S.", "..."], slip=0.2)
    assert world.probability[4, UP].tolist() == pytest.approx([0, 0.8, 0, 0.1, 0, 0.1, 0, 0, 0])
    assert np.allclose(world.probability.sum(2), 1)


def test_pits_cost_and_starts_are_shared() -> None:
    world = gridworld(["SXS"])
    assert world.start.tolist() == [0.5, 0, 0.5]
    assert world.reward[0, RIGHT, 1] == -1
    assert world.terminal[0, RIGHT, 1]


def test_values_fall_with_distance() -> None:
    solution = value_iteration(gridworld(["S..G"], discount=0.5))
    assert solution.value.tolist() == pytest.approx([0.25, 0.5, 1, 0])
    assert solution.policy[:3].tolist() == [RIGHT] * 3


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "lines of equal length"),
        (["S.", "."], "lines of equal length"),
        (["S?"], r"expected S . # G X, got \['\?'\]"),
        ([".G"], "expected a start S"),
    ],
)
def test_wrong_maps_are_named(rows: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        gridworld(rows)
    with pytest.raises(InputError, match="slip: expected a probability"):
        gridworld(["SG"], slip=1.5)
