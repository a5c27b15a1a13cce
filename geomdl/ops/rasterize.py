"""Triangles to pixels: which face each pixel sees, how far away, and where on the face.

Vertices come in camera space (OpenCV: x right, y down, z forward, metres). A pixel's sample is its
centre at +0.5. Corners are snapped to 1/256 pixel and tested with exact integer edge functions and
the top-left rule, so a pixel on an edge that two faces share is covered exactly once. Depth and
barycentrics are then computed from the unsnapped triangle along the pixel's ray, which makes them
perspective-correct also where the near plane cuts the face (Olano & Greer 1997, eq. 5).
"""

from collections.abc import Iterator
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

SUBPIXEL = 256
GUARD = 4096  # pixels around the image within which corners keep their place
LIMIT = 8192  # pixels per side
CHUNK = 1 << 22  # candidate pixels that the torch body holds at once

Buffers = tuple[Tensor, Tensor, Tensor]


def rasterize(
    vertices: Tensor,
    faces: Tensor,
    intrinsics: Tensor,
    height: int,
    width: int,
    near: float = 0.01,
    cull_backfaces: bool = False,
    face_offsets: Tensor | None = None,
) -> Buffers:
    """Vertices (B, V, 3), faces (F, 3), intrinsics (B, 3, 3) -> face, depth, barycentric.

    face (B, H, W) int64 is the nearest face, -1 for none, and among equally near ones the lowest.
    depth (B, H, W) is the camera's z in metres, inf for none. barycentric (B, H, W, 3) sums to one
    and refers to the whole triangle, also where `near` (metres) cuts it; 0 for none. Vertices
    (V, 3) and intrinsics (3, 3) are shared by the batch. With `face_offsets` (B+1,) the vertices
    (V, 3) are packed meshes: item b shows faces[face_offsets[b]:face_offsets[b+1]], and `face` is
    the packed position. Both sides are drawn unless `cull_backfaces`; the front is where the
    corners run counter-clockwise.

    depth and barycentric are differentiable in vertices and intrinsics. No gradient flows through
    visibility: which face a pixel sees, and so a silhouette's position, counts as constant.
    Raises GeometryError for NaN, faces out of range, near <= 0 and images over 8192 pixels a side.
    """
    packed = face_offsets is not None
    if isinstance(vertices, Tensor) and vertices.ndim == 2:
        vertices = vertices[None]
    if isinstance(intrinsics, Tensor) and intrinsics.ndim == 2:
        intrinsics = intrinsics[None]
    if not torch.compiler.is_compiling():
        _check(vertices, faces, intrinsics, face_offsets, height, width, near)
    batch = intrinsics.shape[0] if packed else max(vertices.shape[0], intrinsics.shape[0])
    intrinsics = intrinsics.double().expand(batch, 3, 3)
    found = scan_convert(
        vertices, faces.long(), intrinsics, face_offsets, height, width, near, cull_backfaces
    )
    if torch.is_grad_enabled() and (vertices.requires_grad or intrinsics.requires_grad):
        return found[0], *surface_point(vertices, faces, intrinsics, found[0])
    return found


def interpolate(attributes: Tensor, faces: Tensor, face: Tensor, barycentric: Tensor) -> Tensor:
    """Attributes (V, C) or (B, V, C), faces (F, 3), face (B, *S), barycentric (B, *S, 3) -> values.

    Values (B, *S, C) of the vertices' attributes at the points that `rasterize` (or a ray cast)
    found, 0 where face is -1. Differentiable in attributes and barycentric.
    """
    expect_tensor("attributes", attributes, "*S C", dtypes="float")
    corner = faces.long()[face.clamp(min=0)]  # (B, *S, 3)
    if attributes.ndim == 3:
        item = torch.arange(face.shape[0], device=face.device)
        values = attributes[item.view(-1, *[1] * face.ndim), corner]  # (B, *S, 3, C)
    else:
        values = attributes[corner]
    return (values * barycentric.unsqueeze(-1).to(values)).sum(-2)


def surface_point(
    vertices: Tensor, faces: Tensor, intrinsics: Tensor, face: Tensor
) -> tuple[Tensor, Tensor]:
    """Vertices (B | 1, V, 3), intrinsics (B, 3, 3), face (B, H, W) -> depth, barycentric.

    Where the ray of each pixel meets the plane of its face, in plain differentiable torch. A point
    that snapping put outside its face (by less than 1/256 pixel) is moved onto the border.
    """
    seen = face >= 0
    item, row, column = seen.nonzero().unbind(1)
    K = intrinsics[item]  # (N, 3, 3)
    y = (row + 0.5 - K[:, 1, 2]) / K[:, 1, 1]
    x = (column + 0.5 - K[:, 0, 2] - K[:, 0, 1] * y) / K[:, 0, 0]
    ray = torch.stack([x, y, torch.ones_like(x)], -1)  # (N, 3)
    owner = item if vertices.shape[0] > 1 else torch.zeros_like(item)
    corner = vertices[owner[:, None], faces.long()[face[seen]]].double()  # (N, 3, 3)
    a, b, c = corner.unbind(1)
    normals = (torch.linalg.cross(b, c), torch.linalg.cross(c, a), torch.linalg.cross(a, b))
    uvw = torch.stack([(ray * n).sum(-1) for n in normals], -1)  # (N, 3)
    total = uvw.sum(-1, keepdim=True)
    weight = (uvw / torch.where(total == 0, 1.0, total)).clamp(min=0)
    inside = weight.sum(-1, keepdim=True)
    hit = (total != 0) & (inside > 0) & torch.isfinite(inside)
    weight = torch.where(hit, weight / torch.where(hit, inside, 1.0), 1.0 / 3.0)
    z = (weight * corner[..., 2]).sum(-1)
    depth = torch.full(face.shape, torch.inf, dtype=vertices.dtype, device=face.device)
    barycentric = torch.zeros(*face.shape, 3, dtype=vertices.dtype, device=face.device)
    place = (item, row, column)
    return depth.index_put(place, z.to(depth)), barycentric.index_put(place, weight.to(depth))


def _check(
    vertices: Tensor,
    faces: Tensor,
    intrinsics: Tensor,
    face_offsets: Tensor | None,
    height: int,
    width: int,
    near: float,
) -> None:
    floats = (torch.float32, torch.float64)
    expect_tensor("vertices", vertices, "B V 3", dtypes=floats, finite=True)
    expect_tensor("intrinsics", intrinsics, "B 3 3", dtypes=floats, finite=True, like=vertices)
    expect_faces("faces", faces, vertices.shape[1])
    expect_number("near", near, above=0)
    for name, side in (("height", height), ("width", width)):
        if not 1 <= side <= LIMIT:
            raise GeometryError(f"{name}: expected 1 to {LIMIT} pixels, got {side}")
    K = intrinsics.detach()
    below = torch.stack([K[:, 1, 0], K[:, 2, 0], K[:, 2, 1], K[:, 2, 2] - 1]).abs().max()
    if float(K.diagonal(dim1=1, dim2=2).min()) <= 0 or float(below) > 0:
        raise GeometryError(
            f"intrinsics: expected [[fx, s, cx], [0, fy, cy], [0, 0, 1]] with positive fx and fy, "
            f"got {K[0].tolist()}"
        )
    items = vertices.shape[0]
    if face_offsets is not None:
        expect_offsets("face_offsets", face_offsets, faces.shape[0], faces)
        if items != 1 or face_offsets.numel() != intrinsics.shape[0] + 1:
            raise GeometryError(
                f"face_offsets: expected {intrinsics.shape[0] + 1} entries, one more than "
                f"intrinsics, and vertices (V, 3); got {face_offsets.numel()} and {items} items"
            )
    elif items != intrinsics.shape[0] and 1 not in (items, intrinsics.shape[0]):
        raise GeometryError(
            f"intrinsics: expected one or {items} like vertices, got {intrinsics.shape[0]}"
        )


def _fake(
    vertices: Tensor,
    faces: Tensor,
    intrinsics: Tensor,
    face_offsets: Tensor | None,
    height: int,
    width: int,
    near: float,
    cull_backfaces: bool,
) -> Buffers:
    shape = (intrinsics.shape[0], height, width)
    face = vertices.new_empty(shape, dtype=torch.int64)
    return face, vertices.new_empty(shape), vertices.new_empty(*shape, 3)


@op(fake=_fake, dtypes=(torch.float32, torch.float64))
def scan_convert(
    vertices: Tensor,
    faces: Tensor,
    intrinsics: Tensor,
    face_offsets: Optional[Tensor],
    height: int,
    width: int,
    near: float,
    cull_backfaces: bool,
) -> tuple[Tensor, Tensor, Tensor]:
    """Vertices (B | 1, V, 3), faces (F, 3), intrinsics (B, 3, 3) -> `rasterize` without grad."""
    images = []
    for item, K in enumerate(intrinsics):
        corners = vertices[item if vertices.shape[0] > 1 else 0].double()
        owner = torch.arange(faces.shape[0], device=faces.device)
        if face_offsets is not None:
            owner = owner[face_offsets[item] : face_offsets[item + 1]]
        triangles = corners[faces[owner]]  # (F, 3, 3)
        keep = triangles[..., 2].amax(-1) >= near
        if cull_backfaces:
            a, b, c = triangles.unbind(1)
            keep &= (a * torch.linalg.cross(b, c)).sum(-1) < 0
        screen, source = _on_screen(triangles[keep], K, height, width, near)
        images.append(_nearest(screen, owner[keep][source], height, width))
    face = torch.stack(images)
    return face, *surface_point(vertices, faces, intrinsics, face)


def _on_screen(
    triangles: Tensor, K: Tensor, height: int, width: int, near: float
) -> tuple[Tensor, Tensor]:
    """Camera triangles (T, 3, 3) -> triangles of (u, v, 1/z) (S, 3, 3), which one each came from.

    Those that cross the near plane or reach far outside the image are clipped (Sutherland &
    Hodgman 1974) and cut into fans; neighbours get the same new corner on a shared edge.
    """
    screen = _project(triangles, K)
    low = torch.tensor([-GUARD, -GUARD], device=K.device)
    high = torch.tensor([width + GUARD, height + GUARD], device=K.device)
    inside = (triangles[..., 2] >= near) & (
        (screen[..., :2] >= low) & (screen[..., :2] <= high)
    ).all(-1)
    plain = inside.all(-1)
    polygon = _sorted_corners(triangles[~plain])  # (P, 3, 3)
    polygon = _clip(polygon, polygon[..., 2] - near)
    polygon[..., 2] = polygon[..., 2].clamp(min=near)
    polygon = _project(polygon, K)
    for axis in range(2):
        polygon = _clip(polygon, polygon[..., axis] - low[axis])
        polygon = _clip(polygon, high[axis] - polygon[..., axis])
    fans = [polygon[:, [0, i, i + 1]] for i in range(1, polygon.shape[1] - 1)]
    source = torch.arange(len(triangles), device=K.device)
    return (
        torch.cat([screen[plain], *fans]),
        torch.cat([source[plain], source[~plain].repeat(len(fans))]),
    )


def _sorted_corners(triangles: Tensor) -> Tensor:
    """Triangles (T, 3, 3) with corners by x, y, z, so that equal ones are clipped to equal bits."""
    for axis in (2, 1, 0):
        order = triangles[..., axis].argsort(dim=1, stable=True)
        triangles = triangles.gather(1, order[..., None].expand(-1, -1, 3))
    return triangles


def _project(points: Tensor, K: Tensor) -> Tensor:
    """Camera points (*S, 3) -> (u, v, 1/z) in pixels and 1/metres."""
    x, y, z = points.unbind(-1)
    return torch.stack(
        [(K[0, 0] * x + K[0, 1] * y) / z + K[0, 2], K[1, 1] * y / z + K[1, 2], 1 / z], -1
    )


def _clip(polygon: Tensor, distance: Tensor) -> Tensor:
    """Convex polygons (P, N, 3) and distances (P, N) of a plane -> (P, N+1, 3) where they are >= 0.

    Fewer corners are filled up with copies of the first; a polygon outside becomes zeros.
    """
    following = polygon.roll(-1, 1)
    ahead = distance.roll(-1, 1)
    enters, leaves = distance < 0, ahead < 0  # sides of the edge's two ends
    # Always from the inner end to the outer one: neighbours must round alike.
    start, end = _swap(enters, polygon, following)
    near, far = _swap(enters, distance, ahead)
    t = near / (near - far)
    crossing = start + (end - start) * t[..., None]
    corners = torch.stack([crossing, following], 2).flatten(1, 2)  # (P, 2N, 3)
    kept = torch.stack([enters != leaves, ~leaves], 2).flatten(1, 2)  # (P, 2N)
    order = (~kept).to(torch.int8).argsort(dim=1, stable=True)[:, : polygon.shape[1] + 1]
    kept = kept.gather(1, order)
    corners = corners.gather(1, order[..., None].expand(-1, -1, 3))
    corners = torch.where(kept[..., None], corners, corners[:, :1])
    return torch.where(kept[:, :1, None], corners, 0.0)


def _swap(flip: Tensor, first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
    flip = flip if first.ndim == flip.ndim else flip[..., None]
    return torch.where(flip, second, first), torch.where(flip, first, second)


def _nearest(screen: Tensor, owner: Tensor, height: int, width: int) -> Tensor:
    """Triangles of (u, v, 1/z) (T, 3, 3) and their faces (T,) -> nearest face (H, W)."""
    snapped = (screen[..., :2] * SUBPIXEL).round().long()  # (T, 3, 2)
    order = (snapped[..., 1] * (1 << 32) + snapped[..., 0]).argsort(1)
    snapped = snapped.gather(1, order[..., None].expand(-1, -1, 2))
    inverse = screen[..., 2].gather(1, order)
    area = _edge(snapped[:, 0], snapped[:, 1], snapped[:, 2])
    flip = torch.tensor([0, 2, 1], device=owner.device)
    snapped = torch.where(area[:, None, None] < 0, snapped[:, flip], snapped)
    inverse = torch.where(area[:, None] < 0, inverse[:, flip], inverse)
    half = SUBPIXEL // 2
    low = -((half - snapped.amin(1)) // SUBPIXEL)  # first pixel whose centre is inside the box
    high = (snapped.amax(1) - half) // SUBPIXEL
    low = low.clamp(min=0)
    high = high.minimum(torch.tensor([width - 1, height - 1], device=owner.device))
    span = (high - low + 1).clamp(min=0)  # (T, 2)
    count = span.prod(1) * (area != 0)

    closest = torch.zeros(height * width, dtype=torch.float64, device=owner.device)
    face = torch.full((height * width,), torch.iinfo(torch.int64).max, device=owner.device)
    for some in _pieces(count):
        triangle = some.repeat_interleave(count[some])
        first = count[some].cumsum(0) - count[some]
        inner = torch.arange(len(triangle), device=owner.device) - first.repeat_interleave(
            count[some]
        )
        column = low[triangle, 0] + inner % span[triangle, 0]
        row = low[triangle, 1] + inner // span[triangle, 0]
        centre = torch.stack([column, row], -1) * SUBPIXEL + half
        a, b, c = snapped[triangle].unbind(1)
        edges = torch.stack([_edge(*e, centre) for e in ((b, c), (c, a), (a, b))], -1)  # (N, 3)
        covers = torch.stack([_is_top_left(*e) for e in ((b, c), (c, a), (a, b))], -1)
        hit = ((edges > 0) | ((edges == 0) & covers)).all(-1)
        triangle, pixel = triangle[hit], (row * width + column)[hit]
        weight = edges[hit] / area[triangle].abs()[:, None]
        value = (weight * inverse[triangle]).sum(-1)
        before = closest.clone()
        closest.scatter_reduce_(0, pixel, value, "amax")
        face[closest > before] = torch.iinfo(torch.int64).max
        best = value == closest[pixel]
        face.scatter_reduce_(0, pixel[best], owner[triangle[best]], "amin")
    return face.masked_fill(closest == 0, -1).view(height, width)


def _pieces(count: Tensor) -> Iterator[Tensor]:
    """Candidates per triangle (T,) -> indices of triangles, about CHUNK candidates at a time."""
    alive = count.nonzero()[:, 0]
    part = (count[alive].cumsum(0) - count[alive]) // CHUNK
    sizes = part.unique_consecutive(return_counts=True)[1]
    yield from alive.split(sizes.tolist())


def _edge(a: Tensor, b: Tensor, p: Tensor) -> Tensor:
    """Twice the area of the triangles a, b, p (N, 2), positive when clockwise on the screen."""
    return (b[:, 0] - a[:, 0]) * (p[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (p[:, 0] - a[:, 0])


def _is_top_left(a: Tensor, b: Tensor) -> Tensor:
    d = b - a
    return (d[:, 1] < 0) | ((d[:, 1] == 0) & (d[:, 0] > 0))
