"""Points get the values of their cells, or what lies between cells; gradients reach features."""

import pytest
import torch
from torch import nn

from geomdl.errors import GeometryError
from geomdl.nn.on_voxels import OnVoxels
from geomdl.nn.sparse_field import SparseField


class Times(nn.Module):
    """Values times a learned number."""

    def __init__(self) -> None:
        super().__init__()
        self.factor = nn.Parameter(torch.tensor(2.0))

    def forward(self, x: SparseField) -> SparseField:
        return x.on(self.factor * x.values)


POINTS = torch.tensor([[-0.1, 0, 0], [0.1, 0, 0], [0.3, 0, 0], [0.1, 0, 0], [0.7, 0, 0]])
OFFSETS = torch.tensor([0, 3, 5])


def test_points_of_a_cell_share_the_mean_and_items_do_not_mix() -> None:
    features = torch.tensor([[1.0], [2], [4], [8], [16]], requires_grad=True)
    values = OnVoxels(Times(), 0.5, inputs=1)(POINTS, OFFSETS, features)
    assert values[:, 0].tolist() == [2, 6, 6, 16, 32]
    values[1].sum().backward()
    assert features.grad is not None
    assert features.grad[:, 0].tolist() == [0, 1, 1, 0, 0]


def test_cells_hold_one_without_features_and_smooth_values_lie_between() -> None:
    assert OnVoxels(Times(), 0.5, inputs=0)(POINTS, OFFSETS)[:, 0].tolist() == [2] * 5
    line = torch.tensor([[0.25, 0.25, 0.25], [0.75, 0.25, 0.25], [0.5, 0.25, 0.25]])
    features = torch.tensor([[1.0], [2], [4]])
    smooth = OnVoxels(Times(), 0.5, inputs=1, smooth=True)
    # cells hold 1 and (2 + 4) / 2; the middle point is half way between their centres
    found = smooth(line, torch.tensor([0, 3]), features)
    assert found[:, 0].tolist() == pytest.approx([2, 6, 4])


def test_a_fourth_axis_is_time() -> None:
    same = torch.tensor([[0.1, 0, 0, 0.0], [0.1, 0, 0, 0.6]])
    features = torch.tensor([[1.0], [3]])
    values = OnVoxels(Times(), 0.5, inputs=1)(same, torch.tensor([0, 2]), features)
    assert values[:, 0].tolist() == [2, 6]


def test_refusals() -> None:
    with pytest.raises(GeometryError, match="cell"):
        OnVoxels(Times(), 0.0)
    with pytest.raises(GeometryError, match="features"):
        OnVoxels(Times(), 0.5, inputs=2)(POINTS, OFFSETS, torch.ones(5, 1))
