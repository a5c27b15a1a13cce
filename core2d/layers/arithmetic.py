"""Extents and receptive fields of convolutions, poolings and their transposes, per axis.

Dumoulin and Visin 2016, "A guide to convolution arithmetic for deep learning". Symbols: extent n,
kernel k, stride s, padding p on each side, dilation d. Receptive fields: Araujo, Norris, Sim 2019,
"Computing receptive fields of convolutional neural networks", Distill.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

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
class Line:
    """What cells see along one axis: cell c the input cells c * jump + low to c * jump + high."""

    jump: Fraction = Fraction(1)
    low: Fraction | float = Fraction(0)
    high: Fraction | float = Fraction(0)

    @property
    def size(self) -> float:
        """How many input cells one cell sees, at most; with the holes of dilation."""
        return math.inf if math.isinf(self.high) else math.floor(self.high - self.low) + 1

    def box(self, cell: int) -> tuple[float, float]:
        """First and last input cell that this cell sees, also beyond the border; or infinite."""
        if math.isinf(self.high):
            return -math.inf, math.inf
        return math.ceil(cell * self.jump + self.low), math.floor(cell * self.jump + self.high)

    def after(self, window: Window) -> "Line":
        """One layer further on: its cell c reads cells c s - p + d i of the layer before, i < k."""
        reach = window.dilation * (window.kernel - 1) - window.padding
        return Line(
            self.jump * window.stride,
            self.low - window.padding * self.jump,
            self.high + reach * self.jump,
        )


def receptive_field(windows: Sequence[Window]) -> Line:
    """Layers from input to output -> what a cell of the last one sees.

    Of a whole network core2d.inspect.receptive asks the network itself.
    """
    line = Line()
    for window in windows:
        line = line.after(window)
    return line


def conv_weights(inputs: int, outputs: int, kernel: Sequence[int], *, groups: int = 1) -> int:
    """Weights of a convolution without bias: outputs * inputs / groups * prod(kernel)."""
    return outputs * (inputs // groups) * math.prod(kernel)
