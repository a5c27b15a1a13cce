"""GoogLeNet: nine inception modules, and two auxiliary heads that keep gradients alive.

Szegedy et al. 2015, "Going deeper with convolutions", table 1, in the form with batch norm whose
weights are published for torch (its third branch is 3x3 where the paper has 5x5). Parameters are
named as in torchvision, so its state dicts load.
"""

from typing import NamedTuple

import torch.nn.functional as F
from torch import Tensor, nn

from core2d.layers.block import ConvNorm, Inception
from core2d.layers.init import he_normal
from core2d.losses import cross_entropy
from core2d.space import Field, Space, as_space

# module -> channels of 1x1, 3x3 (before, after), third branch (before, after), pooled branch
MODULES = {
    "3a": (64, 96, 128, 16, 32, 32),
    "3b": (128, 128, 192, 32, 96, 64),
    "4a": (192, 96, 208, 16, 48, 64),
    "4b": (160, 112, 224, 24, 64, 64),
    "4c": (128, 128, 256, 24, 64, 64),
    "4d": (112, 144, 288, 32, 64, 64),
    "4e": (256, 160, 320, 32, 128, 128),
    "5a": (256, 160, 320, 32, 128, 128),
    "5b": (384, 192, 384, 48, 128, 128),
}
AUXILIARY_WEIGHT = 0.3
GRID = 4  # sites per axis that an auxiliary head sees


class Heads(NamedTuple):
    """Logits (B, classes) of the last head and of the auxiliary ones, the later one first."""

    logits: Tensor
    aux2: Tensor
    aux1: Tensor


class GoogLeNet(nn.Module):
    """Field (B, inputs, *S) -> logits (B, classes), in training `Heads` where aux=True.

    Total stride 32. small: one 3x3 convolution stands for the stem of stride 8 ("CIFAR form", total
    stride 4). width: of the stem, all channels in proportion. aux: needs a regular grid. ceil: the
    windows of pooling start at their cell and may hang over the edge, as the published weights want
    it (regular grids only); without it they are centred, on any space.
    """

    def __init__(
        self,
        *,
        classes: int = 1000,
        inputs: int = 3,
        width: int = 64,
        small: bool = False,
        aux: bool = True,
        ceil: bool = True,
        wide: int = 3,
        space: Space | int = 2,
    ) -> None:
        super().__init__()
        self.space, self.small, self.ceil = as_space(space), small, ceil
        channels = 3 * width
        if small:
            self.conv1 = ConvNorm(self.space, inputs, channels)
        else:
            self.conv1 = ConvNorm(self.space, inputs, width, 7, stride=2)
            self.conv2 = ConvNorm(self.space, width, width, 1)
            self.conv3 = ConvNorm(self.space, width, channels)
        aux1 = aux2 = None
        for name, table in MODULES.items():
            one, low3, high3, low5, high5, pooled = (max(1, n * width // 64) for n in table)
            module = Inception(
                self.space,
                channels,
                one,
                three=(low3, high3),
                five=(low5, high5),
                pooled=pooled,
                wide=wide,
            )
            self.add_module(f"inception{name}", module)
            channels = one + high3 + high5 + pooled
            if aux and name == "4a":
                aux1 = AuxiliaryHead(self.space, channels, 2 * width, classes)
            elif aux and name == "4d":
                aux2 = AuxiliaryHead(self.space, channels, 2 * width, classes)
        self.aux1, self.aux2 = aux1, aux2
        self.dropout = nn.Dropout(0.2)
        self.fc = nn.Linear(channels, classes)
        he_normal(self)

    def forward(self, x: Field) -> Tensor | Heads:
        x = self.conv1(x)
        if not self.small:
            x = self._pooled(self.conv3(self.conv2(self._pooled(x, 3))), 3)
        aux1 = aux2 = None
        for name in MODULES:
            if name == "4a":
                x = self._pooled(x, 3)
            elif name == "5a":
                x = self._pooled(x, 2)
            x = self.get_submodule(f"inception{name}")(x)
            if self.training and name == "4a" and self.aux1 is not None:
                aux1 = self.aux1(x)
            elif self.training and name == "4d" and self.aux2 is not None:
                aux2 = self.aux2(x)
        logits = self.fc(self.dropout(self.space.reduce(x)))
        return logits if aux1 is None or aux2 is None else Heads(logits, aux2, aux1)

    def _pooled(self, x: Field, size: int) -> Field:
        if self.ceil:
            return self.space.pool(x, size, 2, padding=0, ceil=True)
        return self.space.pool(x, size, 2)


class AuxiliaryHead(nn.Module):
    """Field (B, inputs, *S) -> logits (B, classes) from the mean of 4 sites per axis."""

    def __init__(self, space: Space, inputs: int, width: int, classes: int) -> None:
        super().__init__()
        self.space = space
        self.conv = ConvNorm(space, inputs, width, 1)
        self.fc1 = nn.Linear(width * GRID**space.axes, 8 * width)
        self.fc2 = nn.Linear(8 * width, classes)
        self.dropout = nn.Dropout(0.7)

    def forward(self, x: Field) -> Tensor:
        x = self.space.flatten(self.conv(self.space.adaptive_pool(x, GRID)))
        return self.fc2(self.dropout(F.relu(self.fc1(x))))


def heads_loss(output: Tensor | Heads, label: Tensor, weight: float = AUXILIARY_WEIGHT) -> Tensor:
    """Cross-entropy with labels (B,), plus `weight` times that of each auxiliary head."""
    if not isinstance(output, Heads):
        return cross_entropy(output, label)
    auxiliary = cross_entropy(output.aux1, label) + cross_entropy(output.aux2, label)
    return cross_entropy(output.logits, label) + weight * auxiliary
