"""Cutting a mesh with a plane, so that everything on its vertices and corners carries over."""

from dataclasses import dataclass

import torch
from torch import Tensor

from geomdl.errors import GeometryError, expect_faces, expect_tensor
from geomdl.ops.keys import unique_keys


@dataclass(frozen=True, eq=False)
class Clipped:
    """The kept part of a mesh with V vertices and F faces: points (W, 3), faces (G, 3).

    face (G,): the face each came from. Point w lies on the edge ends[w] (W, 2) of the whole mesh,
    share[w] (W,) of the way; a vertex that was kept has itself at both ends.
    """

    points: Tensor
    faces: Tensor
    face: Tensor
    ends: Tensor
    share: Tensor

    def at_points(self, values: Tensor) -> Tensor:
        """Values (V, ...) of the vertices -> those of the points (W, ...), interpolated."""
        first = values[self.ends[:, 0]]
        cut = (self.share > 0).nonzero()[:, 0]
        share = self.share[cut].to(values.dtype).reshape(-1, *[1] * (values.ndim - 1))
        first[cut] = torch.lerp(first[cut], values[self.ends[cut, 1]], share)
        return first

    def at_corners(self, values: Tensor, faces: Tensor) -> Tensor:
        """Values (F, 3, C) at the corners of the whole faces (F, 3) -> (G, 3, C)."""
        there = faces[self.face]  # (G, 3)
        ends = self.ends[self.faces]  # (G, 3, 2)
        places = (there[:, None, :, None] == ends[:, :, None, :]).byte().argmax(2)  # (G, 3, 2)
        row = torch.arange(len(there), device=faces.device)[:, None]
        whole = values[self.face]
        share = self.share[self.faces][..., None].to(values.dtype)
        return torch.lerp(whole[row, places[..., 0]], whole[row, places[..., 1]], share)


def clip_mesh(vertices: Tensor, faces: Tensor, normal: Tensor, offset: float) -> Clipped:
    """Vertices (V, 3), faces (F, 3), plane -> what lies where normal (3,) . x <= offset.

    Faces across the plane are cut there, with one new point on each edge, so that the border of
    what is kept has no gaps; faces turn as before. Faces in the plane are kept; vertices that no
    face uses are left out. The normal need not be a unit vector. Raises GeometryError.
    """
    expect_tensor("vertices", vertices, "V 3", dtypes="float", finite=True)
    expect_faces("faces", faces, len(vertices))
    expect_tensor("normal", normal, "3", finite=True)
    if not bool((normal != 0).any()):
        raise GeometryError("normal: expected a vector that is not zero")
    beyond = vertices.double() @ normal.to(vertices).double() - offset  # (V,)
    side = beyond.sign().to(torch.int8)[faces]  # (F, 3)
    whole = (side <= 0).all(1).nonzero()[:, 0]
    crossed = ((side > 0).any(1) & (side < 0).any(1)).nonzero()[:, 0]
    corners, source = _pieces(side[crossed], crossed)
    ends = _ends(faces, corners, source)  # (G, 3, 2), low vertex first
    cut = ends[..., 0] != ends[..., 1]
    key, place, _, _ = unique_keys(ends[..., 0][cut] * len(vertices) + ends[..., 1][cut])
    kept = torch.zeros(len(vertices), dtype=torch.bool, device=faces.device)
    kept[faces[whole].flatten()] = True
    kept[ends[..., 0][~cut]] = True
    old = kept.nonzero()[:, 0]
    number = torch.full_like(kept, -1, dtype=torch.int64)
    number[old] = torch.arange(len(old), device=faces.device)
    new = number[ends[..., 0]]
    new[cut] = place + len(old)
    low, high = key // max(len(vertices), 1), key % max(len(vertices), 1)
    share = beyond[low] / (beyond[low] - beyond[high])
    every = torch.cat([torch.stack([old, old], 1), torch.stack([low, high], 1)])
    part = torch.cat([share.new_zeros(len(old)), share]).to(vertices.dtype)
    result = Clipped(vertices, torch.cat([number[faces[whole]], new]),
                     torch.cat([whole, source]), every, part)  # fmt: skip
    return Clipped(result.at_points(vertices), result.faces, result.face, every, part)


def _pieces(side: Tensor, crossed: Tensor) -> tuple[Tensor, Tensor]:
    """Sides (N, 3) of the faces `crossed` (N,) -> corners (G, 3, 2) and the faces (G,).

    A corner is a pair of corners of the face between which the plane passes; a kept corner is a
    pair of itself. The faces are turned so that their kept corners come first.
    """
    below = side < 0
    two = below.sum(1) == 2
    start = torch.where(two, (side > 0).byte().argmax(1) + 1, below.byte().argmax(1)) % 3
    a, b, c = start, (start + 1) % 3, (start + 2) % 3
    at_b, at_c = (side.gather(1, x[:, None])[:, 0] for x in (b, c))
    second = torch.stack([torch.where(at_b > 0, a, b), b], 1)  # on edge a-b, or b itself
    third = torch.stack([torch.where(at_c > 0, a, c), c], 1)  # on edge a-c, or c itself
    first = torch.stack([a, a], 1)
    over = torch.stack([b, c], 1)  # on edge b-c, where both a and b are kept
    one = torch.stack([first, second, third], 1)
    front = torch.stack([first, torch.stack([b, b], 1), over], 1)
    back = torch.stack([first, over, third], 1)
    corners = torch.cat([one[~two], front[two], back[two]])
    return corners, torch.cat([crossed[~two], crossed[two], crossed[two]])


def _ends(faces: Tensor, corners: Tensor, source: Tensor) -> Tensor:
    """Corners (G, 3, 2) of the faces `source` (G,) -> their vertices (G, 3, 2), the lower first."""
    vertices = faces[source].gather(1, corners.flatten(1)).unflatten(1, (3, 2))
    return vertices.sort(2).values
