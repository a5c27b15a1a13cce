"""Randomly leaving things out in training: units, channels, whole residual branches.

What stays is scaled by 1 / (1 - rate), so expected values do not change; in evaluation nothing
happens. Srivastava et al. 2014 (units), Tompson et al. 2015 (channels), Huang et al. 2016 (paths).
"""

import torch
from torch import Generator, Tensor, nn

from core2d.errors import InputError
from core2d.space import Field, Space, as_space


def keep_mask(
    shape: tuple[int, ...], rate: float, like: Tensor, generator: Generator | None = None
) -> Tensor:
    """A tensor of `shape`: 0 with probability `rate`, else 1 / (1 - rate)."""
    kept = torch.rand(shape, generator=generator, device=like.device) >= rate
    return kept.to(like.dtype) / (1 - rate)


class Dropout(nn.Module):
    """Field -> field: each value is dropped for itself."""

    def __init__(self, space: Space | int, rate: float = 0.5) -> None:
        super().__init__()
        self.space, self.rate = as_space(space), checked(rate)

    def forward(self, x: Field) -> Field:
        if not self.training or not self.rate:
            return x
        return self.space.map(lambda x: x * keep_mask(x.shape, self.rate, x), x)

    def extra_repr(self) -> str:
        return f"{self.rate}"


class ChannelDropout(nn.Module):
    """Field -> field: whole channels of a sample are dropped; neighbours say the same anyway."""

    def __init__(self, space: Space | int, rate: float = 0.5) -> None:
        super().__init__()
        self.space, self.rate = as_space(space), checked(rate)

    def forward(self, x: Field) -> Field:
        if not self.training or not self.rate:
            return x
        blank = self.space.blank(x)
        mask = keep_mask(blank.shape, self.rate, blank)
        return self.space.map(torch.mul, x, self.space.broadcast(mask, x))

    def extra_repr(self) -> str:
        return f"{self.rate}"


class DropPath(nn.Module):
    """Tensor (B, *) -> the same: the branch is dropped for whole samples (stochastic depth).

    Stands at the end of a residual branch; for tokens (B, L, C) and Dense fields alike.
    """

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = checked(rate)

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or not self.rate:
            return x
        return x * keep_mask((len(x), *(1,) * (x.ndim - 1)), self.rate, x)

    def extra_repr(self) -> str:
        return f"{self.rate}"


def checked(rate: float) -> float:
    """A share in [0, 1). Raises InputError."""
    if not 0 <= rate < 1:
        raise InputError(f"rate: expected a share in [0, 1), got {rate}")
    return rate
