"""Where a token stands: sinusoidal and learned codes of positions on any number of axes."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from core2d.errors import InputError, describe
from core2d.resize import resize_dense


def sinusoidal(positions: Tensor, width: int, *, longest: float = 10000.0) -> Tensor:
    """Positions (*, axes) or (L,) -> codes (*, width): sines and cosines of many wavelengths.

    Vaswani et al. 2017, section 3.5: feature 2i is sin(p / longest^(2i/d)), feature 2i+1 the
    cosine; wavelengths run from 2 pi to 2 pi longest. Several axes share the width equally,
    each with an even number d of features; what is left over is zero.
    """
    if positions.ndim == 1:
        positions = positions[:, None]
    axes = positions.shape[-1]
    half = width // (2 * axes)
    if half < 1:
        raise InputError(f"width: expected at least {2 * axes} for {axes} axes, got {width}")
    rates = torch.exp(torch.arange(half, device=positions.device) * (-math.log(longest) / half))
    angles = positions[..., None].float() * rates  # (*, axes, half)
    codes = torch.stack([angles.sin(), angles.cos()], -1).flatten(-3)
    return nn.functional.pad(codes, (0, width - codes.shape[-1]))


class LearnedPosition(nn.Module):
    """Positions (*, axes) int64, inside `extent` -> learned codes (*, width)."""

    def __init__(self, extent: Sequence[int], width: int, *, std: float = 0.02) -> None:
        super().__init__()
        self.extent = tuple(extent)
        self.weight = nn.Parameter(torch.empty(math.prod(self.extent), width))
        nn.init.normal_(self.weight, std=std)

    def forward(self, positions: Tensor) -> Tensor:
        return self.weight[flat_index(positions, self.extent)]

    def extra_repr(self) -> str:
        return f"{self.extent}, {self.weight.shape[1]}"


def flat_index(positions: Tensor, extent: Sequence[int]) -> Tensor:
    """Positions (*, axes) int64 -> row-major index (*) in a grid of `extent`. Raises InputError."""
    if positions.shape[-1:] != (len(extent),) or positions.is_floating_point():
        raise InputError(f"positions: expected int64 (* {len(extent)}), got {describe(positions)}")
    bounds = torch.tensor(tuple(extent), device=positions.device)
    if not positions.is_meta and bool(((positions < 0) | (positions >= bounds)).any()):
        raise InputError(f"positions: expected cells inside {tuple(extent)}, got others")
    index = positions.new_zeros(positions.shape[:-1])
    for axis, size in enumerate(extent):
        index = index * size + positions[..., axis]
    return index


def resize_codes(
    codes: Tensor, old: Sequence[int], new: Sequence[int], *, prefix: int = 0, mode: str = "cubic"
) -> Tensor:
    """Learned codes (1, prefix + prod(old), C) -> (1, prefix + prod(new), C), interpolated.

    The first `prefix` codes (a class token) belong to no cell and stay. For trained tables at
    another resolution (Dosovitskiy et al. 2021, section 3.2). Raises InputError.
    """
    if codes.ndim != 3 or codes.shape[1] != prefix + math.prod(old) or len(old) != len(new):
        wanted = f"(1 {prefix + math.prod(old)} C)"
        raise InputError(f"codes: expected {wanted} for {tuple(old)}, got {describe(codes)}")
    grid = codes[:, prefix:].transpose(1, 2).unflatten(2, tuple(old))
    grid = resize_dense(grid, list(new), mode).flatten(2).transpose(1, 2)
    return torch.cat([codes[:, :prefix], grid], 1)
