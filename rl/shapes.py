"""Encoders of shapes: grids, clouds, and the clouds that lie in depth images.

The networks are those of `geomdl.models`; here observations of a space are brought to them.
"""

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from gymnasium import spaces
from torch import Tensor

from core2d.errors import InputError
from geomdl.models.plain_pointnet import PlainPointNet
from geomdl.models.voxnet import VOXNET, VoxNetEncoder
from rl.features import Encoder
from rl.pictures import BOUND, channels_last, divisor, expect_batch
from rl.transitions import Observation

VOXNET_SIDE = 24
SMALL = ((16, 3, 2), (32, 3, 2))  # channels, kernel, stride
SIDE = 16  # blocks of pixels that a depth image is cut into, at least, a point each


class Voxels(Encoder):
    """Grids (B, C, X, Y, Z) or (B, X, Y, Z) -> (B, width): `geomdl.models.voxnet`.

    VoxNet for sides of 24 and more: 32 of 5^3 with stride 2, 32 of 3^3, the largest of 2^3 each.
    Below, where these would take most of the time: 16, then 32 of 3^3, both with stride 2. Borders
    are kept, unlike in VoxNet, so any size will do.
    """

    def __init__(self, space: spaces.Box) -> None:
        super().__init__()
        self.shape, self.divisor = tuple(space.shape), divisor(space)
        if len(self.shape) not in (3, 4):
            raise InputError(f"observation space: voxels are (C, X, Y, Z), got {self.shape}")
        channels = self.shape[0] if len(self.shape) == 4 else 1
        large = min(self.shape[-3:]) >= VOXNET_SIDE
        layers, pool = (VOXNET, 2) if large else (SMALL, 1)
        self.network = VoxNetEncoder(channels, layers=layers, pool=pool, padding="same")
        self.width, self.hidden = self.network.width(self.shape[-3:]), 128

    def forward(self, observation: Observation) -> Tensor:
        x = expect_batch(observation, self.shape).float() / self.divisor
        return self.network(x if x.ndim == 5 else x[:, None]).flatten(1)


class Points(Encoder):
    """Clouds (B, N, 3 + C) -> (B, width): `geomdl.models.plain_pointnet`.

    The order of the points does not matter, nor that some are there twice.
    """

    def __init__(self, space: spaces.Box, sizes: Sequence[int] = (64, 128, 256)) -> None:
        super().__init__()
        self.shape = tuple(space.shape)
        if len(self.shape) != 2 or self.shape[1] < 3 or not self.shape[0]:
            raise InputError(f"observation space: points are (N, 3 + C), got {self.shape}")
        self.network = PlainPointNet(self.shape[1] - 3, sizes=sizes)
        self.width, self.hidden = sizes[-1], 256

    def forward(self, observation: Observation) -> Tensor:
        return clouds(self.network, expect_batch(observation, self.shape).float())


class Cloud(Encoder):
    """Depth images (B, *O) -> (B, width): their points before the camera, by PlainPointNet.

    Read as (H, W), (C, H, W), (H, W, C) or a stack (S, *one of these) of frames; the first channel
    of a frame is depth, in shares of the space's `high`, and 0 or `high` where nothing was hit; the
    others are features of its points. Blocks of pixels, about SIDE to a side, become a point each:
    the nearest one of them. A point has, besides: 1 where it was hit, and how old its frame is.
    The lens is taken to open by 90 degrees: another one stretches x and y, as the first layer can.
    """

    def __init__(self, space: spaces.Box, sizes: Sequence[int] = (32, 64, 128)) -> None:
        super().__init__()
        self.shape, self.far = tuple(space.shape), float(space.high.max())
        if len(self.shape) not in (2, 3, 4) or not 0 < self.far <= BOUND:
            raise InputError(
                "observation space: depth images have 2 to 4 axes and a far end, got "
                f"{self.shape}, high {self.far:g}"
            )
        frame = self.shape[1:] if len(self.shape) == 4 else self.shape
        self.last = len(frame) == 3 and channels_last(frame)
        self.frames = self.shape[0] if len(self.shape) == 4 else 1
        self.size = frame[:2] if self.last else frame[-2:]
        self.channels = math.prod(frame) // math.prod(self.size)
        self.block = max(1, min(self.size) // SIDE)
        self.network = PlainPointNet(self.channels + 1, sizes=sizes)
        self.width, self.hidden = sizes[-1], 256

    def forward(self, observation: Observation) -> Tensor:
        return clouds(self.network, self.points(observation))

    def points(self, observation: Observation) -> Tensor:
        """Depth images (B, *O) -> clouds (B, N, 3 + features): x right, y down, z ahead."""
        x = expect_batch(observation, self.shape).float() / self.far
        x = x.movedim(-1, -3) if self.last else x
        x = x.reshape(len(x) * self.frames, self.channels, *x.shape[-2:])
        depth, rest = x[:, :1], x[:, 1:]
        depth = torch.where(depth > 0, depth, 1.0).clamp(max=1)  # (B * frames, 1, H, W)
        nearest, rest = -self._largest(-depth), self._largest(rest)
        rows, columns = (torch.arange(n, device=x.device) + 0.5 for n in nearest.shape[-2:])
        half, middle = self.size[1] / self.block / 2, self.size[0] / self.block / 2
        right = nearest * ((columns - half) / half)
        down = nearest * ((rows - middle) / half)[:, None]
        age = torch.arange(self.frames, device=x.device).flip(0) / max(self.frames - 1, 1)
        age = age.repeat(len(x) // self.frames)[:, None, None, None].expand_as(nearest)
        points = torch.cat([right, down, nearest, rest, (nearest < 1).float(), age], 1)
        points = points.flatten(2).mT  # (B * frames, blocks, features)
        return points.reshape(len(x) // self.frames, -1, points.shape[2])

    def _largest(self, x: Tensor) -> Tensor:
        """Fields (B, C, H, W) -> the largest of each block of pixels."""
        blocks = F.max_pool2d(x.flatten(0, 1)[:, None], self.block, ceil_mode=True)
        return blocks.view(len(x), x.shape[1], *blocks.shape[2:])


def clouds(network: PlainPointNet, x: Tensor) -> Tensor:
    """Clouds of one size (B, N, 3 + C) -> features (B, width), by way of a packed batch."""
    rows = x.reshape(-1, x.shape[2])
    offsets = torch.arange(len(x) + 1, device=x.device) * x.shape[1]
    features = rows[:, 3:] if network.inputs else None
    return network(rows[:, :3], offsets, features)
