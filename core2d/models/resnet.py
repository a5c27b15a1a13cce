"""Residual networks for classification and as backbones.

He, Zhang, Ren, Sun 2016, "Deep residual learning for image recognition", table 1; downsampling
stands in the 3x3 convolution of a bottleneck, as in the published torch weights ("v1.5").
Parameters are named as in torchvision, so its state dicts load.
"""

from collections.abc import Sequence
from typing import ClassVar

import torch.nn.functional as F
from torch import Tensor, nn

from core2d.errors import InputError, expect_sizes
from core2d.layers.conv import Conv
from core2d.layers.init import he_normal
from core2d.layers.norm import BatchNorm
from core2d.space import Field, Space, as_space

# depth -> (bottlenecks?, blocks per stage)
DEPTHS = {
    18: (False, (2, 2, 2, 2)),
    34: (False, (3, 4, 6, 3)),
    50: (True, (3, 4, 6, 3)),
    101: (True, (3, 4, 23, 3)),
    152: (True, (3, 8, 36, 3)),
}


class Projection(nn.Sequential):
    """The 1x1 convolution and norm that fit a shortcut to another width or stride (option B)."""

    def __init__(self, space: Space, inputs: int, outputs: int, stride: int) -> None:
        conv = Conv(space, inputs, outputs, 1, stride=stride, bias=False)
        super().__init__(conv, BatchNorm(space, outputs))


class BasicBlock(nn.Module):
    """relu(x + norm(conv(relu(norm(conv(x)))))) with two 3x3 convolutions.

    `shortcut` fits x where width or stride change; with residual=False nothing is added (the plain
    network that the paper compares with).
    """

    expansion: ClassVar = 1

    def __init__(
        self,
        space: Space,
        inputs: int,
        width: int,
        *,
        stride: int = 1,
        dilation: int = 1,
        shortcut: nn.Module | None = None,
        residual: bool = True,
    ) -> None:
        super().__init__()
        self.space, self.residual = space, residual
        self.conv1 = Conv(space, inputs, width, stride=stride, dilation=dilation, bias=False)
        self.bn1 = BatchNorm(space, width)
        self.conv2 = Conv(space, width, width, dilation=dilation, bias=False)
        self.bn2 = BatchNorm(space, width)
        self.downsample = shortcut

    def forward(self, x: Field) -> Field:
        y = self.space.map(F.relu, self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        if not self.residual:
            return self.space.map(F.relu, y)
        x = x if self.downsample is None else self.downsample(x)
        return self.space.map(lambda y, x: F.relu(y + x), y, x)


class Bottleneck(nn.Module):
    """As BasicBlock with 1x1 to `width`, 3x3, and 1x1 to 4 `width` channels."""

    expansion: ClassVar = 4

    def __init__(
        self,
        space: Space,
        inputs: int,
        width: int,
        *,
        stride: int = 1,
        dilation: int = 1,
        shortcut: nn.Module | None = None,
    ) -> None:
        super().__init__()
        self.space = space
        self.conv1 = Conv(space, inputs, width, 1, bias=False)
        self.bn1 = BatchNorm(space, width)
        self.conv2 = Conv(space, width, width, stride=stride, dilation=dilation, bias=False)
        self.bn2 = BatchNorm(space, width)
        self.conv3 = Conv(space, width, 4 * width, 1, bias=False)
        self.bn3 = BatchNorm(space, 4 * width)
        self.downsample = shortcut

    def forward(self, x: Field) -> Field:
        y = self.space.map(F.relu, self.bn1(self.conv1(x)))
        y = self.space.map(F.relu, self.bn2(self.conv2(y)))
        y = self.bn3(self.conv3(y))
        x = x if self.downsample is None else self.downsample(x)
        return self.space.map(lambda y, x: F.relu(y + x), y, x)


class ResNet(nn.Module):
    """Field (B, inputs, *S) -> logits (B, classes). Total stride 32.

    blocks: per stage; width: of the first stage, doubled at each further one. dilate: the last
    stages (0 to 2) keep their extent and widen their kernels instead, for dense prediction.
    """

    def __init__(
        self,
        blocks: Sequence[int] = (2, 2, 2, 2),
        *,
        bottleneck: bool = False,
        classes: int = 1000,
        inputs: int = 3,
        width: int = 64,
        dilate: int = 0,
        space: Space | int = 2,
    ) -> None:
        super().__init__()
        self.space = as_space(space)
        block: type[BasicBlock] | type[Bottleneck] = Bottleneck if bottleneck else BasicBlock
        self.conv1 = Conv(self.space, inputs, width, 7, stride=2, bias=False)
        self.bn1 = BatchNorm(self.space, width)
        channels, dilation, last = width, 1, len(blocks) - dilate
        stages = []
        for stage, count in enumerate(expect_sizes("blocks", blocks, 4)):
            stride, before = (1 if stage == 0 or stage >= last else 2), dilation
            dilation *= 2 if stage >= last else 1
            out = width * 2**stage * block.expansion
            parts: list[nn.Module] = []
            for index in range(count):
                fits = index > 0 or (stride == 1 and channels == out)
                parts.append(
                    block(
                        self.space,
                        channels,
                        width * 2**stage,
                        stride=stride if index == 0 else 1,
                        dilation=before if index == 0 else dilation,
                        shortcut=None if fits else Projection(self.space, channels, out, stride),
                    )
                )
                channels = out
            stages.append(nn.Sequential(*parts))
        self.layer1, self.layer2, self.layer3, self.layer4 = stages
        self.fc = nn.Linear(channels, classes)
        he_normal(self)

    def stages(self, x: Field) -> list[Field]:
        """The outputs of the four stages: strides 4, 8, 16, 32 (8 and 16 where dilated)."""
        x = self.space.map(F.relu, self.bn1(self.conv1(x)))
        x = self.space.pool(x, 3, 2)
        outputs = []
        for layer in (self.layer1, self.layer2, self.layer3, self.layer4):
            x = layer(x)
            outputs.append(x)
        return outputs

    def forward(self, x: Field) -> Tensor:
        return self.fc(self.space.reduce(self.stages(x)[-1]))


def resnet(
    depth: int, *, classes: int = 1000, inputs: int = 3, dilate: int = 0, space: Space | int = 2
) -> ResNet:
    """ResNet-18, 34, 50, 101 or 152 at its published size."""
    if depth not in DEPTHS:
        raise InputError(f"depth: expected one of {sorted(DEPTHS)}, got {depth}")
    bottleneck, blocks = DEPTHS[depth]
    return ResNet(
        blocks, bottleneck=bottleneck, classes=classes, inputs=inputs, dilate=dilate, space=space
    )
