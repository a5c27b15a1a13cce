"""Triton kernels of Morton keys, and of a hash table from keys to rows.

In the table a key that meets a larger one takes its slot, and the larger moves on (Blelloch and
Shun, "Phase-concurrent hash tables for determinism", 2014): where keys end up does not depend on
the order in which threads come, and an atomic minimum is all that they share.
"""

import torch
import triton
import triton.language as tl
from torch import Tensor

from geomdl.ops import keys as specification

# An empty slot. This number as a key settles in the first empty slot that it meets.
LARGEST = tl.constexpr(2**63 - 1)
FAR = tl.constexpr(2**62)  # beyond any row
MULTIPLIER = tl.constexpr(specification.MULTIPLIER)
BLOCK = 256


@triton.jit
def _interleave(cells, keys, count, D: tl.constexpr, BITS: tl.constexpr, BLOCK: tl.constexpr):
    row = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    key = tl.zeros((BLOCK,), tl.int64)
    for axis in tl.static_range(D):
        cell = tl.load(cells + row * D + axis, mask=row < count, other=0).to(tl.int64)
        for bit in tl.static_range(BITS):
            key = key | (((cell >> bit) & 1) << (D * bit + axis))
    tl.store(keys + row, key, mask=row < count)


@triton.jit
def _separate(keys, cells, count, D: tl.constexpr, BITS: tl.constexpr, BLOCK: tl.constexpr):
    row = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    key = tl.load(keys + row, mask=row < count, other=0)
    for axis in tl.static_range(D):
        cell = tl.zeros((BLOCK,), tl.int64)
        for bit in tl.static_range(BITS):
            cell = cell | (((key >> (D * bit + axis)) & 1) << bit)
        tl.store(cells + row * D + axis, cell, mask=row < count)


@triton.jit
def _settle(keys, slots, count, last, BLOCK: tl.constexpr):
    """Keys (N,) -> slots (last + 1,) of distinct keys; `last` is all ones."""
    row = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    active = row < count
    key = tl.load(keys + row, mask=active, other=0)
    at = ((key * MULTIPLIER) >> 32) & last
    while tl.max(active.to(tl.int32), axis=0) > 0:
        before = tl.atomic_min(slots + at, key, mask=active, sem="relaxed")
        active = active & (before != LARGEST) & (before != key)
        key = tl.maximum(key, before)
        at = (at + 1) & last


@triton.jit
def _lowest_row(keys, slots, rows, count, last, BLOCK: tl.constexpr):
    """Into rows (last + 1,): the lowest row of each slot's key."""
    row = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    active = row < count
    key = tl.load(keys + row, mask=active, other=0)
    at = ((key * MULTIPLIER) >> 32) & last
    while tl.max(active.to(tl.int32), axis=0) > 0:
        here = tl.load(slots + at, mask=active, other=0) == key
        tl.atomic_min(rows + at, row, mask=active & here, sem="relaxed")
        active = active & (here == 0)
        at = (at + 1) & last


@triton.jit
def _look_up(table, keys, result, count, last, BLOCK: tl.constexpr):
    place = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    active = place < count
    key = tl.load(keys + place, mask=active, other=0)
    at = ((key * MULTIPLIER) >> 32) & last
    found = tl.full((BLOCK,), -1, tl.int64)
    while tl.max(active.to(tl.int32), axis=0) > 0:
        row = tl.load(table + 2 * at + 1, mask=active, other=-1)
        active = active & (row >= 0)
        here = active & (tl.load(table + 2 * at, mask=active, other=0) == key)
        found = tl.where(here, row, found)
        active = active & (here == 0)
        at = (at + 1) & last
    tl.store(result + place, found, mask=place < count)


def morton_keys(cells: Tensor) -> Tensor:
    """As `geomdl.ops.keys.morton_keys`: cells (N, D) -> keys (N,) int64."""
    rows, axes = cells.shape
    keys = torch.empty(rows, dtype=torch.int64, device=cells.device)
    if rows:
        bits = min(specification.BITS[axes], 31 if cells.dtype == torch.int32 else 63)
        _interleave[(triton.cdiv(rows, BLOCK),)](cells.contiguous(), keys, rows, axes, bits, BLOCK)
    return keys


def morton_cells(keys: Tensor, dims: int) -> Tensor:
    """As `geomdl.ops.keys.morton_cells`: keys (N,) -> cells (N, dims) int64."""
    cells = keys.new_empty(len(keys), dims)
    if len(keys):
        grid = (triton.cdiv(len(keys), BLOCK),)
        _separate[grid](keys.contiguous(), cells, len(keys), dims, specification.BITS[dims], BLOCK)
    return cells


def build_table(keys: Tensor) -> Tensor:
    """As `geomdl.ops.keys.build_table`: keys (N,) -> table (S, 2) int64 of key and row."""
    keys, size = keys.contiguous(), specification._table_size(len(keys))
    slots, rows = keys.new_full((size,), LARGEST.value), keys.new_full((size,), FAR.value)
    if len(keys):
        grid = (triton.cdiv(len(keys), BLOCK),)
        _settle[grid](keys, slots, len(keys), size - 1, BLOCK)
        _lowest_row[grid](keys, slots, rows, len(keys), size - 1, BLOCK)
    used = rows != FAR.value
    return torch.stack([torch.where(used, slots, 0), torch.where(used, rows, -1)], 1)


def look_up(table: Tensor, keys: Tensor) -> Tensor:
    """As `geomdl.ops.keys.look_up`: table and keys (M,) -> rows (M,) int64, -1 for none."""
    result = torch.empty_like(keys, memory_format=torch.contiguous_format)
    if len(keys):
        grid = (triton.cdiv(len(keys), BLOCK),)
        _look_up[grid](
            table.contiguous(), keys.contiguous(), result, len(keys), len(table) - 1, BLOCK
        )
    return result
