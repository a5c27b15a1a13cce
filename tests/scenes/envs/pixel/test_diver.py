"""Diver: as its oracle plays it, and the rules that its page tells."""

import numpy as np
import pytest

from scenes.envs.pixel.diver import Diver
from scenes.envs.pixel.game import Table
from tests.oracles import pixel_games
from tests.scenes.envs.pixel.replay import replay, start


@pytest.mark.parametrize(("ramp", "scripted"), [(True, True), (False, True), (True, False)])
def test_plays_as_the_oracle(ramp, scripted):
    paid, ended = replay(Diver, pixel_games.Diver, ramp=ramp, scripted=scripted)
    assert paid >= 10 or not scripted
    assert ended >= 5 or scripted


def lane(**state):
    table = Table(Diver, 1, sticky=0.0, ramp=False)
    start(table)
    for name, value in state.items():
        getattr(table.rules, name)[:] = value
    return table


@pytest.mark.parametrize(("load", "worth"), [(0, 0), (1, 1), (2, 3), (3, 6)])
def test_pearls_pay_at_the_surface_where_air_is(load, worth):
    table = lane(x=4, y=1, air=1, load=load)
    reward, over = table.step(np.array([1]))
    assert (reward[0], over[0], table.rules.load[0], table.rules.air[0]) == (worth, False, 0, 50)


def test_air_runs_out_below():
    table = lane(x=4, y=5, air=2)
    assert [table.step(np.array([0]))[1][0] for _ in range(2)] == [False, True]


def test_a_fourth_pearl_stays_where_it_is():
    table = lane(x=4, y=5, load=3)
    table.rules.pearl[0, 5, 5] = True
    table.step(np.array([4]))
    assert table.rules.load[0] == 3
    assert table.rules.pearl[0, 5, 5]


@pytest.mark.parametrize(("due", "action", "bitten"), [
    (True, 0, True), (False, 0, False), (False, 3, True), (True, 3, True),
])  # fmt: skip
def test_sharks_bite_whoever_comes_to_whom(due, action, bitten):
    """A shark to the right at column 3, the diver at column 4 of its row."""
    table = lane(x=4, y=5)
    rules = table.rules
    rules.shark[0, 5], rules.heading[0, 5], rules.due[0, 5] = 3, 1, due
    assert table.step(np.array([action]))[1][0] == bitten
