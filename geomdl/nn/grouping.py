"""Groups of neighbours: who belongs to whom, without the repeats that pad a table."""

from typing import NamedTuple

import torch
from torch import Tensor

from geomdl.errors import GeometryError
from geomdl.ops.ball import ball_index
from geomdl.ops.neighbors import knn_index, take_rows
from geomdl.ops.sampling import farthest_point_index


class Groups(NamedTuple):
    """Members (E,) int64: rows of points, group after group; offsets (M+1,); weight (E,) float.

    weight says how many slots of a table of fixed width a member would fill.
    """

    member: Tensor
    offsets: Tensor
    weight: Tensor

    def owner(self) -> Tensor:
        """The group (E,) int64 of every member."""
        count = len(self.offsets) - 1
        return torch.repeat_interleave(
            torch.arange(count, device=self.member.device), self.offsets.diff()
        )


def grouped(table: Tensor, dtype: torch.dtype, *, padded: bool = True) -> Groups:
    """Table (M, K) int64 of rows, each group's first, then -1 -> Groups.

    padded: the first member stands for the empty slots too, as in PointNet++; otherwise every
    member weighs 1.
    """
    there = table >= 0
    sizes = there.sum(1)
    offsets = torch.cat([sizes.new_zeros(1), sizes.cumsum(0)])
    weight = torch.ones(int(offsets[-1]), dtype=dtype, device=table.device)
    if padded:
        some = sizes > 0
        weight[offsets[:-1][some]] += (table.shape[1] - sizes[some]).to(dtype)
    return Groups(table[there], offsets, weight)


def balls(
    points: Tensor,
    centres: Tensor,
    *,
    radius: float,
    count: int,
    offsets: Tensor,
    centre_offsets: Tensor,
) -> Groups:
    """Points (N, 3), centres (M, 3) -> the first `count` points within radius of each centre.

    Raises GeometryError where a ball is empty; none is whose centre is one of the points.
    """
    table = ball_index(points.detach(), centres.detach(), radius, count, offsets, centre_offsets)
    if len(table) and int(table[:, 0].min()) < 0:
        empty = int((table[:, 0] < 0).nonzero()[0])
        raise GeometryError(f"radius: no point within {radius} of centre {empty}")
    return grouped(table, points.dtype)


def nearest(
    points: Tensor, centres: Tensor, count: int, offsets: Tensor, centre_offsets: Tensor
) -> Groups:
    """Points (N, 3), centres (M, 3) -> the `count` nearest of each, fewer in smaller items."""
    table = knn_index(points.detach(), centres.detach(), count, offsets, centre_offsets)
    return grouped(table, points.dtype, padded=False)


def farthest(points: Tensor, offsets: Tensor, counts: Tensor) -> tuple[Tensor, Tensor]:
    """Points (N, 3), offsets (B+1,), counts (B,) -> rows far apart (sum counts,), their offsets.

    Farthest point sampling of each item, from its first point on; see farthest_point_index.
    """
    chosen = torch.cat([counts.new_zeros(1), counts.cumsum(0)])
    points = points.detach()
    wanted = counts.tolist()
    if len(set(wanted)) == 1:
        return farthest_point_index(points, wanted[0], offsets), chosen
    bounds = offsets.tolist()
    parts = [
        low + farthest_point_index(points[low:high], count)
        for low, high, count in zip(bounds, bounds[1:], wanted, strict=False)
    ]
    return torch.cat(parts), chosen


def relative(points: Tensor, centres: Tensor, groups: Groups) -> Tensor:
    """Points (N, 3), centres (M, 3) -> members relative to the centres of their groups (E, 3)."""
    return take_rows(points, groups.member) - torch.repeat_interleave(
        centres, groups.offsets.diff(), dim=0
    )
