"""Returns against sums written out."""

import numpy as np
import pytest
import torch
from torch import Generator

from core2d.errors import InputError
from rl.returns import discounted, n_step
from tests.oracles import values_oracle


def test_discounted_returns_by_hand() -> None:
    assert discounted(torch.tensor([1.0, 2.0, 4.0]), 0.5).tolist() == [3.0, 4.0, 4.0]
    assert discounted(torch.tensor([1.0, 2.0, 4.0]), 0.5, last=8.0).tolist() == [4.0, 6.0, 8.0]
    assert discounted(torch.tensor([1.0, 1.0]), 1.0).tolist() == [2.0, 1.0]
    assert discounted(torch.zeros(0), 0.9).shape == (0,)


def test_discounted_returns_of_lanes_are_their_sums() -> None:
    reward = torch.randn(30, 4, generator=Generator().manual_seed(0), dtype=torch.float64)
    last = torch.tensor([0.0, 1.0, -2.0, 3.0], dtype=torch.float64)
    found = discounted(reward, 0.9, last)
    for lane in range(4):
        expected = values_oracle.returns(reward[:, lane].tolist(), 0.9, float(last[lane]))
        assert np.allclose(found[:, lane].numpy(), expected)


@pytest.mark.parametrize("steps", [1, 2, 3, 100])
def test_n_step_returns_stop_at_the_end_of_episode_and_record(steps: int) -> None:
    dice = Generator().manual_seed(steps)
    reward = torch.randn(40, 3, generator=dice, dtype=torch.float64)
    value = torch.randn(41, 3, generator=dice, dtype=torch.float64)
    terminated = torch.rand(40, 3, generator=dice) < 0.15
    found = n_step(reward, value, terminated, discount=0.9, steps=steps)
    for lane in range(3):
        columns = [t[:, lane].tolist() for t in (reward, value, terminated)]
        expected = values_oracle.n_step(*columns, 0.9, steps)
        assert np.allclose(found[:, lane].numpy(), expected)


def test_many_steps_are_the_discounted_return() -> None:
    reward = torch.randn(9, generator=Generator().manual_seed(1))
    value, never = torch.full((10,), 5.0), torch.zeros(9, dtype=torch.bool)
    found = n_step(reward, value, never, discount=0.8, steps=9)
    assert torch.allclose(found, discounted(reward, 0.8, last=5.0))


def test_wrong_arguments_are_named() -> None:
    reward, never = torch.zeros(3), torch.zeros(3, dtype=torch.bool)
    with pytest.raises(InputError, match=r"discount: expected a number in \[0, 1\]"):
        discounted(reward, 1.5)
    with pytest.raises(InputError, match="value: expected 4 values"):
        n_step(reward, torch.zeros(3), never, discount=0.9, steps=2)
    with pytest.raises(InputError, match="terminated: expected bools"):
        n_step(reward, torch.zeros(4), torch.zeros(3), discount=0.9, steps=2)
    with pytest.raises(InputError, match="steps: expected at least 1"):
        n_step(reward, torch.zeros(4), never, discount=0.9, steps=0)
