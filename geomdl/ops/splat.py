"""Points to pixels: each point is a small disc, each pixel sees the nearest disc that covers it."""

from typing import Optional

import torch
from torch import Tensor

from geomdl.errors import GeometryError, expect_number, expect_tensor
from geomdl.ops.dispatch import op

MOST_PIXELS = 32  # radius of the largest disc
CHUNK = 1 << 22  # pixels that the torch body tests at once


def _check(
    points: Tensor,
    normals: Optional[Tensor],
    intrinsics: Tensor,
    height: int,
    width: int,
    radius: float,
) -> None:
    floats = (torch.float32,)
    expect_tensor("points", points, "N 3", dtypes=floats, finite=True)
    expect_tensor("intrinsics", intrinsics, "3 3", dtypes=floats, finite=True, like=points)
    expect_number("radius", radius, above=0)
    if normals is not None:
        expect_tensor("normals", normals, "N 3", dtypes=floats, finite=True, like=points)
        if len(normals) != len(points):
            raise GeometryError(f"normals: expected {len(points)} rows, got {len(normals)}")
    if min(height, width) < 1 or height * width > 1 << 28:
        raise GeometryError(f"height, width: expected a picture, got {height} x {width}")


@op(
    fake=lambda points, normals, intrinsics, height, width, radius: (
        points.new_empty(height, width, dtype=torch.int64),
        points.new_empty(height, width),
    ),
    check=_check,
)
def splat(
    points: Tensor,
    normals: Optional[Tensor],
    intrinsics: Tensor,
    height: int,
    width: int,
    radius: float,
) -> tuple[Tensor, Tensor]:
    """Camera points (N, 3), intrinsics (3, 3) -> index (H, W) int64, depth (H, W).

    index: the point whose disc of `radius` metres is nearest on the ray of the pixel, -1 for none;
    depth: the camera's z on that disc, inf for none. Discs stand across `normals` (N, 3), or face
    the camera. A point is at least the pixel that it falls on and at most 32 pixels in radius.
    Among equally near discs the lower index wins.
    """
    order = (points[:, 2] > 1e-6).nonzero()[:, 0]
    x, y, z = points[order].unbind(1)
    u = (intrinsics[0, 0] * x + intrinsics[0, 1] * y) / z + intrinsics[0, 2]
    v = intrinsics[1, 1] * y / z + intrinsics[1, 2]
    size = (radius * intrinsics[0, 0] / z).clamp(max=MOST_PIXELS)
    seen = (u > -size) & (u < width + size) & (v > -size) & (v < height + size)
    order, u, v, size = order[seen], u[seen], v[seen], size[seen]
    nothing = torch.iinfo(torch.int64).max
    best = torch.full((height * width,), nothing, device=points.device)
    reach = (int(size.max()) + 1) if len(size) else -1
    for dy in range(-reach, reach + 1):
        for dx in range(-reach, reach + 1):
            some = (size + 1 >= max(abs(dx), abs(dy))).nonzero()[:, 0]
            for part in some.split(CHUNK):
                column, row = u[part].floor().long() + dx, v[part].floor().long() + dy
                index = order[part]
                depth, apart = _meet(points[index], normals, index, intrinsics, column, row)
                own = dx == 0 and dy == 0
                hit = (apart <= radius**2) & (depth > 0) & (max(abs(dx), abs(dy)) <= MOST_PIXELS)
                depth = torch.where(hit, depth, points[index, 2])
                hit |= own
                hit &= (column >= 0) & (column < width) & (row >= 0) & (row < height)
                # Positive floats sort like their bits: one minimum settles depth, then index.
                keys = (depth.view(torch.int32).long() << 32) | index
                best.scatter_reduce_(0, (row * width + column)[hit], keys[hit], "amin")
    index = torch.where(best == nothing, -1, best & 0xFFFFFFFF).view(height, width)
    depth = (best >> 32).to(torch.int32).view(torch.float32).view(height, width)
    return index, torch.where(index < 0, torch.inf, depth)


def _meet(
    points: Tensor,
    normals: Optional[Tensor],
    index: Tensor,
    intrinsics: Tensor,
    column: Tensor,
    row: Tensor,
) -> tuple[Tensor, Tensor]:
    """Where the pixels' rays meet the points' discs: z (N,), squared distance to the point (N,)."""
    y = (row + 0.5 - intrinsics[1, 2]) / intrinsics[1, 1]
    x = (column + 0.5 - intrinsics[0, 2] - intrinsics[0, 1] * y) / intrinsics[0, 0]
    if normals is None:
        depth = points[:, 2].clone()
    else:
        n = normals[index]
        along = n[:, 0] * x + n[:, 1] * y + n[:, 2]
        depth = (n * points).sum(1) / torch.where(along == 0, torch.nan, along)
    apart = (
        (depth * x - points[:, 0]) ** 2
        + (depth * y - points[:, 1]) ** 2
        + (depth - points[:, 2]) ** 2
    )
    return depth, apart
