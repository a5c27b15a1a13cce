"""Level sets as triangles: marching cubes on dense grids and on hashed blocks.

Lorensen & Cline, "Marching Cubes" (1987), with the table of `geomdl.ops.cubes`: vertices are shared
and every edge inside the known part has exactly two triangles. Kernels find which edges of the grid
are crossed; the vertices on them are computed in torch and carry gradients to the values.
"""

import itertools
import math
from typing import Optional

import torch
from torch import Tensor

from geomdl.errors import GeometryError, expect_number, expect_tensor
from geomdl.ops.blocks import SIDE, locate_blocks
from geomdl.ops.cubes import CORNERS, EDGES, cube_table
from geomdl.ops.dispatch import op

Pair = tuple[Tensor, Tensor]


def isosurface(
    values: Tensor,
    level: float = 0.0,
    origin: Optional[Tensor] = None,
    cell: float = 1.0,
    mask: Optional[Tensor] = None,
    colors: Optional[Tensor] = None,
) -> tuple[Tensor, ...]:
    """Values (X, Y, Z) at cell centres -> vertices (V, 3), faces (F, 3) int64[, colors (V, C)].

    The surface where the values cross `level`; normals point to larger values. Only cells of the
    grid whose 8 corners have `mask` (X, Y, Z) bool are used. `colors` (C, X, Y, Z) go along.
    Vertices are differentiable in values and origin, colours in values and colours.
    Raises GeometryError where a value that counts is NaN or infinite.
    """
    ends, faces = grid_triangles(values, mask, level, _table(values))
    points = torch.stack(_unravel(ends, values.shape), -1)  # (V, 2, 3)
    share = _crossing(values, ends, level)
    vertices = _place(points, share, origin, cell)
    if colors is None:
        return vertices, faces
    if colors.ndim != 4 or colors.shape[1:] != values.shape:
        raise GeometryError(f"colors: expected (C, *{tuple(values.shape)}), got {colors.shape}")
    return vertices, faces, _blend(colors.flatten(1), ends, share)


def isosurface_blocks(
    coordinates: Tensor,
    values: Tensor,
    weights: Tensor,
    min_weight: float = 0.0,
    level: float = 0.0,
    origin: Optional[Tensor] = None,
    cell: float = 1.0,
    colors: Optional[Tensor] = None,
) -> tuple[Tensor, ...]:
    """Blocks (M, 3) int32, values (M, 8, 8, 8) -> vertices (V, 3), faces (F, 3)[, colors (V, 3)].

    As `isosurface`, seamless across blocks, over the cells whose 8 corners have a weight
    (M, 8, 8, 8) above `min_weight`. `colors` are (M, 3, 8, 8, 8), as in `TSDFVolume`.
    """
    table = _table(values)
    ends, faces = block_triangles(values, weights, coordinates, level, min_weight, table)
    x, y, z = _unravel(ends % SIDE**3, (SIDE, SIDE, SIDE))
    points = coordinates.long()[ends // SIDE**3] * SIDE + torch.stack([x, y, z], -1)
    share = _crossing(values, ends, level)
    vertices = _place(points, share, origin, cell)
    if colors is None:
        return vertices, faces
    return vertices, faces, _blend(colors.transpose(0, 1).flatten(1), ends, share)


def _table(values: Tensor) -> Tensor:
    return cube_table().to(values.device)


def _unravel(index: Tensor, shape: tuple[int, ...]) -> tuple[Tensor, Tensor, Tensor]:
    plane = shape[1] * shape[2]
    return index // plane, index // shape[2] % shape[1], index % shape[2]


def _crossing(values: Tensor, ends: Tensor, level: float) -> Tensor:
    """Where the level lies between the two ends: (V, 1), 0 at the first."""
    low, high = values.flatten()[ends].unbind(-1)
    return ((level - low) / (high - low))[:, None]


def _place(points: Tensor, share: Tensor, origin: Optional[Tensor], cell: float) -> Tensor:
    first = points[:, 0].to(share.dtype)
    step = (points[:, 1] - points[:, 0]).to(share.dtype)
    vertices = (first + 0.5 + step * share) * cell
    return vertices if origin is None else vertices + origin.to(vertices)


def _blend(colors: Tensor, ends: Tensor, share: Tensor) -> Tensor:
    """Colours (C, P) at the ends (V, 2) -> (V, C)."""
    low, high = colors[:, ends[:, 0]].T, colors[:, ends[:, 1]].T
    return low + (high - low) * share


def _check_grid(values: Tensor, mask: Optional[Tensor], level: float, table: Tensor) -> None:
    expect_tensor("values", values, "X Y Z", dtypes="float")
    if mask is None and not math.isfinite(float(values.sum())):  # one pass, mostly
        expect_tensor("values", values, "X Y Z", finite=True)
    expect_number("level", level)
    if mask is None:
        return
    expect_tensor("mask", mask, "X Y Z", dtypes="bool", like=values)
    if mask.shape != values.shape:
        raise GeometryError(f"mask: expected {tuple(values.shape)}, got {tuple(mask.shape)}")
    if not bool((torch.isfinite(values) | ~mask).all()):
        raise GeometryError("values: NaN or infinite where the mask is set")


def _fake(values: Tensor) -> Pair:
    context = torch.library.get_ctx()
    ends = values.new_empty((context.new_dynamic_size(), 2), dtype=torch.int64)
    return ends, values.new_empty((context.new_dynamic_size(), 3), dtype=torch.int64)


@op(fake=lambda values, mask, level, table: _fake(values), check=_check_grid)
def grid_triangles(
    values: Tensor, mask: Optional[Tensor], level: float, table: Tensor
) -> tuple[Tensor, Tensor]:
    """Values (X, Y, Z) -> ends (V, 2) of the crossed edges in flat voxels, faces (F, 3), int64."""
    shape = values.shape
    if min(shape) < 2:
        return values.new_empty((0, 2), dtype=torch.int64), values.new_empty((0, 3)).long()
    states = (values < level).long() + 256 * (mask.long() if mask is not None else 1)
    code = torch.zeros([n - 1 for n in shape], dtype=torch.int64, device=values.device)
    known = torch.ones_like(code, dtype=torch.bool)
    for corner, place in enumerate(CORNERS):
        at = states[tuple(slice(o, n - 1 + o) for o, n in zip(place, shape, strict=True))]
        code |= (at & 1) << corner
        known &= at >= 256
    cells = torch.nonzero(known & (code > 0) & (code < 255))
    plane, line = shape[1] * shape[2], shape[2]
    flat = cells @ torch.tensor([plane, line, 1], device=values.device)
    corners = [x * plane + y * line + z for x, y, z in CORNERS]
    offsets = flat[:, None] + torch.tensor(corners, device=values.device)
    return _weld(offsets, code[tuple(cells.T)], table)


def _weld(points: Tensor, code: Tensor, table: Tensor) -> Pair:
    """Corner points (N, 8) and patterns (N,) of cells -> ends (V, 2), faces (F, 3).

    Vertices are sorted by lower point, then axis; faces by cell.
    """
    edges = table[code]  # (N, 16)
    used = edges >= 0
    pair = torch.tensor(EDGES, device=code.device)[edges[used]]  # (E, 2)
    cell = torch.arange(len(code), device=code.device)[:, None].expand_as(edges)[used]
    key = points[cell, pair[:, 0]] * 3 + edges[used] // 4
    unique, vertex = torch.unique(key, return_inverse=True)
    ends = points.new_empty((len(unique), 2))
    ends[vertex] = torch.stack([points[cell, pair[:, 0]], points[cell, pair[:, 1]]], -1)
    return ends, vertex.reshape(-1, 3)


def _check_blocks(
    values: Tensor,
    weights: Tensor,
    coordinates: Tensor,
    level: float,
    min_weight: float,
    table: Tensor,
) -> None:
    expect_tensor("values", values, "M 8 8 8", dtypes="float", finite=True)
    expect_tensor("weights", weights, "M 8 8 8", dtypes="float", like=values)
    expect_tensor("coordinates", coordinates, "M 3", dtypes=(torch.int32,), like=values)
    expect_number("level", level)
    expect_number("min_weight", min_weight, low=0.0)
    if not len(values) == len(weights) == len(coordinates):
        counts = f"{len(values)}, {len(weights)} and {len(coordinates)}"
        raise GeometryError(f"values, weights, coordinates: as many blocks expected, got {counts}")


@op(
    fake=lambda values, weights, coordinates, level, min_weight, table: _fake(values),
    check=_check_blocks,
)
def block_triangles(
    values: Tensor,
    weights: Tensor,
    coordinates: Tensor,
    level: float,
    min_weight: float,
    table: Tensor,
) -> tuple[Tensor, Tensor]:
    """Values (M, 8, 8, 8) -> ends (V, 2) of the crossed edges in flat voxels, faces (F, 3)."""
    steps = torch.tensor(list(itertools.product((0, 1), repeat=3)), device=values.device)
    around = (coordinates[:, None] + steps.int()).reshape(-1, 3)
    rows = locate_blocks(coordinates, around).reshape(-1, 8)
    local = torch.arange(SIDE + 1, device=values.device)
    x, y, z = torch.meshgrid(local, local, local, indexing="ij")
    which = (x // SIDE) * 4 + (y // SIDE) * 2 + z // SIDE  # (9, 9, 9)
    voxel = ((x % SIDE) * SIDE + y % SIDE) * SIDE + z % SIDE
    inside = (values < level).flatten()
    known = (weights > min_weight).flatten()
    points, codes = [], []
    for part in torch.split(rows, 4096):
        row = part[:, which.flatten()].reshape(-1, 9, 9, 9)
        point = torch.where(row < 0, -1, row * SIDE**3 + voxel)
        corners = [point[:, i : i + 8, j : j + 8, k : k + 8] for i, j, k in CORNERS]
        corner = torch.stack(corners, -1).reshape(-1, 8)
        code = (inside[corner].long() << torch.arange(8, device=values.device)).sum(-1)
        whole = (known[corner] & (corner >= 0)).all(-1) & (code > 0) & (code < 255)
        points.append(corner[whole])
        codes.append(code[whole])
    if not points:
        return rows.new_empty((0, 2)), rows.new_empty((0, 3))
    return _weld(torch.cat(points), torch.cat(codes), table)
