"""Closed surfaces to build worlds of: boxes and everything that a lathe can turn.

All are centred on the origin with z up, faces counter-clockwise seen from outside, and closed
(every edge has two faces) unless the docstring says otherwise. `detail` is the longest edge in
metres that flat parts may have, so that colours at vertices can carry a pattern.
"""

import itertools
import math
from collections.abc import Sequence

import torch
from torch import Tensor

from geomdl.errors import GeometryError, expect_number
from geomdl.structures import Mesh

COARSE = 1e9
Detail = float | tuple[float, float, float]


def plane(width: float, depth: float, detail: float = COARSE) -> Mesh:
    """Rectangle width (x) by depth (y) at z = 0, open, facing +z."""
    x, y = ticks(-width / 2, width / 2, detail), ticks(-depth / 2, depth / 2, detail)
    grid = torch.stack(torch.meshgrid(x, y, indexing="ij"), dim=-1).reshape(-1, 2)
    index = torch.arange(grid.shape[0]).reshape(x.numel(), y.numel())
    return Mesh(torch.nn.functional.pad(grid, (0, 1)), _quads(index))


def box(size: Sequence[float], detail: Detail = COARSE) -> Mesh:
    """Box of size x, y, z; detail may differ by axis."""
    steps = (detail,) * 3 if isinstance(detail, float) else detail
    return _lattice([ticks(-s / 2, s / 2, step) for s, step in zip(size, steps, strict=True)])


def rounded_box(
    size: Sequence[float], radius: float, detail: float = COARSE, steps: int = 3
) -> Mesh:
    """Box of size x, y, z whose edges and corners are round with `radius`."""
    half = torch.tensor([float(s) / 2 for s in size])
    expect_number("radius", radius, above=0)
    if radius > float(half.min()):
        raise GeometryError(f"radius: expected at most {float(half.min()):g}, got {radius:g}")
    inner = half - radius
    bend = 1 - torch.tan(torch.arange(steps) / steps * (math.pi / 4))  # 1 at the corner, to 0
    axes = []
    for h, flat in zip(half.tolist(), inner.tolist(), strict=True):
        outer = flat + radius * torch.cat([bend, bend.new_zeros(1)]).flip(0)  # flat .. h
        middle = ticks(-flat, flat, detail) if flat > 1e-6 else outer.new_zeros(1)
        axes.append(torch.cat([-outer.flip(0)[:-1], middle, outer[1:]]))
        axes[-1][0], axes[-1][-1] = -h, h
    cube = _lattice(axes)
    core = torch.maximum(torch.minimum(cube.vertices, inner), -inner)
    out = torch.nn.functional.normalize(cube.vertices - core, dim=-1)
    return Mesh(core + radius * out, cube.faces)


def lathe(profile: Tensor, segments: int = 32, closed: bool = False) -> Mesh:
    """Profile (P, 2) of radius and height, turned about z.

    The outside is on the right of the way along the profile seen with the radius to the right,
    so a profile runs upwards on the outside. Closed when it starts and ends at radius 0, or when
    `closed` joins its end to its start.
    """
    if segments < 3 or profile.shape[0] < 2:
        raise GeometryError("profile: expected 2 points or more, turned in 3 segments or more")
    angle = torch.arange(segments) * (2 * math.pi / segments)
    radius, height = profile[:, :1].float(), profile[:, 1:].float()
    ring = torch.stack(
        [radius * angle.cos(), radius * angle.sin(), height.expand(-1, segments)], -1
    )
    index = torch.arange(ring[..., 0].numel()).reshape(-1, segments)
    index = torch.where(radius == 0, index[:, :1], index)  # a pole is one vertex
    index = torch.cat([index, index[:, :1]], dim=1)
    if closed:
        index = torch.cat([index, index[:1]])
    return _compact(ring.reshape(-1, 3), _quads(index.T))


def cylinder(radius: float, height: float, segments: int = 32, detail: float = COARSE) -> Mesh:
    """Cylinder about z."""
    h = height / 2
    outline = torch.tensor([[0.0, -h], [radius, -h], [radius, h], [0.0, h]])
    return lathe(subdivided(outline, detail), segments)


def cone(
    radius: float, height: float, top: float = 0.0, segments: int = 32, detail: float = COARSE
) -> Mesh:
    """Cone about z with radius below, and `top` above."""
    h = height / 2
    outline = [[0.0, -h], [radius, -h], [top, h]] + ([[0.0, h]] if top > 0 else [])
    return lathe(subdivided(torch.tensor(outline), detail), segments)


def torus(radius: float, tube: float, segments: int = 48, sides: int = 24) -> Mesh:
    """Torus about z: the circle of `radius` thickened to `tube`."""
    angle = torch.arange(sides) * (2 * math.pi / sides)
    profile = torch.stack([radius + tube * angle.cos(), tube * angle.sin()], dim=-1)
    return lathe(profile, segments, closed=True)


def uv_sphere(radius: float, segments: int = 32, rings: int = 16) -> Mesh:
    """Sphere of rings from pole to pole."""
    angle = torch.linspace(-math.pi / 2, math.pi / 2, rings + 1)
    profile = radius * torch.stack([angle.cos(), angle.sin()], dim=-1)
    profile[0, 0] = profile[-1, 0] = 0.0
    return lathe(profile, segments)


def icosphere(radius: float, levels: int = 3) -> Mesh:
    """Sphere of nearly equal triangles: an icosahedron divided `levels` times."""
    g = (1 + math.sqrt(5)) / 2
    corners = [[-1, g, 0], [1, g, 0], [-1, -g, 0], [1, -g, 0], [0, -1, g], [0, 1, g]]
    corners += [[0, -1, -g], [0, 1, -g], [g, 0, -1], [g, 0, 1], [-g, 0, -1], [-g, 0, 1]]
    rows = "0 11 5 0 5 1 0 1 7 0 7 10 0 10 11 1 5 9 5 11 4 11 10 2 10 7 6 7 1 8"
    rows += " 3 9 4 3 4 2 3 2 6 3 6 8 3 8 9 4 9 5 2 4 11 6 2 10 8 6 7 9 8 1"
    faces = torch.tensor([int(n) for n in rows.split()]).reshape(-1, 3)
    points = torch.nn.functional.normalize(torch.tensor(corners, dtype=torch.float64), dim=-1)
    for _ in range(levels):
        points, faces = _divided(points, faces)
        points = torch.nn.functional.normalize(points, dim=-1)
    return Mesh((points * radius).float(), faces)


def ticks(low: float, high: float, detail: float) -> Tensor:
    """Numbers from low to high in equal steps of at most `detail`."""
    return torch.linspace(low, high, max(math.ceil((high - low) / detail - 1e-6), 1) + 1)


def subdivided(profile: Tensor, detail: float) -> Tensor:
    """Profile (P, 2) with points put in where they are further apart than `detail`."""
    pieces = []
    for start, end in itertools.pairwise(profile):
        part = ticks(0.0, 1.0, detail / max(float((end - start).norm()), 1e-9))
        pieces.append(start + part[:-1, None] * (end - start))
    return torch.cat([*pieces, profile[-1:]])


def _divided(points: Tensor, faces: Tensor) -> tuple[Tensor, Tensor]:
    edges = torch.cat([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]).sort(1).values
    unique, inverse = edges.unique(dim=0, return_inverse=True)
    middle = inverse.reshape(3, -1).T + points.shape[0]  # (F, 3): of edges 01, 12, 20
    a, b, c = faces.unbind(1)
    ab, bc, ca = middle.unbind(1)
    rows = [(a, ab, ca), (b, bc, ab), (c, ca, bc), (ab, bc, ca)]
    split = torch.cat([torch.stack(row, dim=1) for row in rows])
    return torch.cat([points, points[unique].mean(1)]), split


def _lattice(axes: Sequence[Tensor]) -> Mesh:
    """The surface of a box cut at the ticks of its three axes."""
    counts = [axis.numel() for axis in axes]
    strides = [counts[1] * counts[2], counts[2], 1]
    sides = []
    for a in range(3):
        b, c = (a + 1) % 3, (a + 2) % 3
        rows = torch.arange(counts[b])[:, None] * strides[b]
        sheet = rows + torch.arange(counts[c]) * strides[c]
        sides.append(_quads(sheet + (counts[a] - 1) * strides[a]))
        sides.append(_quads(sheet).flip(1))
    used, faces = torch.cat(sides).unique(return_inverse=True)
    cells = [(used // stride) % count for stride, count in zip(strides, counts, strict=True)]
    points = [axis[cell] for axis, cell in zip(axes, cells, strict=True)]
    return Mesh(torch.stack(points, dim=-1), faces)


def _quads(index: Tensor) -> Tensor:
    """A sheet of vertex numbers (I, J) -> triangles, facing i x j; folded ones are left out."""
    a, b, c, d = index[:-1, :-1], index[1:, :-1], index[1:, 1:], index[:-1, 1:]
    first, second = torch.stack([a, b, c], dim=-1), torch.stack([a, c, d], dim=-1)
    faces = torch.cat([first.reshape(-1, 3), second.reshape(-1, 3)])
    x, y, z = faces.unbind(1)
    return faces[(x != y) & (y != z) & (z != x)]


def _compact(points: Tensor, faces: Tensor) -> Mesh:
    used, faces = faces.unique(return_inverse=True)
    return Mesh(points[used], faces)
