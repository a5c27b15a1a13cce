"""Set abstraction: far points become centres, and a small PointNet reads each one's surroundings.

Qi, Yi, Su, Guibas 2017, "PointNet++", sections 3.2 (single scale) and 3.3 (several scales).
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core2d.errors import expect_weighted
from geomdl.errors import GeometryError, expect_number
from geomdl.nn.grouping import Groups, balls, farthest, relative
from geomdl.nn.packed import expect_count
from geomdl.nn.shared_mlp import SharedMLP
from geomdl.ops.neighbors import take_rows


class Scale(NamedTuple):
    """A ball of this radius (in units of the points), at most so many neighbours, layer widths."""

    radius: float
    neighbors: int
    widths: tuple[int, ...]


class SetAbstraction(nn.Module):
    """Points (N, 3), offsets, features (N, inputs) -> centres (B count, 3), offsets, features.

    count: centres per item, by farthest point sampling from its first point. scales: one (SSG) or
    more (MSG), whose features stand side by side. Every point of a group enters its shared MLP as
    (position relative to the centre, features); of each channel the largest remains. Raises
    GeometryError where an item has fewer than `count` points.
    """

    def __init__(self, inputs: int, count: int, scales: Sequence[Scale]) -> None:
        super().__init__()
        if count < 1 or not scales:
            raise GeometryError(f"count, scales: expected at least one, got {count}, {scales}")
        expect_count("inputs", inputs, 0)
        for scale in scales:
            expect_number("radius", scale.radius, above=0)
            expect_count("neighbors", scale.neighbors)
        self.inputs, self.count, self.scales = inputs, count, tuple(scales)
        self.mlps = nn.ModuleList(SharedMLP((3 + inputs, *scale.widths)) for scale in scales)
        self.outputs = sum(scale.widths[-1] for scale in scales)

    def forward(
        self, points: Tensor, offsets: Tensor, features: Tensor | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        smallest = int(offsets.diff().min()) if len(offsets) > 1 else self.count
        if smallest < self.count:
            raise GeometryError(
                f"points: expected at least {self.count} in every cloud, the centres that "
                f"PointNet++ chooses among them, got a cloud of {smallest}"
            )
        counts = torch.full_like(offsets[1:], self.count)
        index, centre_offsets = farthest(points, offsets, counts)
        centres = points[index]
        return (
            centres,
            centre_offsets,
            self.around(points, offsets, features, centres=centres, centre_offsets=centre_offsets),
        )

    def around(
        self,
        points: Tensor,
        offsets: Tensor,
        features: Tensor | None,
        *,
        centres: Tensor,
        centre_offsets: Tensor,
    ) -> Tensor:
        """The features (M, outputs) around given centres (M, 3)."""
        found = []
        for scale, mlp in zip(self.scales, self.mlps.children(), strict=True):
            assert isinstance(mlp, SharedMLP)
            groups = balls(
                points, centres, radius=scale.radius, count=scale.neighbors, offsets=offsets,
                centre_offsets=centre_offsets,
            )  # fmt: skip
            found.append(local_pointnet(mlp, points, features, centres, groups))
        return torch.cat(found, 1) if len(found) > 1 else found[0]


class GlobalAbstraction(nn.Module):
    """Points (N, 3), offsets (B+1,), features (N, inputs) -> one vector an item (B, widths[-1])."""

    def __init__(self, inputs: int, widths: Sequence[int]) -> None:
        super().__init__()
        self.mlp = SharedMLP((3 + inputs, *widths))

    def forward(self, points: Tensor, offsets: Tensor, features: Tensor | None = None) -> Tensor:
        x = points if features is None else torch.cat([points, features], 1)
        return self.mlp.pooled(x, offsets)


def local_pointnet(
    mlp: SharedMLP, points: Tensor, features: Tensor | None, centres: Tensor, groups: Groups
) -> Tensor:
    """The largest of mlp([relative position, features]) in each group, (M, C).

    The first layer is linear, so the features go through it once a point, not once a group.
    """
    weight = mlp.first  # (C, 3 + inputs)
    expect_weighted(points, weight, 3)
    y = F.linear(relative(points, centres, groups), weight[:, :3])  # (E, C)
    if features is not None:
        y = y + take_rows(F.linear(features, weight[:, 3:]), groups.member)
    return mlp.picked_after_first(y, groups.offsets, groups.weight)[0]
