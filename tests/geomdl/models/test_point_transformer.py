"""Point Transformer: published size, order and place of the points, items of any size."""

import itertools

import pytest
import torch
from torch import Tensor

from geomdl.errors import GeometryError
from geomdl.models.point_transformer import (
    PointTransformer,
    PointTransformerEncoder,
    PointTransformerSegmenter,
)
from tests.geomdl.nn.clouds import batch
from tests.oracles.golden import count, fill, without_gradient


def attention(c: int) -> int:
    place = 12 + 6 + 4 * c
    weigh = 2 * c + (c + 1) * c // 8 + 2 * (c // 8) + (c // 8 + 1) * c // 8
    return 3 * (c + 1) * c + place + weigh


def block(c: int) -> int:
    return 2 * c * c + 6 * c + attention(c)


def test_parameters_are_the_published_ones() -> None:
    with torch.device("meta"):
        scene, cls = PointTransformerSegmenter(), PointTransformer()
    widths, blocks = (32, 64, 128, 256, 512), (1, 2, 3, 5, 2)
    body = sum(n * block(c) for n, c in zip(blocks, widths, strict=True)) + 6 * 32 + 64
    body += sum((3 + n) * m + 2 * m for n, m in itertools.pairwise(widths))
    up = sum(m * m + n * m + 6 * m for m, n in itertools.pairwise(widths))
    top = 513 * 512 + 1024 * 512 + 3 * 512
    head = 33 * 32 + 2 * 32 + 33 * 13
    assert count(scene) == body + up + top + sum(map(block, widths)) + head == 7_767_729
    assert count(cls) == 5_073_266


def small(inputs: int) -> PointTransformerEncoder:
    return PointTransformerEncoder(
        inputs, widths=(16, 24, 32), blocks=(1, 1, 1), neighbors=(6, 6, 6)
    )


def clouds() -> tuple[Tensor, Tensor, Tensor]:
    points, offsets, features = batch(60, 22, 1, channels=2)
    return points.float(), offsets, features.float()


@torch.no_grad()
def test_order_does_not_matter_behind_the_first_point() -> None:
    """Items of 60, 22 and 1 points; the coarsest stage has 3, 1 and 1 of them."""
    points, offsets, features = clouds()
    rest = [1 + torch.randperm(59), 61 + torch.randperm(21)]
    first, second, third = (torch.tensor([i]) for i in (0, 60, 82))
    order = torch.cat([first, rest[0], second, rest[1], third])
    net = fill(PointTransformer(5, encoder=small(2)))
    found = net(points, offsets, features)
    close = {"atol": 1e-4, "rtol": 1e-4}
    torch.testing.assert_close(net(points[order], offsets, features[order]), found, **close)
    net = fill(PointTransformerSegmenter(5, encoder=small(2)))
    found = net(points, offsets, features)
    torch.testing.assert_close(net(points[order], offsets, features[order]), found[order], **close)
    alone = net(points[60:82], torch.tensor([0, 22]), features[60:82])
    torch.testing.assert_close(found[60:82], alone, **close)


def test_every_parameter_learns() -> None:
    points, offsets, features = clouds()
    for net in (
        PointTransformer(5, encoder=small(2)),
        PointTransformerSegmenter(5, encoder=small(2)),
    ):
        missing = without_gradient(fill(net), points, offsets, features)
        # a bias before a softmax over neighbours, or before a batch norm, changes nothing
        assert not [n for n in missing if "bias" not in n]


def test_autocast_is_close() -> None:
    points, offsets, features = clouds()
    for net in (
        PointTransformer(5, encoder=small(2)),
        PointTransformerSegmenter(5, encoder=small(2)),
    ):
        wanted = fill(net).eval()(points, offsets, features)
        with torch.autocast("cpu", torch.bfloat16):
            found = net(points, offsets, features)
        assert found.dtype == torch.bfloat16
        apart = (found.float() - wanted).abs().mean() / wanted.abs().mean()
        assert apart.item() < 0.1
        found.float().sum().backward()


def test_stages_are_quarters() -> None:
    points, offsets, features = clouds()
    stages = small(2)(points, offsets, features)
    assert [s.offsets.diff().tolist() for s in stages] == [[60, 22, 1], [15, 5, 1], [3, 1, 1]]
    assert [tuple(s.near.shape) for s in stages] == [(83, 6), (21, 6), (5, 6)]


def test_unequal_lists_are_named() -> None:
    with pytest.raises(GeometryError, match="widths, blocks, neighbors"):
        PointTransformerEncoder(blocks=(1, 1))
    with pytest.raises(GeometryError, match="widths, blocks, neighbors"):
        PointTransformerEncoder(widths=(), blocks=(), neighbors=())
    with pytest.raises(GeometryError, match="neighbors: expected a whole number >= 1, got 0"):
        PointTransformerEncoder(widths=(8,), blocks=(1,), neighbors=(0,))
