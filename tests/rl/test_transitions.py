"""A batch of transitions as plain data."""

import torch

from rl.transitions import Transitions, each


def batch(count: int, observation) -> Transitions:
    ones = torch.ones(count)
    index = torch.arange(count)
    return Transitions(observation, index, ones, observation, ones, ones, index)


def test_each_reaches_every_part():
    parts = {"depth": torch.ones(2, 3), "goal": torch.ones(2)}
    doubled = each(parts, lambda part: 2 * part)
    assert {name: part.sum().item() for name, part in doubled.items()} == {"depth": 12, "goal": 4}
    assert torch.equal(each(parts["goal"], lambda part: -part), -parts["goal"])


def test_to_moves_all_but_the_index():
    moved = batch(4, {"depth": torch.ones(4, 3)}).to("meta")
    assert len(moved) == 4
    assert moved.observation["depth"].device.type == "meta"
    fields = (moved.action, moved.reward, moved.discount, moved.weight)
    assert {part.device.type for part in fields} == {"meta"}
    assert moved.index.tolist() == [0, 1, 2, 3]
