"""Rafts: as its oracle plays it, and the rules that its page tells."""

import numpy as np
import pytest

from scenes.envs.pixel.game import Table
from scenes.envs.pixel.rafts import Rafts
from tests.oracles import pixel_games
from tests.scenes.envs.pixel.replay import replay, start


@pytest.mark.parametrize(("ramp", "scripted"), [(True, True), (False, True), (True, False)])
def test_plays_as_the_oracle(ramp, scripted):
    paid, ended = replay(Rafts, pixel_games.Rafts, ramp=ramp, scripted=scripted)
    assert paid >= 10 or not scripted
    assert ended == 0


def lane(x, y, *, drift=1, **state):
    """One lane; rafts at columns 0 .. 2 and 5 .. 7 everywhere, all slow and due."""
    table = Table(Rafts, 1, sticky=0.0, ramp=True)
    start(table)
    rules = table.rules
    stream = rules.length > 0
    rules.first[:], rules.length[:], rules.fast[:] = 0, 3 * stream, False
    rules.heading[:], rules.due[:] = drift, stream
    for name, value in {"x": x, "y": y, **state}.items():
        getattr(rules, name)[:] = value
    return table


def place(table):
    return table.rules.y[0], table.rules.x[0]


def test_rafts_carry_every_other_step():
    table = lane(5, 9)
    assert table.step(np.array([1]))[0][0] == 0
    assert place(table) == (8, 6)
    table.step(np.array([0]))
    assert place(table) == (8, 6)
    table.step(np.array([0]))
    assert place(table) == (8, 7)


def test_who_falls_is_back_on_the_last_strip():
    table = lane(3, 9)
    table.step(np.array([1]))
    assert place(table) == (9, 3)
    for up, row in ((True, 4), (False, 5)):
        table = lane(9, 5, strip=1, up=up)
        table.step(np.array([2]))
        assert place(table) == (row, 9)
    table = lane(0, 7, drift=-1)
    table.step(np.array([0]))  # carried off the edge
    assert place(table) == (9, 0)


def test_strips_pay_in_their_turn():
    table = lane(5, 6)
    assert table.step(np.array([1]))[0][0] == 1  # the strip in the middle
    assert table.step(np.array([1]))[0][0] == 0  # its second row
    table.rules.y[:], table.rules.level[:] = 1, 8
    assert table.step(np.array([1]))[0][0] == 1  # the far bank: rafts anew, all short
    assert not table.rules.up[0]
    assert table.rules.length[0].tolist() == [0, 2, 2, 2, 0, 0, 2, 2, 2, 0]
    table.rules.y[:] = 3
    assert table.step(np.array([2]))[0][0] == 1


def test_neighbours_drift_against_each_other():
    table = Table(Rafts, 20, sticky=0.0, ramp=True)
    start(table)
    heading = table.rules.heading
    assert (heading[:, 1:] == -heading[:, :-1]).all()
    assert len(np.unique(heading[:, 1])) == 2
