"""Hand-made filters on fields of any number of axes: no weight here is learned.

correlation   I'(i) = sum_m K(m) I(i + m)
convolution   I'(i) = sum_m K(m) I(i - m), the same with the kernel flipped

m = 0 is the middle of an odd kernel and the start of an even one. Beyond the field lie zeros.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from core2d.errors import InputError, expect_number
from core2d.space import Field, Space


def correlate(space: Space, x: Field, kernel: Tensor) -> Field:
    """Field (B, C, *S), kernel (*K) -> field (B, C, *S); each channel alone."""
    if kernel.ndim != space.axes:
        raise InputError(f"kernel: expected {space.axes} axes, got {tuple(kernel.shape)}")
    blank = space.blank(x)
    weight = kernel.to(blank).expand(blank.shape[1], 1, *kernel.shape)
    return space.conv(x, weight, groups=len(weight))


def convolve(space: Space, x: Field, kernel: Tensor) -> Field:
    """Field (B, C, *S), kernel (*K) -> field (B, C, *S): with a point it returns the kernel."""
    return correlate(space, x, centred(kernel).flip(tuple(range(kernel.ndim))))


def centred(kernel: Tensor) -> Tensor:
    """The same kernel with m = 0 in its middle: even axes of k cells get k - 1 zeros in front."""
    pads = [n for k in reversed(kernel.shape) for n in (0 if k % 2 else k - 1, 0)]
    return torch.nn.functional.pad(kernel, pads)


def outer(factors: Sequence[Tensor]) -> Tensor:
    """Vectors -> the kernel whose entries are their products: one axis after the other."""
    kernel = torch.ones(())
    for factor in factors:
        kernel = kernel[..., None] * factor
    return kernel


def edge(axes: int = 2) -> Tensor:
    """Differences to all neighbours: -1 around, 3^axes - 1 in the middle. A flat field gives 0."""
    kernel = -torch.ones((3,) * axes)
    kernel[(1,) * axes] = 3**axes - 1
    return kernel


def box(axes: int = 2, size: int = 3) -> Tensor:
    """The mean of a block."""
    return torch.full((size,) * axes, 1 / size**axes)


def sharpen(axes: int = 2) -> Tensor:
    """The value plus its differences to the direct neighbours: a flat field stays."""
    kernel = torch.zeros((3,) * axes)
    for axis in range(axes):
        for side in (0, 2):
            kernel[(*(1,) * axis, side, *(1,) * (axes - axis - 1))] = -1
    kernel[(1,) * axes] = 1 + 2 * axes
    return kernel


def binomial(axes: int = 2) -> Tensor:
    """The small Gaussian: products of [1, 2, 1] / 4."""
    return outer([torch.tensor([0.25, 0.5, 0.25])] * axes)


def forward_difference(axes: int = 2, axis: int = 0) -> Tensor:
    """I(i + 1) - I(i) along `axis`, as a correlation with [-1, 1]."""
    return torch.tensor([-1.0, 1.0]).view([2 if at == axis else 1 for at in range(axes)])


def sobel(axes: int = 2, axis: int = 0) -> Tensor:
    """The derivative along `axis`, smoothed along the others; exact on linear fields."""
    slope, smooth = torch.tensor([-0.5, 0.0, 0.5]), torch.tensor([0.25, 0.5, 0.25])
    return outer([slope if at == axis else smooth for at in range(axes)])


def gradient(space: Space, x: Field) -> list[Field]:
    """Field (B, C, *S) -> its derivative per cell along each axis (Sobel)."""
    return [correlate(space, x, sobel(space.axes, axis)) for axis in range(space.axes)]


def gaussian(sigma: float, *, reach: float = 4.0) -> Tensor:
    """A Gaussian of `sigma` cells that sums to 1, cut off at `reach` sigma: (2r + 1,)."""
    radius = max(1, math.ceil(reach * expect_number("sigma", sigma, above=0)))
    place = torch.arange(-radius, radius + 1, dtype=torch.float64)
    kernel = torch.exp(-0.5 * (place / sigma) ** 2)
    return (kernel / kernel.sum()).float()


def blur(space: Space, x: Field, sigma: float) -> Field:
    """Field -> field, smoothed by a Gaussian of `sigma` cells, one axis after the other.

    At borders only the cells that exist are averaged, so constants stay constant everywhere.
    """
    kernel = gaussian(sigma)
    ones = space.map(lambda values: torch.ones_like(values[:, :1]), x)
    for axis in range(space.axes):
        line = kernel.view([-1 if at == axis else 1 for at in range(space.axes)])
        held = correlate(space, ones, line)
        x = space.map(torch.div, correlate(space, x, line), held)
    return x
