"""VoxNet: a small convolutional network that names the object in a grid of voxels.

Maturana, Scherer 2015, "VoxNet: A 3D convolutional neural network for real-time object
recognition", section IV: 32 filters of 5^3 with stride 2, 32 of 3^3, the largest of 2^3 each, 128
features. The grid holds -1 to 1, say occupancy; here it may have any number of axes.
"""

import math
from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor, nn

from core2d.layers.conv import Conv
from core2d.space import Padding, Space, as_space
from geomdl.errors import GeometryError

VOXNET = ((32, 5, 2), (32, 3, 1))  # channels, kernel, stride
SLOPE = 0.1


class VoxNetEncoder(nn.Module):
    """Field (B, channels, *S) -> field (B, layers[-1][0], *S'): convolutions, leaky ReLU, pooling.

    layers: (channels, kernel, stride) each. pool: cells per axis of which the largest is kept, 1
    for all. padding: 0 as published, "same" to keep what lies at the border.
    """

    def __init__(
        self,
        channels: int = 1,
        *,
        layers: Sequence[tuple[int, int, int]] = VOXNET,
        pool: int = 2,
        padding: Padding = 0,
        space: Space | int = 3,
    ) -> None:
        super().__init__()
        if not layers or pool < 1:
            raise GeometryError(f"layers: expected some, and pool >= 1, got {layers}, {pool}")
        self.space, self.pool, self.padding = as_space(space), pool, padding
        self.sizes = tuple(layers)
        inputs = [channels, *(out for out, _, _ in layers)]
        self.convs = nn.ModuleList(
            Conv(self.space, n, out, kernel, stride=stride, padding=padding)
            for n, (out, kernel, stride) in zip(inputs, layers, strict=False)
        )

    def forward(self, x: Tensor) -> Tensor:
        for conv in self.convs:
            x = F.leaky_relu(conv(x), SLOPE)
        return x if self.pool == 1 else self.space.pool(x, self.pool, ceil=True)

    def width(self, extent: Sequence[int]) -> int:
        """How many numbers a grid of this extent becomes. Raises GeometryError if there are none.

        For the paddings 0 and "same".
        """
        left = list(extent)
        for _, kernel, stride in self.sizes:
            lost = 0 if self.padding == "same" else kernel - 1
            left = [-(-(n - lost) // stride) for n in left]
        if min(left) < self.pool:
            raise GeometryError(f"extent: {tuple(extent)} cells are too few for these layers")
        return self.sizes[-1][0] * math.prod(-(-n // self.pool) for n in left)


class VoxNet(nn.Module):
    """Grids (B, channels, size, size, size) -> logits (B, classes). Dropout as published."""

    def __init__(self, classes: int = 40, *, size: int = 32, channels: int = 1) -> None:
        super().__init__()
        self.encoder = VoxNetEncoder(channels)
        self.hidden = nn.Linear(self.encoder.width((size,) * 3), 128)
        self.final = nn.Linear(128, classes)

    def forward(self, x: Tensor) -> Tensor:
        x = F.dropout(self.encoder(x).flatten(1), 0.3, self.training)
        return self.final(F.dropout(F.relu(self.hidden(x)), 0.4, self.training))
