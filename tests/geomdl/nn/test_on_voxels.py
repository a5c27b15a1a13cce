import pytest
import torch
from torch import nn

from geomdl.errors import GeometryError
from geomdl.models.minkunet import MinkUNet
from geomdl.nn.on_voxels import OnVoxels, voxel_field
from geomdl.nn.sparse_space import SparseSpace


def cloud(count=200, seed=0):
    generator = torch.Generator().manual_seed(seed)
    points = torch.rand(count, 3, generator=generator) * torch.tensor([1.0, 2, 0.5]) - 0.3
    features = torch.randn(count, 4, generator=generator)
    return points, torch.tensor([0, count // 4, count // 4, count]), features


class Same(nn.Module):
    def forward(self, field):
        return field


class Halved(nn.Module):
    def forward(self, field):
        return SparseSpace(3).pool(field, 2, kind="mean")


class Counted(nn.Module):
    def forward(self, field):
        return SparseSpace(3).reduce(field, "sum")


def test_every_point_gets_the_mean_of_its_cell():
    points, offsets, features = cloud()
    found = OnVoxels(Same(), 0.25)(points, offsets, features)
    items = torch.bucketize(torch.arange(len(points)), offsets[1:], right=True)
    cells = [(int(b), *c) for b, c in zip(items, (points / 0.25).floor().tolist(), strict=True)]
    for row, cell in enumerate(cells):
        mates = torch.tensor([other == cell for other in cells])
        torch.testing.assert_close(found[row], features[mates].mean(0))


def test_without_features_a_cell_is_a_one():
    points, offsets, _ = cloud()
    field, voxels = voxel_field(points, offsets, None, 0.25)
    assert torch.equal(field.values, torch.ones(len(voxels.cells), 1))
    counts = OnVoxels(Counted(), 0.25)(points, offsets)  # (B, 1) of the cells of each item
    assert counts[:, 0].tolist() == field.sites.counts
    assert field.sites.counts[1] == 0


def test_linear_reads_coarser_fields_between_their_centres():
    centres = (torch.cartesian_prod(*[torch.arange(8)] * 3) + 0.5) * 0.5
    slope = centres @ torch.tensor([1.0, -2, 0.5])
    model = OnVoxels(Halved(), 0.5, linear=True)
    found = model(centres, None, slope[:, None])[:, 0]
    inner = ((centres > 0.5) & (centres < 3.5)).all(1)
    torch.testing.assert_close(found[inner], slope[inner])
    with pytest.raises(GeometryError, match="network: expected values at Sites"):
        OnVoxels(Halved(), 0.5)(centres, None, slope[:, None])


def test_a_fourth_axis_is_time():
    same = torch.tensor([[0.1, 0, 0, 0.0], [0.1, 0, 0, 0.6]])
    features = torch.tensor([[1.0], [3]])
    assert OnVoxels(Same(), 0.5)(same, None, features)[:, 0].tolist() == [1, 3]
    assert OnVoxels(Same(), 0.5)(same[:, :3], None, features)[:, 0].tolist() == [2, 2]


def test_a_network_of_voxels_is_one_of_points():
    torch.manual_seed(0)
    points, offsets, features = cloud()
    net = MinkUNet((1,) * 8, (4,) * 8, classes=3, inputs=4, width=4, stem=3).eval()
    model = OnVoxels(net, 0.1)
    logits = model(points, offsets, features)
    assert logits.shape == (200, 3)
    order = torch.cat([torch.randperm(50), 50 + torch.randperm(150)])
    torch.testing.assert_close(model(points[order], offsets, features[order]), logits[order])
    # Whole cells further on, at the total stride of the network, nothing changes.
    moved = points + 1.6 * torch.tensor([1.0, -2, 3])
    torch.testing.assert_close(model(moved, offsets, features), logits, rtol=1e-3, atol=1e-3)
    logits.square().sum().backward()
    assert all(value.grad is not None for value in model.parameters())


def test_bad_arguments_are_named():
    with pytest.raises(GeometryError, match="cell: expected more than 0"):
        OnVoxels(Same(), 0.0)
    with pytest.raises(GeometryError, match="points: expected shape"):
        OnVoxels(Same(), 0.1)(torch.zeros(3))
