"""Cutting fields into patches: as one vector each, and as one learned projection."""

import math

from torch import Tensor

from core2d.errors import InputError, describe
from core2d.layers.conv import Conv
from core2d.space import Padding, Size, Space, as_space


def patch_conv(
    space: Space | int, inputs: int, width: int, patch: Size, *, bias: bool = True
) -> Conv:
    """Field (B, inputs, *S) -> field (B, width, *S/patch): every patch projected linearly.

    A convolution whose stride is its kernel (Dosovitskiy et al. 2021, eq. 1). Kernels of odd size
    are centred on other spaces, so odd patches exist on Dense alone.
    """
    space = as_space(space)
    sizes = space.sizes("patch", patch)
    padding: Padding = 0 if any(size % 2 for size in sizes) else "same"
    return Conv(space, inputs, width, sizes, stride=sizes, bias=bias, padding=padding)


def to_patches(x: Tensor, patch: Size) -> Tensor:
    """Field (B, C, *S) -> patches (B, L, C * prod(patch)), row by row. Raises InputError."""
    axes = x.ndim - 2
    sizes = (patch,) * axes if isinstance(patch, int) else tuple(patch)
    if len(sizes) != axes or any(n % p for n, p in zip(x.shape[2:], sizes, strict=True)):
        raise InputError(f"x: expected extents divisible by {sizes}, got {describe(x)}")
    for axis, size in enumerate(sizes):
        x = x.unflatten(2 + 2 * axis, (-1, size))  # (B, C, n1, p1, n2, p2, ...)
    cells, inner = range(2, x.ndim, 2), range(3, x.ndim, 2)
    return x.permute(0, *cells, 1, *inner).flatten(1 + axes).flatten(1, axes)


def from_patches(patches: Tensor, extent: tuple[int, ...], patch: Size) -> Tensor:
    """Patches (B, L, C * prod(patch)) -> field (B, C, *extent): the inverse of `to_patches`."""
    axes = len(extent)
    sizes = (patch,) * axes if isinstance(patch, int) else tuple(patch)
    counts = [n // p for n, p in zip(extent, sizes, strict=True)]
    if patches.shape[1] != math.prod(counts) or patches.shape[2] % math.prod(sizes):
        raise InputError(f"patches: expected {math.prod(counts)}, got {describe(patches)}")
    x = patches.unflatten(1, counts).unflatten(1 + axes, (-1, *sizes))  # (B, *n, C, *p)
    order = [at for axis in range(axes) for at in (1 + axis, 2 + axes + axis)]
    return x.permute(0, 1 + axes, *order).reshape(len(x), -1, *extent)
