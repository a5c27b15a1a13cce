"""Smooth normals that stay sharp at creases: what meshes without normals are lit by.

Faces around a vertex share a normal as far as one comes from face to face over edges that turn
less than SHARP. Coinciding vertices are one for that, as in STL files and at seams.
"""

import math

import numpy as np
import torch
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from torch import Tensor

from geomdl.ops.differential import corner_angles
from geomdl.ops.keys import unique_keys

SHARP = math.cos(math.radians(40))  # between the normals of the two faces of an edge
CALM = math.cos(math.radians(20))  # to the mean: faces that are all closer make no sharp edge
BLOCK = 1 << 17  # faces at once, few enough for the processor's cache


def creased_normals(vertices: Tensor, faces: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Vertices (V, 3), faces (F, 3) -> faces, the vertex (W,) of theirs each is, normals (W, 3).

    The first V of the W are the vertices as they are, weighted by the angles of their faces; the
    others stand in for them on one side of a crease. Zero where no face with area is.
    """
    home = welded(vertices)
    own = vertices.new_empty(len(faces), 3)
    total = torch.zeros_like(vertices)
    for start in range(0, len(faces), BLOCK):
        part = faces[start : start + BLOCK]
        normal = face_normals(vertices, part)
        angles = corner_angles(vertices, part)[..., None]
        own[start : start + BLOCK] = normal
        total.index_add_(0, part.flatten(), (angles * normal[:, None]).flatten(0, 1))
    if home is not None:
        total = torch.zeros_like(total).index_add_(0, home, total)[home]
    mean = unit(total)
    marked = torch.zeros(len(vertices), dtype=torch.bool)
    for start in range(0, len(faces), BLOCK):
        part, normal = faces[start : start + BLOCK], own[start : start + BLOCK]
        turned = (mean[part] * normal[:, None]).sum(-1) < CALM
        marked[part[turned]] = True
    if not bool(marked.any()):
        return faces, torch.arange(len(vertices)), mean
    if home is not None:
        marked = torch.zeros_like(marked).index_fill_(0, home[marked], True)[home]
    return _opened(vertices, faces, own, mean, home, marked)


def face_normals(vertices: Tensor, faces: Tensor) -> Tensor:
    """Unit normals (F, 3), zero for needles too thin for floats to tell where they look."""
    a, b, c = vertices[faces].unbind(1)
    first, second = b - a, c - a
    across = torch.linalg.cross(first, second)
    area = across.square().sum(1).sqrt()
    reach = first.square().sum(1) + second.square().sum(1)
    return across * torch.where(area > 1e-6 * reach, 1 / area, 0.0)[:, None]


def unit(vectors: Tensor) -> Tensor:
    """Vectors (*S, 3) of length one; zero stays."""
    return torch.nn.functional.normalize(vectors, dim=-1, eps=1e-20)


def welded(vertices: Tensor) -> Tensor | None:
    """The first vertex (V,) at the place of each; None where no two are at one place."""
    bits = (vertices + 0.0).view(torch.int32).long()  # -0 becomes 0
    key = bits[:, 0] * 73856093 + bits[:, 1] * 19349663 + bits[:, 2] * 83492791
    key = key * 2654435761 + (bits[:, 0] ^ (bits[:, 1] << 21) ^ (bits[:, 2] << 42))
    # Sorting is slow, so it is for those alone whose key falls into one bucket with another.
    size = 4 << max(len(vertices), 1).bit_length()
    bucket = ((key ^ (key >> 29)) * -7046029254386353131 >> 17) & (size - 1)
    number = torch.arange(len(vertices), dtype=torch.int32)
    last = torch.empty(size, dtype=torch.int32)
    last[bucket] = number
    shared = torch.zeros(size, dtype=torch.bool)
    shared[bucket[last[bucket] != number]] = True
    some = shared[bucket].nonzero()[:, 0]
    _, place, first, _ = unique_keys(key[some])
    if len(first) == len(some):
        return None
    home = torch.arange(len(vertices))
    home[some] = some[first[place]]
    return home


def _opened(
    vertices: Tensor,
    faces: Tensor,
    own: Tensor,
    mean: Tensor,
    home: Tensor | None,
    marked: Tensor,
) -> tuple[Tensor, Tensor, Tensor]:
    """Like `creased_normals`, where creases may be at the vertices `marked` (V,) alone."""
    count = len(vertices)
    near = marked[faces].any(1).nonzero()[:, 0]
    some, normal = faces[near], own[near]
    fans = _fans(some if home is None else home[some], normal, count)
    angles = corner_angles(vertices, some)[..., None]
    sums = vertices.new_zeros(int(fans.max()) + 1, 3)
    sums.index_add_(0, fans, (angles * normal[:, None]).flatten(0, 1))
    corner = (marked[some] & (normal != 0).any(1)[:, None]).flatten().nonzero()[:, 0]
    keys, place, _, _ = unique_keys(fans[corner] * count + some.flatten()[corner])
    new = faces.flatten().clone()
    new[near[corner // 3] * 3 + corner % 3] = place + count
    vertex = torch.cat([torch.arange(count), keys % count])
    normals = torch.cat([mean, unit(sums[keys // count])])
    return new.unflatten(0, (-1, 3)), vertex, normals


def _fans(faces: Tensor, normals: Tensor, count: int) -> Tensor:
    """Faces (K, 3) with normals (K, 3) -> the fan (3K,) of each corner."""
    start, end = faces.flatten(), faces.roll(-1, 1).flatten()
    keys = torch.minimum(start, end) * count + torch.maximum(start, end)
    distinct, place, first, counts = unique_keys(keys)
    sides = torch.arange(len(keys))
    both = torch.zeros(len(distinct), dtype=torch.int64).index_add_(0, place, sides)
    two = counts == 2
    one, other = first[two], (both - first)[two]
    smooth = (normals[one // 3] * normals[other // 3]).sum(1) > SHARP
    one, other = one[smooth], other[smooth]
    same_way = start[one] == start[other]
    next_one, next_other = (n - n % 3 + (n % 3 + 1) % 3 for n in (one, other))
    first_side = torch.where(same_way, other, next_other)
    second_side = torch.where(same_way, next_other, other)
    ends = torch.cat([one, next_one]).numpy(), torch.cat([first_side, second_side]).numpy()
    links = coo_matrix((np.ones(len(ends[0]), np.int8), ends), (len(keys), len(keys)))
    return torch.from_numpy(connected_components(links, directed=False)[1]).long()
