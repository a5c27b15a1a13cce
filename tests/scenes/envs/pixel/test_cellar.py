"""Cellar: as its oracle plays it, and the rules that its page tells."""

import numpy as np
import pytest

from scenes.envs.pixel.cellar import Cellar, maze
from scenes.envs.pixel.game import Table
from scenes.envs.pixel.players import distances
from tests.oracles import pixel_games
from tests.scenes.envs.pixel.replay import replay, start


@pytest.mark.parametrize(("ramp", "scripted"), [(True, True), (False, True), (True, False)])
def test_plays_as_the_oracle(ramp, scripted):
    paid, ended = replay(Cellar, pixel_games.Cellar, ramp=ramp, scripted=scripted)
    assert paid >= 10 or not scripted
    assert ended == 0


def dug(chance):
    u = np.random.default_rng(0).random((500, 65))
    flip = np.random.default_rng(1).random((500, 2)) < 0.5
    return maze(u, np.full(500, chance), flip)


def test_mazes_hang_together_and_are_trees_without_ways_round():
    walls = dug(0.0)
    assert (~walls).sum((1, 2)).tolist() == [25 + 24] * 500  # rooms and the doors of a tree
    for wall in walls[:50]:
        assert np.isfinite(distances((0, 0), ~wall)[~wall]).all()
    assert walls[:, 9].all()
    assert walls[:, :, 9].all()
    assert len(np.unique(walls.reshape(500, -1), axis=0)) > 495
    assert (~dug(1.0)).sum((1, 2)).tolist() == [25 + 40] * 500
    assert (~dug(0.5)).sum((1, 2)).mean() == pytest.approx(25 + 24 + 8, abs=0.3)


def lane():
    """One lane in an empty hall: player in the middle, key on its right, chest below."""
    table = Table(Cellar, 1, sticky=0.0, ramp=True)
    start(table)
    rules = table.rules
    rules.wall[:, :9, :9] = False
    rules.x[:], rules.y[:] = 4, 4
    rules.key_x[:], rules.key_y[:], rules.chest_x[:], rules.chest_y[:] = 5, 4, 4, 7
    return table


def test_the_chest_opens_with_the_key_alone():
    table = lane()
    walked = [table.step(np.array([a]))[0][0] for a in (2, 2, 2, 1, 1, 1, 4)]
    assert walked == [0] * 7
    assert table.rules.has[0]
    assert [table.step(np.array([a]))[0][0] for a in (3, 2, 2, 2)] == [0, 0, 0, 1]
    assert not table.rules.has[0]
    assert table.rules.level[0] == 1


def test_the_lamp_shows_two_pixels_around():
    table = lane()
    seen = table.observe()[0]
    lit = np.zeros((10, 10))
    lit[2:7, 2:7] = 1
    np.testing.assert_array_equal(seen[0], lit)
    assert seen[4, 4, 5]
    assert not seen[3].any()
    table.step(np.array([2]))
    assert table.observe()[0, 3, 7, 4]


def test_player_key_and_chest_are_in_three_rooms():
    table = Table(Cellar, 400, sticky=0.0, ramp=True)
    start(table)
    rules = table.rules
    rooms = np.stack([10 * rules.y + rules.x, 10 * rules.key_y + rules.key_x,
                      10 * rules.chest_y + rules.chest_x])  # fmt: skip
    assert ((rooms[0] != rooms[1]) & (rooms[0] != rooms[2]) & (rooms[1] != rooms[2])).all()
    for kind in rooms:
        counts = np.unique(kind, return_counts=True)[1]
        assert len(counts) == 25
        assert counts.min() >= 4
