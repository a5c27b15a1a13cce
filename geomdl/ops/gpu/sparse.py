"""Triton kernels of sparse convolution: an implicit matrix product over a table.

A tile of output rows walks over the kernel entries that any of its rows has, gathers the rows
that they read and multiplies them (`tiles` sorts rows so that these are few). Nothing is added
atomically: each sum has one owner and one order. float32 is multiplied as IEEE float32 unless
`torch.set_float32_matmul_precision` allows TF32; float64 and empty work go to the torch bodies.
"""

from typing import Optional

import torch
import triton
import triton.language as tl
from torch import Tensor

from geomdl.ops.dispatch import OPS
from geomdl.ops.gpu.tiles import plan_of
from geomdl.ops.gpu.tuning import Shape, best, magnitude

KERNELS = (torch.float32, torch.float16, torch.bfloat16)
PAIRS = 2048  # of a kernel entry that one program adds up: it fixes the order of the sum
PARTIAL = 1 << 24  # floats of partial weight gradients at most


@triton.jit
def _multiply(
    features,
    weight,
    table,
    bias,
    order,
    entries,
    counts,
    result,
    rows,
    stride_entry,
    stride_in,
    stride_out,
    stride_group,
    blocks,
    K: tl.constexpr,
    IN: tl.constexpr,
    OUT: tl.constexpr,
    GROUPS: tl.constexpr,
    BIASED: tl.constexpr,
    PRECISION: tl.constexpr,
    ROWS: tl.constexpr,
    INNER: tl.constexpr,
    COLUMNS: tl.constexpr,
):
    """One tile (ROWS, COLUMNS) of the result; IN and OUT are channels of one group."""
    tile, block = tl.program_id(0) // blocks, tl.program_id(0) % blocks
    group = tl.program_id(1)
    tile = tile.to(tl.int64)
    place = tile * ROWS + tl.arange(0, ROWS)
    owner = tl.load(order + place, mask=place < rows, other=0).to(tl.int64)
    column = block * COLUMNS + tl.arange(0, COLUMNS)
    steps: tl.constexpr = (IN + INNER - 1) // INNER
    total = tl.zeros((ROWS, COLUMNS), tl.float32)
    for step in range(tl.load(counts + tile) * steps):
        entry = tl.load(entries + tile * K + step // steps)
        inner = (step % steps) * INNER + tl.arange(0, INNER)
        read = tl.load(table + owner * K + entry, mask=place < rows, other=-1)
        values = tl.load(
            features + read.to(tl.int64)[:, None] * (IN * GROUPS) + group * IN + inner[None, :],
            mask=(read >= 0)[:, None] & (inner < IN)[None, :],
            other=0.0,
        )
        at = entry.to(tl.int64) * stride_entry + group * stride_group
        factors = tl.load(
            weight + at + inner[:, None] * stride_in + column[None, :] * stride_out,
            mask=(inner < IN)[:, None] & (column < OUT)[None, :],
            other=0.0,
        )
        total = tl.dot(values, factors, total, input_precision=PRECISION)
    if BIASED:
        shift = tl.load(bias + group * OUT + column, mask=column < OUT, other=0.0)
        total += shift.to(tl.float32)[None, :]
    tl.store(
        result + owner[:, None] * (OUT * GROUPS) + group * OUT + column[None, :],
        total,
        mask=(place < rows)[:, None] & (column < OUT)[None, :],
    )


@triton.jit
def _outer(
    features,
    gradient,
    sources,
    readers,
    starts,
    result,
    splits,
    blocks,
    K: tl.constexpr,
    IN: tl.constexpr,
    OUT: tl.constexpr,
    GROUPS: tl.constexpr,
    PRECISION: tl.constexpr,
    ROWS: tl.constexpr,
    INNER: tl.constexpr,
    COLUMNS: tl.constexpr,
):
    """One tile (ROWS, COLUMNS) of (IN, OUT) of one entry and group, over one split of its pairs."""
    work, block = tl.program_id(0) // blocks, tl.program_id(0) % blocks
    across: tl.constexpr = (IN + ROWS - 1) // ROWS
    part, group = work // across, tl.program_id(1)
    entry, split = part // splits, part % splits
    row = (work % across) * ROWS + tl.arange(0, ROWS)
    column = block * COLUMNS + tl.arange(0, COLUMNS)
    first, last = tl.load(starts + entry), tl.load(starts + entry + 1)
    share = tl.cdiv(tl.cdiv(last - first, splits), INNER) * INNER
    first = first + split * share
    last = tl.minimum(last, first + share)
    total = tl.zeros((ROWS, COLUMNS), tl.float32)
    for start in range(first, last, INNER):
        pair = start + tl.arange(0, INNER)
        source = tl.load(sources + pair, mask=pair < last, other=0).to(tl.int64)
        reader = tl.load(readers + pair, mask=pair < last, other=0).to(tl.int64)
        values = tl.load(
            features + source[None, :] * (IN * GROUPS) + group * IN + row[:, None],
            mask=(pair < last)[None, :] & (row < IN)[:, None],
            other=0.0,
        )
        out = tl.load(
            gradient + reader[:, None] * (OUT * GROUPS) + group * OUT + column[None, :],
            mask=(pair < last)[:, None] & (column < OUT)[None, :],
            other=0.0,
        )
        total = tl.dot(values, out, total, input_precision=PRECISION)
    at = (split * K + entry).to(tl.int64) * IN
    tl.store(
        result + (at + row[:, None]) * (OUT * GROUPS) + group * OUT + column[None, :],
        total,
        mask=(row < IN)[:, None] & (column < OUT)[None, :],
    )


def precision(dtype: torch.dtype) -> str:
    """How a product of this dtype is multiplied: 'ieee', or 'tf32' for float32 where allowed."""
    exact = dtype != torch.float32 or torch.get_float32_matmul_precision() == "highest"
    return "ieee" if exact else "tf32"


def side(channels: int, most: int) -> int:
    """The side of a tile along this many channels: a power of two, 16 to `most`."""
    return min(max(triton.next_power_of_2(channels), 16), most)


def multiply_shapes(outputs: int) -> list[Shape]:
    """Shapes to try for a group of this many output channels, the fixed choice first."""
    columns = sorted({side(outputs, most) for most in (32, 64, 128)}, reverse=True)
    fixed = Shape(64, side(outputs, 64))
    tried = [
        Shape(rows, column, warps, stages)
        for rows, warps in ((32, 4), (64, 4), (128, 4), (128, 8))
        for column in columns[:2]
        for stages in (2, 4)
    ]
    return [fixed, *(shape for shape in tried if shape != fixed)]


def gather_multiply(
    features: Tensor,
    weight: Tensor,
    table: Tensor,
    bias: Optional[Tensor],
    groups: int,
    turn: bool,
) -> Tensor:
    """As `geomdl.ops.sparse.gather_multiply`: features (N, C), table (M, K) -> (M, O) float32."""
    if features.dtype not in KERNELS or not features.numel() * weight.numel() * table.numel():
        return OPS["gather_multiply"].body(features, weight, table, bias, groups, turn)
    features, table = features.contiguous(), table.contiguous()
    inner = features.shape[1] // groups
    outer = weight.shape[1] if turn else weight.shape[2] // groups
    rows, width = table.shape
    plan, mode = plan_of(table), precision(features.dtype)
    # With `turn` the weight (K, outer, groups x inner) is read the other way round. TF32 matrix
    # units want inner channels side by side, or they are copied number by number.
    weight = weight.mT.contiguous().mT if mode == "tf32" and not turn else weight.contiguous()
    across, along = weight.stride()[1:]
    strides = (along, across, inner * along) if turn else (across, along, outer * along)
    result = torch.empty(rows, outer * groups, dtype=torch.float32, device=features.device)
    shapes = multiply_shapes(outer)
    depth = side(inner, 64 if features.dtype != torch.float32 and inner % 64 == 0 else 32)

    def launch(shape: Shape) -> None:
        entries, counts = plan.tiles(table, shape.rows)
        blocks = triton.cdiv(outer, shape.columns)
        _multiply[(triton.cdiv(rows, shape.rows) * blocks, groups)](
            features, weight, table, weight if bias is None else bias, plan.order, entries, counts,
            result, rows, weight.stride(0), *strides, blocks,
            K=width, IN=inner, OUT=outer, GROUPS=groups, BIASED=bias is not None, PRECISION=mode,
            ROWS=shape.rows, INNER=depth, COLUMNS=shape.columns,
            num_warps=shape.warps, num_stages=shape.stages,
        )  # fmt: skip

    kind = ("multiply", features.dtype, mode, inner, outer, groups, width, turn, magnitude(rows))
    launch(best(kind, shapes, launch, features))
    return result


def outer_shapes(inner: int, outer: int) -> list[Shape]:
    """Shapes to try for weights (inner, outer), the fixed choice first."""
    fixed = Shape(side(inner, 64), side(outer, 64))
    tried = [
        Shape(side(inner, most), side(outer, most), warps, stages)
        for most in (32, 64, 128)
        for warps in (4, 8)
        for stages in (2, 4)
        if most <= max(32, inner, outer)
    ]
    return [fixed, *(shape for shape in dict.fromkeys(tried) if shape != fixed)]


def splits_of(rows: int, entries: int, numbers: int) -> int:
    """Parts in which the pairs of an entry are added up: a matter of the sizes, not the device."""
    return max(1, min(triton.cdiv(rows, PAIRS), PARTIAL // (entries * numbers)))


def gather_outer(features: Tensor, gradient: Tensor, table: Tensor, groups: int) -> Tensor:
    """As `geomdl.ops.sparse.gather_outer`: the weight's gradient (K, C/groups, O) float32."""
    if features.dtype not in KERNELS or not features.numel() * gradient.numel() * table.numel():
        return OPS["gather_outer"].body(features, gradient, table, groups)
    features, gradient, table = features.contiguous(), gradient.contiguous(), table.contiguous()
    inner, outer = features.shape[1] // groups, gradient.shape[1] // groups
    rows, width = table.shape
    sources, readers, starts = plan_of(table).pairs(table)
    splits, mode = splits_of(rows, width, inner * outer * groups), precision(features.dtype)
    partial = features.new_empty(splits, width, inner, outer * groups, dtype=torch.float32)
    depth = 32 if features.dtype == torch.float32 else 64

    def launch(shape: Shape) -> None:
        blocks = triton.cdiv(outer, shape.columns)
        tiles = triton.cdiv(inner, shape.rows) * blocks
        _outer[(tiles * width * splits, groups)](
            features, gradient, sources, readers, starts, partial, splits, blocks,
            K=width, IN=inner, OUT=outer, GROUPS=groups, PRECISION=mode,
            ROWS=shape.rows, INNER=depth, COLUMNS=shape.columns,
            num_warps=shape.warps, num_stages=shape.stages,
        )  # fmt: skip

    kind = ("outer", features.dtype, mode, inner, outer, groups, width, splits, magnitude(rows))
    launch(best(kind, outer_shapes(inner, outer), launch, features))
    return partial.sum(0)
