"""Shared layers and the maximum behind them, a block of rows at a time.

What a set network computes for every member of every group is read once more, by the maximum, and
dropped. So only the products of the hidden layers are kept, activations are made again where the
backward needs them, and the last layer's values never exist but for the block at hand: the maximum
sees a linear map y = z W^T through a monotone function, so its gradient reaches one row a channel,
and the rest, which the statistics of the batch norm owe, follows from sum(z) and sum(z z^T).
"""

import itertools
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from core2d.errors import InputError
from core2d.layers.norm import BatchNorm, expect_several
from geomdl.nn.row_norm import Statistics, is_shared, running, settled
from geomdl.ops.row_norm import (
    picked_back,
    picked_outer,
    picked_product,
    row_activate,
    row_back,
    row_moments,
    row_sums,
)
from geomdl.ops.segments import HALVES, segment_argmax

BLOCK = 1 << 20  # values of the widest layer that are at hand at once, on a CPU


class Layer(NamedTuple):
    """matrix (C, inputs), None for the first, whose product is given; bias (C,); norm; slope."""

    matrix: Tensor | None
    bias: Tensor | None
    norm: BatchNorm
    slope: float


class Block(NamedTuple):
    """Segments and rows that are worked on together; offsets of these segments from 0."""

    segments: slice
    rows: slice
    offsets: Tensor
    weight: Tensor | None


def pooled_chain(
    y: Tensor, offsets: Tensor, layers: Sequence[Layer], weight: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """y (N, C) = x W^T of the first layer -> the largest of the last in each segment (S, C_last).

    Also the rows (S, C_last) int64 that they come from. Every layer is leaky_relu(norm(. + bias),
    slope); weight (N,) as in norm_rows. Segments must have rows. Raises InputError for a single
    row in training.
    """
    norm = layers[0].norm
    if norm.training and weight is None and not is_shared(norm):
        expect_several(y)
    if norm.weight.dtype in HALVES:
        raise InputError(
            f"weights: expected float32 or float64, got {norm.weight.dtype}; for 16 bits there is "
            "torch.autocast"
        )
    wide = y.float() if y.dtype in HALVES else y
    flat = [t for layer in layers for t in (*layer[:2], layer.norm.weight, layer.norm.bias)]
    with torch.autocast(y.device.type, enabled=False):
        value, row = _Chain.apply(wide, offsets, weight, tuple(layers), *flat)
    return value.to(y.dtype), row


def cut(offsets: Tensor, weight: Tensor | None, width: int) -> list[Block]:
    """Blocks of whole segments, on a CPU of about BLOCK / width rows."""
    bounds = offsets.tolist()
    most = BLOCK // width if offsets.is_cpu else bounds[-1] + 1
    edges = [0]
    for s in range(1, len(bounds)):
        if bounds[s] - bounds[edges[-1]] >= most or s == len(bounds) - 1:
            edges.append(s)
    blocks = []
    for low, high in itertools.pairwise(edges):
        rows = slice(bounds[low], bounds[high])
        own = None if weight is None else weight[rows]
        blocks.append(Block(slice(low, high), rows, offsets[low : high + 1] - rows.start, own))
    return blocks


class _Moments:
    """Mean and variance of rows that come block by block."""

    def __init__(self) -> None:
        self.parts: list[Tensor] = []
        self.counts: list[Tensor] = []

    def add(self, y: Tensor, weight: Tensor | None) -> None:
        self.parts.append(row_moments(y, weight))
        self.counts.append(y.new_tensor(float(len(y))) if weight is None else weight.sum())

    def settle(self, layer: Layer) -> Statistics:
        parts, counts = torch.stack(self.parts).double(), torch.stack(self.counts).double()
        share = (counts / counts.sum())[:, None]
        mean = (share * parts[:, 0]).sum(0)
        variance = (share * (parts[:, 1] + (parts[:, 0] - mean).square())).sum(0)
        kind = self.parts[0].dtype
        return settled(
            layer.norm, layer.bias, mean.to(kind), variance.to(kind), counts.sum().to(kind)
        )


class _Pass(NamedTuple):
    """A layer in action: y becomes leaky_relu(scale y + shift, slope)."""

    found: Statistics
    scale: Tensor
    shift: Tensor
    slope: float

    def activate(self, y: Tensor) -> Tensor:
        return row_activate(y, self.scale, self.shift, self.slope)

    def sums(self, gradient: Tensor, y: Tensor) -> Tensor:
        return row_sums(gradient, y, self.scale, self.shift, self.found.mean, self.slope)

    def back(self, gradient: Tensor, y: Tensor, weight: Tensor | None, sums: Tensor) -> Tensor:
        constant, linear = self.found.pulls(sums, self.scale)
        mean = self.found.mean
        return row_back(
            gradient, y, weight, self.scale, self.shift, mean, constant, linear, self.slope
        )


def _pass(layer: Layer, moments: _Moments, like: Tensor) -> _Pass:
    norm = layer.norm
    found = moments.settle(layer) if norm.training else running(norm, layer.bias, like)
    scale = norm.weight * found.inverse
    return _Pass(found, scale, norm.bias - scale * found.mean, layer.slope)


def _forward(
    y: Tensor, blocks: list[Block], layers: tuple[Layer, ...]
) -> tuple[list[_Pass], list[list[Tensor]], Tensor, Tensor]:
    """All layers in action, the products of all but the last by blocks, picked rows and values."""
    passes: list[_Pass] = []
    kept = [[y[block.rows] for block in blocks]]
    picked_rows, picked_values = [], []
    for i, layer in enumerate(layers):
        moments, products = _Moments(), []
        for b, block in enumerate(blocks):
            if layer.matrix is None:
                y = kept[0][b]
            else:
                y = passes[-1].activate(kept[-1][b]) @ layer.matrix.mT
                products.append(y)
            if layer.norm.training:
                moments.add(y, block.weight)
            if i == len(layers) - 1:
                row = segment_argmax(y, block.offsets, layer.norm.weight < 0)
                picked_rows.append(row)
                picked_values.append(y.gather(0, row))
                del products[:]
        if products:
            kept.append(products)
        passes.append(_pass(layer, moments, y))
    return passes, kept, torch.cat(picked_rows), torch.cat(picked_values)


class _Chain(torch.autograd.Function):
    """See pooled_chain. Gradients by blocks, from the last layer to the first."""

    @staticmethod
    def forward(ctx: Any, y: Tensor, offsets: Tensor, weight: Any, layers: Any, *flat: Any) -> Any:
        width = max(len(layer.norm.weight) for layer in layers)
        blocks = cut(offsets, weight, width)
        passes, kept, row, value = _forward(y, blocks, layers)
        last = passes[-1]
        before = value * last.scale + last.shift
        ctx.blocks, ctx.passes, ctx.kept = blocks, passes, kept
        ctx.matrices = [layer.matrix for layer in layers]
        ctx.biased = [layer.bias is not None for layer in layers]
        ctx.save_for_backward(row, value, before)
        start = offsets.new_tensor([block.rows.start for block in blocks])
        sizes = offsets.new_tensor([block.segments.stop - block.segments.start for block in blocks])
        packed = row + torch.repeat_interleave(start, sizes)[:, None]
        ctx.mark_non_differentiable(packed)
        return torch.where(before > 0, before, before * last.slope), packed

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor, _: Tensor) -> Any:
        row, value, before = ctx.saved_tensors
        passes, end = ctx.passes, len(ctx.passes) - 1
        g = torch.where(before > 0, gradient, gradient * passes[end].slope)
        sums = torch.stack([g.sum(0), (g * (value - passes[end].found.mean)).sum(0)])
        all_sums, matrices = {end: sums}, {}
        back = [torch.empty(0)] * len(ctx.blocks)
        if end:
            back, matrices[end], all_sums[end - 1] = _from_picks(ctx, g, row, sums)
        for i in range(end - 1, 0, -1):
            back, matrices[i], all_sums[i - 1] = _through_layer(ctx, i, back, all_sums[i])
        parts = []
        for b, block in enumerate(ctx.blocks):
            y, first = ctx.kept[0][b], passes[0]
            if end:
                parts.append(first.back(back[b], y, block.weight, all_sums[0]))
            else:
                pulls = first.found.pulls(sums, first.scale)
                mine = (g * first.scale)[block.segments].contiguous()
                rows = row[block.segments]
                parts.append(
                    picked_back(
                        mine, y, rows, block.offsets, block.weight, first.found.mean, *pulls
                    )
                )
        flat: list[Tensor | None] = []
        for i, step in enumerate(passes):
            bias = step.found.bias_gradient(all_sums[i], step.scale) if ctx.biased[i] else None
            flat += [
                matrices.get(i), bias, all_sums[i][1] * step.found.inverse, all_sums[i][0],
            ]  # fmt: skip
        return torch.cat(parts), None, None, None, *flat


def _from_picks(
    ctx: Any, g: Tensor, row: Tensor, sums: Tensor
) -> tuple[list[Tensor], Tensor, Tensor]:
    """Gradients behind the last layer's picks: of z before it, of its matrix W; the sums before it.

    With k0 + k1 (y - mean) what each row owes its statistics and y = z W^T, z owes
    v + z Q with v = (k0 - k1 mean) W and Q = W^T diag(k1) W, and W owes the same through
    sum(z) and sum(z z^T).
    """
    end = len(ctx.passes) - 1
    last, before, matrix = ctx.passes[end], ctx.passes[end - 1], ctx.matrices[end]
    k0, k1 = last.found.pulls(sums, last.scale)
    k0 = k0 - k1 * last.found.mean
    v, q = k0 @ matrix, matrix.mT @ (k1[:, None] * matrix)
    own = (g * last.scale).contiguous()
    direct = torch.zeros_like(matrix)
    total, gram = torch.zeros_like(v), torch.zeros_like(q)
    back, sums_before = [], []
    for b, block in enumerate(ctx.blocks):
        y = ctx.kept[end - 1][b]
        z = before.activate(y)
        mine, rows = own[block.segments], row[block.segments]
        direct += picked_outer(mine, rows, z)
        weighed = z if block.weight is None else z * block.weight[:, None]
        dense = weighed @ -q
        if last.found.size is not None:
            gram.addmm_(weighed.mT, z)
            total += weighed.sum(0)
            dense = (
                dense.sub_(v) if block.weight is None else dense.addr_(block.weight, v, alpha=-1)
            )
        back.append(picked_product(dense, mine, rows, matrix))
        sums_before.append(before.sums(back[-1], y))
    direct -= torch.outer(k0, total) + k1[:, None] * (matrix @ gram)
    return back, direct, _summed(sums_before)


def _through_layer(
    ctx: Any, i: int, back: list[Tensor], sums: Tensor
) -> tuple[list[Tensor], Tensor, Tensor]:
    """Gradients of the rows before hidden layer i and of its matrix; the sums before it."""
    here, before, matrix = ctx.passes[i], ctx.passes[i - 1], ctx.matrices[i]
    of_matrix = torch.zeros_like(matrix)
    sums_before = []
    for b, block in enumerate(ctx.blocks):
        y, earlier = ctx.kept[i][b], ctx.kept[i - 1][b]
        gradient = here.back(back[b], y, block.weight, sums)
        of_matrix.addmm_(gradient.mT, before.activate(earlier))
        back[b] = gradient @ matrix
        sums_before.append(before.sums(back[b], earlier))
    return back, of_matrix, _summed(sums_before)


def _summed(parts: list[Tensor]) -> Tensor:
    return torch.stack(parts).sum(0, dtype=torch.float64).to(parts[0].dtype)
