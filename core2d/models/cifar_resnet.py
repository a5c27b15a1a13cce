"""The residual networks of 6n+2 layers for 32x32 images, and their plain twins.

He et al. 2016, section 4.2: three stages of n blocks with 16, 32, 64 channels; shortcuts without
parameters (option A: every second cell, new channels zero). 20 layers have 0.27 M parameters.
"""

import torch.nn.functional as F
from torch import Tensor, nn

from core2d.errors import InputError
from core2d.layers.conv import Conv
from core2d.layers.init import he_normal
from core2d.layers.norm import BatchNorm
from core2d.models.resnet import BasicBlock
from core2d.space import Field, Space, as_space


class ZeroPad(nn.Module):
    """The shortcut of option A: (B, C, *S) -> (B, outputs, *S/stride), new channels zero."""

    def __init__(self, space: Space, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.space, self.stride = space, stride
        low = (outputs - inputs) // 2
        self.sides = (low, outputs - inputs - low)

    def forward(self, x: Field) -> Field:
        x = self.space.pool(x, 1, self.stride)
        return self.space.map(self._padded, x)

    def _padded(self, x: Tensor) -> Tensor:
        return F.pad(x, (*(0, 0) * (x.ndim - 2), *self.sides))


class CifarResNet(nn.Module):
    """Field (B, inputs, *S) -> logits (B, classes). Total stride 4; depth = 6n+2."""

    def __init__(
        self,
        depth: int = 20,
        *,
        classes: int = 10,
        inputs: int = 3,
        width: int = 16,
        residual: bool = True,
        space: Space | int = 2,
    ) -> None:
        super().__init__()
        if depth < 8 or (depth - 2) % 6:
            raise InputError(f"depth: expected 6n+2 (8, 14, 20, ..., 56, 110), got {depth}")
        self.space = as_space(space)
        self.conv1 = Conv(self.space, inputs, width, bias=False)
        self.bn1 = BatchNorm(self.space, width)
        channels, stages = width, []
        for stage in range(3):
            out, parts = width * 2**stage, []
            for _ in range((depth - 2) // 6):
                stride = out // channels
                pad = ZeroPad(self.space, channels, out, stride) if stride > 1 else None
                parts.append(
                    BasicBlock(
                        self.space, channels, out, stride=stride, shortcut=pad, residual=residual
                    )
                )
                channels = out
            stages.append(nn.Sequential(*parts))
        self.layer1, self.layer2, self.layer3 = stages
        self.fc = nn.Linear(channels, classes)
        he_normal(self)

    def forward(self, x: Field) -> Tensor:
        x = self.space.map(F.relu, self.bn1(self.conv1(x)))
        x = self.layer3(self.layer2(self.layer1(x)))
        return self.fc(self.space.reduce(x))
