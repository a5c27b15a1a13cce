"""Points and meshes to voxels, and reading a grid back at points.

Cells are counted from `origin`, the corner of cell 0; cell i of an axis covers origin + i cell
up to, but without, origin + (i + 1) cell.
"""

from collections.abc import Sequence
from typing import NamedTuple, Optional

import torch
from torch import Tensor

from geomdl.errors import GeometryError, expect_faces, expect_number, expect_offsets, expect_tensor
from geomdl.ops.dispatch import op
from geomdl.ops.keys import BITS, morton_keys, unique_keys


class Voxels(NamedTuple):
    """Occupied cells: the result of `voxelize`.

    cells (V, D) int32, sorted by item, then Morton key; inverse (N,) int64, voxel of each point;
    first (V,) int64, the lowest point in each; counts (V,) int64; offsets (B+1,) int64 of the
    voxels; origin (D,), the corner of cell 0; features (V, C) or None.
    """

    cells: Tensor
    inverse: Tensor
    first: Tensor
    counts: Tensor
    offsets: Tensor
    origin: Tensor
    features: Optional[Tensor]


def voxelize(
    points: Tensor,
    cell: float,
    origin: Optional[Tensor] = None,
    features: Optional[Tensor] = None,
    offsets: Optional[Tensor] = None,
    reduce: str = "mean",
) -> Voxels:
    """Points (N, D) m, D 1 to 4, features (N, C), offsets (B+1,) -> Voxels, one per occupied cell.

    Without `origin` it is the largest multiple of the cell at or below all points, so that cells
    are non-negative and grids of the same cell size line up. `reduce` is "mean", "sum", "max" or
    "first" (the lowest point); features are differentiable. Raises GeometryError, also where the
    cells of all items do not fit a 63-bit key.
    """
    expect_tensor("points", points, "N D", dtypes="float", finite=True)
    expect_number("cell", cell, above=0.0)
    if points.shape[1] not in BITS:
        raise GeometryError(f"points: expected 1 to 4 columns, got {points.shape[1]}")
    item_starts = expect_offsets("offsets", offsets, len(points), points)
    spots = points.detach().double()  # so that no point falls below the origin by rounding
    if origin is None:
        low = spots.amin(0) if len(spots) else spots.new_zeros(spots.shape[1])
        base = torch.floor(low / cell)
        cells = torch.floor(spots / cell) - base
        corner = (base * cell).to(points.dtype)
    else:
        corner = expect_tensor("origin", origin, f"{points.shape[1]}", finite=True, like=points)
        cells = torch.floor((spots - corner.double()) / cell)
    if cells.numel() and float(cells.abs().max()) >= 2**31:
        raise GeometryError(f"cell: {cell} m is too small for points this far from the origin")
    cells = cells.long()
    lowest = cells.amin(0) if len(cells) else cells.new_zeros(cells.shape[1])
    keys = morton_keys(cells - lowest)
    keys = _with_items(keys, item_starts)
    _, index, first, counts = unique_keys(keys)
    items = torch.searchsorted(item_starts[1:], first, right=True)
    starts = torch.searchsorted(items, torch.arange(len(item_starts), device=points.device))
    reduced = None
    if features is not None:
        expect_tensor("features", features, f"{len(points)} C", dtypes="float", like=points)
        reduced = _reduce(features, index, first, counts, reduce)
    return Voxels(cells[first].int(), index, first, counts, starts, corner, reduced)


def _with_items(keys: Tensor, starts: Tensor) -> Tensor:
    """Keys that sort by item first."""
    items = len(starts) - 1
    if items <= 1 or len(keys) == 0:
        return keys
    bits = int(keys.max()).bit_length()
    if bits + (items - 1).bit_length() > 63:
        raise GeometryError(f"points: {items} items of {bits}-bit cells do not fit a 63-bit key")
    sizes = starts[1:] - starts[:-1]
    return keys | torch.repeat_interleave(torch.arange(items, device=keys.device), sizes) << bits


def _reduce(features: Tensor, index: Tensor, first: Tensor, counts: Tensor, kind: str) -> Tensor:
    if kind == "first":
        return features[first]
    if kind == "max":
        lowest = features.new_full((len(counts), features.shape[1]), float("-inf"))
        where = index[:, None].expand_as(features)
        return lowest.scatter_reduce(0, where, features, "amax")
    if kind not in ("mean", "sum"):
        raise GeometryError(f"reduce: expected 'mean', 'sum', 'max' or 'first', got {kind!r}")
    total = segment_sum(features, index, len(counts))
    return total if kind == "sum" else total / counts[:, None].to(features.dtype)


def segment_sum(values: Tensor, index: Tensor, count: int) -> Tensor:
    """Values (N, C), index (N,) of 0..count-1 -> sums (count, C), differentiable in values."""
    expect_tensor("values", values, "N C", dtypes="float")
    return values.new_zeros((count, values.shape[1])).index_add(0, index, values)


def point_counts(points: Tensor, cell: float, origin: Tensor, shape: Sequence[int]) -> Tensor:
    """Points (N, 3) -> counts (X, Y, Z) int64 of the points in each cell of a dense grid.

    Points outside the grid are left out; `point_counts(...) > 0` is the occupancy.
    """
    expect_tensor("points", points, "N 3", dtypes="float", finite=True)
    expect_number("cell", cell, above=0.0)
    x, y, z = _expect_shape(shape)
    cells = torch.floor((points.detach() - origin.to(points)) / cell).long()
    size = torch.tensor([x, y, z], device=points.device)
    inside = ((cells >= 0) & (cells < size)).all(-1)
    flat = cells[inside] @ torch.tensor([y * z, z, 1], device=points.device)
    return torch.bincount(flat, minlength=x * y * z).reshape(x, y, z)


def read_nearest(grid: Tensor, points: Tensor, origin: Tensor, cell: float) -> Tensor:
    """Grid (C, X, Y, Z), points (N, 3) -> values (N, C) of the nearest cell, clamped to the grid.

    Differentiable in the grid.
    """
    _check_read(grid, points, origin, cell)
    limit = torch.tensor(grid.shape[1:], device=grid.device) - 1
    cells = torch.floor((points.detach() - origin.to(points)) / cell).clamp(min=0)
    x, y, z = torch.minimum(cells.long(), limit).unbind(-1)
    return grid[:, x, y, z].T


def _expect_shape(shape: Sequence[int]) -> tuple[int, int, int]:
    if len(shape) != 3 or min(shape) < 1:
        raise GeometryError(f"shape: expected three positive numbers, got {tuple(shape)}")
    x, y, z = (int(n) for n in shape)
    return x, y, z


def voxelize_mesh(
    vertices: Tensor, faces: Tensor, cell: float, origin: Tensor, shape: Sequence[int]
) -> Tensor:
    """Vertices (V, 3) m, faces (F, 3), origin (3,) -> occupancy (X, Y, Z) bool of the surface.

    A cell is occupied where a triangle meets its closed box (separating axes, Akenine-Moller,
    "Fast 3D Triangle-Box Overlap Testing", 2001).
    """
    x, y, z = _expect_shape(shape)
    return surface_cells(vertices.float(), faces.long(), origin.to(vertices).float(), cell, x, y, z)


def _check_surface(
    vertices: Tensor, faces: Tensor, origin: Tensor, cell: float, x: int, y: int, z: int
) -> None:
    expect_tensor("vertices", vertices, "V 3", dtypes="float", finite=True)
    expect_faces("faces", faces, len(vertices))
    expect_tensor("origin", origin, "3", finite=True, like=vertices)
    expect_number("cell", cell, above=0.0)


@op(
    fake=lambda vertices, faces, origin, cell, x, y, z: vertices.new_empty(
        (x, y, z), dtype=torch.bool
    ),
    check=_check_surface,
)
def surface_cells(
    vertices: Tensor, faces: Tensor, origin: Tensor, cell: float, x: int, y: int, z: int
) -> Tensor:
    """Vertices (V, 3), faces (F, 3) -> bool (x, y, z), see `voxelize_mesh`."""
    grid = torch.zeros(x * y * z, dtype=torch.bool, device=vertices.device)
    size = torch.tensor([x, y, z], device=vertices.device)
    corners = (vertices[faces].double() - origin.double()) / cell  # (F, 3, 3), in cells
    low = (torch.ceil(corners.amin(1)) - 1).clamp(min=0).long()
    high = torch.minimum(torch.floor(corners.amax(1)).long(), size - 1)
    extent = (high - low + 1).clamp(min=0)
    counts = extent.prod(-1)
    for part in torch.split(torch.arange(len(faces), device=vertices.device), 4096):
        face = torch.repeat_interleave(part, counts[part])
        if len(face) == 0:
            continue
        nth = torch.arange(len(face), device=face.device)
        nth = nth - torch.repeat_interleave(counts[part].cumsum(0) - counts[part], counts[part])
        ey, ez = extent[face, 1], extent[face, 2]
        cells = low[face] + torch.stack([nth // (ey * ez), nth // ez % ey, nth % ez], -1)
        hit = _overlap(corners[face] - (cells[:, None] + 0.5))
        flat = cells[hit] @ torch.tensor([y * z, z, 1], device=cells.device)
        grid[flat] = True
    return grid.reshape(x, y, z)


def _overlap(triangle: Tensor) -> Tensor:
    """Triangles (N, 3, 3) against the box -0.5..0.5: no axis of the 13 separates them."""
    edges = triangle.roll(-1, 1) - triangle  # (N, 3, 3)
    normal = torch.linalg.cross(edges[:, 0], edges[:, 1])
    axes = [normal[:, None]]
    for unit in torch.eye(3, dtype=triangle.dtype, device=triangle.device):
        axes += [torch.linalg.cross(edges, unit.expand_as(edges)), unit.expand(len(edges), 1, 3)]
    axis = torch.cat(axes, 1)  # (N, 13, 3)
    along = axis @ triangle.transpose(1, 2)  # (N, 13, 3)
    reach = 0.5 * axis.abs().sum(-1) * (1 + 1e-12)
    return ((along.amin(-1) <= reach) & (along.amax(-1) >= -reach)).all(-1)


def _check_read(grid: Tensor, points: Tensor, origin: Tensor, cell: float) -> None:
    expect_tensor("grid", grid, "C X Y Z", dtypes="float")
    expect_tensor("points", points, "N 3", dtypes="float", finite=True, like=grid)
    expect_tensor("origin", origin, "3", finite=True, like=grid)
    expect_number("cell", cell, above=0.0)
    if grid.numel() == 0:
        raise GeometryError(f"grid: expected at least one cell, got {tuple(grid.shape)}")


def trilinear(grid: Tensor, points: Tensor, origin: Tensor, cell: float) -> Tensor:
    """Grid (C, X, Y, Z), points (N, 3) m, origin (3,) -> values (N, C) between cell centres.

    Differentiable in grid and points. Beyond the outermost centres the value is that of the
    nearest point between them (border padding), with no gradient along the clamped axes.
    """
    _check_read(grid, points, origin, cell)
    places = ((points - origin.to(points)) / cell - 0.5).to(grid.dtype)
    result: Tensor = _Trilinear.apply(grid, places)
    return result


class _Trilinear(torch.autograd.Function):
    @staticmethod
    def forward(ctx, grid: Tensor, places: Tensor) -> Tensor:
        ctx.save_for_backward(grid, places)
        return read_grid(grid, places)

    @staticmethod
    def backward(ctx, grad: Tensor):
        grid, places = ctx.saved_tensors
        to_grid, to_places = read_grid_backward(grid, places, grad)
        return to_grid, to_places


def _corners(grid: Tensor, places: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Flat cells (N, 8) around each place, shares (N, 2, 3) of low and high, free axes (N, 3)."""
    size = torch.tensor(grid.shape[1:], device=grid.device)
    limit = (size - 1).to(places.dtype)
    inside = torch.minimum(places.clamp(min=0), limit)
    free = (places > 0) & (places < limit)
    low = torch.minimum(torch.floor(inside).long(), (size - 2).clamp(min=0))
    share = inside - low
    bits = torch.tensor([[c >> 2, c >> 1 & 1, c & 1] for c in range(8)], device=grid.device)
    cells = torch.minimum(low[:, None] + bits, size - 1)
    flat = (cells[..., 0] * size[1] + cells[..., 1]) * size[2] + cells[..., 2]
    return flat, torch.stack([1 - share, share], 1), free


@op(
    fake=lambda grid, places: grid.new_empty((places.shape[0], grid.shape[0])),
    dtypes=(torch.float32, torch.float64),
)
def read_grid(grid: Tensor, places: Tensor) -> Tensor:
    """Grid (C, X, Y, Z), places (N, 3) in cells from the centre of cell 0 -> values (N, C)."""
    flat, share, _ = _corners(grid, places)
    values = grid.flatten(1)
    total = grid.new_zeros((grid.shape[0], len(places)))
    for c in range(8):
        weight = share[:, c >> 2, 0] * share[:, c >> 1 & 1, 1] * share[:, c & 1, 2]
        total += values[:, flat[:, c]] * weight
    return total.T.contiguous()


@op(
    fake=lambda grid, places, grad: (torch.empty_like(grid), torch.empty_like(places)),
    dtypes=(torch.float32, torch.float64),
)
def read_grid_backward(grid: Tensor, places: Tensor, grad: Tensor) -> tuple[Tensor, Tensor]:
    """Gradient (N, C) of `read_grid` -> gradients of grid (C, X, Y, Z) and places (N, 3)."""
    flat, share, free = _corners(grid, places)
    values = grid.flatten(1)
    to_grid = torch.zeros_like(values)
    to_places = torch.zeros_like(places)
    for c in range(8):
        bits = (c >> 2, c >> 1 & 1, c & 1)
        x, y, z = (share[:, bit, axis] for axis, bit in enumerate(bits))
        to_grid.index_add_(1, flat[:, c], grad.T * (x * y * z))
        pull = (values[:, flat[:, c]].T * grad).sum(1)
        for axis, rest in enumerate((y * z, x * z, x * y)):
            to_places[:, axis] += pull * rest * (1 if bits[axis] else -1)
    return to_grid.reshape(grid.shape), to_places * free
