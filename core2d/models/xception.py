"""Xception: depthwise separable convolutions with shortcuts.

Chollet 2017, "Xception: Deep learning with depthwise separable convolutions", figure 5. Parameters
are named as in timm's legacy_xception (after R. Cadene), so its state dicts load.
"""

from collections.abc import Sequence
from itertools import pairwise

import torch.nn.functional as F
from torch import Tensor, nn

from core2d.errors import expect_sizes
from core2d.layers.block import SeparableConv
from core2d.layers.conv import Conv
from core2d.layers.init import he_normal
from core2d.layers.norm import BatchNorm
from core2d.space import Field, Padding, Space, as_space


class Xception(nn.Module):
    """Field (B, inputs, *S) -> logits (B, classes). Total stride 32.

    widths: of the two convolutions of the stem, the entry blocks (three), the middle and, in the
    exit flow, of its block and its two separable convolutions. middle: blocks of the middle flow.
    padding: of the stem, 0 as published on regular grids; "same" for any space.
    """

    def __init__(
        self,
        widths: Sequence[int] = (32, 64, 128, 256, 728, 1024, 1536, 2048),
        *,
        classes: int = 1000,
        inputs: int = 3,
        middle: int = 8,
        padding: Padding = 0,
        space: Space | int = 2,
    ) -> None:
        super().__init__()
        self.space = as_space(space)
        expect_sizes("widths", widths, 8)
        stem1, stem2, entry1, entry2, inner, last, exit1, exit2 = widths
        self.conv1 = Conv(self.space, inputs, stem1, stride=2, bias=False, padding=padding)
        self.bn1 = BatchNorm(self.space, stem1)
        self.conv2 = Conv(self.space, stem1, stem2, bias=False, padding=padding)
        self.bn2 = BatchNorm(self.space, stem2)
        blocks = [
            Block(self.space, (stem2, entry1, entry1), stride=2, activated=False),
            Block(self.space, (entry1, entry2, entry2), stride=2),
            Block(self.space, (entry2, inner, inner), stride=2),
            *(Block(self.space, (inner,) * 4) for _ in range(middle)),
            Block(self.space, (inner, inner, last), stride=2),
        ]
        self.blocks = len(blocks)
        for number, block in enumerate(blocks, 1):
            self.add_module(f"block{number}", block)
        self.conv3 = SeparableConv(self.space, last, exit1)
        self.bn3 = BatchNorm(self.space, exit1)
        self.conv4 = SeparableConv(self.space, exit1, exit2)
        self.bn4 = BatchNorm(self.space, exit2)
        self.fc = nn.Linear(exit2, classes)
        he_normal(self)

    def forward(self, x: Field) -> Tensor:
        x = self.space.map(F.relu, self.bn1(self.conv1(x)))
        x = self.space.map(F.relu, self.bn2(self.conv2(x)))
        for number in range(1, self.blocks + 1):
            x = self.get_submodule(f"block{number}")(x)
        x = self.space.map(F.relu, self.bn3(self.conv3(x)))
        x = self.space.map(F.relu, self.bn4(self.conv4(x)))
        return self.fc(self.space.reduce(x))


class Block(nn.Module):
    """x + norm(separable(relu(x))) ..., one convolution per step of `widths`.

    With stride 2 the sum is pooled and the shortcut projected. activated=False leaves out the first
    relu.
    """

    def __init__(
        self, space: Space, widths: Sequence[int], *, stride: int = 1, activated: bool = True
    ) -> None:
        super().__init__()
        self.space, self.stride, self.activated = space, stride, activated
        inputs, outputs = widths[0], widths[-1]
        self.skip = self.skipbn = None
        if inputs != outputs or stride > 1:
            self.skip = Conv(space, inputs, outputs, 1, stride=stride, bias=False)
            self.skipbn = BatchNorm(space, outputs)
        # Keys count the activations that stand between in the published sequence.
        self.rep, key = nn.ModuleDict(), int(activated)
        for low, high in pairwise(widths):
            self.rep[str(key)] = SeparableConv(space, low, high)
            self.rep[str(key + 1)] = BatchNorm(space, high)
            key += 3

    def forward(self, x: Field) -> Field:
        y = x
        for index, part in enumerate(self.rep.values()):
            if index % 2 == 0 and (index > 0 or self.activated):
                y = self.space.map(F.relu, y)
            y = part(y)
        if self.stride > 1:
            y = self.space.pool(y, 3, self.stride)
        if self.skip is not None and self.skipbn is not None:
            x = self.skipbn(self.skip(x))
        return self.space.map(lambda y, x: y + x, y, x)
