"""PointNet++: published sizes, order of the points, items of a batch."""

import itertools

import pytest
import torch
from torch import Tensor

from geomdl.errors import GeometryError
from geomdl.models.pointnet2 import (
    MSG,
    PARTS_MSG,
    SCENE_MSG,
    SSG,
    PointNet2,
    PointNet2MRG,
    PointNet2Parts,
    PointNet2Segmenter,
)
from geomdl.nn.set_abstraction import Scale
from tests.geomdl.nn.clouds import batch
from tests.oracles.golden import count, fill, without_gradient


@pytest.mark.parametrize(
    ("make", "parameters"),
    [
        (lambda: PointNet2(levels=SSG), 1_475_688),  # "1.48 M" wherever it is quoted
        (lambda: PointNet2(levels=MSG, inputs=3), 1_747_848),  # "1.74 M"
        (PointNet2MRG, 2_020_968),
        (PointNet2Parts, 1_411_250),
        (lambda: PointNet2Parts(levels=PARTS_MSG, inputs=3), 1_741_822),
        (PointNet2Segmenter, 968_269),
        (lambda: PointNet2Segmenter(levels=SCENE_MSG), 1_883_269),
    ],
)
def test_parameters_are_the_published_ones(make, parameters: int) -> None:
    with torch.device("meta"):
        net = make()
    assert count(net) == parameters


def layers(*sizes: int) -> int:
    return sum(n * m + 3 * m for n, m in itertools.pairwise(sizes))


def test_ssg_counted_by_hand() -> None:
    with torch.device("meta"):
        net = PointNet2(40)
    levels = layers(3, 64, 64, 128) + layers(131, 128, 128, 256) + layers(259, 256, 512, 1024)
    assert count(net) == levels + layers(1024, 512, 256) + 257 * 40


LEVELS = (
    (16, (Scale(0.6, 40, (8, 12)), Scale(0.9, 40, (8, 6)))),
    (6, (Scale(1.2, 16, (12, 16)),)),
)
SCENE = (*LEVELS, (4, (Scale(1.5, 8, (16,)),)), (2, (Scale(2.0, 4, (16,)),)))


def clouds(channels: int = 0) -> tuple[Tensor, Tensor, Tensor]:
    points, offsets, features = batch(40, 25, channels=channels)
    return points.float(), offsets, features.float()


@torch.no_grad()
def test_order_does_not_matter_behind_the_first_point() -> None:
    points, offsets, features = clouds(2)
    rest = [low + 1 + torch.randperm(high - low - 1) for low, high in ((0, 40), (40, 65))]
    order = torch.cat([torch.tensor([0]), rest[0], torch.tensor([40]), rest[1]])
    net = fill(PointNet2(5, inputs=2, levels=LEVELS))
    found = net(points, offsets, features)
    torch.testing.assert_close(net(points[order], offsets, features[order]), found)
    assert float((found[0] - found[1]).abs().max()) > 1e-3
    segmenter = fill(PointNet2Segmenter(4, inputs=2, levels=SCENE))
    found = segmenter(points, offsets, features)
    torch.testing.assert_close(segmenter(points[order], offsets, features[order]), found[order])


@torch.no_grad()
def test_items_do_not_see_each_other_in_evaluation() -> None:
    points, offsets, _ = clouds()
    net = fill(PointNet2Parts(4, levels=LEVELS))
    found = net(points, offsets, torch.tensor([3, 1]))
    alone = net(points[40:], torch.tensor([0, 25]), torch.tensor([1]))
    torch.testing.assert_close(found[40:], alone)
    other = net(points, offsets, torch.tensor([3, 2]))
    torch.testing.assert_close(other[:40], found[:40])
    assert not torch.allclose(other[40:], found[40:])


def test_every_parameter_learns() -> None:
    points, offsets, features = clouds(2)
    for net, rest in (
        (PointNet2(5, inputs=2, levels=LEVELS), (features,)),
        (PointNet2Parts(4, levels=LEVELS), (torch.tensor([3, 1]),)),
        (PointNet2Segmenter(4, inputs=2, levels=SCENE, positions=False), (features,)),
    ):
        assert not [
            n for n in without_gradient(fill(net), points, offsets, *rest) if "bias" not in n
        ]


def test_multi_resolution_sees_raw_regions_and_all_points() -> None:
    points = torch.nn.functional.normalize(torch.randn(600, 3), dim=1)
    net = fill(PointNet2MRG(3))
    whole = net(points, torch.tensor([0, 600]))
    assert whole.shape == (1, 3)
    for branch in (net.raw, net.all):
        kept = {name: value.clone() for name, value in branch.state_dict().items()}
        with torch.no_grad():
            for p in branch.parameters():
                p.zero_()
        assert not torch.allclose(net(points, torch.tensor([0, 600])), whole)
        branch.load_state_dict(kept)


def test_small_items_are_named() -> None:
    points, offsets, _ = clouds()
    with pytest.raises(GeometryError, match="points: expected at least 512 in every cloud"):
        PointNet2(3)(points, offsets)


def test_levels_are_as_many_as_the_network_has() -> None:
    for make, wanted in (
        (lambda: PointNet2(levels=()), "one or more levels"),
        (lambda: PointNet2(levels="MSG"), "one or more levels"),
        (lambda: PointNet2(levels=LEVELS[::-1]), "ever fewer centres, got "),
        (lambda: PointNet2Segmenter(levels=SSG), "4 levels"),
        (lambda: PointNet2Parts(levels=SCENE_MSG), "2 levels"),
    ):
        with pytest.raises(GeometryError, match=f"levels: expected .*{wanted}"):
            make()
    with pytest.raises(GeometryError, match="inputs: expected a whole number >= 0, got -1"):
        PointNet2(inputs=-1)
