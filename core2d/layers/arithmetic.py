"""Extents and receptive fields of convolutions, poolings and their transposes, per axis.

Dumoulin and Visin 2016, "A guide to convolution arithmetic for deep learning". Symbols: extent n,
kernel k, stride s, padding p on each side, dilation d.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from core2d.errors import InputError


def conv_extent(
    n: int, kernel: int, stride: int = 1, padding: int = 0, dilation: int = 1, *, ceil: bool = False
) -> int:
    """Cells after a convolution or pooling: floor((n + 2p - d(k-1) - 1) / s) + 1, at least 1.

    ceil: a last window may hang over the edge, but starts inside the field or its left margin.
    Raises InputError where no window fits.
    """
    room = n + 2 * padding - dilation * (kernel - 1) - 1
    if room < 0:
        raise InputError(f"n: {n} cells and padding {padding} hold no kernel {kernel}")
    if not ceil:
        return room // stride + 1
    windows = -(-room // stride) + 1
    return windows - 1 if (windows - 1) * stride >= n + padding else windows


def transposed_extent(
    n: int,
    kernel: int,
    stride: int = 1,
    padding: int = 0,
    dilation: int = 1,
    *,
    output_padding: int = 0,
) -> int:
    """Cells after a transposed convolution: (n - 1)s - 2p + d(k-1) + output_padding + 1.

    With kernel 3, stride 2, padding 1 two cells become 3, and 4 with output_padding 1: a
    convolution takes both 3 and 4 cells to 2, so one number says which of them is meant.
    """
    return (n - 1) * stride - 2 * padding + dilation * (kernel - 1) + output_padding + 1


def output_padding(
    n: int, wanted: int, kernel: int, stride: int = 1, padding: int = 0, dilation: int = 1
) -> int:
    """What has to be added to n cells, transposed, so that `wanted` come out. Raises InputError."""
    least = transposed_extent(n, kernel, stride, padding, dilation)
    if not least <= wanted < least + stride:
        raise InputError(f"wanted: {n} cells become {least} to {least + stride - 1}, not {wanted}")
    return wanted - least


def same_padding(kernel: int, dilation: int = 1) -> int:
    """The padding with which an odd kernel at stride 1 keeps the extent. Raises InputError."""
    if kernel % 2 == 0:
        raise InputError(f"kernel: expected an odd one, got {kernel}")
    return dilation * (kernel - 1) // 2


@dataclass(frozen=True)
class Window:
    """One layer as its neighbours see it: a convolution or a pooling along one axis."""

    kernel: int
    stride: int = 1
    padding: int = 0
    dilation: int = 1


@dataclass(frozen=True)
class Receptive:
    """What one cell of a deep layer sees: cells start + i * step .. start + i * step + size - 1.

    All in cells of the input. size: with the holes of dilation; step: between neighbouring cells;
    start: the first that cell 0 sees, negative inside the padding.
    """

    size: int = 1
    step: int = 1
    start: int = 0

    def after(self, window: Window) -> "Receptive":
        """The receptive field one layer further on."""
        return Receptive(
            self.size + window.dilation * (window.kernel - 1) * self.step,
            self.step * window.stride,
            self.start - window.padding * self.step,
        )

    def cells(self, index: int, extent: int | None = None) -> range:
        """The input cells that cell `index` sees; with `extent`, those that exist."""
        low = self.start + index * self.step
        high = low + self.size
        return range(low, high) if extent is None else range(max(0, low), min(extent, high))


def receptive_field(windows: Sequence[Window]) -> Receptive:
    """Layers from input to output -> what a cell of the last one sees."""
    field = Receptive()
    for window in windows:
        field = field.after(window)
    return field


def conv_weights(inputs: int, outputs: int, kernel: Sequence[int], *, groups: int = 1) -> int:
    """Weights of a convolution without bias: outputs * inputs / groups * prod(kernel)."""
    return outputs * (inputs // groups) * math.prod(kernel)
