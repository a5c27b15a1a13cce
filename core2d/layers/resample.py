"""Making fields finer: the decoders' ways up, all called as module(x, like).

`like` is the finer field of the encoder whose sites are wanted; None means all children. Every
module takes (space, inputs, outputs), so that one network can be compared with another way up.
`ConvTranspose` of core2d.layers.conv has the same form and is the fifth way.
"""

import torch
from torch import nn

from core2d.errors import InputError
from core2d.layers.conv import Conv
from core2d.space import Field, Mode, Space, as_space


class Interpolate(nn.Module):
    """Twice as fine by interpolation, then a convolution: few artefacts.

    Odena et al. 2016, "Deconvolution and checkerboard artifacts". mode: nearest copies each cell
    to its block, linear, cubic.
    """

    def __init__(
        self, space: Space | int, inputs: int, outputs: int, *, mode: Mode = "nearest"
    ) -> None:
        super().__init__()
        self.space = as_space(space)
        self.mode: Mode = mode
        self.conv = Conv(self.space, inputs, outputs, 3)

    def forward(self, x: Field, like: Field | None = None) -> Field:
        return self.conv(
            self.space.resize(x, like, scale=0 if like is not None else 2, mode=self.mode)
        )

    def extra_repr(self) -> str:
        return f"mode={self.mode}"


class BedOfNails(nn.Module):
    """Each value to the first cell of its block, zero elsewhere, then a convolution."""

    def __init__(self, space: Space | int, inputs: int, outputs: int) -> None:
        super().__init__()
        self.space = as_space(space)
        self.conv = Conv(self.space, inputs, outputs, 3)

    def forward(self, x: Field, like: Field | None = None) -> Field:
        return self.conv(bed_of_nails(self.space, x, like))


class MaxUnpool(nn.Module):
    """Each value to the cell where the encoder found its maximum, then a convolution.

    Badrinarayanan et al. 2017 (SegNet). The places are those of the maxima of `like`, the field
    that the encoder pooled, so `like` is needed and has `outputs` channels; a 1x1 convolution
    brings x to as many.
    """

    def __init__(self, space: Space | int, inputs: int, outputs: int) -> None:
        super().__init__()
        self.space = as_space(space)
        self.fit = Conv(self.space, inputs, outputs, 1)
        self.conv = Conv(self.space, outputs, outputs, 3)

    def forward(self, x: Field, like: Field) -> Field:
        _, places = self.space.pool_indices(like, 2)
        return self.conv(self.space.unpool(self.fit(x), places, like))


class PixelShuffle(nn.Module):
    """A convolution to 2^axes times the channels, which then become the cells of each block.

    Shi et al. 2016, "Real-time single image and video super-resolution ...", eq. 4.
    """

    def __init__(self, space: Space | int, inputs: int, outputs: int) -> None:
        super().__init__()
        self.space = as_space(space)
        self.conv = Conv(self.space, inputs, outputs * 2**self.space.axes, 3)

    def forward(self, x: Field, like: Field | None = None) -> Field:
        return pixel_shuffle(self.space, self.conv(x), like)


def linear(space: Space, inputs: int, outputs: int) -> Interpolate:
    """`Interpolate` with mode linear."""
    return Interpolate(space, inputs, outputs, mode="linear")


def cubic(space: Space, inputs: int, outputs: int) -> Interpolate:
    """`Interpolate` with mode cubic."""
    return Interpolate(space, inputs, outputs, mode="cubic")


def bed_of_nails(space: Space, x: Field, like: Field | None = None, *, factor: int = 2) -> Field:
    """Field (B, C, *S) -> (B, C, *S * factor): values to the first cell of each block, else 0."""
    blank = space.blank(x)
    nail = blank.new_ones(blank.shape[1], 1, *(1,) * space.axes)
    return space.conv_transpose(x, nail, like=like, stride=factor, groups=len(nail))


def pixel_shuffle(space: Space, x: Field, like: Field | None = None, *, factor: int = 2) -> Field:
    """Field (B, C * factor^axes, *S) -> (B, C, *S * factor); factor even. Channel order as torch's.

    Written as the transposed convolution with fixed kernels that it is, so it lives on any space.
    """
    if factor % 2 or factor < 2:  # odd kernels would be centred on their site
        raise InputError(f"factor: expected an even number, got {factor}")
    blank, block = space.blank(x), factor**space.axes
    channels, rest = divmod(blank.shape[1], block)
    if rest:
        raise InputError(f"x: expected channels divisible by {block}, got {blank.shape[1]}")
    kernels = torch.eye(block).view(block, 1, *(factor,) * space.axes).to(blank)
    kernels = kernels.repeat(channels, *(1,) * (space.axes + 1))
    return space.conv_transpose(x, kernels, like=like, stride=factor, groups=channels)
