"""Hail: as its oracle plays it, and the rules that its page tells."""

import numpy as np
import pytest

from scenes.envs.pixel.game import Table
from scenes.envs.pixel.hail import Hail
from tests.oracles import pixel_games
from tests.scenes.envs.pixel.replay import replay, start


@pytest.mark.parametrize(("ramp", "scripted"), [(True, True), (False, True), (True, False)])
def test_plays_as_the_oracle(ramp, scripted):
    paid, ended = replay(Hail, pixel_games.Hail, ramp=ramp, scripted=scripted)
    assert paid >= 10 or not scripted
    assert ended >= 5 or scripted


def test_wind_carries_round_the_board_and_only_what_lands_on_the_player_counts():
    table = Table(Hail, 3, sticky=0.0, ramp=False)
    start(table)
    rules = table.rules
    rules.wind[:], rules.player[:] = [-1, 0, 1], [9, 0, 0]
    rules.falling[0, 0, 8, 0] = True  # to the left and round
    rules.falling[1, 1, 8, 0] = True
    rules.falling[2, 0, 8, 0] = True  # past the player
    reward, over = table.step(np.zeros(3, int))
    assert reward.tolist() == [0, 1, 0]
    assert over.tolist() == [True, False, False]
    assert rules.falling[2, 0, 9, 1]


def test_ramp_makes_hail_denser():
    density = []
    for ramp in (False, True):
        table = Table(Hail, 300, sticky=0.0, ramp=ramp)
        start(table)
        table.rules.age[:] = 1000
        for _ in range(9):
            table.step(np.zeros(300, int))
        density.append(table.rules.falling[:, 0, :9].mean())
    assert density == pytest.approx([0.06, 0.16], abs=0.01)
