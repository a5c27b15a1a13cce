"""Normalisation on any space."""

from typing import Any

import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import Tensor, nn

from core2d.errors import InputError, describe
from core2d.space import Field, Space, as_space


class BatchNorm(nn.Module):
    """Each channel to mean 0, variance 1 over the batch and all sites (Ioffe and Szegedy 2015).

    Parameters and running statistics are named as in torch.nn.BatchNorm2d. In training one value
    per channel raises InputError: see `expect_several`.
    """

    running_mean: Tensor
    running_var: Tensor
    num_batches_tracked: Tensor

    def __init__(
        self, space: Space | int, channels: int, *, eps: float = 1e-5, momentum: float = 0.1
    ) -> None:
        super().__init__()
        self.space, self.eps, self.momentum = as_space(space), eps, momentum
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))
        self.register_buffer("num_batches_tracked", torch.tensor(0))

    def forward(self, x: Field) -> Field:
        if self.training:
            self.num_batches_tracked += 1
        return self.space.map(self._normalised, x)

    def _normalised(self, x: Tensor) -> Tensor:
        if self.training:
            expect_several(x)
        return F.batch_norm(
            x,
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            self.training,
            self.momentum,
            self.eps,
        )

    def extra_repr(self) -> str:
        return f"{len(self.weight)}, eps={self.eps}, momentum={self.momentum}"


def expect_several(x: Tensor) -> None:
    """Raises InputError where x (B, C, *S) has one value per channel: that has no variance.

    So it is with one sample on a single site, as the deepest level of a small scan may be.
    """
    if x.numel() == x.shape[1]:
        raise InputError(
            f"x: batch norm in training needs more than one value per channel, got {describe(x)}; "
            "take more examples or larger ones per batch, or fewer levels"
        )


class SyncBatchNorm(BatchNorm):
    """BatchNorm over the batches of all processes together, on any device and backend.

    torch's own runs on GPUs alone. Mean and variance are all-reduced, and the all-reduce is
    differentiable, so training by DDP equals training by one process on the whole batch; the
    processes may hold unequal numbers of sites. Without other processes it is BatchNorm.
    """

    def _normalised(self, x: Tensor) -> Tensor:
        if not self.training or not several_processes():
            return super()._normalised(x)
        axes = [axis for axis in range(x.ndim) if axis != 1]
        wide = x.float() if x.dtype in (torch.float16, torch.bfloat16) else x
        count = wide.new_full((1,), x.numel() / max(1, x.shape[1]))
        total = AllReduce.apply(torch.cat([wide.sum(axes), count]))
        number, mean = total[-1], total[:-1] / total[-1]
        shape = (1, -1, *(1,) * (x.ndim - 2))
        centred = wide - mean.view(shape)
        variance = AllReduce.apply(centred.square().sum(axes)) / number
        with torch.no_grad():
            unbiased = variance * (number / (number - 1))
            self.running_mean.lerp_(mean.to(self.running_mean), self.momentum)
            self.running_var.lerp_(unbiased.to(self.running_var), self.momentum)
        scale = self.weight * (variance + self.eps).rsqrt()
        return (centred * scale.view(shape) + self.bias.view(shape)).to(x.dtype)


def several_processes() -> bool:
    """Whether this process trains together with others."""
    return dist.is_available() and dist.is_initialized() and dist.get_world_size() > 1


class AllReduce(torch.autograd.Function):
    """The sum over all processes; its gradient is the sum of theirs."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        x = x.clone()
        dist.all_reduce(x)
        return x

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        gradient = gradient.clone()
        dist.all_reduce(gradient)
        return gradient


def synchronised(module: nn.Module) -> nn.Module:
    """The same module with every BatchNorm exchanged for SyncBatchNorm; parameters are shared.

    Changed in place; returned because `module` itself may be a BatchNorm.
    """
    if type(module) is BatchNorm:
        twin = SyncBatchNorm(
            module.space, len(module.weight), eps=module.eps, momentum=module.momentum
        )
        twin.weight, twin.bias = module.weight, module.bias
        for name, buffer in module.named_buffers():
            setattr(twin, name, buffer)
        return twin.train(module.training)
    for name, child in module.named_children():
        setattr(module, name, synchronised(child))
    return module


def unshared(module: nn.Module) -> list[str]:
    """Names of norms of torch's own classes inside, which count one process's batch alone."""
    foreign = nn.modules.batchnorm._BatchNorm
    return [name for name, part in module.named_modules() if isinstance(part, foreign)]


class GroupNorm(nn.Module):
    """Groups of channels of each sample to mean 0, variance 1 over all its sites (Wu, He 2018)."""

    def __init__(
        self, space: Space | int, channels: int, groups: int = 32, *, eps: float = 1e-5
    ) -> None:
        super().__init__()
        if channels % groups:
            raise InputError(f"groups: expected a divisor of {channels} channels, got {groups}")
        self.space, self.groups, self.eps = as_space(space), groups, eps
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Field) -> Field:
        return self.space.group_norm(x, self.groups, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        return f"{len(self.weight)}, groups={self.groups}, eps={self.eps}"


class LayerNorm(nn.Module):
    """The channels of each site to mean 0, variance 1 (Ba et al. 2016, as in ConvNeXt).

    Of a field (B, C, *S); for tokens (B, L, C) torch.nn.LayerNorm does the same.
    """

    def __init__(self, space: Space | int, channels: int, *, eps: float = 1e-6) -> None:
        super().__init__()
        self.space, self.eps = as_space(space), eps
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Field) -> Field:
        return self.space.map(self._normalised, x)

    def _normalised(self, x: Tensor) -> Tensor:
        x = x.movedim(1, -1)
        x = F.layer_norm(x, self.weight.shape, self.weight, self.bias, self.eps)
        return x.movedim(-1, 1)

    def extra_repr(self) -> str:
        return f"{len(self.weight)}, eps={self.eps}"
