"""Cells of grids as triangles: the faces that one can see, and what a plane cuts through them.

Grid coordinates: cell (i, j, k) spans i to i + 1 along x, and so on.
"""

import torch
from torch import Tensor

from geomdl.ops.clip import clip_mesh
from geomdl.ops.cubes import CORNERS, EDGES
from geomdl.ops.keys import build_table, look_up, morton_keys

_CORNERS = torch.tensor(CORNERS)  # (8, 3)
_EDGES = torch.tensor(EDGES)  # (12, 2)
_EPSILON = 1e-6  # of a cell


def exposed(shown: Tensor) -> tuple[Tensor, Tensor]:
    """Shown (X, Y, Z) bool -> cells (M, 3) and sides (M,), int64, of the faces next to nothing.

    Sides 0..5 are -x +x -y +y -z +z.
    """
    cells, sides = [], []
    for side in range(6):
        axis, beyond = divmod(side, 2)
        open_ = shown.clone()
        size = shown.shape[axis] - 1
        here, there = (0, 1) if beyond else (1, 0)
        open_.narrow(axis, here, size).logical_and_(~shown.narrow(axis, there, size))
        found = open_.nonzero()
        cells.append(found)
        sides.append(torch.full((len(found),), side))
    return torch.cat(cells), torch.cat(sides)


def exposed_sites(coordinates: Tensor) -> tuple[Tensor, Tensor]:
    """Different cells (N, 3) int -> rows (M,) and sides (M,) of the faces next to nothing."""
    cells = coordinates.long() + 1  # the cell before 0 needs a key too
    table = build_table(morton_keys(cells))
    rows, sides = [], []
    for side in range(6):
        axis, beyond = divmod(side, 2)
        step = torch.zeros(3, dtype=torch.int64)
        step[axis] = 2 * beyond - 1
        free = (look_up(table, morton_keys(cells + step)) < 0).nonzero()[:, 0]
        rows.append(free)
        sides.append(torch.full((len(free),), side))
    return torch.cat(rows), torch.cat(sides)


def squares(cells: Tensor, sides: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Cells (M, 3), sides (M,) -> corners (4M, 3), unit normals (4M, 3), faces (2M, 3) outwards.

    In grid coordinates.
    """
    rings, ways = torch.zeros(6, 4, 3), torch.zeros(6, 3)
    for side in range(6):
        axis, beyond = divmod(side, 2)
        ring = torch.tensor([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
        rings[side, :, axis] = beyond
        around = [(axis + 1) % 3, (axis + 2) % 3]
        rings[side][:, around] = ring if beyond else ring.flip(0)
        ways[side, axis] = 2 * beyond - 1
    corners = (cells.float()[:, None] + rings[sides]).flatten(0, 1)
    faces = 4 * torch.arange(len(cells))[:, None, None] + torch.tensor([[0, 1, 2], [0, 2, 3]])
    return corners, ways[sides].repeat_interleave(4, 0), faces.flatten(0, 1)


def cells_across(shape: torch.Size, normal: Tensor, offset: float) -> Tensor:
    """The cells (M, 3) of a grid (X, Y, Z) that the plane normal (3,) . x = offset passes.

    Where it lies between two layers of cells, those on the side of normal . x < offset.
    """
    n = normal.double()
    a = int(n.abs().argmax())
    u, v = (a + 1) % 3, (a + 2) % 3
    i, j = torch.meshgrid(torch.arange(shape[u]), torch.arange(shape[v]), indexing="ij")
    middle = (offset - n[u] * (i + 0.5) - n[v] * (j + 0.5)) / n[a] - n[a].sign() * _EPSILON
    reach = 0.5 * float((n[u].abs() + n[v].abs()) / n[a].abs())
    first, last = (middle - reach).floor().long(), (middle + reach).floor().long()
    found = []
    for step in range(3):
        k = first + step
        here = (k <= last) & (k >= 0) & (k < shape[a])
        cells = torch.empty(int(here.sum()), 3, dtype=torch.int64)
        cells[:, u], cells[:, v], cells[:, a] = i[here], j[here], k[here]
        found.append(cells)
    return torch.cat(found)


def across(cells: Tensor, normal: Tensor, offset: float) -> Tensor:
    """True (N,) for the cells (N, 3) that the plane passes, as `cells_across` chooses them."""
    n = normal.float()
    reach = 0.5 * float(n.abs().sum())
    away = (cells.float() + 0.5) @ n - offset
    return (away < reach - _EPSILON) & (away >= -reach - _EPSILON)


def sections(cells: Tensor, normal: Tensor, offset: float) -> tuple[Tensor, Tensor, Tensor]:
    """Cells (M, 3) and a plane across them -> points (P, 3), faces (F, 3), row of cells (P,).

    The polygons where the plane cuts the cells, in grid coordinates, seen from where normal looks.
    """
    n = normal.double()
    corners = (cells[:, None] + _CORNERS).double()  # (M, 8, 3)
    signed = corners @ n - offset
    signed = torch.where(signed.abs() < 2 * _EPSILON, 0.0, signed)
    a, b = signed[:, _EDGES[:, 0]], signed[:, _EDGES[:, 1]]  # (M, 12)
    cut = (a < 0) != (b < 0)
    share = torch.where(cut, a / torch.where(cut, a - b, 1.0), 0.0)[..., None]
    points = torch.lerp(corners[:, _EDGES[:, 0]], corners[:, _EDGES[:, 1]], share)  # (M, 12, 3)
    count = cut.sum(1)
    first, second = basis(n)
    middle = (points * cut[..., None]).sum(1) / count.clamp(min=1)[:, None]
    away = points - middle[:, None]
    angle = torch.atan2(away @ second, away @ first).masked_fill(~cut, torch.inf)
    order = angle.argsort(dim=1, stable=True)[:, :6]
    points = points.gather(1, order[..., None].expand(-1, -1, 3)).float()  # (M, 6, 3)
    used = torch.arange(6) < count[:, None]
    start = count.cumsum(0) - count
    fan = torch.tensor([[0, i, i + 1] for i in range(1, 5)])
    whole = torch.arange(2, 6) < count[:, None]  # (M, 4)
    faces = (start[:, None, None] + fan)[whole]
    return points[used], faces, torch.arange(len(cells)).repeat_interleave(count)


def basis(normal: Tensor) -> tuple[Tensor, Tensor]:
    """Unit vectors (3,) in a plane, the second 90 degrees on seen from where the normal looks."""
    along = torch.zeros_like(normal)
    along[(int(normal.abs().argmax()) + 1) % 3] = 1
    first = along - normal * (along @ normal)
    first = first / first.norm()
    return first, torch.linalg.cross(normal, first)


def lattice(
    shape: torch.Size, normal: Tensor, offset: float, most: int = 256
) -> tuple[Tensor, Tensor]:
    """The plane's cut through a grid (X, Y, Z) as points (P, 3) and small faces (F, 3).

    Two steps a cell, at most `most` along a side; in grid coordinates.
    """
    n, size = normal.double(), torch.tensor(list(shape)).double()
    ends = (_CORNERS * size.long())[_EDGES].double()  # (12, 2, 3)
    signed = ends @ n - offset
    cut = (signed[:, 0] <= 0) != (signed[:, 1] <= 0)
    if not bool(cut.any()):
        return torch.zeros(0, 3), torch.zeros(0, 3, dtype=torch.int64)
    share = (signed[:, 0] / (signed[:, 0] - signed[:, 1]))[cut, None]
    border = torch.lerp(ends[cut, 0], ends[cut, 1], share)
    first, second = basis(n)
    axes = torch.stack([first, second])  # (2, 3)
    places = border @ axes.T
    low, high = places.amin(0), places.amax(0)
    counts = [max(min(round(2 * float(d)), most), 1) for d in high - low]
    x, y = (
        torch.linspace(float(a), float(b), c + 1, dtype=torch.float64)
        for a, b, c in zip(low, high, counts, strict=True)
    )
    at = torch.cartesian_prod(x, y)
    points = (n * offset / (n @ n) + at @ axes).float()
    i, j = torch.meshgrid(torch.arange(counts[0]), torch.arange(counts[1]), indexing="ij")
    corner = (i * (counts[1] + 1) + j).flatten()
    right, both = corner + counts[1] + 1, corner + counts[1] + 2
    faces = torch.stack([corner, right, both, corner, both, corner + 1], 1).reshape(-1, 3)
    return _within(points, faces, size.float())


def _within(points: Tensor, faces: Tensor, size: Tensor) -> tuple[Tensor, Tensor]:
    """What of a mesh lies in the box 0..size (3,)."""
    for axis in range(3):
        for sign, offset in ((-1.0, 0.0), (1.0, float(size[axis]))):
            if not len(points) or float((sign * points[:, axis]).max()) <= offset + 1e-4:
                continue
            normal = torch.zeros(3)
            normal[axis] = sign
            part = clip_mesh(points, faces, normal, offset)
            points, faces = part.points, part.faces
    return points, faces


def contour(points: Tensor, faces: Tensor, values: Tensor, level: float) -> Tensor:
    """Points (P, 3), faces (F, 3), values (P,) -> segments (S, 2, 3) where they cross the level."""
    below = (values < level)[faces]
    mixed = (below[:, 0] ^ below[:, 1]) | (below[:, 0] ^ below[:, 2])
    corners, below = faces[mixed], below[mixed]
    following = corners.roll(-1, 1)
    cut = below != below.roll(-1, 1)  # two of the three sides
    first, last = values[corners], values[following]
    share = torch.where(cut, (level - first) / torch.where(cut, last - first, 1.0), 0.0)
    at = torch.lerp(points[corners], points[following], share[..., None])
    return at[cut].unflatten(0, (-1, 2))
