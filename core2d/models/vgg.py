"""The VGG networks: 3x3 convolutions and 2x2 pooling, as classifiers and as encoders.

Simonyan, Zisserman 2015, "Very deep convolutional networks for large-scale image recognition",
table 1, columns A, B, D, E. Parameters are named as in torchvision, so its state dicts load.
"""

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor, nn

from core2d.errors import InputError
from core2d.layers.conv import Conv
from core2d.layers.init import he_normal
from core2d.layers.norm import BatchNorm
from core2d.space import Field, Space, as_space

# depth -> convolutions per stage
DEPTHS = {11: (1, 1, 2, 2, 2), 13: (2, 2, 2, 2, 2), 16: (2, 2, 3, 3, 3), 19: (2, 2, 4, 4, 4)}
GRID = 7  # sites per axis that the fully connected head sees


class VGG(nn.Module):
    """Field (B, inputs, *S) -> logits (B, classes). Total stride 32.

    convolutions: how many in each of the five stages, of width, 2, 4, 8, 8 width channels. hidden:
    units of the two fully connected layers over 7 sites per axis; with 0, one linear layer on the
    mean over all sites replaces them ("CIFAR form": 32x32 images end in one site, and any space
    will do).
    """

    def __init__(
        self,
        convolutions: Sequence[int] = DEPTHS[16],
        *,
        norm: bool = False,
        classes: int = 1000,
        inputs: int = 3,
        width: int = 64,
        hidden: int = 4096,
        dropout: float = 0.5,
        space: Space | int = 2,
    ) -> None:
        super().__init__()
        if len(convolutions) != 5 or min(convolutions) < 1:
            raise InputError(f"convolutions: expected five counts >= 1, got {convolutions!r}")
        self.space = as_space(space)
        # Keys count the activations and poolings that stand between in torchvision's sequence.
        self.features, key, channels = nn.ModuleDict(), 0, inputs
        self.stage_keys: list[list[tuple[str, str]]] = []
        for stage, count in enumerate(convolutions):
            out = width * 2 ** min(stage, 3)
            keys = []
            for _ in range(count):
                keys.append((str(key), str(key + 1) if norm else ""))
                self.features[str(key)] = Conv(self.space, channels, out)
                if norm:
                    self.features[str(key + 1)] = BatchNorm(self.space, out)
                channels, key = out, key + (3 if norm else 2)
            self.stage_keys.append(keys)
            key += 1
        self.classifier: nn.Module = (
            fully_connected(channels * GRID**self.space.axes, hidden, classes, dropout)
            if hidden
            else nn.Linear(channels, classes)
        )
        self.hidden = hidden
        he_normal(self)

    def convolve(self, stage: int, x: Field) -> Field:
        """The convolutions of one stage (0 to 4), without the pooling that follows."""
        for conv, norm in self.stage_keys[stage]:
            x = self.features[conv](x)
            x = self.space.map(F.relu, self.features[norm](x) if norm else x)
        return x

    def stages(self, x: Field) -> list[Field]:
        """The outputs of the five poolings: strides 2, 4, 8, 16, 32."""
        outputs = []
        for stage in range(len(self.stage_keys)):
            x = self.space.pool(self.convolve(stage, x), 2)
            outputs.append(x)
        return outputs

    def forward(self, x: Field) -> Tensor:
        x = self.stages(x)[-1]
        if not self.hidden:
            return self.classifier(self.space.reduce(x))
        return self.classifier(self.space.flatten(self.space.adaptive_pool(x, GRID)))


def fully_connected(inputs: int, hidden: int, classes: int, dropout: float) -> nn.Sequential:
    """Values (B, inputs) -> logits (B, classes) by three layers, keys 0, 3 and 6."""
    head = nn.Sequential(
        nn.Linear(inputs, hidden),
        nn.ReLU(),
        nn.Dropout(dropout),
        nn.Linear(hidden, hidden),
        nn.ReLU(),
        nn.Dropout(dropout),
        nn.Linear(hidden, classes),
    )
    for layer in head:
        if isinstance(layer, nn.Linear):
            nn.init.normal_(layer.weight, 0, 0.01)
            nn.init.zeros_(layer.bias)
    return head


def vgg(
    depth: int,
    *,
    norm: bool = False,
    classes: int = 1000,
    inputs: int = 3,
    hidden: int = 4096,
    space: Space | int = 2,
) -> VGG:
    """VGG-11, 13, 16 or 19 at its published width."""
    if depth not in DEPTHS:
        raise InputError(f"depth: expected one of {sorted(DEPTHS)}, got {depth}")
    return VGG(DEPTHS[depth], norm=norm, classes=classes, inputs=inputs, hidden=hidden, space=space)
