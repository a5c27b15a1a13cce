"""SparseConvNet's U-Net: submanifold convolutions, norm and rectifier before each of them.

Graham, Engelcke, van der Maaten 2018, "3D semantic segmentation with submanifold sparse
convolutional networks", figure 4; sizes as in SparseConvNet's example of ScanNet: width m at the
first level, 2m, 3m ... 7m below.
"""

import torch
import torch.nn.functional as F
from torch import nn

from core2d.layers.conv import Conv, ConvTranspose
from core2d.layers.norm import BatchNorm
from core2d.space import Field, Space, as_space
from geomdl.errors import GeometryError
from geomdl.nn.sparse_space import SparseSpace

EPS = 1e-4  # of SparseConvNet's batch norm


class NormReLU(nn.Module):
    """relu(norm(x)): (B, channels, *S) -> the same."""

    def __init__(self, space: Space, channels: int) -> None:
        super().__init__()
        self.space, self.norm = space, BatchNorm(space, channels, eps=EPS)

    def forward(self, x: Field) -> Field:
        return self.space.map(F.relu, self.norm(x))


class PlainBlock(nn.Sequential):
    """conv(relu(norm(x))): (B, inputs, *S) -> (B, outputs, *S)."""

    def __init__(self, space: Space, inputs: int, outputs: int) -> None:
        super().__init__(NormReLU(space, inputs), Conv(space, inputs, outputs, 3, bias=False))


class PreactivatedBlock(nn.Module):
    """Two of these in a row, and x by a 1x1 convolution where channels change, added."""

    def __init__(self, space: Space, inputs: int, outputs: int) -> None:
        super().__init__()
        self.space = space
        fits = inputs == outputs
        self.shortcut = nn.Identity() if fits else Conv(space, inputs, outputs, 1, bias=False)
        self.branch = nn.Sequential(
            *PlainBlock(space, inputs, outputs), *PlainBlock(space, outputs, outputs)
        )

    def forward(self, x: Field) -> Field:
        return self.space.map(torch.add, self.shortcut(x), self.branch(x))


class Level(nn.Module):
    """Blocks, the level below (if any) around by the half grid, its features beside, blocks."""

    def __init__(self, space: Space, widths: tuple[int, ...], repeats: int, residual: bool) -> None:
        super().__init__()
        self.space, width = space, widths[0]
        kind = PreactivatedBlock if residual else PlainBlock
        self.before = nn.Sequential(*(kind(space, width, width) for _ in range(repeats)))
        self.below = None if len(widths) == 1 else Level(space, widths[1:], repeats, residual)
        if self.below is None:
            return
        below = widths[1]
        self.down = nn.Sequential(
            NormReLU(space, width), Conv(space, width, below, 2, stride=2, bias=False)
        )
        self.norm = NormReLU(space, below)
        self.up = ConvTranspose(space, below, width, 2, stride=2, bias=False)
        self.after = nn.Sequential(
            *(kind(space, width * (1 if index else 2), width) for index in range(repeats))
        )

    def forward(self, x: Field) -> Field:
        x = self.before(x)
        if self.below is None:
            return x
        y = self.up(self.norm(self.below(self.down(x))), x)
        return self.after(self.space.concat(x, y))


class SCNUNet(nn.Module):
    """Field (B, inputs, *S) -> logits (B, classes, *S) at the same sites.

    width: m of the first level, (l + 1) m at level l; repeats: blocks before and after each level;
    residual: pre-activated residual blocks in the place of plain ones. Published: width 16 or 32,
    7 levels, 1 or 2 repeats.
    """

    def __init__(
        self,
        *,
        classes: int = 20,
        inputs: int = 3,
        width: int = 16,
        levels: int = 7,
        repeats: int = 1,
        residual: bool = False,
        space: Space | int | None = None,
    ) -> None:
        super().__init__()
        if levels < 1 or repeats < 1:
            raise GeometryError(f"levels, repeats: expected at least 1, got {levels} and {repeats}")
        self.space = SparseSpace(3) if space is None else as_space(space)
        self.stem = Conv(self.space, inputs, width, 3, bias=False)
        widths = tuple(width * (level + 1) for level in range(levels))
        self.level = Level(self.space, widths, repeats, residual)
        self.norm = NormReLU(self.space, width)
        self.head = Conv(self.space, width, classes, 1)

    def forward(self, x: Field) -> Field:
        return self.head(self.norm(self.level(self.stem(x))))
