"""How large points are to be drawn, so that they about close the surface they lie on."""

import math

import torch
from torch import Tensor

from geomdl.ops.neighbors import knn_index

EXACT = 100_000  # points up to which the spacing is measured on all of them
QUERIES = 2000


def radius_of(points: Tensor) -> float:
    """Points (N, 3) -> a radius in metres; 0.01 where there is no spacing.

    Of many points only random ones are measured. Spacing falls with a power of their number (1/2
    on a surface, 1/3 in a solid), which two counts tell, and so does that of all of them.
    """
    if len(points) <= EXACT:
        return 1.25 * _spacing(points) or 0.01
    draw = torch.Generator().manual_seed(0)
    some = points[torch.randint(len(points), (EXACT,), generator=draw)]
    fine, rough = _spacing(some), _spacing(some[: EXACT // 4])
    if fine == 0 or rough == 0:
        return 0.01
    power = min(max(math.log(rough / fine) / math.log(4), 1 / 3), 1.0)
    return 1.25 * fine * (EXACT / len(points)) ** power


def _spacing(points: Tensor) -> float:
    """The median distance (metres) to the fourth neighbour; 0 where points coincide."""
    if len(points) < 2:
        return 0.0
    some = points[:: max(len(points) // QUERIES, 1)]
    index = knn_index(points, some, min(5, len(points)))
    apart = (points[index[:, -1]] - some).norm(dim=1)
    apart = apart[apart > 0]
    return float(apart.median()) if len(apart) else 0.0
