"""The plain PointNet: a function of a set, item by item, whatever lies beside it in the batch."""

import pytest
import torch

from core2d.errors import InputError
from geomdl.models.plain_pointnet import PlainPointNet


def test_items_are_sets_and_independent() -> None:
    torch.manual_seed(0)
    net = PlainPointNet(2, sizes=(16, 8))
    points, features = torch.randn(30, 3), torch.randn(30, 2)
    offsets = torch.tensor([0, 4, 5, 30])
    y = net(points, offsets, features)
    assert y.shape == (3, 8)
    assert bool((y >= 0).all())
    order = torch.cat([torch.randperm(4), torch.tensor([4]), 5 + torch.randperm(25)])
    assert torch.equal(net(points[order], offsets, features[order]), y)
    alone = net(points[4:5], torch.tensor([0, 1]), features[4:5])
    assert torch.allclose(alone[0], y[1], atol=1e-6)  # one point, no statistics of a batch
    x = torch.cat([points, features], 1)
    for layer in net.layers:
        x = torch.relu(layer(x))
    want = torch.stack([x[a:b].amax(0) for a, b in ((0, 4), (4, 5), (5, 30))])
    assert torch.allclose(y, want, atol=1e-6)


def test_gradients_are_those_of_the_largest() -> None:
    torch.manual_seed(0)
    net = PlainPointNet(sizes=(8, 4)).double()
    points = torch.randn(12, 3, dtype=torch.float64, requires_grad=True)
    offsets = torch.tensor([0, 5, 12])
    assert torch.autograd.gradcheck(lambda p: net(p, offsets), (points,))


def test_bad_arguments() -> None:
    with pytest.raises(InputError, match="sizes"):
        PlainPointNet(sizes=())
    with pytest.raises(InputError, match="items with points"):
        PlainPointNet()(torch.zeros(2, 3), torch.tensor([0, 2, 2]))
    with pytest.raises(InputError, match="features: expected"):
        PlainPointNet(1)(torch.zeros(2, 3), torch.tensor([0, 2]))
