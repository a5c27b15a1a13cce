import pytest
import torch
from torch import nn

from core2d.layers.conv import Conv, ConvTranspose
from core2d.layers.init import he_normal
from core2d.space import Dense


@pytest.mark.parametrize(("fan", "count"), [("in", 40), ("out", 160)])
def test_variance_is_two_over_the_fan(fan, count):
    torch.manual_seed(0)
    conv = Conv(2, 40, 160, 3)
    he_normal(conv, fan)
    assert float(conv.weight.detach().std()) == pytest.approx((2 / (count * 9)) ** 0.5, rel=0.02)
    assert not conv.bias.any()


def test_transposed_convolutions_count_the_other_way_round():
    torch.manual_seed(0)
    conv = ConvTranspose(2, 40, 160, 2)
    he_normal(conv, "in")
    assert float(conv.weight.detach().std()) == pytest.approx((2 / (40 * 4)) ** 0.5, rel=0.02)


def test_signals_keep_their_size_through_many_rectified_layers():
    """The point of the 2: with fan in, ten layers neither kill nor blow up a signal."""
    torch.manual_seed(0)
    layers = [part for _ in range(10) for part in (Conv(1, 256, 256, 1), nn.ReLU())]
    model = nn.Sequential(*layers)
    he_normal(model, "in")
    y = model(torch.randn(64, 256, 1))
    assert 0.3 < float(y.detach().square().mean()) < 3
    for layer in layers[::2]:
        layer.weight.data /= 2**0.5  # Xavier's start, which forgets the rectifier
    assert float(model(torch.randn(64, 256, 1)).detach().square().mean()) < 0.01


def test_other_layers_are_left_alone():
    model = nn.Sequential(Conv(Dense(2), 3, 4), nn.Linear(4, 5))
    before = model[1].weight.clone()
    he_normal(model)
    assert torch.equal(model[1].weight, before)
