"""Sites of sparse grids: which of them meet under a kernel, their parents and their children.

Sites are (N, D) int32, D = 1 to 4, not negative, sorted by item, then by Morton key, without
repeats, as `SparseVoxels` holds them. A table (M, K) int32 says, for each of M sites and K entries
of a kernel (row-major), the row of the site that it reads, -1 for none.
"""

import math
from typing import Optional

import torch
from torch import Tensor

from core2d.offsets import slices_of
from geomdl.errors import GeometryError, expect_offsets, expect_tensor
from geomdl.ops.dispatch import op
from geomdl.ops.keys import BITS, morton_keys

FLOATS = (torch.float32, torch.float64, torch.bfloat16)
COORDINATE_BITS = {axes: min(bits, 31) for axes, bits in BITS.items()}  # coordinates are int32
ROWS = 1 << 31  # tables are int32


def expect_sites(name: str, sites: Tensor, offsets: Tensor) -> Tensor:
    """Sorted sites (N, D) int32 and their offsets (B+1,) -> keys (N,), or GeometryError."""
    expect_tensor(name, sites, "N D", dtypes=(torch.int32,))
    if sites.shape[1] not in BITS or len(sites) >= ROWS:
        raise GeometryError(
            f"{name}: expected at most 2^31 - 1 sites on 1 to 4 axes, got {tuple(sites.shape)}"
        )
    expect_offsets(
        "offsets" if name == "coordinates" else f"{name}_offsets", offsets, len(sites), sites
    )
    keys = morton_keys(sites)
    later = keys[1:] > keys[:-1]
    inner = offsets[1:-1]
    later[inner[(inner > 0) & (inner < len(sites))] - 1] = True  # another item may start anew
    if not bool(later.all()):
        row = int((~later).nonzero()[0]) + 1
        raise GeometryError(
            f"{name}: row {row} is not after row {row - 1} in Morton order (or repeats it); "
            "SparseVoxels.sorted(...) sorts rows"
        )
    return keys


def _expect_steps(name: str, values: list[int], axes: int, low: int = 1) -> None:
    if len(values) != axes or min(values, default=low) < low:
        raise GeometryError(f"{name}: expected {axes} integers of at least {low}, got {values}")
    if max(values, default=low) >= ROWS:
        raise GeometryError(f"{name}: expected integers below 2^31, got {values}")


def kernel_offsets(
    kernel: list[int], dilation: list[int], padding: Optional[list[int]] = None
) -> Tensor:
    """Kernel, dilation (D,) -> offsets (K, D) int64 of its entries in cells, row-major.

    Without padding odd kernels are centred and even ones start at 0; with it they start at
    -padding.
    """
    starts = [-d * ((k - 1) // 2) if k % 2 else 0 for k, d in zip(kernel, dilation, strict=True)]
    if padding is not None:
        starts = [-p for p in padding]
    axes = [
        torch.arange(k) * d + start for k, d, start in zip(kernel, dilation, starts, strict=True)
    ]
    return torch.cartesian_prod(*axes).reshape(-1, len(kernel))


def _check_map(
    fine: Tensor,
    fine_offsets: Tensor,
    coarse: Tensor,
    coarse_offsets: Tensor,
    kernel: list[int],
    stride: list[int],
    dilation: list[int],
    padding: Optional[list[int]],
) -> None:
    expect_sites("fine", fine, fine_offsets)
    expect_tensor("coarse", coarse, "M D", dtypes=(torch.int32,), like=fine)
    expect_offsets("coarse_offsets", coarse_offsets, len(coarse), fine)
    axes = fine.shape[1]
    if coarse.shape[1] != axes or len(coarse) >= ROWS:
        raise GeometryError(f"coarse: expected (M, {axes}), got {tuple(coarse.shape)}")
    if len(coarse_offsets) != len(fine_offsets):
        raise GeometryError(
            f"coarse_offsets: expected {len(fine_offsets) - 1} items as in fine_offsets, "
            f"got {len(coarse_offsets) - 1}"
        )
    _expect_steps("kernel", kernel, axes)
    _expect_steps("stride", stride, axes)
    _expect_steps("dilation", dilation, axes)
    if padding is not None:
        _expect_steps("padding", padding, axes, 0)


@op(
    fake=lambda fine, fine_offsets, coarse, coarse_offsets, kernel, *_: coarse.new_empty(
        coarse.shape[0], math.prod(kernel)
    ),
    check=_check_map,
)
def kernel_map(
    fine: Tensor,
    fine_offsets: Tensor,
    coarse: Tensor,
    coarse_offsets: Tensor,
    kernel: list[int],
    stride: list[int],
    dilation: list[int],
    padding: Optional[list[int]] = None,
) -> Tensor:
    """Fine (N, D), coarse (M, D) sites -> table (M, K) int32 of rows of fine, -1 where none is.

    Entry k of the kernel reads the fine site at coarse * stride + offset_k of the same item, see
    `kernel_offsets`; K = prod(kernel), row-major. In a submanifold convolution coarse is fine and
    stride 1. `coarse` may be in any order within its items. Raises GeometryError.

    >>> sites, ends = torch.tensor([[0], [1], [3]], dtype=torch.int32), torch.tensor([0, 3])
    >>> kernel_map(sites, ends, sites, ends, [3], [1], [1])
    tensor([[-1,  0,  1],
            [ 0,  1, -1],
            [-1,  2, -1]], dtype=torch.int32)
    """
    axes = fine.shape[1]
    shifts = kernel_offsets(kernel, dilation, padding).to(fine.device)
    steps = torch.tensor(stride, device=fine.device)
    table = coarse.new_full((len(coarse), len(shifts)), -1)
    for rows, queries in zip(slices_of(fine_offsets), slices_of(coarse_offsets), strict=True):
        if rows.start == rows.stop:
            continue
        keys = morton_keys(fine[rows])
        for k, shift in enumerate(shifts):
            cells = coarse[queries].long() * steps + shift
            inside = ((cells >= 0) & (cells >> COORDINATE_BITS[axes] == 0)).all(1)
            wanted = morton_keys(torch.where(inside[:, None], cells, 0))
            at = torch.searchsorted(keys, wanted).clamp(max=len(keys) - 1)
            found = inside & (keys[at] == wanted)
            table[queries, k] = torch.where(found, at + rows.start, -1).int()
    return table


def _check_table(table: Tensor, count: int) -> None:
    expect_tensor("table", table, "M K", dtypes=(torch.int32,))
    if count < 0 or count >= ROWS or len(table) >= ROWS:
        raise GeometryError(f"count: expected 0 to 2^31 - 1, got {count}")
    if table.numel() and (int(table.max()) >= count or int(table.min()) < -1):
        raise GeometryError(
            f"table: rows run from {int(table.min())} to {int(table.max())}, "
            f"expected -1 to {count - 1}"
        )


@op(fake=lambda table, count: table.new_empty(count, table.shape[1]), check=_check_table)
def transposed_map(table: Tensor, count: int) -> Tensor:
    """Table (M, K) of rows in -1 .. count - 1 -> table (count, K) int32: who reads a row by k.

    There is at most one such row of `table`, as in every `kernel_map`; -1 where there is none.
    The transposed convolution and the gradient of the input go by this table.
    """
    result = table.new_full((count, table.shape[1]), -1)
    row, entry = (table >= 0).nonzero(as_tuple=True)
    result[table[row, entry].long(), entry] = row.int()
    return result


def _check_sites(coordinates: Tensor, offsets: Tensor, stride: list[int]) -> None:
    expect_sites("coordinates", coordinates, offsets)
    _expect_steps("stride", stride, coordinates.shape[1])


def _fake_sites(coordinates: Tensor, offsets: Tensor, *_: object) -> tuple[Tensor, Tensor]:
    count = torch.library.get_ctx().new_dynamic_size()
    return coordinates.new_empty(count, coordinates.shape[1]), torch.empty_like(offsets)


def _fake_parents(
    coordinates: Tensor, offsets: Tensor, stride: list[int]
) -> tuple[Tensor, Tensor, Tensor]:
    rows = coordinates.new_empty(coordinates.shape[0], dtype=torch.int64)
    return (*_fake_sites(coordinates, offsets), rows)


def distinct_sites(cells: Tensor) -> tuple[Tensor, Tensor]:
    """Cells (N, D) of one item -> distinct ones in Morton order, the place of each (N,)."""
    keys, place = torch.unique(morton_keys(cells), return_inverse=True)
    distinct = cells.new_empty(len(keys), cells.shape[1])
    distinct[place] = cells
    return distinct, place


@op(fake=_fake_parents, check=_check_sites)
def parents(
    coordinates: Tensor, offsets: Tensor, stride: list[int]
) -> tuple[Tensor, Tensor, Tensor]:
    """Sites (N, D), stride (D,) -> parents (M, D) in Morton order, offsets (B+1,), row (N,) int64.

    The parent of a site is floor(site / stride); `row` is where it stands. Raises GeometryError.

    >>> sites, ends = torch.tensor([[0], [1], [6]], dtype=torch.int32), torch.tensor([0, 3])
    >>> parents(sites, ends, [2])[0].tolist()
    [[0], [3]]
    """
    steps = torch.tensor(stride, dtype=torch.int32, device=coordinates.device)
    coarse, row, ends = [coordinates[:0]], [offsets[:0]], [0]
    for rows in slices_of(offsets):
        distinct, place = distinct_sites(coordinates[rows] // steps)
        coarse.append(distinct)
        row.append(place + ends[-1])
        ends.append(ends[-1] + len(distinct))
    return torch.cat(coarse), offsets.new_tensor(ends), torch.cat(row)


def _check_children(coordinates: Tensor, offsets: Tensor, stride: list[int]) -> None:
    _check_sites(coordinates, offsets, stride)
    steps = torch.tensor(stride, device=coordinates.device)
    bits = COORDINATE_BITS[coordinates.shape[1]]
    if len(coordinates) and bool((((coordinates.long() + 1) * steps - 1) >> bits).any()):
        raise GeometryError(f"coordinates: children by {stride} do not fit in {bits} bits per axis")
    if len(coordinates) * math.prod(stride) >= ROWS:
        raise GeometryError("coordinates: expected fewer than 2^31 children")


def _fake_children(
    coordinates: Tensor, offsets: Tensor, stride: list[int]
) -> tuple[Tensor, Tensor, Tensor]:
    count = coordinates.shape[0] * math.prod(stride)
    sites = coordinates.new_empty(count, coordinates.shape[1])
    return sites, torch.empty_like(offsets), offsets.new_empty(count)


@op(fake=_fake_children, check=_check_children)
def children(
    coordinates: Tensor, offsets: Tensor, stride: list[int]
) -> tuple[Tensor, Tensor, Tensor]:
    """Sites (N, D), stride (D,) -> all N prod(stride) children in Morton order, offsets, row.

    The children are the sites whose parent by stride is there; `row` (N prod(stride),) int64 is
    the parent's row. Raises GeometryError where they do not fit the bits of a key.
    """
    axes, factor = coordinates.shape[1], math.prod(stride)
    inner = kernel_offsets(stride, [1] * axes, [0] * axes).to(coordinates.device)
    steps = torch.tensor(stride, device=coordinates.device)
    cells = (coordinates.long() * steps)[:, None, :] + inner  # (N, F, D)
    sites, row = [coordinates[:0]], [offsets[:0]]
    for rows in slices_of(offsets):
        own = cells[rows].reshape(-1, axes)
        order = morton_keys(own).argsort()
        sites.append(own[order].int())
        row.append(order // factor + rows.start)
    return torch.cat(sites), offsets * factor, torch.cat(row)


def _check_reached(
    coordinates: Tensor,
    offsets: Tensor,
    kernel: list[int],
    stride: list[int],
    dilation: list[int],
    padding: list[int],
    extent: Optional[list[int]],
) -> None:
    _check_sites(coordinates, offsets, stride)
    axes = coordinates.shape[1]
    _expect_steps("kernel", kernel, axes)
    _expect_steps("dilation", dilation, axes)
    _expect_steps("padding", padding, axes, 0)
    if extent is not None:
        _expect_steps("extent", extent, axes, 0)


@op(fake=_fake_sites, check=_check_reached)
def reached(
    coordinates: Tensor,
    offsets: Tensor,
    kernel: list[int],
    stride: list[int],
    dilation: list[int],
    padding: list[int],
    extent: Optional[list[int]] = None,
) -> tuple[Tensor, Tensor]:
    """Sites (N, D) -> every site (M, D) whose kernel reads one of them, Morton order; offsets.

    The rule of spconv: site o reads o * stride - padding + dilation * k for k in 0 .. kernel - 1,
    and is in 0 .. (extent + 2 padding - dilation (kernel - 1) - 1) // stride on every axis; with
    extent None it is only not negative. `kernel_map` with the same padding is its table.

    >>> sites, ends = torch.tensor([[4]], dtype=torch.int32), torch.tensor([0, 1])
    >>> reached(sites, ends, [3], [1], [1], [1])[0].tolist()
    [[3], [4], [5]]
    """
    axes = coordinates.shape[1]
    shifts = kernel_offsets(kernel, dilation, padding).to(coordinates.device)
    steps = torch.tensor(stride, device=coordinates.device)
    last = torch.full_like(steps, (1 << COORDINATE_BITS[axes]) - 1)
    if extent is not None:
        whole = zip(extent, padding, dilation, kernel, strict=True)
        reach = [e + 2 * p - d * (k - 1) - 1 for e, p, d, k in whole]
        last = torch.minimum(last, steps.new_tensor(reach).div(steps, rounding_mode="floor"))
    sites, ends = [coordinates[:0]], [0]
    for rows in slices_of(offsets):
        cells = (coordinates[rows].long()[:, None, :] - shifts).reshape(-1, axes)
        there = cells.div(steps, rounding_mode="floor")
        valid = ((there * steps == cells) & (there >= 0) & (there <= last)).all(1)
        distinct, _ = distinct_sites(there[valid].int())
        sites.append(distinct)
        ends.append(ends[-1] + len(distinct))
    return torch.cat(sites), offsets.new_tensor(ends)
