"""Distances between point sets and surfaces, as losses and as scores."""

from typing import Optional

import torch
from torch import Tensor

from geomdl.errors import GeometryError, expect_faces, expect_number, expect_offsets, expect_tensor
from geomdl.ops.dispatch import op
from geomdl.ops.neighbors import FLOATS, check_pairs, knn_index, take_rows


def _fake_pairs(
    a: Tensor, b: Tensor, a_offsets: Optional[Tensor], b_offsets: Optional[Tensor]
) -> tuple[Tensor, Tensor]:
    return (
        a.new_empty(a.shape[0], dtype=torch.int64),
        b.new_empty(b.shape[0], dtype=torch.int64),
    )


def _check_clouds(
    a: Tensor, b: Tensor, a_offsets: Optional[Tensor], b_offsets: Optional[Tensor]
) -> None:
    check_pairs(a, b, a_offsets, b_offsets)


@op(fake=_fake_pairs, check=_check_clouds, dtypes=FLOATS)
def nearest_pairs(
    a: Tensor,
    b: Tensor,
    a_offsets: Optional[Tensor] = None,
    b_offsets: Optional[Tensor] = None,
) -> tuple[Tensor, Tensor]:
    """Points a (N, D), b (M, D) -> for each of a the nearest of b (N,), and the reverse (M,).

    Packed positions, int64; -1 where the other item of the batch is empty; ties to the lower
    index. Raises GeometryError.
    """
    in_b = knn_index(b, a, 1, b_offsets, a_offsets)[:, 0]
    return in_b, knn_index(a, b, 1, a_offsets, b_offsets)[:, 0]


def norm(difference: Tensor) -> Tensor:
    """Differences (*S, D) -> lengths (*S); the gradient at length 0 is 0."""
    squared = difference.square().sum(-1)
    apart = squared > 0
    return torch.where(apart, squared, 1.0).sqrt() * apart


def _item_means(values: Tensor, offsets: Tensor) -> Tensor:
    """Values (N,), offsets (B+1,) -> the mean of each item (B,); an empty item has mean 0."""
    if len(offsets) == 2:
        return values.mean()[None] if len(values) else values.sum()[None]
    sums = torch.segment_reduce(values, "sum", offsets=offsets, axis=0)
    return sums / offsets.diff().clamp(min=1)


def chamfer_distance(
    a: Tensor,
    b: Tensor,
    a_offsets: Optional[Tensor] = None,
    b_offsets: Optional[Tensor] = None,
    squared: bool = True,
) -> Tensor:
    """Points a (N, D), b (M, D) -> Chamfer distance (), or (B,) with offsets (B+1,).

    mean_a min_b |a - b|^p + mean_b min_a |a - b|^p with p = 2 (square metres; Fan et al. 2017,
    with means for sums) or, with squared=False, p = 1 (metres; halve it for the symmetric mean).
    Differentiable in both. Raises GeometryError where an item is empty.
    """
    in_b, in_a = nearest_pairs(a, b, a_offsets, b_offsets)
    first = expect_offsets("a_offsets", a_offsets, len(a), a)
    second = expect_offsets("b_offsets", b_offsets, len(b), b)
    if bool((first.diff() == 0).any()) or bool((second.diff() == 0).any()):
        raise GeometryError("chamfer_distance: expected points in every item, got an empty one")
    forth, back = a - take_rows(b, in_b), b - take_rows(a, in_a)
    if squared:
        there, again = forth.square().sum(1), back.square().sum(1)
    else:
        there, again = norm(forth), norm(back)
    total = _item_means(there, first) + _item_means(again, second)
    return total[0] if a_offsets is None and b_offsets is None else total


def _nearest_distances(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """Points a (N, D), b (M, D), both not empty -> distances (N,) and (M,) to the other set."""
    if len(a) == 0 or len(b) == 0:
        raise GeometryError(f"points: expected two sets of points, got {len(a)} and {len(b)}")
    in_b, in_a = nearest_pairs(a, b)
    return norm(a - take_rows(b, in_b)), norm(b - take_rows(a, in_a))


def hausdorff_distance(a: Tensor, b: Tensor) -> Tensor:
    """Points a (N, D), b (M, D) -> () metres: the farthest that a point is from the other set.

    max(max_a min_b |a - b|, max_b min_a |a - b|), differentiable in both. Raises GeometryError.
    """
    forth, back = _nearest_distances(a, b)
    return torch.maximum(forth.max(), back.max())


def f_score(a: Tensor, b: Tensor, threshold: float) -> tuple[Tensor, Tensor, Tensor]:
    """Predicted points a (N, D), true points b (M, D) -> f, precision and recall, each () in 0..1.

    Precision: the share of a within `threshold` metres (<=) of b; recall: the reverse; f: their
    harmonic mean (Knapitsch et al. 2017, eq. 4-6; Tatarchenko et al. 2019). Raises GeometryError.
    """
    expect_number("threshold", threshold, low=0)
    forth, back = _nearest_distances(a, b)
    precision, recall = (
        (forth <= threshold).to(a.dtype).mean(),
        (back <= threshold).to(a.dtype).mean(),
    )
    f = 2 * precision * recall / (precision + recall).clamp(min=torch.finfo(a.dtype).tiny)
    return f, precision, recall


def normal_consistency(a: Tensor, a_normals: Tensor, b: Tensor, b_normals: Tensor) -> Tensor:
    """Points and normals a (N, D), b (M, D) -> () in 0..1: how well nearest normals line up.

    Mean of |cosine| between the normal of a point and that of its nearest in the other set, both
    ways, halved (Mescheder et al. 2019). Differentiable in the normals. Raises GeometryError.
    """
    expect_tensor("a_normals", a_normals, f"{len(a)} D", dtypes="float", finite=True, like=a)
    expect_tensor("b_normals", b_normals, f"{len(b)} D", dtypes="float", finite=True, like=b)
    if len(a) == 0 or len(b) == 0:
        raise GeometryError(f"points: expected two sets of points, got {len(a)} and {len(b)}")
    in_b, in_a = nearest_pairs(a, b)
    first = torch.nn.functional.normalize(a_normals, dim=1)
    second = torch.nn.functional.normalize(b_normals, dim=1)
    forth = (first * take_rows(second, in_b)).sum(1).abs().mean()
    back = (second * take_rows(first, in_a)).sum(1).abs().mean()
    return (forth + back) / 2


def closest_on_triangles(points: Tensor, triangles: Tensor) -> tuple[Tensor, Tensor]:
    """Points (N, 3), triangles (N, 3, 3) -> closest point (N, 3) and its barycentric (N, 3).

    Regions of Ericson 2005, section 5.1.5, as masks; degenerate triangles act as their segments.
    Barycentrics are differentiable in both.
    """
    a, b, c = triangles.unbind(1)
    best, barycentric = _on_edge(points, a, b, (0, 1))
    for start, end, corners in ((b, c, (1, 2)), (c, a, (2, 0))):
        gap, weights = _on_edge(points, start, end, corners)
        closer = gap < best
        best = torch.where(closer, gap, best)
        barycentric = torch.where(closer[:, None], weights, barycentric)
    inside, plane = _foot(points, a, b, c)
    barycentric = torch.where(inside[:, None], plane, barycentric)
    return (barycentric[:, :, None] * triangles).sum(1), barycentric


def _on_edge(
    points: Tensor, start: Tensor, end: Tensor, corners: tuple[int, int]
) -> tuple[Tensor, Tensor]:
    """Squared distance (N,) to an edge, and the barycentric (N, 3) of its closest point."""
    along, to = end - start, points - start
    length = along.square().sum(1)
    flat = length == 0
    t = ((to * along).sum(1) / length.masked_fill(flat, 1.0)).clamp(0, 1).masked_fill(flat, 0)
    first, second = corners
    weights = torch.stack([1 - t if n == first else t if n == second else 0 * t for n in range(3)])
    return (to - t[:, None] * along).square().sum(1), weights.T


def _foot(points: Tensor, a: Tensor, b: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
    """Whether the foot of the perpendicular lies in the triangle (N,), and its barycentric."""
    u, v, w = b - a, c - a, points - a
    uu, uv, vv = (u * u).sum(1), (u * v).sum(1), (v * v).sum(1)
    wu, wv = (w * u).sum(1), (w * v).sum(1)
    area = uu * vv - uv * uv
    solid = area > 0
    safe = area.masked_fill(~solid, 1.0)
    s, t = (vv * wu - uv * wv) / safe, (uu * wv - uv * wu) / safe
    inside = solid & (s >= 0) & (t >= 0) & (s + t <= 1)
    return inside, torch.stack([1 - s - t, s, t], 1)


def point_triangle_distance(points: Tensor, triangles: Tensor) -> Tensor:
    """Points (N, 3), triangles (N, 3, 3) -> distance (N,) in metres, pair by pair.

    Differentiable in both (0 where the point touches). Raises GeometryError.
    """
    expect_tensor("points", points, "N 3", dtypes=FLOATS, finite=True)
    expect_tensor("triangles", triangles, f"{len(points)} 3 3", dtypes=(points.dtype,), finite=True)
    closest, _ = closest_on_triangles(points, triangles)
    return norm(points - closest)


def point_mesh_distance(points: Tensor, vertices: Tensor, faces: Tensor) -> Tensor:
    """Points (N, 3), vertices (V, 3), faces (F, 3) -> distance (N,) in metres to the surface.

    Differentiable in points and vertices. Raises GeometryError.
    """
    from geomdl.ops.raycast import closest_point

    expect_faces("faces", faces, len(vertices))
    closest, _, _ = closest_point(vertices, faces, points)
    return norm(points - closest)
