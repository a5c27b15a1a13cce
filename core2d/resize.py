"""Resizing of dense grids with any number of axes, and the cubic kernel that torch has in 2D only.

Cells have centres at +0.5 (torch's align_corners=False). Cubic: Keys 1981, "Cubic convolution
interpolation for digital image processing", with a = -0.75 and clamped borders, as torch does it.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

MODES = ("nearest", "linear", "cubic")
LINEAR = {1: "linear", 2: "bilinear", 3: "trilinear"}


def resize_dense(x: Tensor, shape: Sequence[int], mode: str) -> Tensor:
    """Field (B, C, *S) -> (B, C, *shape); mode nearest, linear or cubic."""
    if list(x.shape[2:]) == list(shape):
        return x
    if mode == "nearest":
        return F.interpolate(x, list(shape), mode="nearest")
    if mode == "linear":
        return F.interpolate(x, list(shape), mode=LINEAR[x.ndim - 2], align_corners=False)
    if x.ndim == 4:
        return F.interpolate(x, list(shape), mode="bicubic", align_corners=False)
    for axis, size in enumerate(shape, 2):
        matrix = cubic_matrix(x.shape[axis], size).to(x)
        x = torch.movedim(torch.movedim(x, axis, -1) @ matrix.T, -1, axis)
    return x


def cubic_matrix(n: int, size: int, a: float = -0.75) -> Tensor:
    """n cells -> the weights (size, n) that interpolate `size` cells over the same length."""
    place = (torch.arange(size, dtype=torch.float64) + 0.5) * n / size - 0.5
    left = place.floor()
    matrix = torch.zeros(size, n, dtype=torch.float64)
    for step in (-1, 0, 1, 2):
        t = (place - left - step).abs()
        near = (a + 2) * t**3 - (a + 3) * t**2 + 1
        far = a * t**3 - 5 * a * t**2 + 8 * a * t - 4 * a
        weight = torch.where(t <= 1, near, torch.where(t < 2, far, torch.zeros_like(t)))
        column = (left.long() + step).clamp(0, n - 1)
        matrix.scatter_add_(1, column[:, None], weight[:, None])
    return matrix
