"""Choosing points: far apart, evenly over a surface, or at least a radius from each other."""

import itertools
from typing import Optional

import torch
from torch import Tensor

from geomdl.errors import (
    GeometryError,
    expect_faces,
    expect_number,
    expect_offsets,
    expect_tensor,
)
from geomdl.ops.dispatch import op
from geomdl.ops.neighbors import FLOATS, squared_distances, take_rows


def _check_farthest(points: Tensor, count: int, offsets: Optional[Tensor], start: int) -> None:
    expect_tensor("points", points, "N D", dtypes=FLOATS, finite=True)
    expect_number("count", count, low=1)
    expect_number("start", start, low=0)
    sizes = expect_offsets("offsets", offsets, len(points), points).diff()
    smallest = int(sizes.min()) if len(sizes) else count
    if points.shape[1] == 0 or count > smallest or (len(sizes) and start >= smallest):
        raise GeometryError(
            f"count: expected at most the points of every item and start below them, got count "
            f"{count}, start {start} and an item of {smallest} points ({points.shape[1]} axes)"
        )


def _fake_farthest(points: Tensor, count: int, offsets: Optional[Tensor], start: int) -> Tensor:
    batch = 1 if offsets is None else offsets.shape[0] - 1
    return points.new_empty(batch * count, dtype=torch.int64)


@op(fake=_fake_farthest, check=_check_farthest, dtypes=FLOATS)
def farthest_point_index(
    points: Tensor, count: int, offsets: Optional[Tensor] = None, start: int = 0
) -> Tensor:
    """Points (N, D) -> index (B * count,) int64: per item, each point farthest from those before.

    Exact, starting with point `start` of every item; ties go to the lower index and no point is
    chosen twice. Raises GeometryError where an item has fewer than `count` points. Farthest point
    sampling of Eldar et al. 1997; the kernel prunes KD-tree buckets as QuickFPS (Han et al. 2023).

    >>> farthest_point_index(torch.tensor([[0.0], [1.0], [5.0], [2.0]]), 3)
    tensor([0, 2, 3])
    """
    bounds = [0, len(points)] if offsets is None else offsets.tolist()
    chosen = []
    for low, high in itertools.pairwise(bounds):
        cloud = points[low:high]
        gap = cloud.new_full((high - low,), float("inf"))
        at = torch.tensor(start, device=points.device)
        for _ in range(count):
            chosen.append(at + low)
            gap = torch.minimum(gap, squared_distances(cloud, cloud[at][None])[0])
            gap[at] = -1.0  # below every distance: never again
            at = gap.argmax()
    if not chosen:
        return torch.empty(0, dtype=torch.int64, device=points.device)
    return torch.stack(chosen)


def sample_surface(
    vertices: Tensor, faces: Tensor, count: int, seed: int = 0, stratified: bool = False
) -> tuple[Tensor, Tensor, Tensor]:
    """Vertices (V, 3), faces (F, 3) -> points (count, 3), face (count,) int64, barycentric
    (count, 3): uniform by area, differentiable in the vertices.

    With `stratified`, sample i falls into the i-th of `count` equal shares of the area (faces in
    order), which spreads the points more evenly. Barycentrics follow Osada et al. 2002, eq. 1.
    Raises GeometryError where the mesh has no area.
    """
    expect_tensor("vertices", vertices, "V 3", dtypes=FLOATS, finite=True)
    faces = expect_faces("faces", faces, len(vertices)).long()
    expect_number("count", count, low=0)
    corners = vertices[faces]  # (F, 3, 3)
    edges = (corners[:, 1:] - corners[:, :1]).detach().double()
    area = torch.linalg.vector_norm(torch.linalg.cross(edges[:, 0], edges[:, 1]), dim=1)
    summed = area.cumsum(0)
    total = float(summed[-1]) if len(faces) else 0.0
    if count and not 0.0 < total < float("inf"):
        raise GeometryError(f"faces: expected a mesh with some area, got {len(faces)} faces of 0")
    generator = torch.Generator(device=vertices.device).manual_seed(seed)
    u = torch.rand(3, count, generator=generator, dtype=torch.float64, device=vertices.device)
    share = (torch.arange(count, device=vertices.device) + u[0]) / count if stratified else u[0]
    face = torch.searchsorted(summed, share * total, right=True)
    if count:  # a share that rounds up to the whole belongs to the last face that has area
        face = face.clamp(max=int(area.nonzero()[-1]))
    root = u[1].sqrt()
    weights = torch.stack([1 - root, root * (1 - u[2]), root * u[2]], 1).to(vertices.dtype)
    picked = take_rows(vertices, faces[face])  # (count, 3 corners, 3)
    return (weights[:, :, None] * picked).sum(1), face, weights


def _check_disk(points: Tensor, radius: float, order: Tensor) -> None:
    expect_tensor("points", points, "N D", dtypes=FLOATS, finite=True)
    expect_number("radius", radius, low=0)
    expect_tensor("order", order, "N", dtypes=(torch.int64,), like=points)
    if points.shape[1] == 0 or len(order) != len(points):
        raise GeometryError(f"order: expected {len(points)} positions, got {len(order)}")


def _fake_disk(points: Tensor, radius: float, order: Tensor) -> Tensor:
    return order.new_empty(len(order), dtype=torch.bool)


@op(fake=_fake_disk, check=_check_disk, dtypes=FLOATS)
def disk_mask(points: Tensor, radius: float, order: Tensor) -> Tensor:
    """Points (N, D), order (N,) a permutation -> kept (N,) bool.

    A point is kept when no point kept before it, in the given order, is closer than radius.
    """
    reach = torch.tensor(radius, dtype=points.dtype, device=points.device).square()
    kept = torch.zeros(len(points), dtype=torch.bool, device=points.device)
    free = torch.ones_like(kept)
    for at in order.tolist():
        if free[at]:
            kept[at] = True
            free &= ~(squared_distances(points, points[at][None])[0] < reach)
    return kept


def poisson_disk_index(points: Tensor, radius: float, seed: int = 0) -> Tensor:
    """Points (N, D) -> index (S,) int64, ascending: a maximal subset in random order.

    No two kept points are closer than radius (metres), and every point has a kept one closer than
    radius or is kept: dart throwing (Cook 1986) over the points in a random order. Raises
    GeometryError.
    """
    expect_tensor("points", points, "N D")
    generator = torch.Generator(device=points.device).manual_seed(seed)
    order = torch.randperm(len(points), generator=generator, device=points.device)
    return disk_mask(points, radius, order).nonzero()[:, 0]
