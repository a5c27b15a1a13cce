"""The margins of windows on dense grids: "same" padding by the site rule, or what was published."""

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor

from core2d.errors import InputError, describe


def same_sides(kernel: int, stride: int = 1, dilation: int = 1) -> tuple[int, int]:
    """Cells to add before and after an axis: odd kernels are centred, even ones start at 0."""
    if kernel % 2:
        return (dilation * (kernel - 1) // 2,) * 2
    return 0, max(0, dilation * (kernel - 1) + 1 - stride)


def padded(
    x: Tensor,
    kernel: Sequence[int],
    stride: Sequence[int],
    dilation: Sequence[int],
    padding: Sequence[int] | None,
    value: float,
) -> tuple[Tensor, tuple[int, ...]]:
    """Field (B, C, *S) -> the field, padded by `value` where the margins are lopsided, and the
    symmetric padding that is left to torch. padding: per axis, None for "same".

    Raises InputError where a window is larger than the padded field.
    """
    if padding is None:
        sides = [same_sides(*each) for each in zip(kernel, stride, dilation, strict=True)]
        if all(low == high for low, high in sides):
            padding = tuple(low for low, _ in sides)
        else:
            x = F.pad(x, [n for side in reversed(sides) for n in side], value=value)
            padding = (0,) * len(sides)
    spans = [d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True)]
    room = [n + 2 * p for n, p in zip(x.shape[2:], padding, strict=True)]
    if any(n < span for n, span in zip(room, spans, strict=True)):
        raise InputError(f"x: windows of {spans} cells do not fit into {room}, got {describe(x)}")
    return x, tuple(padding)
