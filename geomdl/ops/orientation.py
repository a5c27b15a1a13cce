"""Which of its two sides a normal points to: towards a viewpoint, or as its neighbours do."""

import numpy as np
import torch
from torch import Tensor

from geomdl.errors import expect_tensor


def orient_to_viewpoint(points: Tensor, normals: Tensor, viewpoint: Tensor) -> Tensor:
    """Points, normals (N, 3), viewpoint (3,) or (N, 3) -> normals (N, 3) that look towards it."""
    expect_tensor("viewpoint", viewpoint, "*S 3", dtypes="float", finite=True, like=points)
    away = (normals * (viewpoint - points)).sum(1, keepdim=True) < 0
    return torch.where(away, -normals, normals)


def orient_to_neighbors(points: Tensor, normals: Tensor, index: Tensor) -> Tensor:
    """Points, normals (N, 3), neighbours (N, K) int64 or -1 -> normals (N, 3) that agree.

    Signs spread along the spanning tree with the least turn between neighbours, 1 - |n_i . n_j|
    (Hoppe et al. 1992). In each connected piece the highest point's normal looks up.
    """
    count = points.shape[0]
    if count == 0:
        return normals
    still = normals.detach().double().cpu()
    parent = _spanning_parents(points.detach().double().cpu(), still, index.cpu())
    sign = torch.where((still * still[parent]).sum(1) < 0, -1.0, 1.0)
    root = parent == torch.arange(count)
    sign[root] = torch.where(still[root, 2] < 0, -1.0, 1.0)
    while bool((parent != parent[parent]).any()):  # each round doubles the path that was walked
        sign = torch.where(parent != parent[parent], sign * sign[parent], sign)
        parent = parent[parent]
    top = parent == torch.arange(count)
    sign = torch.where(top, sign, sign * sign[parent])
    return normals * sign.to(normals)[:, None]


def _spanning_parents(points: Tensor, normals: Tensor, index: Tensor) -> Tensor:
    """The parent (N,) int64 of every point in the tree of its piece; roots are their own."""
    from scipy.sparse import coo_matrix  # a fifth of a second that few uses of normals need
    from scipy.sparse.csgraph import (
        breadth_first_order,
        connected_components,
        minimum_spanning_tree,
    )

    count, k = index.shape
    start = torch.arange(count).repeat_interleave(k)
    end = index.flatten()
    real = (end >= 0) & (end != start)
    start, end = start[real], end[real]
    turn = 1 - (normals[start] * normals[end]).sum(1).abs()
    weight = turn.clamp(min=0) + 1e-6  # SciPy takes zero for no edge
    graph = coo_matrix((weight.numpy(), (start.numpy(), end.numpy())), shape=(count, count))
    tree = minimum_spanning_tree(graph.tocsr())
    pieces, label = connected_components(tree, directed=False)
    order = np.argsort(-points[:, 2].numpy(), kind="stable")
    first = np.full(pieces, -1)
    labels, place = np.unique(label[order], return_index=True)
    first[labels] = order[place]
    parent = np.arange(count)
    # One walk from a point above all pieces: breadth_first_order per piece would be quadratic.
    above = coo_matrix(
        (np.ones(pieces), (np.full(pieces, count), first)), shape=(count + 1, count + 1)
    )
    whole = (tree.tocoo(), above)
    joined = coo_matrix(
        (
            np.concatenate([m.data for m in whole]),
            (np.concatenate([m.row for m in whole]), np.concatenate([m.col for m in whole])),
        ),
        shape=(count + 1, count + 1),
    )
    before = breadth_first_order(joined.tocsr(), count, directed=False)[1][:count]
    return torch.from_numpy(np.where(before == count, parent, before).astype(np.int64))
