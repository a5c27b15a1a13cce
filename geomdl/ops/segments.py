"""Reductions over consecutive rows: the points of an item, the neighbours of a point."""

from typing import Optional

import torch
from torch import Tensor

from core2d.offsets import items_of
from geomdl.errors import GeometryError, expect_offsets, expect_tensor
from geomdl.ops.dispatch import op
from geomdl.ops.neighbors import FLOATS

HALVES = (torch.float16, torch.bfloat16)
CHUNK = 1 << 24  # values that the torch body pads at once


def _check_segments(values: Tensor, offsets: Tensor, smallest: Optional[Tensor] = None) -> None:
    expect_tensor("values", values, "N C", dtypes=FLOATS)
    expect_offsets("offsets", offsets, len(values), values)
    if smallest is not None:
        expect_tensor("smallest", smallest, "C", dtypes=(torch.bool,), like=values)
        if len(smallest) != values.shape[1]:
            raise GeometryError(f"smallest: expected {values.shape[1]} flags, got {len(smallest)}")


@op(
    fake=lambda values, offsets, smallest: values.new_empty(
        offsets.shape[0] - 1, values.shape[1], dtype=torch.int64
    ),
    check=_check_segments,
    dtypes=FLOATS,
)
def segment_argmax(values: Tensor, offsets: Tensor, smallest: Optional[Tensor] = None) -> Tensor:
    """Values (N, C), offsets (S+1,) -> row (S, C) int64 of the largest value in each segment.

    Where smallest (C,) bool holds, of the smallest. Ties go to the lower row; -1 where a segment
    has no rows. Raises GeometryError.

    >>> segment_argmax(torch.tensor([[1.0], [3.0], [3.0], [0.0]]), torch.tensor([0, 3, 3, 4]))
    tensor([[ 1],
            [-1],
            [ 3]])
    """
    sizes = offsets.diff()
    longest = max(1, int(sizes.max())) if len(sizes) else 1
    found = torch.full((len(sizes), values.shape[1]), -1, dtype=torch.int64, device=values.device)
    step = max(1, CHUNK // max(1, longest * values.shape[1]))
    column = torch.arange(longest, device=values.device)
    if smallest is not None:
        values = torch.where(smallest, -values, values)
    for start in range(0, len(sizes) if len(values) else 0, step):
        first, size = offsets[:-1][start : start + step, None], sizes[start : start + step, None]
        rows = (first + column).clamp(max=len(values) - 1)  # (s, longest)
        padded = values[rows].masked_fill((column >= size)[:, :, None], float("-inf"))
        best = first + padded.argmax(1)
        found[start : start + step] = torch.where(size > 0, best, -1)
    return found


class _TakeUnique(torch.autograd.Function):
    """values[row[s, c], c]; no (row, c) occurs twice, so the gradient is a plain scatter."""

    @staticmethod
    def forward(ctx, values, row):
        ctx.save_for_backward(row)
        ctx.count = len(values)
        return values.gather(0, row)

    @staticmethod
    def backward(ctx, gradient):
        (row,) = ctx.saved_tensors
        return _PutUnique.apply(gradient, row, ctx.count), None


class _PutUnique(torch.autograd.Function):
    @staticmethod
    def forward(ctx, gradient, row, count):
        ctx.save_for_backward(row)
        return gradient.new_zeros(count, gradient.shape[1]).scatter_(0, row, gradient)

    @staticmethod
    def backward(ctx, gradient):
        (row,) = ctx.saved_tensors
        return _TakeUnique.apply(gradient, row), None, None


def segment_max(values: Tensor, offsets: Tensor) -> Tensor:
    """Values (N, C), offsets (S+1,) -> the largest of each segment (S, C), differentiable.

    The gradient goes to the row that was largest, the first of equal ones. 16-bit values, as under
    autocast, are compared in float32. Raises GeometryError, also where a segment has no rows.
    """
    if values.dtype in HALVES:
        return segment_max(values.float(), offsets).to(values.dtype)
    _check_segments(values.detach(), offsets)
    if bool((offsets[1:] == offsets[:-1]).any()):
        empty = int((offsets[1:] == offsets[:-1]).nonzero()[0])
        raise GeometryError(f"offsets: segment {empty} has no rows, so it has no largest")
    return _TakeUnique.apply(values, segment_argmax(values, offsets))


def segment_mean(values: Tensor, offsets: Tensor) -> Tensor:
    """Values (N, C), offsets (S+1,) -> the mean of each segment (S, C), 0 where it has no rows.

    16-bit values are added in float32. Raises GeometryError.
    """
    from geomdl.ops.voxelize import segment_sum

    if values.dtype in HALVES:
        return segment_mean(values.float(), offsets).to(values.dtype)
    _check_segments(values.detach(), offsets)
    sizes = offsets.diff()
    total = segment_sum(values, items_of(offsets, len(values)), len(sizes))
    return total / sizes.clamp(min=1)[:, None].to(values.dtype)
