"""EdgeConv: a small network on the edges to each point's nearest neighbours in feature space.

Wang et al. 2019, "Dynamic graph CNN for learning on point clouds", section 3.2, equation 8.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core2d.errors import expect_weighted
from core2d.offsets import slices_of
from geomdl.errors import GeometryError
from geomdl.nn.packed import expect_count
from geomdl.nn.shared_mlp import SharedMLP
from geomdl.ops.neighbors import knn_index, take_rows
from geomdl.ops.segments import HALVES


class EdgeConv(nn.Module):
    """Features (N, inputs), offsets (B+1,) -> (N, widths[-1]): max over j of mlp([x_j - x_i, x_i]).

    neighbors: how many, the point itself among them. They are found anew from the features, or
    given as index (N, K). Raises GeometryError where an item has fewer points.
    """

    def __init__(
        self, inputs: int, widths: Sequence[int], *, neighbors: int = 20, slope: float = 0.2
    ) -> None:
        super().__init__()
        self.inputs, self.neighbors = inputs, expect_count("neighbors", neighbors)
        self.mlp = SharedMLP((2 * inputs, *widths), slope=slope, bias=False)

    def forward(self, x: Tensor, offsets: Tensor, index: Tensor | None = None) -> Tensor:
        expect_weighted(x, self.mlp.first, self.inputs)
        if index is None:
            index = feature_neighbors(x, offsets, self.neighbors)
        edges = torch.arange(len(index) + 1, device=x.device) * index.shape[1]
        # W [x_j - x_i, x_i] = A x_j + (B - A) x_i: products once a point, not once an edge
        first = self.mlp.first
        here = F.linear(x, first[:, self.inputs :] - first[:, : self.inputs])  # (N, C)
        there = take_rows(F.linear(x, first[:, : self.inputs]), index)  # (N, K, C)
        return self.mlp.picked_after_first((there + here[:, None]).flatten(0, 1), edges)[0]


@torch.no_grad()
def feature_neighbors(x: Tensor, offsets: Tensor, k: int) -> Tensor:
    """Features (N, C), offsets (B+1,) -> index (N, k) of the nearest of the same item, itself too.

    In few dimensions by the KD-tree; in many, where it cannot prune, by all products of an item,
    so ties and near ties fall as rounding has them. Raises GeometryError.
    """
    smallest = int(offsets.diff().min()) if len(offsets) > 1 else k
    if k > smallest:
        raise GeometryError(
            f"neighbors: expected at most the {smallest} points of an item, got {k}"
        )
    if x.shape[1] <= 3:
        return knn_index(x.contiguous(), x.contiguous(), k, offsets, offsets)
    found = []
    x = x.float() if x.dtype in HALVES else x
    with torch.autocast(x.device.type, enabled=False):  # 16 bits cannot tell neighbours apart
        for rows in slices_of(offsets):
            item = x[rows] - x[rows].mean(0)  # smaller numbers, smaller rounding
            closeness = torch.addmm(-0.5 * item.square().sum(1), item, item.mT)  # (n, n)
            found.append(closeness.topk(k, dim=1).indices + rows.start)
    return torch.cat(found)
