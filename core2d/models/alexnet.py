"""AlexNet, as torchvision has it and as it was published. Regular grids only.

Krizhevsky, Sutskever, Hinton 2012, "ImageNet classification with deep convolutional neural
networks"; the single tower is that of Krizhevsky 2014, "One weird trick", with torchvision's names.
"""

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor, nn

from core2d.layers.conv import Conv
from core2d.space import Field, Space, as_space

KEYS = ("0", "3", "6", "8", "10")  # activations and poolings count in torchvision's sequence
GRID = 6  # sites per axis that the fully connected head sees


class AlexNet(nn.Module):
    """Field (B, inputs, *S) -> logits (B, classes); 224 or more cells per axis as published.

    groups=2 lets the second, fourth and fifth convolution see half of the channels each, as the
    two graphics cards of 2012 did; normalised=True puts `response_norm` after the first two.
    """

    def __init__(
        self,
        widths: Sequence[int] = (64, 192, 384, 256, 256),
        *,
        classes: int = 1000,
        inputs: int = 3,
        groups: int = 1,
        normalised: bool = False,
        hidden: int = 4096,
        space: Space | int = 2,
    ) -> None:
        super().__init__()
        self.space, self.normalised = as_space(space), normalised
        first, second, third, fourth, fifth = widths
        convolutions = (
            Conv(self.space, inputs, first, 11, stride=4, padding=2),
            Conv(self.space, first, second, 5, groups=groups),
            Conv(self.space, second, third),
            Conv(self.space, third, fourth, groups=groups),
            Conv(self.space, fourth, fifth, groups=groups),
        )
        self.features = nn.ModuleDict(dict(zip(KEYS, convolutions, strict=True)))
        self.classifier = nn.Sequential(
            nn.Dropout(),
            nn.Linear(fifth * GRID**self.space.axes, hidden),
            nn.ReLU(),
            nn.Dropout(),
            nn.Linear(hidden, hidden),
            nn.ReLU(),
            nn.Linear(hidden, classes),
        )

    def forward(self, x: Field) -> Tensor:
        for index, conv in enumerate(self.features.values()):
            x = self.space.map(F.relu, conv(x))
            if self.normalised and index < 2:
                x = self.space.map(response_norm, x)
            if index in (0, 1, 4):
                x = self.space.pool(x, 3, 2, padding=0)
        return self.classifier(self.space.flatten(self.space.adaptive_pool(x, GRID)))


def response_norm(
    x: Tensor, size: int = 5, alpha: float = 1e-4, beta: float = 0.75, k: float = 2.0
) -> Tensor:
    """a / (k + alpha * sum of a^2 over `size` neighbouring channels)^beta: (B, C, ...) -> same.

    Section 3.3 of the paper; the sum, where torch's own takes the mean.
    """
    squares = x.square().movedim(1, -1)
    rows = squares.reshape(-1, 1, squares.shape[-1])
    sums = F.avg_pool1d(rows, size, 1, size // 2) * size
    return x / (k + alpha * sums.view(squares.shape).movedim(-1, 1)) ** beta


def alexnet_2012(*, classes: int = 1000, inputs: int = 3, space: Space | int = 2) -> AlexNet:
    """The network of the paper, both towers: 60 965 224 parameters for 1000 classes."""
    widths = (96, 256, 384, 384, 256)
    return AlexNet(widths, classes=classes, inputs=inputs, groups=2, normalised=True, space=space)
