"""Vector attention among near points: a weight for each channel group, not one for all channels.

Zhao, Jiang, Jia, Torr, Koltun 2021, "Point Transformer", equation 3, with the shared channels of
its published code.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core2d.layers.norm import BatchNorm
from geomdl.errors import GeometryError
from geomdl.nn.row_norm import norm_rows
from geomdl.ops.neighbors import take_rows


class VectorAttention(nn.Module):
    """Points (N, 3), features (N, C), index (N, K) of neighbours -> (N, C).

    y_i = sum over j of softmax_j(g(k_j - q_i + d_ij)) * (v_j + d_ij), with d_ij a small network of
    p_j - p_i and g one that gives a weight to every C / groups channels. Neighbours of index -1 are
    left out, of the softmax and of the statistics.
    """

    def __init__(self, channels: int, *, groups: int = 8) -> None:
        super().__init__()
        if groups < 1 or channels % groups:
            raise GeometryError(f"groups: expected a divisor of {channels} channels, got {groups}")
        self.channels, self.groups = channels, groups
        narrow = channels // groups
        self.query = nn.Linear(channels, channels)
        self.key = nn.Linear(channels, channels)
        self.value = nn.Linear(channels, channels)
        self.place1, self.place_norm = nn.Linear(3, 3), BatchNorm(1, 3)
        self.place2 = nn.Linear(3, channels)
        self.weigh_norm1, self.weigh1 = BatchNorm(1, channels), nn.Linear(channels, narrow)
        self.weigh_norm2, self.weigh2 = BatchNorm(1, narrow), nn.Linear(narrow, narrow)

    def forward(self, points: Tensor, x: Tensor, index: Tensor) -> Tensor:
        count, k = index.shape
        full = bool((index >= 0).all())
        there = None if full else (index >= 0).flatten().to(x.dtype)  # (N K,)
        query, key, value = self.query(x), self.key(x), self.value(x)
        offset = (take_rows(points, index) - points[:, None]).flatten(0, 1)  # (N K, 3)
        place = F.linear(offset, self.place1.weight)
        place = norm_rows(place, self.place_norm, bias=self.place1.bias, weight=there)
        place = self.place2(place)  # (N K, C)
        relation = take_rows(key, index) - query[:, None]
        w = norm_rows(relation.flatten(0, 1) + place, self.weigh_norm1, weight=there)
        w = F.linear(w, self.weigh1.weight)
        w = norm_rows(w, self.weigh_norm2, bias=self.weigh1.bias, weight=there)
        w = self.weigh2(w).view(count, k, 1, -1)  # (N, K, 1, C / groups)
        if there is not None:
            w = w.masked_fill((index < 0)[:, :, None, None], float("-inf"))
        v = take_rows(value, index) + place.view(count, k, -1)
        v = v.view(count, k, self.groups, -1)  # channel c has weight c mod (C / groups)
        return (v * w.softmax(1)).sum(1).flatten(1)


class AttentionBlock(nn.Module):
    """relu(x + norm(linear(relu(norm(attention(relu(norm(linear(x))))))))): features (N, C)."""

    def __init__(self, channels: int, *, groups: int = 8) -> None:
        super().__init__()
        self.linear1 = nn.Linear(channels, channels, bias=False)
        self.norm1 = BatchNorm(1, channels)
        self.attention = VectorAttention(channels, groups=groups)
        self.norm2 = BatchNorm(1, channels)
        self.linear2 = nn.Linear(channels, channels, bias=False)
        self.norm3 = BatchNorm(1, channels)

    def forward(self, points: Tensor, x: Tensor, index: Tensor) -> Tensor:
        y = norm_rows(self.linear1(x), self.norm1)
        y = norm_rows(self.attention(points, y, index), self.norm2)
        return torch.relu(x + norm_rows(self.linear2(y), self.norm3, slope=1.0))
