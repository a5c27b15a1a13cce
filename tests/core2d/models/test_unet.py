"""U-Net against the figure of the paper, written out, on one to three axes."""

from functools import partial

import pytest
import torch
import torch.nn.functional as F

from core2d.errors import InputError
from core2d.layers.conv import Conv, ConvTranspose
from core2d.layers.norm import BatchNorm, GroupNorm
from core2d.layers.resample import BedOfNails, Interpolate, MaxUnpool, PixelShuffle, cubic
from core2d.models.unet import UNet, centre_crop
from core2d.space import Dense
from tests.oracles import segmentation_oracle as oracle
from tests.oracles.golden import count, fill, uniform, without_gradient

SHAPES = {1: (40,), 2: (24, 40), 3: (16, 8, 24)}


def test_published_size() -> None:
    with torch.device("meta"):
        net = UNet(classes=2, valid=True)
        y = net(torch.zeros(1, 1, 572, 572))
    assert y.shape == (1, 2, 388, 388)
    assert count(net) == 31_030_658
    layers = [m for m in net.modules() if isinstance(m, (Conv, ConvTranspose))]
    assert len(layers) == 23  # "In total the network has 23 convolutional layers"


@pytest.mark.parametrize("axes", [1, 2, 3])
def test_equals_the_figure(axes: int) -> None:
    net = fill(UNet(classes=3, inputs=2, width=4, depth=3, space=axes)).double()
    x = uniform("x", (2, 2, *SHAPES[axes])).double()
    expected = oracle.unet(net.state_dict(), x, depth=3, valid=False)
    assert expected.shape == (2, 3, *SHAPES[axes])
    torch.testing.assert_close(net(x), expected)


@pytest.mark.parametrize(("axes", "shape"), [(1, (188,)), (2, (92, 108)), (3, (44, 44, 48))])
def test_the_valid_form_equals_the_figure(axes: int, shape: tuple[int, ...]) -> None:
    depth = 2 if axes == 3 else 3
    net = fill(UNet(classes=2, width=2, depth=depth, valid=True, space=axes)).double()
    x = uniform("x", (1, 1, *shape)).double()
    expected = oracle.unet(net.state_dict(), x, depth=depth, valid=True)
    assert all(a < b for a, b in zip(expected.shape[2:], shape, strict=True))
    torch.testing.assert_close(net(x), expected)


@pytest.mark.parametrize("shape", [(17, 31), (8, 8), (33, 20)])
def test_any_extent_keeps_its_extent(shape: tuple[int, int]) -> None:
    assert UNet(classes=2, width=2, depth=3)(torch.zeros(1, 1, *shape)).shape[2:] == shape


@pytest.mark.parametrize("norm", [BatchNorm, partial(GroupNorm, groups=2)])
def test_every_weight_learns(norm) -> None:
    net = fill(UNet(classes=2, width=4, depth=2, norm=norm, dropout=0.1))
    assert without_gradient(net, uniform("x", (2, 1, 16, 16))) == []


def test_dropout_touches_only_the_two_deepest_levels_and_only_training() -> None:
    net, x = UNet(classes=2, width=4, depth=3, dropout=0.5), uniform("x", (1, 1, 16, 16))
    still = net.eval().encode(x)
    moved = net.train().encode(x)
    assert [bool((a == b).all()) for a, b in zip(still, moved, strict=True)] == [
        True, True, False, False,
    ]  # fmt: skip
    torch.testing.assert_close(net.eval().encode(x)[-1], still[-1], rtol=0, atol=0)


def test_copied_features_bring_what_the_bottleneck_forgot() -> None:
    """With a bottleneck of zeros the logits still follow the input; without copies nothing does."""
    net = fill(UNet(classes=2, width=4, depth=2))
    with torch.no_grad():
        net.down[2].conv2.weight.zero_()
    x = uniform("x", (2, 1, 16, 16))
    assert (net(x)[0] - net(x)[1]).abs().max() > 1e-3
    with torch.no_grad():
        for merge, half in zip(net.merge, (8, 4), strict=True):
            merge.conv1.weight[:, :half] = 0  # the copied half comes first
    torch.testing.assert_close(net(x)[0], net(x)[1])


@pytest.mark.parametrize("up", [Interpolate, cubic, BedOfNails, MaxUnpool, PixelShuffle])
@pytest.mark.parametrize("shape", [(16,), (17, 16), (8, 8, 8)])
def test_any_way_up(up, shape: tuple[int, ...]) -> None:
    net = fill(UNet(classes=2, width=4, depth=2, up=up, space=len(shape)))
    x = uniform("x", (2, 1, *shape))
    assert net(x).shape == (2, 2, *shape)
    assert without_gradient(net, x) == []


def test_learns_one_picture() -> None:
    torch.manual_seed(0)
    net = UNet(classes=2, width=4, depth=2, norm=BatchNorm)
    x = torch.randn(1, 1, 32, 32)
    label = (F.avg_pool2d(x, 5, 1, 2) > 0)[:, 0].long()
    optimiser = torch.optim.Adam(net.parameters(), 1e-2)
    for _ in range(60):
        optimiser.zero_grad()
        F.cross_entropy(net(x), label).backward()
        optimiser.step()
    assert (net(x).argmax(1) == label).float().mean() > 0.97


def test_crop() -> None:
    x = torch.arange(7.0).view(1, 1, 7)
    assert centre_crop(Dense(1), x, torch.zeros(1, 1, 3)).flatten().tolist() == [2, 3, 4]
    assert centre_crop(Dense(1), x, torch.zeros(1, 1, 4)).flatten().tolist() == [1, 2, 3, 4]
    with pytest.raises(InputError, match="at least"):
        centre_crop(Dense(1), x, torch.zeros(1, 1, 8))


def test_refusals() -> None:
    with pytest.raises(InputError, match="depth"):
        UNet(classes=2, depth=0)
    with pytest.raises(InputError, match="channels"):
        UNet(classes=2, inputs=3, width=2)(torch.zeros(1, 1, 16, 16))
