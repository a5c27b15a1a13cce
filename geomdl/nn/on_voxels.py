"""OnVoxels: a network of sparse fields as a network of points."""

from fractions import Fraction

from torch import Tensor, nn

from geomdl.errors import GeometryError, expect_number, expect_offsets, expect_tensor
from geomdl.nn.sites import Sites
from geomdl.nn.sparse_field import SparseField
from geomdl.nn.sparse_interpolate import at_points
from geomdl.ops.neighbors import take_rows
from geomdl.ops.voxelize import Voxels, voxelize


class OnVoxels(nn.Module):
    """Points (N, D) m, offsets (B+1,), features (N, C) or None -> what the network says of each.

    Points are sorted into cells of `cell` metres, each with the mean of its points' features (1
    where there are none). A fourth axis is time, one step of which is `cell`. network(field) gives
    a field, and every point gets its values: those of its cell, or with `linear` interpolated
    between cells; or a tensor (B, ...), given on as it is.
    """

    def __init__(self, network: nn.Module, cell: float, *, linear: bool = False) -> None:
        super().__init__()
        self.network, self.linear = network, linear
        self.cell = expect_number("cell", cell, above=0.0)

    def forward(
        self, points: Tensor, offsets: Tensor | None = None, features: Tensor | None = None
    ) -> Tensor:
        offsets = expect_offsets("offsets", offsets, len(points), points)
        field, voxels = voxel_field(points, offsets, features, self.cell)
        out = self.network(field)
        if not isinstance(out, SparseField):
            return out
        if self.linear:
            places = (points - voxels.origin) / self.cell
            return at_points(out, places.to(out.values.dtype), offsets)
        if not out.sites.same(field.sites):
            raise GeometryError(f"network: expected values at {field.sites!r}, got {out!r}")
        return take_rows(out.values, voxels.inverse)

    def extra_repr(self) -> str:
        return f"cell={self.cell}, linear={self.linear}"


def voxel_field(
    points: Tensor, offsets: Tensor, features: Tensor | None, cell: float
) -> tuple[SparseField, Voxels]:
    """Points (N, D) m, offsets (B+1,), features (N, C) or None -> their field, and its voxels.

    Values are means of features, 1 without any. Raises GeometryError.
    """
    expect_tensor("points", points, "N D", dtypes="float", finite=True)
    if features is None:
        features = points.new_ones(len(points), 1)
    voxels = voxelize(points, cell, None, features, offsets)
    assert voxels.features is not None
    sites = Sites(voxels.cells, voxels.offsets, (Fraction(1),) * points.shape[1])
    return SparseField(voxels.features, sites), voxels
