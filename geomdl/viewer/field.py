"""One view of all grids, dense and sparse: what is solid, with which numbers and colours."""

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from geomdl.errors import GeometryError
from geomdl.ops.isosurface import isosurface, isosurface_blocks
from geomdl.ops.keys import build_table, look_up, morton_cells, morton_keys, unique_keys
from geomdl.structures import Mesh, SparseVoxels, VoxelGrid
from geomdl.structures.voxels import SURFACE, UNKNOWN
from geomdl.viewer.cells import exposed, exposed_sites, squares
from geomdl.viewer.paint import limits_of

CONTINUOUS = ("sdf", "tsdf", "distance")
TERNARY_NAMES = {0: "empty", 1: "surface", 2: "unknown"}
_SIDE = 8  # of the blocks of isosurface_blocks


@dataclass(frozen=True, eq=False)
class Field:
    """A grid of a kind ('sparse' for SparseVoxels) with origin (3,) and cell in metres.

    Dense: shown (X, Y, Z) bool, the cells to draw; smooth (X, Y, Z), solid where below
    smooth_level; known (X, Y, Z) bool where something was seen. Sparse: sites (N, 3).
    numbers (T,) floats or labels and colors (T, 3), for all cells in flat order or all sites, are
    None where they say nothing.
    """

    kind: str
    origin: Tensor
    cell: float
    shown: Tensor | None = None
    smooth: Tensor | None = None
    smooth_level: float = 0.0
    known: Tensor | None = None
    sites: Tensor | None = None
    numbers: Tensor | None = None
    colors: Tensor | None = None

    @property
    def shape(self) -> torch.Size:
        """Cells along x, y, z."""
        if self.shown is not None:
            return self.shown.shape
        assert self.sites is not None
        return torch.Size((self.sites.amax(0) + 1).tolist() if len(self.sites) else (1, 1, 1))

    @cached_property
    def limits(self) -> tuple[float, float]:
        """The ends of the ramp for the numbers; with 0 in the middle where they have a sign."""
        if self.numbers is None or not self.numbers.is_floating_point():
            return 0.0, 1.0
        if self.kind == "tsdf":
            return -1.0, 1.0
        low, high = limits_of([self.numbers])
        most = max(abs(low), abs(high))
        return (-most, most) if self.kind == "sdf" else (low, high)

    def world(self, points: Tensor) -> Tensor:
        """Grid coordinates (..., 3) -> metres."""
        return self.origin + points * self.cell

    def rows(self, cells: Tensor) -> Tensor:
        """Cells (M, 3) of a dense grid -> their places (M,) in numbers and colours."""
        _, y, z = self.shape
        return (cells[:, 0] * y + cells[:, 1]) * z + cells[:, 2]


def field_of(grid: VoxelGrid | SparseVoxels, level: float | None, labels: bool) -> Field:
    """A grid -> Field. level: of the isosurface, in the grid's own numbers, by default what suits.

    labels: whole numbers of SparseVoxels are labels. Four channels are colour and alpha of an
    occupancy, else the values and their colour. Raises GeometryError for a sparse one that is not
    of 3 axes.
    """
    if isinstance(grid, SparseVoxels):
        return _sparse(grid, labels)
    values = grid.values.detach().cpu()
    colors: Tensor | None = None
    if values.ndim == 4:
        if len(values) == 4:
            tint = values[:3] if grid.kind == "occupancy" else values[1:]
            colors = tint.float().clamp(0, 1).flatten(1).T
        values = values[3] if len(values) == 4 and grid.kind == "occupancy" else values[0]
    origin, cell = grid.origin.detach().cpu().float(), float(grid.cell)
    known = None if grid.weights is None else grid.weights.cpu() > 0
    if grid.kind in CONTINUOUS:
        plain = 0.87 * cell if grid.kind == "distance" else 0.0  # half the diagonal of a cell
        at = plain if level is None else level
        smooth = values.float().contiguous()
        shown = smooth <= at
        if known is not None:
            shown &= known
        return Field(
            grid.kind, origin, cell, shown, smooth, at, known,
            numbers=smooth.flatten(), colors=colors,
        )  # fmt: skip
    if grid.kind == "ternary":
        shown = values == SURFACE
        numbers = values.flatten().long() if bool((values == UNKNOWN).any()) else None
        return Field("ternary", origin, cell, shown, -shown.float(), -0.5, numbers=numbers)
    at = 0.5 if level is None else level
    shown = values.float() >= at if level is not None or values.is_floating_point() else values != 0
    binary = not values.is_floating_point() or bool(((values == 0) | (values == 1)).all())
    numbers = None if binary else values.float().flatten()
    smooth = -values.float().contiguous()
    return Field(
        "occupancy", origin, cell, shown, smooth, -at, numbers=numbers, colors=colors
    )  # fmt: skip


def _sparse(grid: SparseVoxels, labels: bool) -> Field:
    if grid.coordinates.shape[1] != 3:
        axes = grid.coordinates.shape[1]
        raise GeometryError(f"grid: expected voxels of 3 axes, got {axes}")
    features = grid.features.detach().cpu().float()
    numbers = colors = None
    if features.shape[1] in (3, 4) and len(features):
        tint = features[:, :3]
        colors = tint if float(tint.min()) >= 0 and float(tint.max()) <= 1 else None
    elif features.shape[1] == 1 and len(features) and bool((features != features[0]).any()):
        numbers = features[:, 0]
        if labels and bool((numbers == numbers.round()).all()):
            numbers = numbers.long()
    sites = grid.coordinates.cpu().long()
    cell = float(grid.stride)
    return Field("sparse", torch.zeros(3), cell, sites=sites, numbers=numbers, colors=colors)


def cell_mesh(field: Field) -> Mesh:
    """The sides of the shown cells that one can see; vertices carry colours and 'value'."""
    if field.sites is not None:
        rows, sides = exposed_sites(field.sites)
        cells = field.sites[rows]
    else:
        assert field.shown is not None
        cells, sides = exposed(field.shown)
        rows = field.rows(cells)
    corners, normals, faces = squares(cells, sides)
    attributes, colors = {}, None
    if field.numbers is not None:
        attributes["value"] = field.numbers[rows].repeat_interleave(4)
    if field.colors is not None:
        colors = field.colors[rows].repeat_interleave(4, 0)
    return Mesh(field.world(corners), faces, normals, colors, attributes=attributes)


def level_mesh(field: Field) -> Mesh:
    """The isosurface, closed where a solid touches the border; it looks out of what is solid."""
    if field.sites is not None:
        return Mesh(*_blocks_surface(field.sites, field.origin, field.cell))
    assert field.smooth is not None
    values, known, origin = field.smooth, field.known, field.origin
    colors = None
    if field.colors is not None:
        colors = field.colors.T.reshape(3, *values.shape)
    if field.kind not in CONTINUOUS:
        values = torch.nn.functional.pad(values, (1,) * 6)
        colors = None if colors is None else torch.nn.functional.pad(colors, (1,) * 6)
        origin = origin - field.cell
    made = isosurface(values, field.smooth_level, origin, field.cell, known, colors)
    attributes = {}
    if field.numbers is not None and field.numbers.is_floating_point():
        level = field.smooth_level if field.kind in CONTINUOUS else -field.smooth_level
        attributes["value"] = torch.full((len(made[0]),), level)
    tint = made[2].clamp(0, 1) if len(made) == 3 else None
    return Mesh(made[0], made[1], colors=tint, attributes=attributes)


def _blocks_surface(sites: Tensor, origin: Tensor, cell: float) -> tuple[Tensor, Tensor]:
    """The isosurface around sites (N, 3), halfway to their empty neighbours."""
    home = morton_keys(sites // _SIDE + 1)
    own = morton_cells(unique_keys(home)[0], 3)
    around = torch.cartesian_prod(*[torch.arange(-1, 2)] * 3)
    keys = unique_keys(morton_keys((own[:, None] + around).reshape(-1, 3)))[0]
    blocks = morton_cells(keys, 3)
    values = torch.zeros(len(blocks), _SIDE, _SIDE, _SIDE)
    x, y, z = (sites % _SIDE).unbind(1)
    values[look_up(build_table(keys), home), x, y, z] = -1.0
    start = origin - _SIDE * cell
    made = isosurface_blocks(
        blocks.int(), values, torch.ones_like(values), 0.0, -0.5, start, cell
    )  # fmt: skip
    return made[0], made[1]
