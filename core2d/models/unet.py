"""U-Net: an encoder, a decoder of the same depth, and features copied across at every level.

Ronneberger, Fischer, Brox 2015, "U-Net: Convolutional networks for biomedical image segmentation",
figure 1. The published form (`valid=True`) pads nothing and crops the copied features: 572 cells
give 388. With "same" padding the logits keep the extent, and the network lives on every space.
"""

from collections.abc import Callable
from typing import TypeAlias

import torch.nn.functional as F
from torch import nn

from core2d.errors import InputError
from core2d.layers.conv import Conv, ConvTranspose
from core2d.layers.dropout import Dropout
from core2d.layers.init import he_normal
from core2d.space import Field, Padding, Space, as_space

Norm: TypeAlias = Callable[[Space, int], nn.Module]
Up: TypeAlias = Callable[[Space, int, int], nn.Module]


class DoubleConv(nn.Module):
    """Twice a 3x3 convolution, norm (if any) and ReLU: (B, inputs, *S) -> (B, outputs, *S)."""

    def __init__(
        self, space: Space, inputs: int, outputs: int, *, norm: Norm | None, padding: Padding
    ) -> None:
        super().__init__()
        self.space = space
        self.conv1 = Conv(space, inputs, outputs, bias=norm is None, padding=padding)
        self.norm1 = nn.Identity() if norm is None else norm(space, outputs)
        self.conv2 = Conv(space, outputs, outputs, bias=norm is None, padding=padding)
        self.norm2 = nn.Identity() if norm is None else norm(space, outputs)

    def forward(self, x: Field) -> Field:
        x = self.space.map(F.relu, self.norm1(self.conv1(x)))
        return self.space.map(F.relu, self.norm2(self.conv2(x)))


class UNet(nn.Module):
    """Field (B, inputs, *S) -> logits (B, classes, *S), or fewer cells where `valid`.

    width: channels of the first level, doubled at each of the `depth` further ones (published: 64
    and 4, no norm). up(space, inputs, outputs): makes the upsampling of a level, called as
    module(x, like): ConvTranspose, or one of core2d.layers.resample. norm(space, channels): makes
    a norm (BatchNorm, or None). dropout: of the two deepest levels. Best with extents divisible by
    2^depth.
    """

    def __init__(
        self,
        *,
        classes: int,
        inputs: int = 1,
        width: int = 64,
        depth: int = 4,
        up: Up = ConvTranspose,
        norm: Norm | None = None,
        dropout: float = 0.0,
        valid: bool = False,
        space: Space | int = 2,
    ) -> None:
        super().__init__()
        if depth < 1:
            raise InputError(f"depth: expected at least 1, got {depth}")
        self.space, self.depth, self.valid = as_space(space), depth, valid
        padding: Padding = 0 if valid else "same"
        channels = [width * 2**level for level in range(depth + 1)]
        self.down = nn.ModuleList(
            DoubleConv(self.space, a, b, norm=norm, padding=padding)
            for a, b in zip([inputs, *channels], channels, strict=False)
        )
        pairs = list(zip(channels[:0:-1], channels[-2::-1], strict=True))
        self.up = nn.ModuleList(up(self.space, a, b) for a, b in pairs)
        self.merge = nn.ModuleList(
            DoubleConv(self.space, 2 * b, b, norm=norm, padding=padding) for _, b in pairs
        )
        self.dropout = Dropout(self.space, dropout)
        self.head = Conv(self.space, width, classes, 1)
        he_normal(self, "in")

    def encode(self, x: Field) -> list[Field]:
        """The features of every level, finest first: strides 1, 2, 4, ..., 2^depth."""
        levels: list[Field] = []
        for level, convs in enumerate(self.down):
            x = convs(x if level == 0 else self.space.pool(x, 2))
            levels.append(self.dropout(x) if level >= self.depth - 1 else x)
        return levels

    def forward(self, x: Field) -> Field:
        *skips, x = self.encode(x)
        for up, merge in zip(self.up, self.merge, strict=True):
            skip = skips.pop()
            x = up(x, None if self.valid else skip)
            skip = centre_crop(self.space, skip, x) if self.valid else skip
            x = merge(self.space.concat(skip, x))
        return self.head(x)


def centre_crop(space: Space, x: Field, like: Field) -> Field:
    """The middle of (B, C, *S) with the extent of `like`. Dense only. Raises InputError."""
    extents = list(zip(space.extent(x), space.extent(like), strict=True))
    if any(whole < part for whole, part in extents):
        raise InputError(f"x: expected at least {space.extent(like)} cells, got {space.extent(x)}")
    middle = [slice((w - p) // 2, (w - p) // 2 + p) for w, p in extents]
    return x[(slice(None), slice(None), *middle)]
