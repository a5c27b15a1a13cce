"""SparseField: what flows through a network on sparse voxels, and the doors in and out."""

import dataclasses
from collections.abc import Sequence
from fractions import Fraction

import torch
from torch import Tensor

from geomdl.errors import GeometryError, describe, expect_tensor
from geomdl.nn.sites import Sites
from geomdl.ops.keys import morton_keys
from geomdl.structures import SparseVoxels
from geomdl.structures.tensors import expect_extent


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class SparseField:
    """Values (N, C) at N sites."""

    values: Tensor
    sites: Sites

    def on(self, values: Tensor) -> "SparseField":
        """Other values (N, C') at the same sites. Raises GeometryError for another N."""
        if len(values) != len(self.sites):
            raise GeometryError(
                f"values: expected {len(self.sites)} rows, one per site, got {describe(values)}"
            )
        return SparseField(values, self.sites)

    def __repr__(self) -> str:
        kind = str(self.values.dtype).removeprefix("torch.")
        return f"SparseField({self.values.shape[1]} channels {kind}, {self.sites!r})"


def field_of(voxels: SparseVoxels, extent: Sequence[int] | None = None) -> SparseField:
    """SparseVoxels -> SparseField. extent: cells per axis, where the grid has an end.

    Raises GeometryError where a site lies outside `extent`.
    """
    axes = voxels.coordinates.shape[1]
    whole = None if extent is None else expect_extent("extent", extent, axes)
    if whole is not None:
        expect_inside(voxels.coordinates, whole)
    stride = (Fraction(voxels.stride),) * axes
    return SparseField(voxels.features, Sites(voxels.coordinates, voxels.offsets, stride, whole))


def voxels_of(field: SparseField) -> SparseVoxels:
    """SparseField -> SparseVoxels. Raises GeometryError where its stride is no one integer."""
    stride = set(field.sites.stride)
    if len(stride) > 1 or next(iter(stride)).denominator != 1:
        steps = ", ".join(map(str, field.sites.stride))
        raise GeometryError(f"field: expected one integer stride for all axes, got ({steps})")
    return SparseVoxels(
        field.sites.coordinates, field.values, int(stride.pop()), field.sites.offsets
    )


def from_dense(grid: Tensor, active: Tensor | None = None) -> SparseField:
    """Grid (B, C, *S), active (B, *S) bool, or None for all -> the field of the active cells.

    The field knows the extent *S; values are differentiable in `grid`. Raises GeometryError.
    """
    axes = expect_tensor("grid", grid, "*S").ndim - 2
    if not 1 <= axes <= 4:
        raise GeometryError(f"grid: expected (B, C, *S) of 1 to 4 axes, got {describe(grid)}")
    if active is None:
        active = torch.ones_like(grid[:, 0], dtype=torch.bool)
    expect_tensor("active", active, "*S", dtypes="bool", like=grid)
    if active.shape != (len(grid), *grid.shape[2:]):
        raise GeometryError(
            f"active: expected {(len(grid), *grid.shape[2:])}, got {describe(active)}"
        )
    places = [own.nonzero() for own in active]
    order = [morton_keys(cells).argsort() for cells in places]
    cells = torch.cat([own[rows] for own, rows in zip(places, order, strict=True)])
    counts = torch.tensor([0, *map(len, places)], device=grid.device)
    stride = (Fraction(1),) * axes
    sites = Sites(cells.int(), counts.cumsum(0), stride, tuple(grid.shape[2:]))
    return SparseField(grid.movedim(1, -1)[(sites.items, *cells.unbind(1))], sites)


def to_dense(field: SparseField, extent: Sequence[int] | None = None) -> Tensor:
    """Field -> grid (B, C, *extent), zero where there is no site, differentiable.

    extent: the field's own where it knows one. Raises GeometryError where sites lie outside.
    """
    whole = field.sites.extent if extent is None else extent
    if whole is None:
        raise GeometryError("extent: this field knows none, so it must be given")
    whole = expect_extent("extent", whole, field.sites.axes)
    cells = field.sites.coordinates.long()
    expect_inside(cells, whole)
    grid = field.values.new_zeros(len(field.sites.counts), *whole, field.values.shape[1])
    return grid.index_put((field.sites.items, *cells.unbind(1)), field.values).movedim(-1, 1)


def expect_field(name: str, x: object) -> SparseField:
    """The field x. Raises GeometryError where it is none, and says how to make one."""
    if not isinstance(x, SparseField):
        hint = "; SparseSpace.field(voxels) makes one" if isinstance(x, SparseVoxels) else ""
        raise GeometryError(f"{name}: expected a SparseField, got {describe(x)}{hint}")
    return x


def expect_inside(cells: Tensor, extent: tuple[int, ...]) -> None:
    """Cells (N, D) within 0 .. extent - 1. Raises GeometryError."""
    if bool((cells >= cells.new_tensor(extent)).any()):
        raise GeometryError(
            f"extent: {extent} does not hold all sites, up to {cells.amax(0).tolist()}"
        )
