"""Triton kernels of kernel maps: a hash table of sites, asked for every entry of every kernel.

The table has at least twice as many slots as sites and linear probing. A site that meets another
takes the slot if its row is lower, and the other moves on (Blelloch and Shun, "Phase-concurrent
hash tables for determinism", 2014), so an atomic minimum is all that threads share.
"""

from typing import Optional

import torch
import triton
import triton.language as tl
from torch import Tensor

from geomdl.ops.sites import kernel_offsets

EMPTY = tl.constexpr(2**31 - 1)
BLOCK = 256


@triton.jit
def _cells_hash(cell, item, axis):
    """Cells (B, A) int64 of items (B,) -> where to look first, before it is cut to the slots."""
    first = tl.where(axis == 0, 0x9E3779B1, 0x85EBCA77)
    last = tl.where(axis == 2, 0xC2B2AE3D, 0x27D4EB2F)
    mixed = tl.sum(cell * tl.where(axis < 2, first, last).to(tl.int64)[None, :], axis=1)
    mixed += item * 0x165667B1
    mixed = (mixed ^ (mixed >> 29)) * -7046029254386353131
    return mixed >> 32


@triton.jit
def _insert(
    sites, items, slots, count, last, D: tl.constexpr, AXES: tl.constexpr, BLOCK: tl.constexpr
):
    """Sites (N, D) of items (N,) -> slots (last + 1,) of rows; `last` is all ones."""
    place = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    axis = tl.arange(0, AXES)
    active = place < count
    inside = active[:, None] & (axis < D)[None, :]
    cell = tl.load(sites + place[:, None] * D + axis[None, :], mask=inside, other=0).to(tl.int64)
    item = tl.load(items + place, mask=active, other=0).to(tl.int64)
    at = _cells_hash(cell, item, axis) & last
    row = place.to(tl.int32)
    while tl.max(active.to(tl.int32), axis=0) > 0:
        before = tl.atomic_min(slots + at, row, mask=active, sem="relaxed")
        row = tl.maximum(row, before)
        active = active & (before != EMPTY)
        at = (at + 1) & last


@triton.jit
def _look_up(
    sites,
    items,
    slots,
    coarse,
    coarse_items,
    steps,
    shifts,
    table,
    count,
    last,
    K: tl.constexpr,
    D: tl.constexpr,
    AXES: tl.constexpr,
    BLOCK: tl.constexpr,
):
    """Table (M, K): row of the site at coarse * step + shift of the same item, -1 for none."""
    place = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    axis = tl.arange(0, AXES)
    asked, entry = place // K, place % K
    active = place < count
    inside = active[:, None] & (axis < D)[None, :]
    cell = tl.load(coarse + asked[:, None] * D + axis[None, :], mask=inside, other=0).to(tl.int64)
    step = tl.load(steps + axis, mask=axis < D, other=0)
    shift = tl.load(shifts + entry[:, None] * D + axis[None, :], mask=inside, other=0)
    cell = cell * step[None, :] + shift
    item = tl.load(coarse_items + asked, mask=active, other=0).to(tl.int64)
    at = _cells_hash(cell, item, axis) & last
    found = tl.full((BLOCK,), -1, tl.int32)
    while tl.max(active.to(tl.int32), axis=0) > 0:
        row = tl.load(slots + at, mask=active, other=EMPTY)
        active = active & (row != EMPTY)
        taken = active[:, None] & (axis < D)[None, :]
        site = tl.load(
            sites + row.to(tl.int64)[:, None] * D + axis[None, :], mask=taken, other=0
        ).to(tl.int64)
        unequal = tl.sum(((site != cell) & (axis < D)[None, :]).to(tl.int32), axis=1)
        of_item = tl.load(items + row, mask=active, other=-1).to(tl.int64)
        same = active & (unequal == 0) & (of_item == item)
        found = tl.where(same, row, found)
        active = active & (same == 0)
        at = (at + 1) & last
    tl.store(table + place, found, mask=place < count)


@triton.jit
def _transpose(table, result, count, K: tl.constexpr, BLOCK: tl.constexpr):
    place = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    read = tl.load(table + place, mask=place < count, other=-1).to(tl.int64)
    tl.store(result + read * K + place % K, (place // K).to(tl.int32), mask=read >= 0)


def item_of_rows(offsets: Tensor, count: int) -> Tensor:
    """Offsets (B+1,) -> the item of each of `count` rows, int32."""
    rows = torch.arange(count, device=offsets.device)
    return torch.searchsorted(offsets[1:].contiguous(), rows, right=True).int()


def kernel_map(
    fine: Tensor,
    fine_offsets: Tensor,
    coarse: Tensor,
    coarse_offsets: Tensor,
    kernel: list[int],
    stride: list[int],
    dilation: list[int],
    padding: Optional[list[int]],
) -> Tensor:
    """As `geomdl.ops.sites.kernel_map`: fine (N, D), coarse (M, D) -> table (M, K) int32."""
    fine, coarse = fine.contiguous(), coarse.contiguous()
    shifts = kernel_offsets(kernel, dilation, padding).to(fine.device)
    table = torch.empty(len(coarse), len(shifts), dtype=torch.int32, device=fine.device)
    if not fine.numel() or not table.numel():
        return table.fill_(-1)
    axes = fine.shape[1]
    padded, size = triton.next_power_of_2(axes), triton.next_power_of_2(2 * len(fine))
    slots = torch.full((size,), EMPTY.value, dtype=torch.int32, device=fine.device)
    items = item_of_rows(fine_offsets, len(fine))
    _insert[(triton.cdiv(len(fine), BLOCK),)](
        fine, items, slots, len(fine), size - 1, axes, padded, BLOCK
    )
    _look_up[(triton.cdiv(table.numel(), BLOCK),)](
        fine, items, slots, coarse, item_of_rows(coarse_offsets, len(coarse)),
        torch.tensor(stride, device=fine.device), shifts, table, table.numel(), size - 1,
        len(shifts), axes, padded, BLOCK,
    )  # fmt: skip
    return table


def transposed_map(table: Tensor, count: int) -> Tensor:
    """As `geomdl.ops.sites.transposed_map`: table (M, K) -> who reads each row (count, K) int32."""
    table = table.contiguous()
    result = table.new_full((count, table.shape[1]), -1)
    if table.numel() and result.numel():
        _transpose[(triton.cdiv(table.numel(), BLOCK),)](
            table, result, table.numel(), table.shape[1], BLOCK
        )
    return result
