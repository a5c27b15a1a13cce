"""SegNet against its figure, written out, on one to three axes."""

import pytest
import torch
import torch.nn.functional as F

from core2d.models.segnet import SegNet
from core2d.models.vgg import VGG
from tests.oracles import segmentation_oracle as oracle
from tests.oracles.golden import count, fill, uniform, without_gradient

SHAPES = {1: (64,), 2: (64, 96), 3: (32, 32, 64)}


def test_published_size() -> None:
    with torch.device("meta"):
        net = SegNet(classes=11)
    # Paper, table 2: 29.45 M. The encoder is that of VGG-16 with batch norm to the last number.
    assert count(net) == 29_449_355
    assert count(net.encoder) == 14_723_136
    assert set(net.encoder.state_dict()) == {
        name for name in VGG((2, 2, 3, 3, 3), norm=True, width=1, hidden=0).state_dict()
        if name.startswith("features")
    }  # fmt: skip


@pytest.mark.parametrize("axes", [1, 2, 3])
def test_equals_the_figure(axes: int) -> None:
    net = fill(SegNet(classes=3, inputs=2, width=2, space=axes)).double()
    x = uniform("x", (2, 2, *SHAPES[axes])).double()
    torch.testing.assert_close(net(x), oracle.segnet(net.state_dict(), x))


def test_every_weight_learns_and_odd_extents_keep_their_extent() -> None:
    net = fill(SegNet((1, 1, 1, 1, 1), classes=2, width=4))
    assert without_gradient(net, uniform("x", (2, 3, 70, 91))) == []
    assert net(uniform("x", (1, 3, 70, 91))).shape == (1, 2, 70, 91)


def test_learns_one_picture() -> None:
    torch.manual_seed(0)
    net = SegNet((1, 1, 1, 1, 1), classes=2, inputs=1, width=8)
    x = torch.randn(1, 1, 64, 64)
    label = (F.avg_pool2d(x, 9, 1, 4) > 0)[:, 0].long()
    optimiser = torch.optim.Adam(net.parameters(), 1e-2)
    for _ in range(60):
        optimiser.zero_grad()
        F.cross_entropy(net(x), label).backward()
        optimiser.step()
    assert (net(x).argmax(1) == label).float().mean() > 0.95
