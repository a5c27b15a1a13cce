"""Plays a game beside its oracle and compares everything that is seen, paid and ended."""

import numpy as np

from scenes.envs.pixel.game import Table
from scenes.envs.pixel.players import PLAYERS
from tests.oracles.pixel_games import Chance


def replay(game, oracle, *, ramp, steps=150, lanes=3, scripted=True):
    """`lanes` lanes for so many steps, by the scripted player with one action in ten at random, or
    by chance alone. Returns the sum of rewards and the number of episodes that ended."""
    table = Table(game, lanes, sticky=0.0, ramp=ramp)
    generator = np.random.default_rng(0)
    keys = start(table)
    boards = [oracle(Chance(key), ramp) for key in keys]
    player = PLAYERS[f"geomdl/{game.__name__}-v0"]
    players = [player() for _ in keys]
    paid = ended = 0
    for step in range(steps):
        seen = table.observe()
        np.testing.assert_array_equal(seen, [planes(board) for board in boards], str(step))
        action = generator.integers(0, game.actions, lanes)
        for lane in range(lanes):
            if scripted and generator.random() < 0.9:
                action[lane] = players[lane](seen[lane])
        reward, terminated = table.step(action)
        for lane, board in enumerate(boards):
            board.chance.time += 1
            expected = board.step(int(action[lane]))
            assert (reward[lane], terminated[lane]) == expected, (step, lane)
            if terminated[lane]:
                key = begin(table, lane, seed=step)
                boards[lane], players[lane] = oracle(Chance(key), ramp), player()
        paid, ended = paid + reward.sum(), ended + terminated.sum()
    return paid, ended


def begin(table, lane, seed):
    """A new episode -> its key, the first number of the lane's generator."""
    table.reset(lane, np.random.default_rng([seed, lane]))
    return int(np.random.default_rng([seed, lane]).integers(0, 2**64, dtype=np.uint64))


def start(table):
    """Episodes on all lanes -> their keys."""
    return [begin(table, lane, seed=1000) for lane in range(table.lanes)]


def planes(board):
    """The oracle's sets of pixels as an array (C, 10, 10)."""
    out = np.zeros((len(board.planes()), 10, 10), np.uint8)
    for plane, pixels in zip(out, board.planes(), strict=True):
        for pixel in pixels:
            plane[pixel] = 1
    return out
