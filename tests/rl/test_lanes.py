"""Numbers of frames and transitions (what they come to is tested with the replay)."""

import numpy as np
import pytest
import torch

from core2d.errors import InputError
from rl.lanes import Lanes


def filled(count: int, *, lanes=1, stack=1, steps=1, most=5) -> Lanes:
    made = Lanes(lanes, most, stack=stack, steps=steps, discount=0.5, spare=0)
    rows, never = made.rows(None), np.zeros(lanes, bool)
    for number in range(count):
        made.add(rows, rows * 0 + number, rows * 0.0 + 1, never, never)
    return made


def read(made: Lanes, pick: torch.Tensor, ranked: bool = False) -> tuple:
    """A batch; of the frames the places in their lane."""
    at = np.tile(np.arange(made.slots, dtype=np.uint8), made.lanes)
    (seen,), *rest = made.reader([at])(pick, ranked)
    return seen, *rest


def test_the_range_follows_the_ring():
    made = filled(3, steps=2)
    assert (made.first.tolist(), made.ready.tolist(), len(made)) == ([0], [1], 1)
    made = filled(30, steps=2, stack=4)
    assert (made.first.tolist(), made.ready.tolist(), len(made)) == ([23], [28], 5)


def test_places_and_indices_are_one_another():
    made = filled(33, lanes=3)
    index = read(made, torch.arange(15), True)[4]
    places, there = made.standing(index.numpy())
    assert torch.equal(read(made, torch.from_numpy(places))[4], index)
    assert there.all()
    assert not made.standing(index.numpy() - 5 * 3)[1].any()


def test_rewards_of_steps_are_discounted():
    frames, _, reward, discount, index = read(filled(9, steps=3), torch.tensor([4]))
    assert index.tolist() == [4]
    assert reward.tolist() == [1.75]
    assert discount.tolist() == [0.125]
    assert [part.tolist() for part in frames] == [[4], [7]]


def test_changes_name_what_came_and_went():
    made = filled(6)
    rows, never = made.rows(None), np.zeros(1, bool)
    change = made.add(rows, np.array([0]), np.array([0.0]), never, never)
    assert read(made, torch.from_numpy(change.new))[4].tolist() == [5]
    assert change.gone.tolist() == [0]
    ended = filled(3, steps=3)
    change = ended.add(rows, np.array([0]), np.array([0.0]), ~never, never)
    assert change.new.tolist() == [0, 1, 2, 3]


def test_lanes_that_are_not_there():
    with pytest.raises(InputError, match="different numbers below 2, got"):
        filled(1, lanes=2).rows([2])
