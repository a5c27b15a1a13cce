"""Fast point feature histograms: a descriptor of the surface around every point of a cloud.

Rusu, Blodow and Beetz 2009, "Fast point feature histograms (FPFH) for 3D registration": three
angles between the normals of a point and of each of its neighbours (eq. 1) in three histograms of
11 bins, the SPFH; then every point adds those of its neighbours, the near ones most (eq. 2). The
descriptor does not change when the cloud is turned or moved. No gradient flows through it.
"""

import math
from typing import Optional

import torch
from torch import Tensor

from geomdl.errors import expect_number, expect_tensor
from geomdl.ops.neighbors import FLOATS, radius_index

BINS = 11  # per angle; odd, so that a plane falls into the middle of a bin
PAIRS = 1 << 19  # pairs of points that are looked at together


def fpfh(
    points: Tensor,
    normals: Tensor,
    radius: float,
    neighbors: int = 100,
    offsets: Optional[Tensor] = None,
) -> Tensor:
    """Points (N, 3) m, unit normals (N, 3), offsets (B+1,) -> descriptors (N, 33), entries >= 0.

    FPFH(p) = SPFH(p) + sum_k SPFH(p_k) / w_k / sum_k 1 / w_k, over the nearest `neighbors` within
    `radius` metres, the point itself counted among them. w_k is the squared distance and the
    weights sum to 1, as in PCL and Open3D, where the paper leaves the metric open and divides by
    k. Each of the three histograms, for alpha, phi and theta, sums to 200; to 0 at a point without
    neighbours. Normals must look to one side of the surface. Raises GeometryError.
    """
    expect_tensor("points", points, "N 3", dtypes=FLOATS, finite=True)
    expect_tensor("normals", normals, f"{len(points)} 3", dtypes=(points.dtype,), finite=True)
    expect_number("radius", radius, above=0)
    expect_number("neighbors", neighbors, low=2)
    points, normals = points.detach(), normals.detach()
    index = radius_index(points, points, radius, neighbors, offsets, offsets)  # (N, K)
    parts = index.split(max(1, PAIRS // neighbors))
    starts = [sum(map(len, parts[:i])) for i in range(len(parts))]
    simple = torch.cat(
        [spfh(points, normals, part, start) for part, start in zip(parts, starts, strict=True)]
        or [points.new_zeros(0, 3 * BINS)]
    )
    out = simple.clone()
    for part, start in zip(parts, starts, strict=True):
        rows = slice(start, start + len(part))
        apart = (points[part.clamp(min=0)] - points[rows, None]).square().sum(-1)  # (n, K)
        counts = (part >= 0) & (apart > 0)
        weight = torch.where(counts, 1 / torch.where(counts, apart, 1.0), 0.0)
        weight = weight / weight.sum(1, keepdim=True).clamp(min=torch.finfo(weight.dtype).tiny)
        out[rows] += torch.bmm(weight[:, None], simple[part.clamp(min=0)])[:, 0]
    return out


def spfh(points: Tensor, normals: Tensor, index: Tensor, start: int = 0) -> Tensor:
    """Simplified histograms (n, 33) of the points `start` to start + n, whose neighbours are known.

    index (n, K): rows of the neighbours, -1 for none; pairs at distance 0, and those whose line
    runs along the normal, have no angles and do not count. Each histogram sums to 100.
    """
    own = torch.arange(start, start + len(index), device=points.device)
    there = (index >= 0).flatten()
    first = own[:, None].expand_as(index).flatten()[there]
    second = index.flatten()[there]
    angles, defined = pair_angles(points[first], normals[first], points[second], normals[second])
    low = angles.new_tensor([-1.0, -1.0, -math.pi])
    bins = ((angles - low) / (-2 * low) * BINS).floor().clamp(0, BINS - 1).long()
    place = (first - start)[:, None] * 3 * BINS + torch.arange(3, device=own.device) * BINS + bins
    counts = torch.bincount(place[defined].flatten(), minlength=len(index) * 3 * BINS)
    counts = counts.view(len(index), 3, BINS).to(points.dtype)
    share = 100 * counts / counts.sum(2, keepdim=True).clamp(min=1)
    return share.flatten(1)


def pair_angles(
    first: Tensor, first_normals: Tensor, second: Tensor, second_normals: Tensor
) -> tuple[Tensor, Tensor]:
    """Two points with normals, each (P, 3) -> alpha, phi, theta (P, 3), and where they are defined.

    With the frame u, v, w at the point whose normal is nearer to the line between them (eq. 1):
    alpha = v . n and phi = u . d are cosines, theta = atan2(w . n, u . n) an angle in radians; n is
    the other normal, d the unit vector to the other point.
    """
    line = second - first
    length = line.norm(dim=1, keepdim=True)
    line = line / torch.where(length > 0, length, 1.0)
    near, far = (first_normals * line).sum(1), (second_normals * line).sum(1)
    turned = (near.abs() < far.abs())[:, None]
    u = torch.where(turned, second_normals, first_normals)
    n = torch.where(turned, first_normals, second_normals)
    line = torch.where(turned, -line, line)
    phi = torch.where(turned[:, 0], -far, near)
    v = torch.linalg.cross(line, u)
    across = v.norm(dim=1, keepdim=True)
    v = v / torch.where(across > 0, across, 1.0)
    w = torch.linalg.cross(u, v)
    theta = torch.atan2((w * n).sum(1), (u * n).sum(1))
    defined = (length > 0)[:, 0] & (across > 0)[:, 0]
    return torch.stack([(v * n).sum(1), phi, theta], 1), defined
