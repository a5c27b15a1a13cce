"""MinkUNet: residual U-Nets for labels of voxels, on any space; sparse voxels by default.

Choy, Gwak, Savarese 2019, "4D spatio-temporal ConvNets: Minkowski convolutional neural networks",
figure 4 (there MinkowskiNet18, 42 ...); sizes and letters as in MinkowskiEngine's examples. 34C has
37.9 M parameters. Weights of MinkowskiEngine load by `geomdl.nn.sparse_weights`.
"""

from collections.abc import Sequence

import torch.nn.functional as F
from torch import nn

from core2d.errors import expect_choice
from core2d.layers.conv import Conv, ConvTranspose
from core2d.layers.init import he_normal
from core2d.layers.norm import BatchNorm
from core2d.models.resnet import BasicBlock, Bottleneck, Projection
from core2d.space import Field, Size, Space, as_space
from geomdl.errors import GeometryError
from geomdl.nn.sparse_space import SparseSpace

# blocks per stage: four down, four up
LAYERS = {
    14: (1, 1, 1, 1, 1, 1, 1, 1),
    18: (2, 2, 2, 2, 2, 2, 2, 2),
    34: (2, 3, 4, 6, 2, 2, 2, 2),
    50: (2, 3, 4, 6, 2, 2, 2, 2),
    101: (2, 3, 4, 23, 2, 2, 2, 2),
}
# name -> depth, channels of the four stages up; those down are 32, 64, 128, 256
SIZES = {
    "14A": (14, (128, 128, 96, 96)),
    "14B": (14, (128, 128, 128, 128)),
    "14C": (14, (192, 192, 128, 128)),
    "14D": (14, (384, 384, 384, 384)),
    "18A": (18, (128, 128, 96, 96)),
    "18B": (18, (128, 128, 128, 128)),
    "18D": (18, (384, 384, 384, 384)),
    "34A": (34, (256, 128, 64, 64)),
    "34B": (34, (256, 128, 64, 32)),
    "34C": (34, (256, 128, 96, 96)),
    "50": (50, (256, 128, 96, 96)),
    "101": (101, (256, 128, 96, 96)),
}


class ConvNorm(nn.Module):
    """relu(norm(conv(x))): (B, inputs, *S) -> (B, outputs, *S/stride)."""

    def __init__(
        self, space: Space, inputs: int, outputs: int, kernel: Size, *, stride: Size = 1
    ) -> None:
        super().__init__()
        self.space = space
        self.conv = Conv(space, inputs, outputs, kernel, stride=stride, bias=False)
        self.norm = BatchNorm(space, outputs)

    def forward(self, x: Field) -> Field:
        return self.space.map(F.relu, self.norm(self.conv(x)))


class UpNorm(nn.Module):
    """relu(norm(transposed conv(x))) onto the sites of `like`."""

    def __init__(self, space: Space, inputs: int, outputs: int, stride: Size) -> None:
        super().__init__()
        self.space = space
        self.conv = ConvTranspose(space, inputs, outputs, stride, stride=stride, bias=False)
        self.norm = BatchNorm(space, outputs)

    def forward(self, x: Field, like: Field) -> Field:
        return self.space.map(F.relu, self.norm(self.conv(x, like)))


class MinkUNet(nn.Module):
    """Field (B, inputs, *S) -> logits (B, classes, *S) at the same sites.

    layers: blocks of the four stages down and the four up; planes: their widths (of a bottleneck
    the inner ones). width: channels before the first stage; stem: kernel of the first convolution.
    stride: of each stage, per axis where time is not to be halved ((2, 2, 2, 1) in 4D).
    """

    def __init__(
        self,
        layers: Sequence[int],
        planes: Sequence[int],
        *,
        classes: int = 20,
        inputs: int = 3,
        bottleneck: bool = False,
        width: int = 32,
        stem: Size = 5,
        stride: Size = 2,
        space: Space | int | None = None,
    ) -> None:
        super().__init__()
        if len(layers) != 8 or len(planes) != 8:
            raise GeometryError(f"layers, planes: expected 8 of each, got {layers} and {planes}")
        if min(layers) < 1:
            raise GeometryError(f"layers: expected a block or more in each stage, got {layers}")
        self.space = SparseSpace(3) if space is None else as_space(space)
        kind = Bottleneck if bottleneck else BasicBlock
        self.stem = ConvNorm(self.space, inputs, width, stem)
        self.down, self.encode = nn.ModuleList(), nn.ModuleList()
        self.up, self.decode = nn.ModuleList(), nn.ModuleList()
        channels, skips = width, [width]
        for count, plane in zip(layers[:4], planes[:4], strict=True):
            self.down.append(ConvNorm(self.space, channels, channels, stride, stride=stride))
            self.encode.append(_stage(self.space, kind, count, channels, plane))
            channels = plane * kind.expansion
            skips.append(channels)
        skips.pop()
        for count, plane in zip(layers[4:], planes[4:], strict=True):
            self.up.append(UpNorm(self.space, channels, plane, stride))
            self.decode.append(_stage(self.space, kind, count, plane + skips.pop(), plane))
            channels = plane * kind.expansion
        self.head = Conv(self.space, channels, classes, 1)
        he_normal(self)

    def features(self, x: Field) -> Field:
        """What the head reads: (B, planes[-1], *S), at the sites of x."""
        x = self.stem(x)
        skips = []
        for down, encode in zip(self.down, self.encode, strict=True):
            skips.append(x)
            x = encode(down(x))
        for up, decode in zip(self.up, self.decode, strict=True):
            skip = skips.pop()
            x = decode(self.space.concat(up(x, skip), skip))
        return x

    def forward(self, x: Field) -> Field:
        return self.head(self.features(x))


def _stage(
    space: Space, kind: type[BasicBlock] | type[Bottleneck], count: int, inputs: int, width: int
) -> nn.Sequential:
    """`count` residual blocks; the first fits its shortcut where channels change."""
    outputs = width * kind.expansion
    fit = None if inputs == outputs else Projection(space, inputs, outputs, 1)
    first = kind(space, inputs, width, shortcut=fit)
    return nn.Sequential(first, *(kind(space, outputs, width) for _ in range(count - 1)))


def minkunet(
    size: str = "34C",
    *,
    classes: int = 20,
    inputs: int = 3,
    stem: Size = 5,
    stride: Size = 2,
    space: Space | int | None = None,
) -> MinkUNet:
    """MinkUNet at a published size: 14A to D, 18A, B and D, 34A to C, 50, 101.

    Published weights of ScanNet have a stem of 5, those of other repositories 3.
    """
    depth, up = SIZES[expect_choice("size", size, tuple(SIZES))]
    return MinkUNet(
        LAYERS[depth],
        (32, 64, 128, 256, *up),
        classes=classes,
        inputs=inputs,
        bottleneck=depth >= 50,
        stem=stem,
        stride=stride,
        space=space,
    )
