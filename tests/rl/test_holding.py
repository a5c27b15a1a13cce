"""Held random actions: how long, how often, lane by lane."""

import numpy as np
import pytest
from gymnasium.spaces import Discrete
from torch import Generator

from rl.holding import Holding


class Best:
    """Always 9."""

    def act(self, observation, epsilon, generator, /):
        assert epsilon == 0
        return np.full(len(observation), 9)


@pytest.mark.parametrize("falling", [2.0, 0.5, 0.0])
def test_random_actions_are_held_as_long_as_the_zeta_distribution_says(falling: float) -> None:
    """Over 400,000 lane-steps: n^-falling, against the exact shares."""
    longest, lanes = 5, 2000
    holding, dice = (
        Holding(Best(), Discrete(1, start=3), longest, falling),
        Generator().manual_seed(0),
    )
    rows = np.stack([holding.act(np.zeros(lanes), 0.3, dice) for _ in range(200)])  # (T, L)
    shares = np.arange(1, longest + 1) ** -falling
    shares /= shares.sum()
    mean = (shares * np.arange(1, longest + 1)).sum()
    # A renewal: free steps between two holds last (1 - p) / p on average.
    assert np.isclose((rows[20:] == 3).mean(), mean / (mean + 0.7 / 0.3), atol=4e-3)
    assert set(np.unique(rows)) == {3, 9}
    first = rows[:, rows[0] == 3]
    once = (first[1] == 9).mean()  # held one step, and no new one begun
    assert np.isclose(once, shares[0] * 0.7, atol=0.04)


def test_holding_nothing_is_greedy_and_all_lanes_are_apart() -> None:
    dice = Generator().manual_seed(1)
    holding = Holding(Best(), Discrete(4), 50)
    assert (holding.act(np.zeros(6), 0.0, dice) == 9).all()
    rows = np.stack([holding.act(np.zeros(64), 1.0, dice) for _ in range(30)])
    assert (rows < 4).all()
    length = np.arange(1, 51)
    mean = (1 / length).sum() / (1 / length**2).sum()
    changes = (rows[1:] != rows[:-1]).mean()
    assert np.isclose(changes, 0.75 / mean, atol=0.03)  # a new draw is another one of 4 actions
    assert len({tuple(column) for column in rows.T}) == 64
