"""Theorem 2 of PointNet: between the critical points and the upper bound nothing changes."""

import pytest
import torch
from torch import Tensor

from geomdl.errors import GeometryError
from geomdl.models.critical_points import critical_points, upper_bound_points
from geomdl.models.point_weights import ported_encoder
from geomdl.models.pointnet import PointNet, PointNetEncoder
from tests.oracles.golden import fill, uniform


def network(rectify: bool = True) -> PointNet:
    encoder = PointNetEncoder(before=(8, 8), after=(8, 12)) if rectify else ported_encoder()
    net = PointNet(4, encoder=encoder)
    return fill(net)  # type: ignore[return-value]


def ball(count: int, name: str) -> Tensor:
    return torch.nn.functional.normalize(uniform(name, (count, 3)) - 0.5, dim=1) * uniform(
        f"{name} radius", (count, 1)
    ) ** (1 / 3)


def one(points: Tensor) -> Tensor:
    return torch.tensor([0, len(points)])


@torch.no_grad()
@pytest.mark.parametrize("rectify", [True, False])
def test_the_critical_points_alone_give_the_same_output(rectify: bool) -> None:
    net, points = network(rectify), ball(3000, "cloud")
    mask = critical_points(net.encoder, points, one(points))
    assert 0 < int(mask.sum()) < 1500
    kept = points[mask]
    torch.testing.assert_close(net(kept, one(kept)), net(points, one(points)), atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_without_one_of_them_it_changes() -> None:
    net, points = network(), ball(400, "cloud")
    truth = net.encoder(points, one(points))
    mask = critical_points(net.encoder, points, one(points), transforms=False)
    assert torch.equal(mask.nonzero()[:, 0], truth.row[truth.top > 0].unique())
    for gone in mask.nonzero()[:3, 0].tolist():
        kept = points[torch.arange(400) != gone]
        assert not torch.equal(net.encoder(kept, one(kept)).top, truth.top)


@torch.no_grad()
def test_points_of_the_upper_bound_may_be_added() -> None:
    net, points = network(), ball(500, "cloud")
    candidates = ball(2000, "more")
    free = upper_bound_points(net.encoder, candidates, points)
    assert 0 < int(free.sum()) < 2000
    assert upper_bound_points(net.encoder, points, points).all()
    both = torch.cat([points, candidates[free]])
    truth = net(points, one(points))
    torch.testing.assert_close(net(both, one(both)), truth, atol=1e-3, rtol=1e-3)
    spoiled = torch.cat([points, candidates[~free]])
    assert not torch.allclose(net(spoiled, one(spoiled)), truth, atol=1e-2, rtol=1e-2)


@torch.no_grad()
def test_items_of_a_batch_have_their_own() -> None:
    net, points = network(), ball(700, "cloud")
    offsets = torch.tensor([0, 300, 700])
    mask = critical_points(net.encoder, points, offsets)
    alone = critical_points(net.encoder, points[300:], torch.tensor([0, 400]))
    assert torch.equal(mask[300:], alone)


def test_training_mode_is_refused() -> None:
    points = ball(10, "cloud")
    with pytest.raises(GeometryError, match="encoder: expected evaluation mode"):
        critical_points(network().encoder.train(), points, one(points))


def test_what_does_not_fit_is_named() -> None:
    points = ball(10, "cloud")
    with pytest.raises(GeometryError, match=r"encoder: expected a PointNetEncoder .*got PointNet"):
        critical_points(network().eval(), points, one(points))
    with pytest.raises(GeometryError, match=r"candidates: expected shape \(M 3\)"):
        upper_bound_points(network().encoder.eval(), points[:, :2], points)
