"""From few points back to many: inverse-distance interpolation and a shared MLP.

Qi et al. 2017, "PointNet++", section 3.4.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from geomdl.errors import GeometryError
from geomdl.nn.packed import spread
from geomdl.nn.shared_mlp import SharedMLP
from geomdl.ops.neighbors import knn_index, take_rows


def inverse_distance(
    values: Tensor,
    points: Tensor,
    queries: Tensor,
    *,
    offsets: Tensor,
    query_offsets: Tensor,
    k: int = 3,
    power: int = 2,
) -> Tensor:
    """Values (N, C) at points (N, 3) -> at queries (M, 3): the k nearest, weighted by 1/d^power.

    Equation 2 of the paper, with power 2 and k 3; 1e-8 is added to d^power. Items of fewer than k
    points use what they have.
    """
    if len(values) != len(points):
        raise GeometryError(f"values: expected {len(points)} rows, got {len(values)}")
    index = knn_index(points.detach(), queries.detach(), k, offsets, query_offsets)  # (M, k)
    squared = (queries[:, None] - points[index.clamp(min=0)]).square().sum(2)
    distance = squared if power == 2 else squared.sqrt() ** power
    weight = (index >= 0) / (distance + 1e-8)
    weight = (weight / weight.sum(1, keepdim=True)).to(values.dtype)
    mixed = values.new_zeros(len(queries), values.shape[1])
    for i in range(k):  # one at a time: (M, k, C) would be read and written twice
        mixed = torch.addcmul(mixed, take_rows(values, index[:, i]), weight[:, i, None])
    return mixed


class FeaturePropagation(nn.Module):
    """Values (N, C) at points (N, 3) and skip (M, S) at queries (M, 3) -> (M, widths[-1]).

    inputs: S + C. Interpolated values stand behind those of the skip connection. Without points,
    values (B, C) are of whole items.
    """

    def __init__(self, inputs: int, widths: Sequence[int]) -> None:
        super().__init__()
        self.mlp = SharedMLP((inputs, *widths))

    def forward(
        self,
        values: Tensor,
        points: Tensor | None,
        offsets: Tensor,
        *,
        skip: Tensor | None,
        queries: Tensor,
        query_offsets: Tensor,
    ) -> Tensor:
        if points is None:
            mixed = spread(values, query_offsets)
        else:
            mixed = inverse_distance(
                values, points, queries, offsets=offsets, query_offsets=query_offsets
            )
        return self.mlp(mixed if skip is None else torch.cat([skip, mixed], 1))
