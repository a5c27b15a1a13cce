"""The perceptron rule: Novikoff's bound where a margin is known, and no end where there is none."""

import pytest
import torch
from torch import Generator

from core2d.errors import InputError
from core2d.models.perceptron import Perceptron, perceptron_rule


def separable(margin: float, seed: int, count: int = 200):
    """Points on both sides of a known plane through the cube, none nearer than `margin` to it."""
    g = Generator().manual_seed(seed)
    normal = torch.nn.functional.normalize(torch.randn(3, generator=g), dim=0)  # bias last
    x = 2 * torch.rand(20 * count, 2, generator=g) - 1
    distance = x @ normal[:2] + normal[2]
    x, distance = x[distance.abs() >= margin][:count], distance[distance.abs() >= margin][:count]
    return x, (distance > 0).long()


@pytest.mark.parametrize("margin", [0.02, 0.1, 0.3])
@pytest.mark.parametrize("rate", [0.1, 1.0])
def test_it_stops_within_novikoffs_bound(margin, rate) -> None:
    x, y = separable(margin, seed=3)
    learned = perceptron_rule(x, y, rate=rate, passes=100_000)
    radius = (x.square().sum(1) + 1).max()
    assert learned.converged
    assert 0 < learned.updates <= float(radius) / margin**2
    assert torch.equal((x @ learned.weight[:2] + learned.weight[2] > 0).long(), y)


def test_one_update_moves_towards_the_missed_point() -> None:
    x, y = torch.tensor([[2.0, -1.0]]), torch.tensor([1])
    missed = perceptron_rule(x, y, rate=0.5, passes=1)  # 1[0 > 0] = 0, but the label is 1
    assert missed.weight.tolist() == [1.0, -0.5, 0.5]
    wrong = perceptron_rule(x, 1 - y, start=torch.tensor([1.0, 0.0, 0.0]), rate=0.5, passes=1)
    assert wrong.weight.tolist() == [0.0, 0.5, -0.5]


def test_and_is_learned_and_xor_is_not() -> None:
    x = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    unit = Perceptron(2)
    assert unit.learn(x, torch.tensor([0, 0, 0, 1])).converged
    assert unit(x).tolist() == [0, 0, 0, 1]
    learned = perceptron_rule(x, torch.tensor([0, 1, 1, 0]), passes=50)
    assert not learned.converged
    assert learned.updates >= 50  # at least one in every pass


def test_learning_goes_on_from_the_stored_weights() -> None:
    x, y = separable(0.05, seed=1)
    unit = Perceptron(2)
    unit.learn(x, y)
    assert unit.learn(x, y).updates == 0
    other = Perceptron(2)
    other.load_state_dict(unit.state_dict())
    assert torch.equal(other(x), y)


def test_labels_other_than_0_and_1_are_refused() -> None:
    with pytest.raises(InputError, match="y: expected 2 labels 0 or 1"):
        perceptron_rule(torch.zeros(2, 1), torch.tensor([-1, 1]))
