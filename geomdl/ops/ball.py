"""The ball query of PointNet++: the first K points within a radius, in order of their indices."""

from typing import Optional

import torch
from torch import Tensor

from geomdl.errors import GeometryError, expect_number
from geomdl.ops.dispatch import op
from geomdl.ops.neighbors import FLOATS, check_pairs, paired_items, squared_distances


def _check_ball(
    points: Tensor,
    queries: Tensor,
    radius: float,
    count: int,
    offsets: Optional[Tensor],
    query_offsets: Optional[Tensor],
) -> None:
    check_pairs(points, queries, offsets, query_offsets)
    if points.shape[1] != 3:
        raise GeometryError(f"points: expected shape (N, 3), got {tuple(points.shape)}")
    expect_number("radius", radius, low=0)
    expect_number("count", count, low=1)


@op(
    fake=lambda points, queries, radius, count, offsets, query_offsets: queries.new_empty(
        queries.shape[0], count, dtype=torch.int64
    ),
    check=_check_ball,
    dtypes=FLOATS,
)
def ball_index(
    points: Tensor,
    queries: Tensor,
    radius: float,
    count: int,
    offsets: Optional[Tensor] = None,
    query_offsets: Optional[Tensor] = None,
) -> Tensor:
    """Points (N, 3), queries (M, 3) -> index (M, count) int64 of the first points within radius.

    Of the points at distance <= radius (metres) those of the lowest indices, ascending, -1 padded;
    `radius_index` takes the nearest instead. With offsets (B+1,) and query_offsets (B+1,), queries
    see the points of their own item only. Raises GeometryError. Qi et al. 2017, "PointNet++",
    section 3.2 and its published kernel.

    >>> points = torch.tensor([[0.0, 0, 0], [3, 0, 0], [2, 0, 0], [1, 0, 0]])
    >>> ball_index(points, points[2:3], 1.0, 2), ball_index(points, points[:1], 0.5, 2)
    (tensor([[1, 2]]), tensor([[ 0, -1]]))
    """
    reach = torch.tensor(radius, dtype=points.dtype, device=points.device).square()
    index = torch.full((len(queries), count), -1, dtype=torch.int64, device=points.device)
    for item, rows in paired_items(points, queries, offsets, query_offsets):
        inside = squared_distances(points[item], queries[rows]) <= reach
        place = inside.cumsum(1) - 1  # the column that each point inside would take
        row, column = (inside & (place < count)).nonzero().unbind(1)
        index[row + rows.start, place[row, column]] = column + item.start
    return index
