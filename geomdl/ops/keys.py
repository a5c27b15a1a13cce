"""Cells to sortable keys (Morton codes), and a hash table from keys to rows."""

import torch
from torch import Tensor

from geomdl.errors import GeometryError, describe, expect_tensor
from geomdl.ops.dispatch import op

BITS = {1: 63, 2: 31, 3: 21, 4: 15}  # per axis, so that keys stay non-negative int64
MULTIPLIER = 0x9E3779B97F4A7C15 - (1 << 64)  # Fibonacci hashing (Knuth, TAOCP 6.4), as int64


def _check_cells(cells: Tensor) -> None:
    expect_tensor("cells", cells, "N D", dtypes=(torch.int32, torch.int64))
    if cells.shape[1] not in BITS:
        raise GeometryError(f"cells: expected 1 to 4 columns, got {describe(cells)}")
    if cells.numel() == 0:
        return
    low, high = int(cells.min()), int(cells.max())
    bits = BITS[cells.shape[1]]
    if low < 0 or high >> bits:
        raise GeometryError(
            f"cells: values run from {low} to {high}, expected 0 to 2^{bits} - 1 on "
            f"{cells.shape[1]} axes; subtract the smallest cell first"
        )


@op(
    fake=lambda cells: cells.new_empty(cells.shape[0], dtype=torch.int64),
    check=_check_cells,
)
def morton_keys(cells: Tensor) -> Tensor:
    """Cells (N, D) int, D 1 to 4, non-negative -> keys (N,) int64: their bits interleaved.

    Bit b of axis a becomes bit D b + a. 63, 31, 21 or 15 bits per axis for D = 1, 2, 3, 4.
    Raises GeometryError where a cell is negative or does not fit.
    """
    dims = cells.shape[1]
    keys = torch.zeros(cells.shape[0], dtype=torch.int64, device=cells.device)
    for bit in range(BITS[dims]):
        for axis in range(dims):
            keys |= ((cells[:, axis].long() >> bit) & 1) << (dims * bit + axis)
    return keys


def _check_keys(keys: Tensor, dims: int) -> None:
    expect_tensor("keys", keys, "N", dtypes=(torch.int64,))
    if dims not in BITS:
        raise GeometryError(f"dims: expected 1 to 4, got {dims}")


@op(
    fake=lambda keys, dims: keys.new_empty((keys.shape[0], dims)),
    check=_check_keys,
)
def morton_cells(keys: Tensor, dims: int) -> Tensor:
    """Keys (N,) int64 of `morton_keys` -> cells (N, dims) int64."""
    cells = torch.zeros((keys.shape[0], dims), dtype=torch.int64, device=keys.device)
    for bit in range(BITS[dims]):
        for axis in range(dims):
            cells[:, axis] |= ((keys >> (dims * bit + axis)) & 1) << bit
    return cells


def _check_table_keys(keys: Tensor) -> None:
    expect_tensor("keys", keys, "N", dtypes=(torch.int64,))


def _table_size(count: int) -> int:
    return max(16, 1 << (2 * count - 1).bit_length()) if count else 16


def _place(keys: Tensor, size: int) -> Tensor:
    return ((keys * MULTIPLIER) >> 32) & (size - 1)


@op(
    fake=lambda keys: keys.new_empty((torch.library.get_ctx().new_dynamic_size(), 2)),
    check=_check_table_keys,
)
def build_table(keys: Tensor) -> Tensor:
    """Keys (N,) int64 -> table (S, 2) int64 of key and row, for `look_up`; S a power of two >= 2 N.

    Open addressing with linear probing; empty entries have row -1. Of equal keys the lowest row
    stays.
    """
    size = _table_size(keys.shape[0])
    table = keys.new_zeros((size, 2))
    table[:, 1] = -1
    rows = torch.arange(keys.shape[0], device=keys.device)
    at = _place(keys, size)
    while len(rows):
        free = table[at, 1] < 0
        # In a free entry the lowest row settles; the others see it in this same round.
        best = torch.full((size,), keys.shape[0], device=keys.device)
        best.scatter_reduce_(0, at[free], rows[free], "amin")
        winners = free & (best[at] == rows)
        table[at[winners]] = torch.stack([keys[rows[winners]], rows[winners]], -1)
        left = table[at, 0] != keys[rows]
        rows, at = rows[left], (at[left] + 1) & (size - 1)
    return table


def _check_look_up(table: Tensor, keys: Tensor) -> None:
    expect_tensor("table", table, "S 2", dtypes=(torch.int64,))
    expect_tensor("keys", keys, "N", dtypes=(torch.int64,), like=table)
    size = table.shape[0]
    if size < 16 or size & (size - 1):
        raise GeometryError(f"table: expected what build_table returned, got {describe(table)}")


@op(fake=lambda table, keys: torch.empty_like(keys), check=_check_look_up)
def look_up(table: Tensor, keys: Tensor) -> Tensor:
    """Table of `build_table` and keys (M,) int64 -> rows (M,) int64, -1 for keys not in it."""
    size = table.shape[0]
    result = torch.full_like(keys, -1)
    left = torch.arange(keys.shape[0], device=keys.device)
    at = _place(keys, size)
    while len(left):
        entry = table[at]
        found = (entry[:, 0] == keys[left]) & (entry[:, 1] >= 0)
        result[left[found]] = entry[found, 1]
        searching = ~found & (entry[:, 1] >= 0)
        left, at = left[searching], (at[searching] + 1) & (size - 1)
    return result


def _fake_unique(keys: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    count = torch.library.get_ctx().new_dynamic_size()
    first = keys.new_empty(count)
    return first, torch.empty_like(keys), torch.empty_like(first), torch.empty_like(first)


@op(fake=_fake_unique, check=_check_table_keys)
def unique_keys(keys: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Keys (N,) -> sorted distinct (U,), place of each key in it (N,), first row (U,), count (U,).

    All int64. `distinct[place] == keys` and `keys[first] == distinct`.
    """
    distinct, place, count = torch.unique(keys, return_inverse=True, return_counts=True)
    first = torch.full_like(distinct, keys.shape[0])
    first.scatter_reduce_(0, place, torch.arange(keys.shape[0], device=keys.device), "amin")
    return distinct, place, first, count
