"""OnVoxels: a network on sparse voxels as a network on points."""

from fractions import Fraction

from torch import Tensor, nn

from geomdl.errors import expect_number
from geomdl.nn.packed import expect_packed
from geomdl.nn.sites import Sites
from geomdl.nn.sparse_field import SparseField
from geomdl.nn.sparse_interpolate import at_points
from geomdl.ops.voxelize import voxelize

_ONE = Fraction(1)


class OnVoxels(nn.Module):
    """Points (N, D) m, offsets (B+1,), features (N, inputs) -> values (N, classes) of the points.

    The occupied cells of `cell` metres hold the means of their points' features, the network gives
    values at the cells, and each point gets those of its cell, or with `smooth` what lies between
    the cells around it. inputs 0: a cell holds 1. A fourth axis is time, in units of which one step
    is `cell`.
    """

    def __init__(
        self, network: nn.Module, cell: float, *, inputs: int = 3, smooth: bool = False
    ) -> None:
        super().__init__()
        expect_number("cell", cell, above=0)
        self.network, self.cell, self.inputs, self.smooth = network, cell, inputs, smooth

    def forward(self, points: Tensor, offsets: Tensor, features: Tensor | None = None) -> Tensor:
        expect_packed(points[:, :3], offsets, features, self.inputs)
        seen = points.new_ones(len(points), 1) if features is None else features
        grid = voxelize(points, self.cell, features=seen, offsets=offsets)
        assert grid.features is not None
        sites = Sites(grid.cells, grid.offsets, (_ONE,) * points.shape[1])
        found: SparseField = self.network(SparseField(grid.features, sites))
        if not self.smooth:
            return found.values[grid.inverse]
        return at_points(found, (points - grid.origin) / self.cell, offsets)
