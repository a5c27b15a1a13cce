"""The chain rule by hand equals autograd and finite differences."""

from itertools import pairwise

import pytest
import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from core2d import backprop


def draws(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize("sizes", [(4, 3), (4, 6, 3), (4, 5, 6, 3)])
def test_gradients_of_an_mlp(sizes) -> None:
    x, label = draws(7, 4), torch.randint(3, (7,), generator=Generator().manual_seed(1))
    layers = [
        (draws(m, n, seed=i), draws(m, seed=9 + i)) for i, (n, m) in enumerate(pairwise(sizes))
    ]
    leaves = [p.clone().requires_grad_() for pair in layers for p in pair]
    h = x
    for i in range(0, len(leaves), 2):
        h = F.linear(F.relu(h) if i else h, leaves[i], leaves[i + 1])
    wanted = torch.autograd.grad(F.cross_entropy(h, label), leaves)
    ours = [g for pair in backprop.mlp_gradients(x, label, layers) for g in pair]
    assert all(torch.allclose(a, b, rtol=1e-10) for a, b in zip(ours, wanted, strict=True))


def test_one_weight_by_finite_differences() -> None:
    x, label = draws(5, 4), torch.tensor([0, 2, 1, 1, 0])
    layers = [(draws(6, 4, seed=1), draws(6, seed=2)), (draws(3, 6, seed=3), draws(3, seed=4))]

    def loss(shift: float) -> float:
        weight = layers[0][0].clone()
        weight[2, 1] += shift
        hidden = (x @ weight.T + layers[0][1]).clamp(min=0)
        return float(F.cross_entropy(hidden @ layers[1][0].T + layers[1][1], label))

    wanted = (loss(1e-6) - loss(-1e-6)) / 2e-6
    ours = backprop.mlp_gradients(x, label, layers)[0][0][2, 1]
    assert float(ours) == pytest.approx(wanted, rel=1e-6)


def test_sigmoid_passes_a_quarter_at_most_and_next_to_nothing_at_6() -> None:
    x = torch.tensor([0.0, 6.0, -3.0], dtype=torch.float64, requires_grad=True)
    y = torch.sigmoid(x)
    (wanted,) = torch.autograd.grad(y.sum(), x)
    ours = backprop.sigmoid_backward(torch.ones(3).double(), y)
    assert torch.allclose(ours, wanted)
    assert float(ours[0]) == 0.25
    assert float(ours[1]) == pytest.approx(0.00247, abs=1e-5)


def test_dead_units_pass_nothing() -> None:
    y = torch.tensor([0.0, 0.0, 2.0])
    assert backprop.relu_backward(torch.tensor([5.0, -1.0, 3.0]), y).tolist() == [0.0, 0.0, 3.0]
