"""Worm: as its oracle plays it, and the rules that its page tells."""

import numpy as np
import pytest

from scenes.envs.pixel.game import STEP_X, STEP_Y, Table
from scenes.envs.pixel.worm import Worm, pick
from tests.oracles import pixel_games
from tests.scenes.envs.pixel.replay import replay, start


@pytest.mark.parametrize(("ramp", "scripted"), [(True, True), (False, True), (True, False)])
def test_plays_as_the_oracle(ramp, scripted):
    paid, ended = replay(Worm, pixel_games.Worm, ramp=ramp, scripted=scripted)
    assert paid >= 10 or not scripted
    assert ended >= 5 or scripted


def lane(*, y=5, x=5, heading=4, apple=(0, 0)):
    """One worm of three pixels that crawls to the right unless told otherwise."""
    table = Table(Worm, 1, sticky=0.0, ramp=True)
    start(table)
    rules = table.rules
    rules.left[:] = 0
    rules.y[:], rules.x[:], rules.heading[:] = y, x, heading
    for back in range(3):
        rules.left[0, y - back * STEP_Y[heading], x - back * STEP_X[heading]] = 3 - back
    rules.apple_y[:], rules.apple_x[:] = apple
    return table


def test_turning_round_crawls_on():
    for action, at in ((0, (5, 6)), (3, (5, 6)), (1, (4, 5)), (2, (6, 5)), (4, (5, 6))):
        table = lane()
        assert not table.step(np.array([action]))[1][0]
        assert (table.rules.y[0], table.rules.x[0]) == at


def test_an_apple_pays_and_keeps_the_tail():
    table = lane(apple=(5, 6))
    assert table.step(np.array([0]))[0][0] == 1
    assert table.rules.left[0, 5, 3:8].tolist() == [1, 2, 3, 4, 0]
    assert table.rules.left[0, table.rules.apple_y[0], table.rules.apple_x[0]] == 0


def test_border_body_and_stones_end_it_but_the_tail_makes_way():
    assert lane(x=9).step(np.array([0]))[1][0]
    table = lane()
    table.rules.stone[0, 5, 6] = True
    assert table.step(np.array([0]))[1][0]
    for length, over in ((4, False), (5, True)):  # a ring of four pixels
        table = lane()
        rules = table.rules
        rules.left[:] = 0
        for back, at in enumerate([(5, 5), (5, 4), (4, 4), (4, 5), (4, 6)][:length]):
            rules.left[0, at[0], at[1]] = length - back
        rules.length[:] = length
        assert table.step(np.array([1]))[1][0] == over


def test_stones_come_with_every_fourth_apple_away_from_the_head():
    for seed in range(20):
        table = lane(apple=(5, 6))
        table.dice.base[:] = seed
        table.rules.length[:] = 6
        table.step(np.array([0]))
        stones = np.argwhere(table.rules.stone[0])
        assert len(stones) == 1
        assert abs(stones - [5, 6]).max() > 2


def test_pick_reaches_every_free_pixel_equally():
    free = np.zeros((1000, 10, 10), bool)
    free[:, 2, 3] = free[:, 7, 1] = free[:, 9, 9] = True
    y, x = pick(free, (np.arange(1000) + 0.5) / 1000)
    found, count = np.unique(10 * y + x, return_counts=True)
    assert found.tolist() == [23, 71, 99]
    assert count.tolist() == [333, 334, 333]
