"""Densely connected networks: every layer sees the outputs of all layers before it in its block.

Huang, Liu, van der Maaten, Weinberger 2017, "Densely connected convolutional networks", table 1,
and section 4.2 for the CIFAR forms. Parameters are named as in torchvision, so its state dicts
load.
"""

from collections import OrderedDict
from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor, nn

from core2d.errors import InputError
from core2d.layers.block import DenseLayer
from core2d.layers.conv import Conv
from core2d.layers.init import he_normal
from core2d.layers.norm import BatchNorm
from core2d.space import Field, Space, as_space

# depth -> (growth, layers per block)
DEPTHS = {
    121: (32, (6, 12, 24, 16)),
    161: (48, (6, 12, 36, 24)),
    169: (32, (6, 12, 32, 32)),
    201: (32, (6, 12, 48, 32)),
}


class DenseNet(nn.Module):
    """Field (B, inputs, *S) -> logits (B, classes). Total stride 32 with four blocks.

    growth: new channels per layer; the stem has twice as many. bottleneck: channels of the 1x1
    convolutions in units of growth, 0 for none ("B"). compression: what transitions leave of the
    channels ("C"). small: a stem of one 3x3 convolution ("CIFAR form", total stride 4 with three
    blocks).
    """

    def __init__(
        self,
        layers: Sequence[int] = (6, 12, 24, 16),
        *,
        classes: int = 1000,
        inputs: int = 3,
        growth: int = 32,
        bottleneck: int = 4,
        compression: float = 0.5,
        dropout: float = 0.0,
        small: bool = False,
        space: Space | int = 2,
    ) -> None:
        super().__init__()
        if not 0 < compression <= 1:
            raise InputError(f"compression: expected a number in 0..1 above 0, got {compression}")
        self.space, self.small = as_space(space), small
        channels, parts = 2 * growth, OrderedDict[str, nn.Module]()
        kernel, stride = (3, 1) if small else (7, 2)
        parts["conv0"] = Conv(self.space, inputs, channels, kernel, stride=stride, bias=False)
        if not small:
            parts["norm0"] = BatchNorm(self.space, channels)
        for block, count in enumerate(layers, 1):
            dense = OrderedDict[str, nn.Module]()
            for layer in range(1, count + 1):
                dense[f"denselayer{layer}"] = DenseLayer(
                    self.space, channels, growth, bottleneck=bottleneck, dropout=dropout
                )
                channels += growth
            parts[f"denseblock{block}"] = nn.Sequential(dense)
            if block < len(layers):
                fewer = int(channels * compression)
                parts[f"transition{block}"] = Transition(self.space, channels, fewer)
                channels = fewer
        parts[f"norm{len(layers) + 1}"] = BatchNorm(self.space, channels)
        self.features = nn.Sequential(parts)
        self.classifier = nn.Linear(channels, classes)
        nn.init.zeros_(self.classifier.bias)
        he_normal(self, "in")

    def stages(self, x: Field) -> list[Field]:
        """The outputs of the blocks, strides 4, 8, 16, 32 (small: 1, 2, 4); the last one normed."""
        outputs = []
        for name, part in self.features.named_children():
            x = part(x)
            if isinstance(part, BatchNorm):
                x = self.space.map(F.relu, x)
            if name == "norm0":
                x = self.space.pool(x, 3, 2)
            elif name.startswith("denseblock"):
                outputs.append(x)
        return [*outputs[:-1], x]

    def forward(self, x: Field) -> Tensor:
        return self.classifier(self.space.reduce(self.stages(x)[-1]))


class Transition(nn.Module):
    """Between blocks: conv1(relu(norm(x))), then the mean of 2 cells per axis."""

    def __init__(self, space: Space, inputs: int, outputs: int) -> None:
        super().__init__()
        self.space = space
        self.norm = BatchNorm(space, inputs)
        self.conv = Conv(space, inputs, outputs, 1, bias=False)

    def forward(self, x: Field) -> Field:
        x = self.conv(self.space.map(F.relu, self.norm(x)))
        return self.space.pool(x, 2, kind="mean")


def densenet(
    depth: int, *, classes: int = 1000, inputs: int = 3, space: Space | int = 2
) -> DenseNet:
    """DenseNet-121, 161, 169 or 201 at its published size."""
    if depth not in DEPTHS:
        raise InputError(f"depth: expected one of {sorted(DEPTHS)}, got {depth}")
    growth, layers = DEPTHS[depth]
    return DenseNet(layers, classes=classes, inputs=inputs, growth=growth, space=space)


def cifar_densenet(
    depth: int = 100,
    *,
    classes: int = 10,
    inputs: int = 3,
    growth: int = 12,
    space: Space | int = 2,
) -> DenseNet:
    """DenseNet-BC for 32x32 images: three equal blocks, depth = 6n+4 (100 layers: 0.77 M)."""
    if depth < 10 or (depth - 4) % 6:
        raise InputError(f"depth: expected 6n+4 (10, 16, ..., 40, 100, 190, 250), got {depth}")
    layers = ((depth - 4) // 6,) * 3
    return DenseNet(layers, classes=classes, inputs=inputs, growth=growth, small=True, space=space)
