"""Meshes in pieces with normals: what is sent and cut at once. Near faces share a piece."""

from dataclasses import dataclass

import torch
from torch import Tensor

from geomdl.ops.differential import corner_angles
from geomdl.ops.keys import unique_keys
from geomdl.structures import Mesh

FACES = 65_536  # of a piece; a moved clip plane sends only the pieces that it crosses
GRID = 64  # cells along each side, whose faces stay together
CREASE = 0.64  # cosine; a face that turns away more from the mean normal keeps its own


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
        faces, vertex, normals = _smooth(mesh, vertices)
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
    return _split(
        faces, differs.flatten(1).any(1) if differs.ndim > 1 else differs, shared, at_corner
    )


def _split(
    faces: Tensor, own: Tensor, shared: Tensor, at_corner: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Corners (3F,) that are `own` leave the vertices with their values for ones of their own."""
    alone = own.nonzero()[:, 0]
    flat = faces.flatten()
    vertex = torch.cat([torch.arange(len(shared)), flat[alone]])
    new = flat.clone()
    new[alone] = torch.arange(len(shared), len(shared) + len(alone))
    return new.unflatten(0, (-1, 3)), vertex, torch.cat([shared, at_corner[alone]])


def _flat(vertices: Tensor, faces: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    normals = _face_normals(vertices, faces).repeat_interleave(3, 0)
    return torch.arange(3 * len(faces)).unflatten(0, (-1, 3)), faces.flatten(), normals


def _smooth(mesh: Mesh, vertices: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Faces, the vertex and the normal of each of their vertices; creases are split open."""
    faces = mesh.faces
    own = _face_normals(vertices, faces)
    per_corner = mesh.face_attributes.get("corner_normals")
    if mesh.normals is None and per_corner is not None and per_corner.shape[1:] == (3, 3):
        given = _unit(per_corner.detach().float())
        given = torch.where((given == 0).all(-1, keepdim=True), own[:, None], given)
        return parted(faces, given.flatten(0, 1))
    if mesh.normals is None:
        mean = _agreed(vertices, faces, own)
        split = (mean[faces] * own[:, None]).sum(-1) < CREASE  # (F, 3)
    else:
        mean = _unit(mesh.normals.detach().float())
        split = (mean == 0).all(1)[faces]
    split &= (own != 0).any(1)[:, None]
    at_corner = own.repeat_interleave(3, 0) if bool(split.any()) else own[:0]
    return _split(faces, split.flatten(), mean, at_corner)


def _face_normals(vertices: Tensor, faces: Tensor) -> Tensor:
    """Unit normals (F, 3), zero for needles too thin for floats to tell where they look."""
    a, b, c = vertices[faces].unbind(1)
    first, second = b - a, c - a
    across = torch.linalg.cross(first, second)
    area = across.square().sum(1).sqrt()
    reach = first.square().sum(1) + second.square().sum(1)
    return across * torch.where(area > 1e-6 * reach, 1 / area, 0.0)[:, None]


def _unit(vectors: Tensor) -> Tensor:
    return torch.nn.functional.normalize(vectors, dim=-1, eps=1e-20)


def _agreed(vertices: Tensor, faces: Tensor, own: Tensor) -> Tensor:
    """Normals (V, 3) weighted by angle, of the surface whose coinciding vertices are one.

    Zero where faces look against each other.
    """
    known = (own != 0).any(1)[:, None]
    angles = torch.where(known, corner_angles(vertices, faces), 0.0)[..., None]
    both = torch.cat([angles * own[:, None], angles], 2).flatten(0, 1)  # (3F, 4)
    total = both.new_zeros(len(vertices), 4).index_add_(0, faces.flatten(), both)
    count, place = _welded(vertices)
    if count < len(vertices):
        total = total.new_zeros(count, 4).index_add_(0, place, total)
    mean = total[:, :3] / total[:, 3:].clamp(min=1e-12)
    length = mean.norm(dim=1, keepdim=True)
    normals = torch.where(length > 0.6, mean / length.clamp(min=1e-12), 0.0)
    return normals[place] if count < len(vertices) else normals


def _welded(vertices: Tensor) -> tuple[int, Tensor]:
    """How many different positions there are, and the one (V,) of every vertex."""
    bits = (vertices + 0.0).view(torch.int32).long()  # -0 becomes 0
    key = (bits * torch.tensor([73856093, 19349663, 83492791])).sum(1)
    key = key * 2654435761 + (bits[:, 0] ^ (bits[:, 1] << 21) ^ (bits[:, 2] << 42))
    distinct, place, _, _ = unique_keys(key)
    return len(distinct), place


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
