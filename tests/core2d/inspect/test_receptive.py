"""Receptive fields against gradients: the box of the input cells that reach one site."""

import math

import pytest
import torch
from torch import nn

from core2d.errors import InputError
from core2d.inspect.receptive import receptive_field, relocated
from core2d.inspect.watch import run_to
from core2d.layers.conv import Conv, ConvTranspose
from core2d.models.cifar_resnet import CifarResNet
from core2d.models.resnet import ResNet, resnet
from core2d.models.unet import UNet
from core2d.space import Dense


class Chain(nn.Module):
    """Layers one after the other: modules, or functions of space and field."""

    def __init__(self, space, *steps) -> None:
        super().__init__()
        self.space = space
        self.modules_ = nn.ModuleList(step for step in steps if isinstance(step, nn.Module))
        self.steps = [None if isinstance(step, nn.Module) else step for step in steps]

    def forward(self, x):
        parts = iter(self.modules_)
        for step in self.steps:
            x = next(parts)(x) if step is None else step(self.space, x)
        return x


def seen_by(model, layer, x, site):
    """First and last input cell per axis that the gradient of one site reaches, by autograd."""
    x = x.clone().requires_grad_()
    field = run_to(model, x, layer)
    field[(0, slice(None), *site)].sum().backward()
    cells = x.grad[0].abs().sum(0).nonzero()
    return list(zip(cells.amin(0).tolist(), cells.amax(0).tolist(), strict=True))


def positive(model):
    """Weights and inputs that no rectifier and no maximum can hide anything from."""
    for weight in model.parameters():
        weight.data = weight.data.abs() + 0.1
    return model.eval()


def mean_pool(size, stride):
    return lambda space, x: space.pool(x, size, stride, "mean")


CHAINS = {
    "3x3": (lambda s: [Conv(s, 1, 2, 3)], 20),
    "even": (lambda s: [Conv(s, 1, 2, 2, stride=2), Conv(s, 2, 2, 2, stride=2)], 16),
    "holes": (lambda s: [Conv(s, 1, 2, 3, dilation=2), Conv(s, 2, 2, 5, stride=3)], 33),
    "valid": (
        lambda s: [Conv(s, 1, 2, 3, padding=0), mean_pool(2, 2), Conv(s, 2, 2, 3, padding=1)],
        30,
    ),
    "pools": (lambda s: [Conv(s, 1, 2, 7, stride=2), mean_pool(3, 2), Conv(s, 2, 2, 3)], 48),
}


@pytest.mark.parametrize("axes", [1, 2])
@pytest.mark.parametrize("name", CHAINS)
def test_the_field_of_a_site_is_what_the_gradient_reaches(name, axes):
    steps, extent = CHAINS[name]
    space = Dense(axes)
    model = positive(Chain(space, *steps(space)))
    x = torch.ones(1, 1, *(extent,) * axes)
    lines = receptive_field(model, "", x)
    site = tuple(n // 2 for n in model(x).shape[2:])
    assert [line.box(c) for line, c in zip(lines, site, strict=True)] == seen_by(model, "", x, site)
    corner = [(0, line.box(0)[1]) for line in lines]  # cut off by the border
    assert corner == seen_by(model, "", x, (0,) * axes)


UPSAMPLINGS = {
    "transposed": lambda s: [Conv(s, 1, 2, 2, stride=2), ConvTranspose(s, 2, 1, 2, stride=2)],
    "transposed3": lambda s: [Conv(s, 1, 2, 3, stride=2), ConvTranspose(s, 2, 1, 3, stride=2)],
    "nearest": lambda s: [mean_pool(2, 2), Conv(s, 1, 2, 3), lambda s, x: s.resize(x, scale=2)],
    "nearest4": lambda s: [mean_pool(4, 4), lambda s, x: s.resize(x, scale=4), Conv(s, 1, 2, 3)],
    "linear": lambda s: [mean_pool(2, 2), lambda s, x: s.resize(x, scale=2, mode="linear")],
    "linear3": lambda s: [mean_pool(3, 3), lambda s, x: s.resize(x, scale=3, mode="linear")],
    "cubic": lambda s: [mean_pool(4, 4), lambda s, x: s.resize(x, scale=4, mode="cubic")],
}


@pytest.mark.parametrize("name", UPSAMPLINGS)
def test_behind_an_upsampling_the_box_holds_the_field_of_every_site(name):
    space = Dense(1)
    model = positive(Chain(space, *UPSAMPLINGS[name](space)))
    x = torch.rand(1, 1, 96)
    (line,) = receptive_field(model, "", x)
    assert line.jump == 1
    slack = []
    for site in range(36, 60):
        low, high = line.box(site)
        ((first, last),) = seen_by(model, "", x, (site,))
        assert low <= first <= last <= high
        slack.append((first - low, high - last))
    assert min(low for low, _ in slack) == 0 == min(high for _, high in slack)  # no looser


@pytest.mark.parametrize(
    ("layer", "jump", "size"), [("conv1", 2, 7), ("layer1", 4, 43), ("layer4", 32, 435)]
)
def test_resnet18_has_its_known_receptive_fields(layer, jump, size):
    """Araujo et al. 2019, table: ResNet-18's last layer 435, stride 32."""
    for line in receptive_field(resnet(18), layer, torch.zeros(1, 3, 64, 64)):
        assert (line.jump, line.size) == (jump, size)


def test_a_network_of_residual_blocks_equals_its_gradient():
    model = positive(CifarResNet(8, width=2))
    x = torch.ones(1, 3, 64, 64)
    lines = receptive_field(model, "layer3", x)
    site = (8, 8)
    assert [line.box(c) for line, c in zip(lines, site, strict=True)] == seen_by(
        model, "layer3", x, site
    )


def test_skip_connections_take_the_wider_way():
    """A U-Net's logits see what its deepest level sees, and a little more."""
    model = UNet(classes=2, width=2, depth=2, space=1)
    x = torch.zeros(1, 1, 64)
    (deep,), (head,) = (receptive_field(model, layer, x) for layer in ("down.2", "head"))
    assert (deep.jump, head.jump) == (4, 1)
    assert head.size > deep.size > 16
    for weight in model.parameters():
        weight.data = weight.data.abs() + 0.1
    ((first, last),) = seen_by(model, "head", torch.rand(1, 1, 64), (31,))
    low, high = head.box(31)
    assert low <= first <= last <= high


def test_a_field_that_depends_on_the_extent_is_refused():
    model = UNet(classes=2, width=2, depth=1, valid=True)
    assert receptive_field(model, "down.1", torch.zeros(1, 1, 44, 44))[0].size == 14
    with pytest.raises(InputError, match="depends on the extent"):
        receptive_field(model, "head", torch.zeros(1, 1, 44, 44))


def test_what_mixes_all_sites_sees_everything():
    for layer in ("", "fc"):
        lines = receptive_field(ResNet(width=4), layer, torch.zeros(1, 3, 64, 64))
        assert all(math.isinf(line.size) for line in lines)
        assert lines[0].box(3) == (-math.inf, math.inf)


def test_the_relocated_network_shares_its_weights_and_leaves_the_first_alone():
    model = CifarResNet(8)
    moved = relocated(model, Dense(1))
    assert model.space == Dense(2) == model.layer2[0].conv1.space
    assert moved.space == Dense(1) == moved.layer2[0].downsample.space
    assert moved.conv1.weight is model.conv1.weight
    assert moved.bn1.running_mean is model.bn1.running_mean
