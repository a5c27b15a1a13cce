"""DGCNN: published sizes, any order of the points, a graph that is made anew."""

import itertools

import pytest
import torch
from torch import Tensor

from geomdl.errors import GeometryError
from geomdl.models.dgcnn import DGCNN, DGCNNParts, DGCNNSegmenter
from tests.geomdl.nn.clouds import batch
from tests.oracles.golden import count, fill, without_gradient


def layers(*sizes: int) -> int:
    """Linear layers without bias, each with a norm."""
    return sum(n * m + 2 * m for n, m in itertools.pairwise(sizes))


def test_parameters_are_the_published_ones() -> None:
    with torch.device("meta"):
        cls, parts, scene = DGCNN(), DGCNNParts(), DGCNNSegmenter()
    edges = layers(6, 64) + layers(128, 64) + layers(128, 128) + layers(256, 256)
    head = layers(2048, 512) + layers(512, 256) + 256 + 257 * 40
    assert count(cls) == edges + layers(512, 1024) + head == 1_809_576  # "1.81 M"
    turn = layers(6, 64, 128, 1024, 512, 256) + 257 * 9
    edges = layers(6, 64, 64) + layers(128, 64, 64) + layers(128, 64)
    head = layers(192, 1024) + layers(16, 64) + layers(1280, 256, 256, 128) + 128 * 50
    assert count(parts) == turn + edges + head == 1_460_361  # "1.46 M"
    edges += 12 * 64
    assert count(scene) == edges + layers(192, 1024) + layers(1216, 512, 256) + 256 * 13 == 983_552


def clouds() -> tuple[Tensor, Tensor, Tensor]:
    points, offsets, features = batch(30, 22, channels=6)
    return points.float(), offsets, features.float()


@torch.no_grad()
def test_order_does_not_matter() -> None:
    points, offsets, features = clouds()
    order = torch.cat([torch.randperm(30), 30 + torch.randperm(22)])
    close = {"atol": 1e-4, "rtol": 1e-4}
    net = fill(DGCNN(5, neighbors=6, channels=32))
    found = net(points, offsets)
    torch.testing.assert_close(net(points[order], offsets), found, **close)
    category = torch.tensor([3, 1])
    net = fill(DGCNNParts(5, neighbors=6, channels=32))
    found = net(points, offsets, category)
    torch.testing.assert_close(net(points[order], offsets, category), found[order], **close)
    net = fill(DGCNNSegmenter(5, neighbors=6, channels=32))
    found = net(points, offsets, features)
    torch.testing.assert_close(net(points[order], offsets, features[order]), found[order], **close)


@torch.no_grad()
def test_items_do_not_see_each_other_in_evaluation() -> None:
    points, offsets, _ = clouds()
    net = fill(DGCNN(5, neighbors=6, channels=32))
    torch.testing.assert_close(net(points, offsets)[1:], net(points[30:], torch.tensor([0, 22])))


def test_every_parameter_learns() -> None:
    points, offsets, features = clouds()
    for net, rest in (
        (DGCNN(5, neighbors=6, channels=32), ()),
        (DGCNNParts(5, neighbors=6, channels=32), (torch.tensor([3, 1]),)),
        (DGCNNSegmenter(5, neighbors=6, channels=32), (features,)),
    ):
        assert not [
            n for n in without_gradient(fill(net), points, offsets, *rest) if "bias" not in n
        ]


def test_autocast_is_close() -> None:
    points, offsets, features = clouds()
    for net, rest in (
        (DGCNN(5, neighbors=6, channels=32), ()),
        (DGCNNSegmenter(5, neighbors=6, channels=32), (features,)),
    ):
        net = fill(net).eval()  # a batch norm of two rows in training is a matter of signs
        wanted = net(points, offsets, *rest)
        with torch.autocast("cpu", torch.bfloat16):
            found = net(points, offsets, *rest)
        assert found.dtype == torch.bfloat16
        apart = (found.float() - wanted).abs().mean() / wanted.abs().mean()
        assert apart.item() < 0.1
        found.float().sum().backward()


def test_the_transform_starts_as_the_identity() -> None:
    points, offsets, _ = clouds()
    turn = DGCNNParts(5, neighbors=6).turn(points, offsets)
    torch.testing.assert_close(turn, torch.eye(3).expand(2, 3, 3))


def test_small_items_are_named() -> None:
    points, offsets, _ = clouds()
    with pytest.raises(GeometryError, match="neighbors: expected at most the 22 points"):
        DGCNN(5, neighbors=23)(points, offsets)
    with pytest.raises(GeometryError, match="inputs: expected a whole number >= 0, got -1"):
        DGCNN(5, inputs=-1)
