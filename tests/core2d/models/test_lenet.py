"""LeNet: counts of the paper, extents, learning on every number of axes."""

import pytest
import torch
import torch.nn.functional as F

from core2d.errors import InputError
from core2d.models.lenet import SEES, LeNet, LeNet5, PartialConv, squash
from core2d.space import Dense
from tests.oracles.golden import count, picture, without_gradient


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


def test_same_padding_takes_any_extent() -> None:
    net = LeNet(padding="same", space=3)
    assert count(net) == count(LeNet(space=3))
    assert net(picture(2, 1, 8, 4, 12)).shape == (2, 10)


def test_the_network_of_1998_learns_60000_numbers() -> None:
    net = LeNet5()
    sizes = {name: count(part) for name, part in net.named_children()}
    assert sizes == {
        "conv1": 156, "sum1": 12, "conv2": 1516, "sum2": 32, "conv3": 48120, "fc1": 10164
    }  # fmt: skip
    assert sum(sizes.values()) == 60000
    assert not without_gradient(net, picture(2, 1, 28, 28))


def test_logits_of_1998_are_negative_distances_to_the_codes() -> None:
    net = LeNet5(seed=3)
    assert torch.equal(net.code.abs(), torch.ones(10, 84))
    with torch.no_grad():
        net.fc1.weight.zero_()
        net.fc1.bias.copy_(torch.atanh(net.code[7] / 1.7159) * 1.5)
    logits = net(picture(1, 1, 28, 28))[0]
    differing = (net.code != net.code[7]).sum(1)
    torch.testing.assert_close(logits, -4.0 * differing, atol=1e-3, rtol=0)


def test_partial_convolution_is_the_sum_over_the_table() -> None:
    conv = PartialConv(Dense(2), SEES, 5)
    x = picture(1, 6, 7, 6)
    expected, row = torch.zeros(16, 3, 2), 0
    for out, inputs in enumerate(SEES):
        expected[out] = conv.bias[out]
        for channel in inputs:
            for i in range(3):
                for j in range(2):
                    window = x[0, channel, i : i + 5, j : j + 5]
                    expected[out, i, j] += (window * conv.weight[row]).sum()
            row += 1
    torch.testing.assert_close(conv(x)[0], expected)
    assert row == len(conv.weight) == 60


def test_squash_keeps_one() -> None:
    torch.testing.assert_close(squash(torch.tensor([-1.0, 0, 1])), torch.tensor([-1.0, 0, 1]))


def test_refuses_another_number_of_axes() -> None:
    with pytest.raises(InputError, match="expected a tensor \\(B C S1\\)"):
        LeNet(space=1)(torch.zeros(1, 1, 28, 28))
