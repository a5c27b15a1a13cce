"""The marching cubes table, derived from one rule instead of listed.

A cell has 8 corners; corner c lies at (c >> 1 & 1, c & 1, c >> 2) and is inside or outside. On
every face the surface is cut along segments between crossed edges; on a face whose inside corners
are diagonal, each inside corner is cut off alone. That choice depends on the face only, so two
cells agree on the face they share and the surface has no holes (Nielson & Hamann, "The Asymptotic
Decider", 1991, on why a table without it has some). The segments of a cell close to loops, and a
loop is cut into triangles by diagonals that never lie in a face, since the neighbour might use the
same one: every edge of the surface has exactly two triangles.
"""

import functools

import torch
from torch import Tensor

CORNERS = [(c >> 1 & 1, c & 1, c >> 2) for c in range(8)]
# The 12 edges as (corner, corner): by axis, the lower corner first.
EDGES = [
    (a, b)
    for axis in range(3)
    for a in range(8)
    for b in range(8)
    if all(CORNERS[b][i] - CORNERS[a][i] == (i == axis) for i in range(3))
]


def _faces() -> list[list[int]]:
    """The 6 faces as corners in counterclockwise order seen from outside."""
    faces = []
    for axis in range(3):
        for side in (0, 1):
            ring = []
            for u, v in ((0, 0), (1, 0), (1, 1), (0, 1)):
                place = [0, 0, 0]
                place[axis], place[(axis + 1) % 3], place[(axis + 2) % 3] = side, u, v
                ring.append(CORNERS.index((place[0], place[1], place[2])))
            faces.append(ring if side else ring[::-1])
    return faces


FACES = _faces()


def _edge(a: int, b: int) -> int:
    return EDGES.index((a, b)) if (a, b) in EDGES else EDGES.index((b, a))


def _segments(inside: list[bool]) -> dict[int, int]:
    """Crossed edge -> next crossed edge around the surface, for one pattern of corners."""
    following = {}
    for ring in FACES:
        for i in range(4):
            # Walk from where the ring enters the inside to where it leaves it next.
            if inside[ring[i - 1]] or not inside[ring[i]]:
                continue
            j = i
            while inside[ring[(j + 1) % 4]]:
                j += 1
            enter = _edge(ring[i - 1], ring[i])
            leave = _edge(ring[j % 4], ring[(j + 1) % 4])
            following[enter] = leave
    return following


def _loops(following: dict[int, int]) -> list[list[int]]:
    loops, left = [], dict(following)
    while left:
        edge = min(left)
        loop = []
        while edge in left:
            loop.append(edge)
            edge = left.pop(edge)
        loops.append(loop)
    return loops


def _share_face(a: int, b: int) -> bool:
    return any({*EDGES[a], *EDGES[b]} <= set(ring) for ring in FACES)


def _triangles(loop: list[int]) -> list[list[int]] | None:
    """Triangles of a loop without diagonals in a face of the cell, or None."""
    if len(loop) == 3:
        return [loop]
    for i in range(len(loop)):
        before, here, after = loop[i - 1], loop[i], loop[(i + 1) % len(loop)]
        if not _share_face(before, after):
            rest = _triangles([e for e in loop if e != here])
            if rest is not None:
                return [[before, here, after], *rest]
    return None


@functools.cache
def cube_table() -> Tensor:
    """Pattern of inside corners (256) -> up to 5 triangles of edges (256, 16) int64, -1 after."""
    table = torch.full((256, 16), -1, dtype=torch.int64)
    for pattern in range(256):
        loops = _loops(_segments([bool(pattern >> c & 1) for c in range(8)]))
        edges: list[int] = []
        for loop in loops:
            triangles = _triangles(loop)
            if triangles is None:
                raise AssertionError(f"pattern {pattern}: loop {loop} has no sound triangulation")
            edges += [edge for triangle in triangles for edge in triangle]
        table[pattern, : len(edges)] = torch.tensor(edges)
    return table
