"""Normalisation on any space."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core2d.errors import InputError
from core2d.space import Field, Space, as_space


class BatchNorm(nn.Module):
    """Each channel to mean 0, variance 1 over the batch and all sites (Ioffe and Szegedy 2015).

    Parameters and running statistics are named as in torch.nn.BatchNorm2d.
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
