"""Inception-v4: wide kernels factored into one convolution per axis.

Szegedy, Ioffe, Vanhoucke, Alemi 2017, "Inception-v4, Inception-ResNet and the impact of residual
connections on learning", figures 3 to 9. Parameters are named as in timm (after R. Cadene), so its
state dicts load. On n axes a kernel of 7x7 becomes n kernels of 7; in 2D this is the published
network.
"""

from collections.abc import Mapping, Sequence

from torch import Tensor, nn

from core2d.errors import expect_sizes
from core2d.layers.block import ConvNorm
from core2d.layers.init import he_normal
from core2d.layers.pool import Pool
from core2d.space import Field, Padding, Size, Space, as_space


class InceptionV4(nn.Module):
    """Field (B, inputs, *S) -> logits (B, classes). Total stride 32.

    blocks: of types A, B and C. width: of the first convolution, all channels in proportion.
    padding: of the stem and the reductions, 0 as published on regular grids (75 or more cells per
    axis); "same" for any space.
    """

    def __init__(
        self,
        blocks: Sequence[int] = (4, 7, 3),
        *,
        classes: int = 1000,
        inputs: int = 3,
        width: int = 32,
        padding: Padding = 0,
        dropout: float = 0.2,
        space: Space | int = 2,
    ) -> None:
        super().__init__()
        self.space = as_space(space)
        count_a, count_b, count_c = expect_sizes("blocks", blocks, 3, low=0)
        parts: list[nn.Module] = [
            *stem(self.space, inputs, width, padding),
            *(block_a(self.space, width) for _ in range(count_a)),
            reduction_a(self.space, width, padding),
            *(block_b(self.space, width) for _ in range(count_b)),
            reduction_b(self.space, width, padding),
        ]
        channels = 48 * width
        for _ in range(count_c):
            parts.append(BlockC(self.space, channels, width))
            channels = 16 * (1 + self.space.axes) * width
        self.features = nn.Sequential(*parts)
        self.dropout = nn.Dropout(dropout)
        self.last_linear = nn.Linear(channels, classes)
        he_normal(self)

    def forward(self, x: Field) -> Tensor:
        return self.last_linear(self.dropout(self.space.reduce(self.features(x))))


class Branches(nn.Module):
    """What several branches make of one field, side by side along the channels."""

    def __init__(self, space: Space, branches: Mapping[str, nn.Module]) -> None:
        super().__init__()
        self.space = space
        for name, branch in branches.items():
            self.add_module(name, branch)

    def forward(self, x: Field) -> Field:
        return self.space.concat(*(branch(x) for branch in self.children()))


class BlockC(nn.Module):
    """Figure 6: (B, inputs, *S) -> (B, 16 (1 + axes) width, *S); two branches fork per axis."""

    def __init__(self, space: Space, inputs: int, width: int) -> None:
        super().__init__()
        self.space, c, n = space, width, space.axes
        self.branch0 = ConvNorm(space, inputs, 8 * c, 1)
        self.branch1_0 = ConvNorm(space, inputs, 12 * c, 1)
        self.branch2_0 = ConvNorm(space, inputs, 12 * c, 1)
        self.chain = [f"branch2_{i + 1}" for i in range(n)]
        self.fork1 = [f"branch1_1{letter}" for letter in "abc"[:n]]
        self.fork2 = [f"branch2_{n + 1}{letter}" for letter in "abc"[:n]]
        first_axis, last_axis = along_axes(n, 3), along_axes(n, 3)[::-1]
        channels = 12 * c
        for index, (name, kernel) in enumerate(zip(self.chain, first_axis, strict=True), 1):
            out = (16 if index == n else 14) * c
            self.add_module(name, ConvNorm(space, channels, out, kernel))
            channels = out
        for name, kernel in zip(self.fork1, last_axis, strict=True):
            self.add_module(name, ConvNorm(space, 12 * c, 8 * c, kernel))
        for name, kernel in zip(self.fork2, last_axis, strict=True):
            self.add_module(name, ConvNorm(space, channels, 8 * c, kernel))
        self.branch3 = averaged(space, inputs, 8 * c)

    def forward(self, x: Field) -> Field:
        one, two = self.branch1_0(x), self.branch2_0(x)
        for name in self.chain:
            two = self.get_submodule(name)(two)
        return self.space.concat(
            self.branch0(x),
            *(self.get_submodule(name)(one) for name in self.fork1),
            *(self.get_submodule(name)(two) for name in self.fork2),
            self.branch3(x),
        )


def stem(space: Space, inputs: int, c: int, padding: Padding) -> list[nn.Module]:
    """Figure 3: (B, inputs, *S) -> (B, 12 c, *S/8)."""
    wide = along_axes(space.axes, 7)[::-1]
    return [
        ConvNorm(space, inputs, c, stride=2, padding=padding),
        ConvNorm(space, c, c, padding=padding),
        ConvNorm(space, c, 2 * c),
        Branches(
            space,
            {
                "maxpool": Pool(space, 3, 2, padding=padding),
                "conv": ConvNorm(space, 2 * c, 3 * c, stride=2, padding=padding),
            },
        ),
        Branches(
            space,
            {
                "branch0": line(space, (5 * c, 2 * c, 3 * c), (1, 3), padding=padding),
                "branch1": line(
                    space,
                    (5 * c, 2 * c, *[2 * c] * len(wide), 3 * c),
                    (1, *wide, 3),
                    padding=padding,
                ),
            },
        ),
        Branches(
            space,
            {
                "conv": ConvNorm(space, 6 * c, 6 * c, stride=2, padding=padding),
                "maxpool": Pool(space, 3, 2, padding=padding),
            },
        ),
    ]


def block_a(space: Space, c: int) -> Branches:
    """Figure 4: 12 c channels to 12 c."""
    return Branches(
        space,
        {
            "branch0": ConvNorm(space, 12 * c, 3 * c, 1),
            "branch1": line(space, (12 * c, 2 * c, 3 * c), (1, 3)),
            "branch2": line(space, (12 * c, 2 * c, 3 * c, 3 * c), (1, 3, 3)),
            "branch3": averaged(space, 12 * c, 3 * c),
        },
    )


def reduction_a(space: Space, c: int, padding: Padding) -> Branches:
    """Figure 7: 12 c channels to 32 c, half the extent."""
    widths = (12 * c, 6 * c, 7 * c, 8 * c)
    return Branches(
        space,
        {
            "branch0": ConvNorm(space, 12 * c, 12 * c, stride=2, padding=padding),
            "branch1": line(space, widths, (1, 3, 3), stride=2, padding=padding),
            "branch2": Pool(space, 3, 2, padding=padding),
        },
    )


def block_b(space: Space, c: int) -> Branches:
    """Figure 5: 32 c channels to 32 c."""
    axes, wide = space.axes, along_axes(space.axes, 7)
    once = (32 * c, 6 * c, *[7 * c] * (axes - 1), 8 * c)
    twice = (32 * c, 6 * c, *[6 * c] * (axes - 1), *[7 * c] * axes, 8 * c)
    return Branches(
        space,
        {
            "branch0": ConvNorm(space, 32 * c, 12 * c, 1),
            "branch1": line(space, once, (1, *wide[::-1])),
            "branch2": line(space, twice, (1, *wide, *wide)),
            "branch3": averaged(space, 32 * c, 4 * c),
        },
    )


def reduction_b(space: Space, c: int, padding: Padding) -> Branches:
    """Figure 8: 32 c channels to 48 c, half the extent."""
    wide = along_axes(space.axes, 7)[::-1]
    long = (32 * c, 8 * c, *[8 * c] * (len(wide) - 1), 10 * c, 10 * c)
    return Branches(
        space,
        {
            "branch0": line(space, (32 * c, 6 * c, 6 * c), (1, 3), stride=2, padding=padding),
            "branch1": line(space, long, (1, *wide, 3), stride=2, padding=padding),
            "branch2": Pool(space, 3, 2, padding=padding),
        },
    )


def line(
    space: Space,
    widths: Sequence[int],
    kernels: Sequence[Size],
    *,
    stride: int = 1,
    padding: Padding = "same",
) -> nn.Sequential:
    """Convolutions one after another; `stride` and `padding` are those of the last."""
    last = len(kernels) - 1
    return nn.Sequential(
        *(
            ConvNorm(space, low, high, kernel, stride=stride, padding=padding)
            if index == last
            else ConvNorm(space, low, high, kernel)
            for index, (low, high, kernel) in enumerate(
                zip(widths[:-1], widths[1:], kernels, strict=True)
            )
        )
    )


def averaged(space: Space, inputs: int, outputs: int) -> nn.Sequential:
    """The mean of 3 cells per axis, then a 1x1 convolution."""
    return nn.Sequential(Pool(space, 3, 1, kind="mean"), ConvNorm(space, inputs, outputs, 1))


def along_axes(axes: int, size: int) -> list[tuple[int, ...]]:
    """Kernels of `size` on one axis and 1 on the others, the first axis first."""
    return [tuple(size if a == axis else 1 for a in range(axes)) for axis in range(axes)]
