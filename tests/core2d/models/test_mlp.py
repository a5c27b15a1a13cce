"""The MLP is its formula; width and depth count as published; it learns what a line cannot."""

import numpy as np
import pytest
import torch
from torch import Generator

from core2d.errors import InputError
from core2d.losses import cross_entropy
from core2d.metrics import accuracy
from core2d.models.mlp import MLP


def test_it_is_nested_functions() -> None:
    model = MLP((6, 5, 4, 3), activation=torch.tanh).double()
    x = torch.randn(2, 6, generator=Generator().manual_seed(0), dtype=torch.float64)
    h = x.numpy()
    for index, layer in enumerate(model.layers):
        h = h @ layer.weight.detach().numpy().T + layer.bias.detach().numpy()
        h = np.tanh(h) if index < 2 else h
    assert np.allclose(model(x).detach().numpy(), h)
    assert torch.equal(model(x), model(x.view(2, 2, 3)))


def test_parameters_by_sizes() -> None:
    with torch.device("meta"):
        model = MLP((784, 300, 100, 10))  # LeCun et al. 1998's 300-100-10 network
    assert sum(p.numel() for p in model.parameters()) == 266_610
    assert sum(p.numel() for p in MLP((7, 2)).parameters()) == 16


def test_without_activation_layers_fold_into_one() -> None:
    model = MLP((3, 8, 2), activation=lambda x: x).double()
    a, b = model.layers
    x = torch.randn(5, 3, generator=Generator().manual_seed(0), dtype=torch.float64)
    folded = x @ (b.weight @ a.weight).T + b.weight @ a.bias + b.bias
    assert torch.allclose(model(x), folded)


def test_dropout_acts_in_training_alone() -> None:
    torch.manual_seed(0)
    model = MLP((4, 64, 2), dropout=0.5)
    x = torch.ones(3, 4)
    assert not torch.equal(model(x), model(x))
    model.eval()
    assert torch.equal(model(x), model(x))


def test_it_learns_xor() -> None:
    torch.manual_seed(0)
    x = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    y = torch.tensor([0, 1, 1, 0])
    model = MLP((2, 16, 2))
    optimiser = torch.optim.Adam(model.parameters(), 0.05)
    for _ in range(150):
        optimiser.zero_grad()
        cross_entropy(model(x), y).backward()
        optimiser.step()
    assert accuracy(model(x), y) == 1


def test_wrong_sizes_are_named() -> None:
    with pytest.raises(InputError, match="sizes: expected two or more numbers"):
        MLP((784,))
    with pytest.raises(InputError, match="dropout: expected a share"):
        MLP((4, 2), dropout=1.0)
    with pytest.raises(InputError, match="x: expected 4 numbers per example"):
        MLP((4, 2))(torch.zeros(3, 5))
