"""PointNet: published sizes, any order of the points, items of any size."""

import itertools

import pytest
import torch
from torch import Tensor, nn

from geomdl.errors import GeometryError
from geomdl.models.point_weights import ported_encoder
from geomdl.models.pointnet import PointNet, PointNetEncoder, PointNetParts, PointNetSegmenter
from tests.geomdl.nn.clouds import batch
from tests.oracles.golden import count, fill, without_gradient


def dense(*sizes: int) -> int:
    """Linear layers with a bias, each with the two numbers of a norm."""
    return sum(n * m + 3 * m for n, m in itertools.pairwise(sizes))


def t_net(side: int) -> int:
    return dense(side, 64, 128, 1024) + dense(1024, 512, 256) + 257 * side**2


def head(*sizes: int) -> int:
    return dense(*sizes[:-1]) + (sizes[-2] + 1) * sizes[-1]


BODY = t_net(3) + dense(3, 64, 64) + t_net(64) + dense(64, 64, 128, 1024)


@pytest.mark.parametrize(
    ("make", "parameters", "formula"),
    [
        (PointNet, 3_480_049, BODY + head(1024, 512, 256, 40)),  # "3.5M": table 6 of the paper
        (lambda: PointNet(encoder=ported_encoder()), 3_471_473,
         t_net(3) + dense(3, 64) + t_net(64) + dense(64, 128, 1024) + head(1024, 512, 256, 40)),
        (PointNetSegmenter, 3_537_750, BODY + 6 * 64 + head(1088, 512, 256, 128, 13)),
        (PointNetParts, 7_979_451,
         dense(3, 64, 128, 1024) + dense(1024, 128, 128) + 129 * 9 + dense(3, 64, 128, 128)
         + dense(128, 256, 1024) + dense(1024, 512, 256) + 257 * 128**2
         + dense(128, 512, 2048) + head(4944, 256, 256, 128, 50)),
    ],
)  # fmt: skip
def test_parameters_are_the_published_ones(make, parameters: int, formula: int) -> None:
    with torch.device("meta"):
        net = make()
    assert count(net) == parameters == formula


def clouds() -> tuple[Tensor, Tensor, Tensor]:
    points, offsets, features = batch(40, 25, channels=6)
    return points.float(), offsets, features.float()


def shuffled(offsets: Tensor) -> Tensor:
    bounds = offsets.tolist()
    pairs = itertools.pairwise(bounds)
    return torch.cat([low + torch.randperm(high - low) for low, high in pairs])


def small(inputs: int = 0) -> PointNetEncoder:
    return PointNetEncoder(inputs, before=(16, 16), after=(16, 32, 64))


@torch.no_grad()
def test_order_does_not_matter() -> None:
    points, offsets, features = clouds()
    order = shuffled(offsets)
    net = fill(PointNet(5, encoder=small()))
    assert torch.equal(net(points[order], offsets), net(points, offsets))
    segmenter = fill(PointNetSegmenter(4, encoder=small(6)))
    found = segmenter(points, offsets, features)
    assert torch.equal(segmenter(points[order], offsets, features[order]), found[order])
    assert float(found.std()) > 0


@torch.no_grad()
def test_items_do_not_see_each_other_in_evaluation() -> None:
    points, offsets, _ = clouds()
    net = fill(PointNet(5, encoder=small()))
    found, alone = net(points, offsets)[:1], net(points[:40], offsets[:2])
    torch.testing.assert_close(alone, found, atol=1e-5 * float(found.abs().max()), rtol=1e-4)


def test_every_parameter_learns() -> None:
    points, offsets, features = clouds()
    category = torch.tensor([3, 0])
    for net, rest in (
        (PointNet(5, encoder=small()), ()),
        (PointNetSegmenter(4, encoder=small(6)), (features,)),
        (PointNetParts(6), (category,)),
    ):
        assert not [
            n for n in without_gradient(fill(net), points, offsets, *rest) if "bias" not in n
        ]


def test_the_penalty_is_zero_at_the_start_and_pulls() -> None:
    points, offsets, _ = clouds()
    net = PointNet(5, encoder=small())
    assert float(net.penalised(points, offsets)[1].detach()) < 1e-8
    nn.init.normal_(net.encoder.feature_transform.final.weight, std=0.05)
    penalty = net.penalised(points, offsets)[1]
    penalty.backward()
    assert float(penalty.detach()) > 0.1
    assert net.encoder.feature_transform.final.weight.grad.any()
    plain = PointNet(5, encoder=PointNetEncoder(feature_transform=False))
    assert float(plain.penalised(points, offsets)[1].detach()) == 0


def test_bad_batches_are_named() -> None:
    points, offsets, _ = clouds()
    with pytest.raises(GeometryError, match=r"features: expected \(N, 6\), got none"):
        PointNetSegmenter(4, encoder=small(6))(points, offsets)
    with pytest.raises(GeometryError, match="category"):
        PointNetParts(4)(points, offsets, torch.tensor([16, 0]))
    with pytest.raises(GeometryError, match="x: expected float32 as the weights are"):
        PointNet(4, encoder=small())(points.double(), offsets)
    for make in (
        lambda: PointNetEncoder(-1),
        lambda: PointNetParts(4, categories=0),
        lambda: PointNet(0),
    ):
        with pytest.raises(GeometryError, match=r"expected a whole number >= [01], got"):
            make()
