"""HMAX: simple cells that are tuned to patterns, complex cells that take the largest of them.

Riesenhuber and Poggio 1999; Serre et al. 2007, "Robust object recognition with cortex-like
mechanisms", eq. 1 to 4. S layers gain selectivity, C layers invariance to place and size.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from core2d.errors import InputError, expect_number
from core2d.space import Field, Size, Space, as_space


def tuned(space: Space, x: Field, patterns: Tensor, sigma: float) -> Field:
    """Field (B, C, *S), patterns w (O, C, *K) -> responses (B, O, *S) in (0, 1].

    y = exp(-|w - x|^2 / (2 sigma^2)) over the window of each cell: 1 where it equals the pattern.
    sigma is the width of the tuning (how much difference is forgiven), not the size of the window.
    Beyond the field lie zeros.
    """
    ones = patterns.new_ones(1, *patterns.shape[1:])
    energy = space.conv(space.map(torch.square, x), ones)  # |x|^2 of each window
    match = space.conv(x, patterns)
    norm = patterns.square().flatten(1).sum(1)

    def response(energy: Tensor, match: Tensor) -> Tensor:
        shape = (1, -1, *(1,) * (match.ndim - 2))
        distance = (energy - 2 * match + norm.view(shape)).clamp(min=0)
        return torch.exp(-distance / (2 * sigma**2))

    return space.map(response, energy, match)


class SLayer(nn.Module):
    """Field (B, inputs, *S) -> responses (B, outputs, *S) of `tuned` cells with given patterns.

    patterns (outputs, inputs, *K): drawn from examples (`imprint`) or made by hand, not trained.
    """

    patterns: Tensor

    def __init__(self, space: Space | int, patterns: Tensor, *, sigma: float = 1.0) -> None:
        super().__init__()
        self.space, self.sigma = as_space(space), expect_number("sigma", sigma, above=0)
        if patterns.ndim != self.space.axes + 2:
            wanted = f"(O C *K) with {self.space.axes} axes"
            raise InputError(f"patterns: expected {wanted}, got {tuple(patterns.shape)}")
        self.register_buffer("patterns", patterns)

    def forward(self, x: Field) -> Field:
        return tuned(self.space, x, self.patterns, self.sigma)


class CLayer(nn.Module):
    """Fields (B, C, *S) of several scales -> one field: the largest over scales and places.

    size, stride: of the windows over places; scales come as fields of equal sites.
    """

    def __init__(self, space: Space | int, size: Size, stride: Size | None = None) -> None:
        super().__init__()
        self.space, self.size, self.stride = as_space(space), size, stride

    def forward(self, *scales: Field) -> Field:
        best = self.space.map(lambda *values: torch.stack(values).amax(0), *scales)
        return self.space.pool(best, self.size, self.stride)


def gabor(
    size: int, angle: float, *, wavelength: float, sigma: float, aspect: float = 0.3
) -> Tensor:
    """The receptive field of an S1 cell (size, size): a wave across `angle`, under a Gaussian.

    Serre et al. 2007, eq. 1; angle in radians, lengths in cells. Made mean 0 and norm 1.
    """
    place = torch.arange(size, dtype=torch.float64) - (size - 1) / 2
    y, x = torch.meshgrid(place, place, indexing="ij")
    u = x * math.cos(angle) + y * math.sin(angle)
    v = -x * math.sin(angle) + y * math.cos(angle)
    wave = torch.exp(-(u**2 + (aspect * v) ** 2) / (2 * sigma**2))
    wave = wave * torch.cos(2 * math.pi * u / wavelength)
    wave = wave - wave.mean()
    return (wave / wave.norm()).float()


def imprint(x: Tensor, places: Sequence[Sequence[int]], size: int) -> Tensor:
    """Dense field (B, C, *S), places (sample, *corner) -> patterns (O, C, *size) cut out there."""
    cuts = []
    for sample, *corner in places:
        window = x[sample]
        for axis, at in enumerate(corner, 1):
            window = window.narrow(axis, at, min(size, max(0, window.shape[axis] - at)))
        if any(n != size for n in window.shape[1:]):
            raise InputError(f"places: {(sample, *corner)} leaves the field {tuple(x.shape)}")
        cuts.append(window)
    return torch.stack(cuts)
