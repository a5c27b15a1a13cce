"""Mason: as its oracle plays it, and the rules that its page tells."""

import numpy as np
import pytest

from scenes.envs.pixel.game import Table
from scenes.envs.pixel.mason import Mason
from tests.oracles import pixel_games
from tests.scenes.envs.pixel.replay import replay, start


@pytest.mark.parametrize(("ramp", "scripted"), [(True, True), (False, True), (True, False)])
def test_plays_as_the_oracle(ramp, scripted):
    paid, ended = replay(Mason, pixel_games.Mason, ramp=ramp, scripted=scripted)
    assert paid >= 10 or not scripted
    assert ended >= 5 or scripted


def lane(**state):
    """One lane with the ball in the middle of an empty board, and what the caller sets."""
    table = Table(Mason, 1, sticky=0.0, ramp=True)
    start(table)
    rules = table.rules
    rules.bricks[:] = False
    rules.bricks[0, 0, 0] = True  # an empty wall would come down
    for name, value in {"x": 5, "y": 5, "dx": 1, "dy": 1, "wait": 50, **state}.items():
        getattr(rules, name)[:] = value
    return table


@pytest.mark.parametrize(("paddle", "dx", "aimed"), [(4, 1, 1), (5, 1, -1), (4, -1, -1)])
def test_the_paddles_pixel_aims(paddle, dx, aimed):
    table = lane(x=5 - 1 if dx > 0 else 5, y=8, dx=dx, paddle=paddle)
    reward, over = table.step(np.array([0]))
    rules = table.rules
    assert (reward[0], over[0], rules.y[0], rules.dy[0], rules.dx[0]) == (0, False, 8, -1, aimed)


def test_a_missed_ball_ends_and_a_brick_pays():
    assert lane(x=4, y=8, paddle=7).step(np.array([0]))[1][0]
    table = lane(x=4, y=6, dy=-1)
    table.rules.bricks[0, 5, 5] = True
    assert table.step(np.array([0]))[0][0] == 1
    assert not table.rules.bricks[0, 5, 5]
    assert (table.rules.y[0], table.rules.x[0], table.rules.dy[0]) == (6, 4, 1)


def test_the_wall_sinks_faster_and_faster_and_ends_on_the_row_above_the_paddle():
    table = lane(wait=1, pause=90)
    table.step(np.array([0]))
    rules = table.rules
    assert rules.bricks[0, 0].all()
    assert rules.bricks[0, 1, 0]
    assert rules.wait[0] == rules.pause[0] == 87
    rules.bricks[0, 7, 9], rules.wait[0] = True, 1
    assert table.step(np.array([0]))[1][0]
