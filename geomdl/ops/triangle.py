"""One triangle at a time: what a ray hits, which point is closest, which angle it fills.

The arithmetic of `geomdl.ops.raycast`, in differentiable torch that broadcasts over any axes.
"""

import torch
from torch import Tensor


def ray_triangle(
    origins: Tensor, directions: Tensor, a: Tensor, b: Tensor, c: Tensor
) -> tuple[Tensor, Tensor]:
    """Origins, directions and corners (*S, 3) -> distance (*S,), inf for none, barycentric (*S, 3).

    Watertight: two triangles that share an edge compute the same numbers for it with opposite
    signs, so no ray slips between them (Woop, Benthin, Wald 2013). Both sides count, a triangle
    seen edge-on and a direction of length zero do not. Computed in float64.
    """
    origins, directions, a, b, c = (x.double() for x in (origins, directions, a, b, c))
    main = directions.abs().argmax(-1, keepdim=True)
    axes = (main + torch.arange(1, 4, device=main.device)) % 3  # the longest axis comes last
    d = directions.gather(-1, axes)
    shear = d[..., :2] / d[..., 2:]

    def seen_along(corner: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        away = corner - origins
        away = away.gather(-1, axes.expand(away.shape))
        flat = away[..., :2] - shear * away[..., 2:]
        return flat[..., 0], flat[..., 1], away[..., 2] / d[..., 2]

    (ax, ay, az), (bx, by, bz), (cx, cy, cz) = map(seen_along, (a, b, c))
    uvw = torch.stack((cx * by - cy * bx, ax * cy - ay * cx, bx * ay - by * ax), -1)
    det = uvw.sum(-1)
    one_side = (uvw >= 0).all(-1) | (uvw <= 0).all(-1)
    barycentric = uvw / torch.where(det == 0, 1, det)[..., None]
    distance = (barycentric * torch.stack((az, bz, cz), -1)).sum(-1)
    hit = one_side & (det != 0) & (distance >= 0)
    return torch.where(hit, distance, torch.inf), barycentric * hit[..., None]


def ray_plane(
    origins: Tensor, directions: Tensor, a: Tensor, b: Tensor, c: Tensor
) -> tuple[Tensor, Tensor]:
    """Origins, directions and corners (N, 3) -> distance (N,), barycentric (N, 3): smooth in all.

    The line of the ray against the plane of the triangle (Moeller, Trumbore 1997), without any
    test: for rays whose triangle is known.
    """
    ab, ac, ao = b - a, c - a, origins - a
    p, q = torch.linalg.cross(directions, ac), torch.linalg.cross(ao, ab)
    det = (ab * p).sum(-1)
    v, w = (ao * p).sum(-1) / det, (directions * q).sum(-1) / det
    return (ac * q).sum(-1) / det, torch.stack((1 - v - w, v, w), -1)


def _over(top: Tensor, bottom: Tensor) -> Tensor:
    return top / torch.where(bottom > 0, bottom, 1)


def closest_barycentric(queries: Tensor, a: Tensor, b: Tensor, c: Tensor) -> Tensor:
    """Queries and corners (*S, 3) -> barycentric (*S, 3) of the closest point of the triangle.

    The best of four candidates: the foot on the plane where it lies inside, and the closest point
    of each edge. Each of them is a point of the triangle, so slivers, needles and triangles that
    are a single point are safe. Differentiable within the region that won.
    """
    queries, a, b, c = torch.broadcast_tensors(queries, a, b, c)
    ab, ac, ap = b - a, c - a, queries - a
    d1, d2 = (ab * ap).sum(-1), (ac * ap).sum(-1)
    d00, d01, d11 = (ab * ab).sum(-1), (ab * ac).sum(-1), (ac * ac).sum(-1)
    det = d00 * d11 - d01 * d01
    v, w = _over(d11 * d1 - d01 * d2, det), _over(d00 * d2 - d01 * d1, det)
    inside = (v >= 0) & (w >= 0) & (v + w <= 1) & (det > 0)
    s = _over(d1, d00).clamp(0, 1)
    t = _over(d2, d11).clamp(0, 1)
    u = _over(((queries - b) * (c - b)).sum(-1), ((c - b) ** 2).sum(-1)).clamp(0, 1)
    zero = torch.zeros_like(s)
    four = ((1 - v - w, v, w), (1 - s, s, zero), (1 - t, zero, t), (zero, 1 - u, u))
    candidates = torch.stack([torch.stack(each, -1) for each in four], -2)  # (*S, 4, 3)
    feet = candidates[..., 1:2] * ab[..., None, :] + candidates[..., 2:] * ac[..., None, :]
    squared = ((ap[..., None, :] - feet) ** 2).sum(-1).detach()
    allowed = torch.ones_like(squared, dtype=torch.bool)
    allowed[..., 0] = inside
    best = torch.where(allowed, squared, torch.inf).argmin(-1)[..., None, None]
    return candidates.gather(-2, best.expand(*best.shape[:-1], 3)).squeeze(-2)


def solid_angle(queries: Tensor, a: Tensor, b: Tensor, c: Tensor) -> Tensor:
    """Queries and corners (*S, 3) -> signed solid angle (*S,) in steradians.

    Positive where the query sees the back of the triangle, so that a closed mesh with faces that
    turn counter-clockwise seen from outside sums to 4 pi inside (Van Oosterom, Strackee 1983).
    """
    a, b, c = a - queries, b - queries, c - queries
    la, lb, lc = a.norm(dim=-1), b.norm(dim=-1), c.norm(dim=-1)
    det = (a * torch.linalg.cross(b, c)).sum(-1)
    ab, bc, ca = (a * b).sum(-1), (b * c).sum(-1), (c * a).sum(-1)
    return 2 * torch.atan2(det, la * lb * lc + ab * lc + bc * la + ca * lb)
