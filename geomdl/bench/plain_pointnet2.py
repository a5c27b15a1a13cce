"""PointNet++ SSG as it is usually written in plain torch: the peer of the row `pointnet2_step`.

Dense distance matrices, a sort for the ball query, a loop of small steps for the farthest points,
padded groups (B, C, K, S) through 1x1 convolutions. Parameters are named as in yanx27's port.
"""

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def distances(a: Tensor, b: Tensor) -> Tensor:
    """a (B, N, 3), b (B, M, 3) -> squared distances (B, N, M)."""
    cross = a @ b.mT
    return a.square().sum(2)[:, :, None] - 2 * cross + b.square().sum(2)[:, None]


def rows(values: Tensor, index: Tensor) -> Tensor:
    """values (B, N, C), index (B, ...) -> (B, ..., C)."""
    batch = torch.arange(len(values)).view(-1, *(1,) * (index.ndim - 1))
    return values[batch, index]


def farthest(points: Tensor, count: int) -> Tensor:
    """Points (B, N, 3) -> index (B, count), from point 0 on."""
    size, batch = len(points), torch.arange(len(points))
    gap = torch.full(points.shape[:2], float("inf"))
    chosen = torch.zeros(size, count, dtype=torch.long)
    at = torch.zeros(size, dtype=torch.long)
    for i in range(count):
        chosen[:, i] = at
        gap = torch.minimum(gap, (points - points[batch, at][:, None]).square().sum(2))
        at = gap.argmax(1)
    return chosen


def ball(points: Tensor, centres: Tensor, radius: float, count: int) -> Tensor:
    """Index (B, S, count) of the first points within radius, the first one repeated."""
    total = points.shape[1]
    index = torch.arange(total).expand(len(points), centres.shape[1], total).clone()
    index[distances(centres, points) > radius**2] = total
    index = index.sort(2).values[:, :, :count]
    return torch.where(index == total, index[:, :, :1], index)


class Abstraction(nn.Module):
    """Convolutions and norms as in the port; count None takes the whole cloud."""

    def __init__(
        self, count: int | None, radius: float, neighbors: int, sizes: tuple[int, ...]
    ) -> None:
        super().__init__()
        self.count, self.radius, self.neighbors = count, radius, neighbors
        pairs = list(pairwise(sizes))
        self.mlp_convs = nn.ModuleList(nn.Conv2d(n, m, 1) for n, m in pairs)
        self.mlp_bns = nn.ModuleList(nn.BatchNorm2d(m) for _, m in pairs)

    def forward(self, points: Tensor, features: Tensor | None) -> tuple[Tensor, Tensor]:
        if self.count is None:
            centres, near, index = points[:, :1], points[:, None], None
        else:
            centres = rows(points, farthest(points, self.count))
            index = ball(points, centres, self.radius, self.neighbors)
            near = rows(points, index) - centres[:, :, None]
        if features is not None:
            seen = features[:, None] if index is None else rows(features, index)
            near = torch.cat([near, seen], 3)
        x = near.permute(0, 3, 2, 1)  # (B, C, K, S)
        for conv, norm in zip(self.mlp_convs, self.mlp_bns, strict=True):
            x = F.relu(norm(conv(x)))
        return centres, x.max(2).values.mT


class PlainPointNet2(nn.Module):
    """Points (B, N, 3) -> logits (B, classes)."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.sa1 = Abstraction(512, 0.2, 32, (3, 64, 64, 128))
        self.sa2 = Abstraction(128, 0.4, 64, (131, 128, 128, 256))
        self.sa3 = Abstraction(None, 0.0, 0, (259, 256, 512, 1024))
        self.fc1, self.bn1 = nn.Linear(1024, 512), nn.BatchNorm1d(512)
        self.fc2, self.bn2 = nn.Linear(512, 256), nn.BatchNorm1d(256)
        self.fc3 = nn.Linear(256, classes)

    def forward(self, points: Tensor) -> Tensor:
        features: Tensor | None = None
        for level in (self.sa1, self.sa2, self.sa3):
            points, features = level(points, features)
        assert features is not None
        x = F.relu(self.bn1(self.fc1(features[:, 0])))
        return self.fc3(F.relu(self.bn2(self.fc2(x))))
