"""Differential geometry of triangle meshes and point clouds: normals, curvature, the Laplacian.

Angles, cotangents and mixed areas follow Meyer, Desbrun, Schröder and Barr, "Discrete
Differential-Geometry Operators for Triangulated 2-Manifolds", 2003. Everything is differentiable
in the positions; faces without area count for nothing and give no NaN, forwards or backwards.
"""

import math
from typing import Literal, Optional

import torch
from torch import Tensor

from geomdl.errors import GeometryError, expect_faces, expect_number, expect_tensor
from geomdl.ops.neighbors import knn_index
from geomdl.ops.orientation import orient_to_neighbors, orient_to_viewpoint

Weighting = Literal["area", "angle"]


def face_normals(vertices: Tensor, faces: Tensor) -> Tensor:
    """Vertices (V, 3), faces (F, 3) -> unit normals (F, 3), zero for a face without area."""
    return _unit(_area_vectors(vertices, faces))


def face_areas(vertices: Tensor, faces: Tensor) -> Tensor:
    """Vertices (V, 3), faces (F, 3) -> areas (F,) in square metres."""
    return _length(_area_vectors(vertices, faces))[:, 0] / 2


def vertex_normals(vertices: Tensor, faces: Tensor, weighting: Weighting = "area") -> Tensor:
    """Vertices (V, 3), faces (F, 3) -> unit normals (V, 3), zero where no face with area is.

    The sum of the faces' normals, weighted by their area, or by their angle at the vertex
    (Thürmer & Wüthrich 1998), which does not depend on how a flat region was cut into triangles.
    """
    across = _area_vectors(vertices, faces)
    if weighting == "area":
        parts = across[:, None].expand(-1, 3, -1)
    elif weighting == "angle":
        parts = corner_angles(vertices, faces)[..., None] * _unit(across)[:, None]
    else:
        raise GeometryError(f"weighting: expected 'area' or 'angle', got {weighting!r}")
    return _unit(_sum_at_vertices(parts, faces, vertices.shape[0]))


def corner_angles(vertices: Tensor, faces: Tensor) -> Tensor:
    """Vertices (V, 3), faces (F, 3) -> angles (F, 3) in radians at the corners.

    They sum to pi, and to zero in a face without area.
    """
    across, dots = _across_and_dots(vertices, faces)
    flat = across == 0
    return torch.where(flat, 0.0, torch.atan2(torch.where(flat, 1.0, across), dots))


def mixed_areas(vertices: Tensor, faces: Tensor) -> Tensor:
    """Vertices (V, 3), faces (F, 3) -> areas (V,) around the vertices; they sum to the surface.

    Voronoi cells inside non-obtuse triangles; half or a quarter of an obtuse one (Meyer, fig. 4).
    """
    across, dots = _across_and_dots(vertices, faces)
    squares = _opposite_squares(vertices, faces)
    cot = _cotangents(across, dots)
    whole = across / 2  # (F, 1)
    product = squares * cot  # |edge|^2 cot(opposite angle), at the corner opposite the edge
    voronoi = (product.sum(1, keepdim=True) - product) / 8
    obtuse = dots < 0
    cut = torch.where(obtuse, whole / 2, whole / 4)
    area = torch.where(obtuse.any(1, keepdim=True), cut, voronoi)
    return _sum_at_vertices(area[..., None], faces, vertices.shape[0])[:, 0]


def cotangent_laplacian(vertices: Tensor, faces: Tensor) -> tuple[Tensor, Tensor]:
    """Vertices (V, 3), faces (F, 3) -> L (V, V) sparse, mixed areas (V,).

    (L @ f) / areas approximates the Laplace-Beltrami operator of f: off the diagonal
    L_ij = (cot a + cot b) / 2 with the angles opposite the edge ij, rows sum to zero, and L is
    symmetric and negative semi-definite. Faces without area contribute nothing.
    """
    across, dots = _across_and_dots(vertices, faces)
    half = (_cotangents(across, dots) / 2).flatten()  # (3F,), at the corner opposite each edge
    start, end = faces.roll(-1, 1).flatten().long(), faces.roll(-2, 1).flatten().long()
    index = torch.stack([torch.cat([start, end, start, end]), torch.cat([end, start, start, end])])
    size = (vertices.shape[0], vertices.shape[0])
    values = torch.cat([half, half, -half, -half])
    laplacian = torch.sparse_coo_tensor(index, values, size, check_invariants=False)
    return laplacian.coalesce(), mixed_areas(vertices, faces)


def angle_defect(vertices: Tensor, faces: Tensor) -> Tensor:
    """Vertices (V, 3), faces (F, 3) -> integrated Gaussian curvature (V,).

    2 pi minus the angles around an inner vertex, pi minus them on the border (the turn of the
    border), so that the sum is 2 pi times the Euler characteristic (Gauss & Bonnet). Zero at
    vertices without faces.
    """
    angles = corner_angles(vertices, faces)[..., None]
    total = _sum_at_vertices(angles, faces, vertices.shape[0])[:, 0]
    full = torch.full_like(total, 2 * math.pi).masked_fill(
        border_vertices(vertices, faces), math.pi
    )
    used = torch.zeros_like(total, dtype=torch.bool).index_fill(0, faces.long().flatten(), True)
    return torch.where(used, full - total, 0.0)


def gaussian_curvature(vertices: Tensor, faces: Tensor) -> Tensor:
    """Vertices (V, 3), faces (F, 3) -> curvature (V,) in 1/m^2: angle defect by mixed area.

    Zero on the border, where a surface's Gaussian curvature is not defined by its angles.
    """
    area = mixed_areas(vertices, faces)
    inner = (area > 0) & ~border_vertices(vertices, faces)
    defect = angle_defect(vertices, faces)
    return torch.where(inner, defect / torch.where(inner, area, 1.0), 0.0)


def mean_curvature(vertices: Tensor, faces: Tensor) -> Tensor:
    """Vertices (V, 3), faces (F, 3) -> curvature (V,) in 1/m, positive where the solid is convex.

    Half the Laplacian of the position along the normal (Meyer, eq. 8 and 9); 1/r on a sphere of
    radius r with outward faces. Zero on the border.
    """
    laplacian, area = cotangent_laplacian(vertices, faces)
    inner = (area > 0) & ~border_vertices(vertices, faces)
    change = torch.sparse.mm(laplacian, vertices) / torch.where(inner, area, 1.0)[:, None]
    normals = vertex_normals(vertices, faces, "angle")
    return torch.where(inner, -(change * normals).sum(1) / 2, 0.0)


def border_vertices(vertices: Tensor, faces: Tensor) -> Tensor:
    """Vertices (V, 3), faces (F, 3) -> bool (V,): the end of an edge that only one face has."""
    count = vertices.shape[0]
    ends = torch.stack([faces.flatten(), faces.roll(-1, 1).flatten()], 1).long()
    low, high = ends.amin(1), ends.amax(1)
    keys, edges = torch.unique(low * count + high, return_counts=True)
    alone = keys[edges == 1]
    found = torch.zeros(count, dtype=torch.bool, device=vertices.device)
    if count:
        found[torch.cat([alone // count, alone % count])] = True
    return found


def point_normals(
    points: Tensor,
    k: int = 16,
    viewpoint: Optional[Tensor] = None,
    offsets: Optional[Tensor] = None,
) -> Tensor:
    """Points (N, 3) -> unit normals (N, 3): the least principal axis of the k nearest points.

    Normals look towards `viewpoint` (3,) or (N, 3) where it is given. Without it their signs are
    spread along a minimum spanning tree of the neighbours, starting from the highest point of
    each piece (Hoppe et al. 1992, section 3.3). Differentiable where the axis is unique; a cloud
    of less than three points has the normal (0, 0, 1).
    """
    expect_tensor("points", points, "N 3", dtypes="float", finite=True)
    expect_number("k", k, low=3)
    index = knn_index(points.detach(), points.detach(), k, offsets, offsets)  # (N, k)
    there = (index >= 0).to(points)[..., None]
    around = points[index.clamp(min=0)].double()  # (N, k, 3)
    centre = (around * there).sum(1) / there.sum(1)
    apart = (around - centre[:, None]) * there
    values, axes = torch.linalg.eigh(apart.mT @ apart)
    defined = (values[:, 1] > values[:, 0]) & (there.sum((1, 2)) >= 3)
    upright = torch.tensor([0.0, 0.0, 1.0], dtype=axes.dtype, device=axes.device)
    normals = torch.where(defined[:, None], axes[..., 0], upright).to(points)
    if viewpoint is not None:
        return orient_to_viewpoint(points, normals, viewpoint)
    return orient_to_neighbors(points, normals, index)


def _corners(vertices: Tensor, faces: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    expect_tensor("vertices", vertices, "V 3", dtypes="float")
    if not torch.compiler.is_compiling():
        expect_faces("faces", faces, vertices.shape[0])
    a, b, c = (vertices.index_select(0, column) for column in faces.long().unbind(1))
    return a, b, c


def _area_vectors(vertices: Tensor, faces: Tensor) -> Tensor:
    """Normals (F, 3) of twice the area's length."""
    a, b, c = _corners(vertices, faces)
    return torch.linalg.cross(b - a, c - a)


def _across_and_dots(vertices: Tensor, faces: Tensor) -> tuple[Tensor, Tensor]:
    """Twice the area (F, 1), and at each corner the dot product of its two edges (F, 3)."""
    a, b, c = _corners(vertices, faces)
    pairs = ((b - a, c - a), (c - b, a - b), (a - c, b - c))
    dots = torch.stack([(p * q).sum(1) for p, q in pairs], 1)
    return _length(torch.linalg.cross(b - a, c - a)), dots


def _opposite_squares(vertices: Tensor, faces: Tensor) -> Tensor:
    """Squared length (F, 3) of the edge opposite each corner."""
    a, b, c = _corners(vertices, faces)
    return torch.stack([((p - q) ** 2).sum(1) for p, q in ((c, b), (a, c), (b, a))], 1)


def _cotangents(across: Tensor, dots: Tensor) -> Tensor:
    return torch.where(across > 0, dots / torch.where(across > 0, across, 1.0), 0.0)


def _length(vectors: Tensor) -> Tensor:
    """Lengths (N, 1) whose gradient at zero is zero."""
    squares = (vectors * vectors).sum(1, keepdim=True)
    there = squares > 0
    return torch.where(there, torch.where(there, squares, 1.0).sqrt(), 0.0)


def _unit(vectors: Tensor) -> Tensor:
    length = _length(vectors)
    return vectors / torch.where(length > 0, length, 1.0)


def _sum_at_vertices(values: Tensor, faces: Tensor, count: int) -> Tensor:
    """Values at corners (F, 3, C) -> their sums (V, C) at the vertices, in the faces' order."""
    total = values.new_zeros(count, values.shape[2])
    for corner in range(3):
        place = faces[:, corner, None].long().expand(-1, values.shape[2])
        total = total.scatter_add(0, place, values[:, corner])
    return total
