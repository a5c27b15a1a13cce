"""PointNet at its plainest: an MLP on every point, then the largest of each feature.

Qi, Su, Mo, Guibas 2017, "PointNet", without alignment networks ("baseline (vanilla)" of table 5),
and without batch norms: so it can be asked about one cloud, and about clouds whose distribution
moves while it learns, as those do that an agent sees.
"""

from collections.abc import Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from geomdl.errors import GeometryError
from geomdl.nn.packed import expect_packed
from geomdl.ops.segments import segment_max


class PlainPointNet(nn.Module):
    """Points (N, 3), offsets (B+1,), features (N, inputs) -> (B, sizes[-1]) >= 0.

    sizes: of the layers, each linear and ReLU.
    """

    def __init__(self, inputs: int = 0, *, sizes: Sequence[int] = (64, 128, 1024)) -> None:
        super().__init__()
        if inputs < 0 or not sizes or any(size < 1 for size in sizes):
            raise GeometryError(f"sizes: expected numbers >= 1, got {inputs}, {list(sizes)}")
        self.inputs = inputs
        self.layers = nn.ModuleList(nn.Linear(n, m) for n, m in pairwise((3 + inputs, *sizes)))

    def forward(self, points: Tensor, offsets: Tensor, features: Tensor | None = None) -> Tensor:
        expect_packed(points, offsets, features, self.inputs)
        x = points if features is None else torch.cat([points, features], 1)
        for layer in self.layers:
            x = F.relu(layer(x))
        return segment_max(x, offsets)
