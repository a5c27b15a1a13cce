"""Occlusion of linear networks has a closed form, on any number of axes."""

import itertools

import pytest
import torch
from torch import nn

from core2d.errors import InputError
from core2d.inspect.occlusion import occlusion
from core2d.inspect.watch import Unit
from core2d.models.cifar_resnet import CifarResNet


class Linear(nn.Module):
    """Logits W x + b of the flattened input."""

    def __init__(self, classes: int, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(classes, *shape))
        self.bias = nn.Parameter(torch.randn(classes))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.flatten(1) @ self.weight.flatten(1).T + self.bias


@pytest.mark.parametrize(
    ("extent", "size", "stride"), [((7,), 3, 2), ((6, 5), 2, 1), ((4, 5, 6), (2, 3, 2), 2)]
)
def test_a_linear_network_loses_the_weighted_difference(extent, size, stride):
    torch.manual_seed(0)
    axes = len(extent)
    model, x = Linear(3, (2, *extent)), torch.randn(2, 2, *extent)
    fill = torch.tensor([0.25, -0.5])
    seen = occlusion(model, x, Unit(1), size=size, stride=stride, fill=fill)
    sizes = (size,) * axes if isinstance(size, int) else size
    lines = [
        sorted({*range(0, n - s + 1, stride), n - s}) for n, s in zip(extent, sizes, strict=True)
    ]
    weighted = model.weight[1] * (x - fill.view(2, *(1,) * axes))  # (B, C, *S)
    drop, count = torch.zeros(2, 1, *extent), torch.zeros(extent)
    places = list(itertools.product(*lines))
    assert seen.starts.tolist() == [list(place) for place in places]
    for place, score in zip(places, seen.scores, strict=True):
        block = tuple(slice(p, p + s) for p, s in zip(place, sizes, strict=True))
        lost = weighted[(slice(None), slice(None), *block)].flatten(1).sum(1)
        torch.testing.assert_close(seen.whole - score, lost)
        drop[(slice(None), 0, *block)] += lost.view(2, *(1,) * axes)
        count[block] += 1
    torch.testing.assert_close(seen.drop, drop / count.clamp(min=1))
    torch.testing.assert_close(seen.whole, model(x)[:, 1])
    assert seen.grid().shape == (2, *(len(line) for line in lines))
    assert torch.equal(seen.grid()[0].flatten(), seen.scores[:, 0])


def test_every_site_alone_gives_weight_times_value():
    model, x = Linear(2, (1, 4, 4)), torch.randn(1, 1, 4, 4)
    seen = occlusion(model, x, Unit(0), size=1)
    torch.testing.assert_close(seen.drop[0], (model.weight[0] * x[0]).detach())


def test_probabilities_and_the_class_that_takes_over():
    """Class 0 sees the left half, class 1 the right one, a little weaker."""
    model = Linear(2, (1, 1, 8))
    model.bias.data.zero_()
    model.weight.data.zero_()
    model.weight.data[0, 0, 0, :4], model.weight.data[1, 0, 0, 4:] = 1.0, 0.9
    seen = occlusion(
        model, torch.ones(1, 1, 1, 8), Unit(0), size=(1, 4), stride=4, probability=True
    )
    assert seen.labels[:, 0].tolist() == [1, 0]
    assert seen.whole.item() == pytest.approx(torch.tensor(0.4).sigmoid().item())
    want = torch.tensor([-3.6, 4.0]).sigmoid()
    torch.testing.assert_close(seen.scores[:, 0], want)


def test_a_real_network_in_three_axes_and_a_layer_inside():
    model, x = CifarResNet(8, width=4, space=3), torch.randn(1, 3, 8, 8, 8)
    seen = occlusion(model, x, Unit(3, "layer2", "max"), size=4)
    assert seen.drop.shape == (1, 1, 8, 8, 8)
    assert seen.grid().shape == (1, 3, 3, 3)
    hidden = x.clone()
    hidden[..., 0:4, 2:6, 4:8] = 0
    want = Unit(3, "layer2", "max").of(model.eval(), hidden)
    torch.testing.assert_close(seen.grid()[0, 0, 1, 2], want[0])


def test_blocks_larger_than_the_input_and_channels_that_are_not_there():
    model, x = Linear(2, (1, 4, 4)), torch.zeros(1, 1, 4, 4)
    with pytest.raises(InputError, match="size: expected at most 4 on axis 0, got 5"):
        occlusion(model, x, Unit(0), size=5)
    with pytest.raises(InputError, match="the network has 2 channels, got 2"):
        occlusion(model, x, Unit(2), size=2)
