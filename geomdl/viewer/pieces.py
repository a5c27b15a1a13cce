"""Meshes in pieces with normals: what is sent and cut at once. Near faces share a piece."""

from dataclasses import dataclass

import torch
from torch import Tensor

from geomdl.render.creases import creased_normals, face_normals, unit
from geomdl.structures import Mesh

FACES = 65_536  # of a piece; a moved clip plane sends only the pieces that it crosses
GRID = 64  # cells along each side, whose faces stay together


@dataclass(frozen=True, eq=False)
class Piece:
    """Points and normals (W, 3), faces (G, 3), and where they come from in the whole mesh.

    vertex (W,), face (G,); low, high: the corners (3,) of its box.
    """

    points: Tensor
    normals: Tensor
    faces: Tensor
    vertex: Tensor
    face: Tensor
    low: Tensor
    high: Tensor


def pieces_of(mesh: Mesh, flat: bool) -> tuple[Piece, ...]:
    """Mesh -> its pieces, with normals by face (flat) or smooth with creases.

    A mesh with textures stays in one piece, which has its pictures once.
    """
    vertices = mesh.vertices.detach().float().contiguous()
    if flat:
        faces, vertex, normals = _flat(vertices, mesh.faces)
    else:
        made = _given(mesh, vertices) or creased_normals(vertices, mesh.faces)
        faces, vertex, normals = made
    textured = mesh.uvs is not None and any(m.texture is not None for m in mesh.materials)
    if textured or len(faces) <= 3 * FACES // 2:
        parts = [torch.arange(len(faces))] if len(faces) else []
    else:
        parts = _near_together(vertices, mesh.faces)
    used = torch.zeros(len(vertex), dtype=torch.bool)
    number = torch.empty(len(vertex), dtype=torch.int64)
    pieces = []
    for part in parts:
        own = faces[part]
        used.zero_()[own.flatten()] = True
        kept = used.nonzero()[:, 0]
        number[kept] = torch.arange(len(kept))
        points = vertices[vertex[kept]]
        pieces.append(
            Piece(
                points, normals[kept], number[own], vertex[kept], part,
                points.amin(0), points.amax(0),
            )
        )  # fmt: skip
    return tuple(pieces)


def parted(faces: Tensor, at_corner: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Faces (F, 3), values (3F, ...) of their corners -> faces, vertex (X,), value (X, ...).

    A vertex takes the value of its last corner; corners with another one get a vertex of their own.
    """
    count = int(faces.max()) + 1 if len(faces) else 0
    flat = faces.flatten()
    # The highest corner number decides, so that it does not matter who writes last.
    last = torch.full((count,), -1).scatter_reduce_(0, flat, torch.arange(len(flat)), "amax")
    shared = at_corner[last.clamp(min=0)]
    differs = at_corner != shared[flat]
    alone = (differs.flatten(1).any(1) if differs.ndim > 1 else differs).nonzero()[:, 0]
    return (*_split(faces, alone, count), torch.cat([shared, at_corner[alone]]))


def _split(faces: Tensor, alone: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """The corners `alone` (K,) of 3F leave their vertices, of which there are count."""
    flat = faces.flatten()
    vertex = torch.cat([torch.arange(count), flat[alone]])
    new = flat.clone()
    new[alone] = torch.arange(count, count + len(alone))
    return new.unflatten(0, (-1, 3)), vertex


def _flat(vertices: Tensor, faces: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    normals = face_normals(vertices, faces).repeat_interleave(3, 0)
    return torch.arange(3 * len(faces)).unflatten(0, (-1, 3)), faces.flatten(), normals


def _given(mesh: Mesh, vertices: Tensor) -> tuple[Tensor, Tensor, Tensor] | None:
    """Normals of the file, if it has any; those of faces where they are zero."""
    faces = mesh.faces
    per_corner = mesh.face_attributes.get("corner_normals")
    if mesh.normals is not None:
        normals = unit(mesh.normals.detach().float())
        alone = (normals == 0).all(1)[faces].flatten().nonzero()[:, 0]
        if len(alone) == 0:
            return faces, torch.arange(len(vertices)), normals
        own = face_normals(vertices, faces)[alone // 3]
        return (*_split(faces, alone, len(vertices)), torch.cat([normals, own]))
    if per_corner is None or per_corner.shape[1:] != (3, 3):
        return None
    given = unit(per_corner.detach().float())
    own = face_normals(vertices, faces)[:, None]
    given = torch.where((given == 0).all(-1, keepdim=True), own, given)
    return parted(faces, given.flatten(0, 1))


def _near_together(vertices: Tensor, faces: Tensor) -> list[Tensor]:
    """Faces (F, 3) -> the numbers of near ones, about FACES each, in ascending order.

    A k-d tree over the cells of a coarse grid, of which each counts its faces.
    """
    centre = vertices[faces].sum(1)
    low, high = centre.amin(0), centre.amax(0)
    cell = ((centre - low) / (high - low).amax().clamp(min=1e-30) * (GRID - 1)).int()
    counts = torch.bincount((cell[:, 0] * GRID + cell[:, 1]) * GRID + cell[:, 2])
    full = counts.nonzero()[:, 0]
    places = torch.stack([full // GRID**2, full // GRID % GRID, full % GRID], 1)
    piece = torch.zeros(len(counts), dtype=torch.int16)
    left = [(torch.arange(len(full)), -(-len(faces) // FACES))]
    number = 0
    while left:
        rows, count = left.pop()
        extent = places[rows].amax(0) - places[rows].amin(0)
        if count == 1 or int(extent.max()) == 0:
            piece[full[rows]] = number
            number += 1
            continue
        along = places[rows, int(extent.argmax())]
        at_least = counts[full[rows]].new_zeros(GRID + 1)
        at_least[1:] = torch.bincount(along, counts[full[rows]], GRID).cumsum(0)
        wanted = int(at_least[-1]) * (count // 2) / count
        middle = (at_least - wanted).abs()[int(along.min()) + 1 : int(along.max()) + 1].argmin()
        below = along < int(along.min()) + 1 + int(middle)
        left += [(rows[~below], count - count // 2), (rows[below], count // 2)]
    owner = piece[(cell[:, 0] * GRID + cell[:, 1]) * GRID + cell[:, 2]]
    return list(owner.argsort(stable=True).split(torch.bincount(owner, minlength=number).tolist()))
