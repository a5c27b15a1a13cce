"""Pooling of sparse fields: over windows, and over all sites of an item.

Only sites count: a mean is over the active sites of its window. A window without any gives 0.
"""

import torch
from torch import Tensor

from core2d.space import Kind
from geomdl.errors import GeometryError
from geomdl.ops.neighbors import take_rows


def largest_rows(values: Tensor, table: Tensor) -> Tensor:
    """Values (N, C), table (M, K) -> rows (M, C) int64 of the largest, the first of equals; -1."""
    best = values.new_full((len(table), values.shape[1]), -torch.inf)
    rows = torch.full(best.shape, -1, device=values.device)
    with torch.no_grad():
        for row in table.long().unbind(1):
            value = values[row.clamp(min=0)]
            beats = (value > best) | (rows < 0) | (value.isnan() & ~best.isnan())
            beats &= (row >= 0)[:, None]
            best = torch.where(beats, value, best)
            rows = torch.where(beats, row[:, None], rows)
    return rows


def values_at(values: Tensor, rows: Tensor) -> Tensor:
    """Values (N, C), rows (M, C) int64 of each channel -> (M, C), 0 where the row is -1."""
    if not len(values):
        return values.new_zeros(rows.shape)
    return torch.where(rows >= 0, values.gather(0, rows.clamp(min=0)), 0)


def window_means(values: Tensor, table: Tensor) -> Tensor:
    """Values (N, C), table (M, K) -> means (M, C) over the sites that each row lists."""
    there = table >= 0
    total = values.new_zeros(len(table), values.shape[1])
    for k, row in enumerate(table.long().unbind(1)):
        total = total + take_rows(values, row) * there[:, k, None]
    return total / there.sum(1, keepdim=True).clamp(min=1)


def over_items(values: Tensor, counts: list[int], kind: Kind) -> Tensor:
    """Values (N, C) of items of `counts` rows -> (B, C); empty items give 0."""
    reduce = {"mean": _mean, "sum": _sum, "max": _max}.get(kind)
    if reduce is None:
        raise GeometryError(f"kind: expected one of max, mean, sum, got {kind!r}")
    parts = [reduce(part) if len(part) else part.sum(0) for part in values.split(counts)]
    return torch.stack(parts) if parts else values.new_zeros(0, values.shape[1])


def _mean(values: Tensor) -> Tensor:
    return values.mean(0)


def _sum(values: Tensor) -> Tensor:
    return values.sum(0)


def _max(values: Tensor) -> Tensor:
    return values.amax(0)
