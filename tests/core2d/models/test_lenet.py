"""LeNet: counts of the paper, extents, learning on every number of axes."""

import pytest
import torch
import torch.nn.functional as F

from core2d.models.lenet import LeNet


def count(module: torch.nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


def test_layers_have_the_published_sizes() -> None:
    net = LeNet()
    sizes = {name: count(part) for name, part in net.named_children()}
    assert sizes == {"conv1": 156, "conv2": 2416, "conv3": 48120, "fc1": 10164, "fc2": 850}


@pytest.mark.parametrize("axes", [1, 2, 3])
def test_overfits_a_handful_on_any_number_of_axes(axes: int) -> None:
    torch.manual_seed(0)
    net = LeNet((4, 8, 16, 16), classes=4, space=axes)
    x, label = torch.randn(4, 1, *(28,) * axes), torch.arange(4)
    optimiser = torch.optim.Adam(net.parameters(), 5e-3)
    for _ in range(60):
        optimiser.zero_grad()
        loss = F.cross_entropy(net(x), label)
        loss.backward()
        optimiser.step()
    assert loss < 0.05
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in net.parameters())
