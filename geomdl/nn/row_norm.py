"""Batch norm and activation over rows of which each may stand for several equal ones.

A ball query pads a group by repeating its first point. The repeats change nothing but the
statistics of batch norms (Ioffe and Szegedy 2015), so a group keeps its distinct points alone and
the first of them weighs as many: the same network, with fewer rows. A bias before a batch norm
cancels out in training, so it is left to this layer, which only records it.
"""

from typing import NamedTuple

import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable

from core2d.layers.norm import BatchNorm, SyncBatchNorm, expect_several, several_processes
from geomdl.ops.row_norm import row_activate, row_back, row_moments, row_sums
from geomdl.ops.segments import HALVES


class Statistics(NamedTuple):
    """Mean and 1 / deviation (C,) of rows; size () in rows, None where running ones serve.

    shared: whether they are of the rows of all processes.
    """

    mean: Tensor
    inverse: Tensor
    size: Tensor | None
    shared: bool

    def pulls(self, sums: Tensor, scale: Tensor) -> tuple[Tensor, Tensor]:
        """What they take back from every row's gradient: a constant, a multiple of x - mean."""
        if self.size is None:
            return torch.zeros_like(scale), torch.zeros_like(scale)
        if self.shared:
            sums = sums.clone()
            dist.all_reduce(sums)
        per_row = scale / self.size
        return per_row * sums[0], per_row * self.inverse.square() * sums[1]

    def bias_gradient(self, sums: Tensor, scale: Tensor) -> Tensor:
        """In training a bias moves the mean as much as the values."""
        return scale * sums[0] if self.size is None else torch.zeros_like(scale)


def running(norm: BatchNorm, bias: Tensor | None, like: Tensor) -> Statistics:
    """Those of evaluation, of rows without the bias."""
    mean = norm.running_mean if bias is None else norm.running_mean - bias
    inverse = (norm.running_var + norm.eps).rsqrt()
    return Statistics(mean.to(like.dtype), inverse.to(like.dtype), None, False)


def is_shared(norm: BatchNorm) -> bool:
    """Whether the statistics are of the rows of all processes."""
    return type(norm) is SyncBatchNorm and several_processes()


def settled(
    norm: BatchNorm, bias: Tensor | None, mean: Tensor, variance: Tensor, count: Tensor
) -> Statistics:
    """Those of training, shared between processes where the norm is; running ones are moved on."""
    shared = is_shared(norm)
    if shared:
        parts = torch.cat([mean * count, (variance + mean.square()) * count, count[None]]).double()
        dist.all_reduce(parts)
        total = parts / parts[-1]
        size = len(mean)
        variance = (total[size:-1] - total[:size].square()).clamp(min=0).to(mean.dtype)
        mean, count = total[:size].to(mean.dtype), parts[-1].to(mean.dtype)
    norm.num_batches_tracked += 1
    seen = mean if bias is None else mean + bias
    unbiased = variance * (count / (count - 1).clamp(min=1))
    norm.running_mean.lerp_(seen.to(norm.running_mean), norm.momentum)
    norm.running_var.lerp_(unbiased.to(norm.running_var), norm.momentum)
    return Statistics(mean, (variance + norm.eps).rsqrt(), count, shared)


@torch.no_grad()
def statistics(
    x: Tensor, norm: BatchNorm, bias: Tensor | None, weight: Tensor | None
) -> Statistics:
    """Of rows x (N, C), or running ones in evaluation and where there are no rows.

    Raises InputError for a single row in training.
    """
    if not norm.training or not (len(x) or is_shared(norm)):
        return running(norm, bias, x)
    if weight is None and not is_shared(norm):
        expect_several(x)
    count = x.new_tensor(float(len(x))) if weight is None else weight.sum()
    mean, variance = row_moments(x, weight) if len(x) else x.new_zeros(2, x.shape[1])
    return settled(norm, bias, mean, variance, count)


def norm_rows(
    x: Tensor,
    norm: BatchNorm,
    *,
    bias: Tensor | None = None,
    weight: Tensor | None = None,
    slope: float = 0.0,
) -> Tensor:
    """Rows (N, C) -> leaky_relu(norm(x + bias), slope), with statistics weighted by (N,).

    slope 0 is ReLU, 1 leaves the activation out. Running statistics are those of the repeated rows.
    """
    if weight is None and not x.is_cpu and type(norm) is BatchNorm:  # cuDNN's own
        return F.leaky_relu(norm(x if bias is None else x + bias), slope)
    wide = x.float() if x.dtype in HALVES else x
    found = statistics(wide.detach(), norm, bias, weight)
    y = _NormRows.apply(wide, norm.weight, norm.bias, bias, weight, found, slope)
    return y.to(x.dtype)


class _NormRows(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, gamma, beta, bias, weight, found, slope):
        scale = gamma * found.inverse
        shift = beta - scale * found.mean
        ctx.save_for_backward(x, weight, scale, shift)
        ctx.found, ctx.slope, ctx.biased = found, slope, bias is not None
        return row_activate(x, scale, shift, slope)

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient):
        x, weight, scale, shift = ctx.saved_tensors
        found, gradient = ctx.found, gradient.contiguous()
        sums = row_sums(gradient, x, scale, shift, found.mean, ctx.slope)
        constant, linear = found.pulls(sums, scale)
        back = None
        if ctx.needs_input_grad[0]:
            back = row_back(
                gradient, x, weight, scale, shift, found.mean, constant, linear, ctx.slope
            )
        bias = found.bias_gradient(sums, scale) if ctx.biased else None
        return back, sums[1] * found.inverse, sums[0], bias, None, None, None
