"""Pieces and holes of a triangle mesh, counted over its edges."""

import numpy as np
import torch
from torch import Tensor

from geomdl.errors import expect_faces


def face_pieces(faces: Tensor, vertex_count: int) -> tuple[Tensor, int]:
    """Faces (F, 3) -> piece (F,) of each, 0 is the one with the lowest vertex; how many there are.

    Faces that share a vertex are in one piece.
    """
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    expect_faces("faces", faces, vertex_count)
    f = faces.numpy()
    if len(f) == 0:
        return torch.zeros(0, dtype=torch.int64), 0
    ones = np.ones(2 * len(f), dtype=np.int8)
    ends = np.concatenate([f[:, 1], f[:, 2]]), np.concatenate([f[:, 0], f[:, 0]])
    graph = coo_matrix((ones, ends), shape=(vertex_count, vertex_count))
    _, label = connected_components(graph, directed=False)
    kinds, piece = np.unique(label[f[:, 0]], return_inverse=True)
    return torch.from_numpy(piece.astype(np.int64)), len(kinds)


def drop_small(vertices: Tensor, faces: Tensor, smallest: float) -> tuple[Tensor, Tensor, int]:
    """Vertices (V, 3), faces (F, 3) -> kept vertices (W,), faces (G, 3) over them, dropped pieces.

    Pieces whose area in square metres is less than `smallest` go, but never the largest one.
    """
    piece, count = face_pieces(faces, len(vertices))
    if count == 0:
        return torch.zeros(0, dtype=torch.int64), faces, 0
    a, b, c = vertices[faces].double().unbind(1)
    area = torch.linalg.cross(b - a, c - a).norm(dim=1) / 2
    total = torch.zeros(count, dtype=torch.float64).index_add_(0, piece, area)
    stays = total >= min(smallest, float(total.max()))
    kept = faces[stays[piece]]
    used = torch.zeros(len(vertices), dtype=torch.bool)
    used[kept.flatten()] = True
    index = used.nonzero()[:, 0]
    place = used.long().cumsum(0) - 1
    return index, place[kept], int((~stays).sum())


def hole_count(faces: Tensor, vertex_count: int) -> tuple[int, int]:
    """Faces (F, 3) -> number of boundary loops, number of boundary edges.

    A boundary edge belongs to one face; edges that touch are of one loop.
    """
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    expect_faces("faces", faces, vertex_count)
    edges = torch.cat([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]).sort(1).values
    key, times = torch.unique(edges[:, 0] * vertex_count + edges[:, 1], return_counts=True)
    alone = key[times == 1]
    if len(alone) == 0:
        return 0, 0
    ends = torch.stack([alone // vertex_count, alone % vertex_count])
    kinds, place = torch.unique(ends, return_inverse=True)
    ones = np.ones(len(alone), dtype=np.int8)
    graph = coo_matrix((ones, tuple(place.numpy())), shape=(len(kinds), len(kinds)))
    return int(connected_components(graph, directed=False)[0]), len(alone)
