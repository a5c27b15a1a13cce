"""Rays and distances against a triangle mesh: first hit, any hit, closest point, signed distance.

The torch bodies compare everything with every triangle. The kernels walk a bounding volume
hierarchy: eight children to a node, one vector operation to a test. `build_bvh` makes it once for
many calls; without it every call builds its own. Faces turn counter-clockwise seen from outside.
"""

import math
from collections.abc import Iterator
from typing import Optional

import torch
from torch import Tensor

from geomdl.errors import GeometryError, expect_faces, expect_number, expect_tensor
from geomdl.ops.dispatch import op
from geomdl.ops.triangle import closest_barycentric, ray_plane, ray_triangle, solid_angle

FLOATS = (torch.float32, torch.float64)
PAIRS = 1 << 20  # pairs of query and triangle that a torch body holds at a time
MAGIC = 0x31304856424F4547  # "GEOBVH01", little endian
HEADER = 256  # bytes
LARGEST = 1e9  # coordinate: fourth powers of a length fit in float32


def _check_points(name: str, shape: str, points: Tensor, vertices: Tensor) -> None:
    expect_tensor(name, points, shape, dtypes=(vertices.dtype,), like=vertices)
    if points.numel() == 0:
        return
    low, high = (float(x) for x in torch.aminmax(points))  # NaN where there is one
    if not (low >= -LARGEST and high <= LARGEST):
        expect_tensor(name, points, shape, finite=True)
        raise GeometryError(f"{name}: coordinates beyond {LARGEST:g}; scale the scene")


def _check_mesh(vertices: Tensor, faces: Tensor, bvh: Tensor | None = None) -> None:
    if bvh is None:
        expect_tensor("vertices", vertices, "V 3", dtypes=FLOATS)
        _check_points("vertices", "V 3", vertices, vertices)
        expect_faces("faces", faces, vertices.shape[0])
        expect_tensor("faces", faces, "F 3", like=vertices)
        return
    expect_tensor("vertices", vertices, "V 3", dtypes=FLOATS)
    expect_tensor("faces", faces, "F 3", dtypes="int", like=vertices)
    expect_tensor("bvh", bvh, "bytes", dtypes=(torch.uint8,))
    if bvh.numel() < HEADER:
        raise GeometryError(f"bvh: expected the result of build_bvh, got {bvh.numel()} bytes")
    magic, size, v, f = bvh[:32].clone().view(torch.int64).tolist()
    if magic != MAGIC or size != bvh.numel():
        raise GeometryError(f"bvh: {bvh.numel()} bytes that are not the result of build_bvh")
    if (v, f) != (vertices.shape[0], faces.shape[0]):
        raise GeometryError(
            f"bvh: built for {v} vertices and {f} faces, got {vertices.shape[0]} and "
            f"{faces.shape[0]}"
        )


def _check_rays(
    vertices: Tensor, faces: Tensor, origins: Tensor, directions: Tensor, bvh: Tensor | None
) -> None:
    _check_mesh(vertices, faces, bvh)
    _check_points("origins", "R 3", origins, vertices)
    _check_points("directions", "R 3", directions, vertices)
    if origins.shape != directions.shape:
        raise GeometryError(
            f"directions: expected one per origin ({origins.shape[0]}), got {directions.shape[0]}"
        )


def _check_any(
    vertices: Tensor,
    faces: Tensor,
    origins: Tensor,
    directions: Tensor,
    max_distance: float,
    bvh: Tensor | None,
) -> None:
    _check_rays(vertices, faces, origins, directions, bvh)
    if max_distance != math.inf:
        expect_number("max_distance", max_distance, low=0)


def _check_queries(
    vertices: Tensor, faces: Tensor, queries: Tensor, bvh: Tensor | None = None
) -> None:
    _check_mesh(vertices, faces, bvh)
    _check_points("queries", "M 3", queries, vertices)


def _check_near(vertices: Tensor, faces: Tensor, queries: Tensor, bvh: Tensor | None) -> None:
    _check_queries(vertices, faces, queries, bvh)
    if faces.shape[0] == 0 and queries.shape[0] > 0:
        raise GeometryError("faces: expected at least one triangle to be close to, got none")


def _check_winding(
    vertices: Tensor, faces: Tensor, queries: Tensor, beta: float, bvh: Tensor | None
) -> None:
    _check_queries(vertices, faces, queries, bvh)
    expect_number("beta", beta, low=1.0)


def _check_signed(
    vertices: Tensor, faces: Tensor, queries: Tensor, beta: float, bvh: Tensor | None
) -> None:
    _check_near(vertices, faces, queries, bvh)
    expect_number("beta", beta, low=1.0)


def _chunks(count: int, faces: int) -> Iterator[slice]:
    step = max(1, PAIRS // max(faces, 1))
    return (slice(i, i + step) for i in range(0, count, step))


def _corners(vertices: Tensor, faces: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    a, b, c = vertices[faces.long()].unbind(1)
    return a, b, c


def _fake_bvh(vertices: Tensor, faces: Tensor) -> Tensor:
    size = torch.library.get_ctx().new_dynamic_size()
    return vertices.new_empty(size, dtype=torch.uint8)


@op(fake=_fake_bvh, check=_check_mesh)
def build_bvh(vertices: Tensor, faces: Tensor) -> Tensor:
    """Vertices (V, 3), faces (F, 3) -> hierarchy (bytes,) uint8, for the argument `bvh`.

    Opaque and self-contained: it may be saved, copied and passed through compiled code. It belongs
    to these vertices and faces: when they move, build it again. Binned surface area heuristic
    (Wald 2007) into nodes of eight, with the moments of the winding number in every node. The
    torch body keeps a mere label, since the bodies compare everything with everything.
    """
    label = torch.zeros(HEADER // 8, dtype=torch.int64)
    label[:4] = torch.tensor([MAGIC, HEADER, vertices.shape[0], faces.shape[0]])
    return label.view(torch.uint8)


def _fake_hits(
    vertices: Tensor, faces: Tensor, origins: Tensor, directions: Tensor, bvh: Tensor | None
) -> tuple[Tensor, Tensor, Tensor]:
    count = origins.shape[0]
    index = origins.new_empty(count, dtype=torch.int64)
    return origins.new_empty(count), index, origins.new_empty(count, 3)


@op(fake=_fake_hits, check=_check_rays)
def hit_faces(
    vertices: Tensor,
    faces: Tensor,
    origins: Tensor,
    directions: Tensor,
    bvh: Optional[Tensor],
) -> tuple[Tensor, Tensor, Tensor]:
    """Origins, directions (R, 3) -> distance (R,), face (R,) int64, barycentric (R, 3).

    `first_hit` without gradients.
    """
    count = origins.shape[0]
    distance = origins.new_full((count,), torch.inf)
    face = torch.full((count,), -1, device=origins.device)
    barycentric = origins.new_zeros(count, 3)
    if faces.shape[0] == 0:
        return distance, face, barycentric
    a, b, c = _corners(vertices, faces)
    for part in _chunks(count, faces.shape[0]):
        o, d = origins[part, None], directions[part, None]
        t, where = ray_triangle(o, d, a, b, c)  # (r, F), (r, F, 3)
        best = t.argmin(1)  # the first of equals
        row = torch.arange(best.shape[0], device=best.device)
        distance[part] = t[row, best].to(distance.dtype)
        face[part] = torch.where(t[row, best].isinf(), -1, best)
        barycentric[part] = where[row, best].to(distance.dtype)
    return distance, face, barycentric


@op(
    fake=lambda vertices, faces, origins, directions, max_distance, bvh: origins.new_empty(
        origins.shape[0], dtype=torch.bool
    ),
    check=_check_any,
)
def occluded(
    vertices: Tensor,
    faces: Tensor,
    origins: Tensor,
    directions: Tensor,
    max_distance: float,
    bvh: Optional[Tensor],
) -> Tensor:
    """Origins, directions (R, 3) -> (R,) bool: `any_hit` without defaults."""
    hit = torch.zeros(origins.shape[0], dtype=torch.bool, device=origins.device)
    if faces.shape[0]:
        a, b, c = _corners(vertices, faces)
        for part in _chunks(origins.shape[0], faces.shape[0]):
            t = ray_triangle(origins[part, None], directions[part, None], a, b, c)[0].amin(1)
            hit[part] = (t <= max_distance) & (t < torch.inf)
    return hit


def _fake_closest(
    vertices: Tensor, faces: Tensor, queries: Tensor, bvh: Tensor | None
) -> tuple[Tensor, Tensor, Tensor]:
    index = queries.new_empty(queries.shape[0], dtype=torch.int64)
    return torch.empty_like(queries), index, torch.empty_like(queries)


@op(fake=_fake_closest, check=_check_near)
def closest_faces(
    vertices: Tensor, faces: Tensor, queries: Tensor, bvh: Optional[Tensor]
) -> tuple[Tensor, Tensor, Tensor]:
    """Queries (M, 3) -> point (M, 3), face (M,) int64, barycentric (M, 3).

    `closest_point` without gradients.
    """
    point, barycentric = torch.empty_like(queries), torch.empty_like(queries)
    face = torch.empty(queries.shape[0], dtype=torch.int64, device=queries.device)
    a, b, c = (x.double() for x in _corners(vertices, faces))
    for part in _chunks(queries.shape[0], faces.shape[0]):
        q = queries[part, None].double()
        where = closest_barycentric(q, a, b, c)  # (m, F, 3)
        foot = where[..., :1] * a + where[..., 1:2] * b + where[..., 2:] * c
        best = ((q - foot) ** 2).sum(-1).argmin(1)
        row = torch.arange(best.shape[0], device=best.device)
        face[part] = best
        point[part] = foot[row, best].to(point.dtype)
        barycentric[part] = where[row, best].to(point.dtype)
    return point, face, barycentric


@op(
    fake=lambda vertices, faces, queries, beta, bvh: queries.new_empty(queries.shape[0]),
    check=_check_winding,
)
def winding_number(
    vertices: Tensor,
    faces: Tensor,
    queries: Tensor,
    beta: float = 2.0,
    bvh: Optional[Tensor] = None,
) -> Tensor:
    """Queries (M, 3) -> generalised winding number (M,): 1 inside a closed mesh, 0 outside.

    Between them where the mesh is open, above 1 where it overlaps itself, negative inside faces
    that turn clockwise (Jacobson et al. 2013). The kernel sees clusters of triangles farther
    than `beta` times their radius as a Taylor series of order 2 (Barill et al. 2018): the error
    is about 1e-3 at beta 2 and falls with its cube; the body sums all triangles. No gradient.
    """
    total = queries.new_zeros(queries.shape[0])
    a, b, c = (x.double() for x in _corners(vertices, faces))
    for part in _chunks(queries.shape[0], faces.shape[0]):
        angle = solid_angle(queries[part, None].double(), a, b, c).sum(1)
        total[part] = (angle / (4 * math.pi)).to(total.dtype)
    return total


@op(
    fake=lambda vertices, faces, queries, beta, bvh: (
        queries.new_empty(queries.shape[0]),
        queries.new_empty(queries.shape[0], dtype=torch.int64),
    ),
    check=_check_signed,
)
def signed_distance_faces(
    vertices: Tensor, faces: Tensor, queries: Tensor, beta: float, bvh: Optional[Tensor]
) -> tuple[Tensor, Tensor]:
    """Queries (M, 3) -> distance (M,) negative inside, closest face (M,) int64.

    `signed_distance` without gradients.
    """
    point, face, _ = closest_faces(vertices, faces, queries, None)
    inside = winding_number(vertices, faces, queries, beta, None) > 0.5
    distance = (queries.double() - point.double()).norm(dim=1).to(queries.dtype)
    return torch.where(inside, -distance, distance), face


def _wants_gradient(*inputs: Tensor) -> bool:
    return torch.is_grad_enabled() and any(x.requires_grad for x in inputs)


def first_hit(
    vertices: Tensor,
    faces: Tensor,
    origins: Tensor,
    directions: Tensor,
    bvh: Tensor | None = None,
) -> tuple[Tensor, Tensor, Tensor]:
    """Origins, directions (R, 3) -> distance (R,), face (R,) int64, barycentric (R, 3).

    Distance in units of the length of the direction (the hit is origin + distance * direction),
    inf and face -1 for none. Both sides of a face count, equal distances go to the lower face. At
    a shared edge rounding may decide, but no ray slips through (Woop, Benthin, Wald 2013). A
    direction of length zero hits nothing. Distance and barycentric are differentiable in
    vertices, origins and directions.
    Raises GeometryError for wrong shapes, faces out of range, NaN and infinity.
    """
    distance, face, barycentric = hit_faces(vertices, faces, origins, directions, bvh)
    if not _wants_gradient(vertices, origins, directions):
        return distance, face, barycentric
    rays = (face >= 0).nonzero()[:, 0]
    corners = _corners(vertices, faces[face[rays]])
    smooth, where = ray_plane(origins[rays], directions[rays], *corners)
    return (
        distance.index_copy(0, rays, smooth),
        face,
        barycentric.index_copy(0, rays, where),
    )


def any_hit(
    vertices: Tensor,
    faces: Tensor,
    origins: Tensor,
    directions: Tensor,
    max_distance: float = math.inf,
    bvh: Tensor | None = None,
) -> Tensor:
    """Origins, directions (R, 3) -> (R,) bool: does the ray meet the mesh by `max_distance`?

    `max_distance` is in units of the length of the direction, as in `first_hit`: for the segment
    from p to q give p, q - p and 1. A direction of length zero meets nothing.
    Raises GeometryError for wrong shapes, faces out of range, NaN and infinity.
    """
    return occluded(vertices, faces, origins, directions, max_distance, bvh)


def closest_point(
    vertices: Tensor, faces: Tensor, queries: Tensor, bvh: Tensor | None = None
) -> tuple[Tensor, Tensor, Tensor]:
    """Queries (M, 3) -> closest point (M, 3), its face (M,) int64, its barycentric (M, 3).

    Equal distances go to the lower face (at a shared edge rounding may decide). Degenerate
    triangles count as the segment or point that they are.
    Point and barycentric are differentiable in vertices and queries.
    Raises GeometryError for an empty mesh, wrong shapes, faces out of range, NaN and infinity.
    """
    point, face, barycentric = closest_faces(vertices, faces, queries, bvh)
    if not _wants_gradient(vertices, queries):
        return point, face, barycentric
    corners = _corners(vertices, faces[face])
    barycentric = closest_barycentric(queries, *corners)
    return torch.einsum("mk,mkc->mc", barycentric, torch.stack(corners, 1)), face, barycentric


def signed_distance(
    vertices: Tensor,
    faces: Tensor,
    queries: Tensor,
    bvh: Tensor | None = None,
    beta: float = 2.0,
) -> Tensor:
    """Queries (M, 3) -> distance to the mesh (M,), negative where the winding number is over 1/2.

    So open and overlapping meshes get a sensible sign too: an open one is closed across its holes.
    `beta` is the accuracy of the winding number. Differentiable in vertices and queries: the
    gradient is a unit vector, on the surface itself the normal of the face.
    Raises GeometryError for an empty mesh, wrong shapes, faces out of range, NaN and infinity.
    """
    distance, face = signed_distance_faces(vertices, faces, queries, beta, bvh)
    if not _wants_gradient(vertices, queries):
        return distance
    a, b, c = corners = _corners(vertices, faces[face])
    barycentric = closest_barycentric(queries, *corners)
    away = queries - torch.einsum("mk,mkc->mc", barycentric, torch.stack(corners, 1))
    normal = torch.nn.functional.normalize(torch.linalg.cross(b - a, c - a), dim=1)
    extent = queries.detach().abs().amax(1) + a.detach().abs().amax(1)
    on = distance.abs() <= 4 * torch.finfo(distance.dtype).eps * extent
    length = torch.where(on[:, None], 1.0, away).norm(dim=1)
    return torch.where(on, (away * normal.detach()).sum(1), torch.sign(distance) * length)
