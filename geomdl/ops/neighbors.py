"""Nearest neighbours of packed point batches: exact, in any dimension, ties to the lower index.

Squared distances are sums of squared differences, axis after axis, in the dtype of the points, on
every backend: equal distances are equal everywhere, and so is every index.
"""

from collections.abc import Iterator
from typing import Optional

import torch
from torch import Tensor

from geomdl.errors import GeometryError, expect_number, expect_offsets, expect_tensor
from geomdl.ops.dispatch import op

FLOATS = (torch.float32, torch.float64)
CHUNK = 1 << 24  # distances that a torch body holds at once
TREE_MAGIC = 0x313045455254444B  # "KDTREE01", little endian
TREE_HEADER, TREE_SAMPLE = 64, 256  # bytes; points in the fingerprint


def squared_distances(points: Tensor, queries: Tensor) -> Tensor:
    """Points (N, D), queries (M, D) -> squared distances (M, N), summed axis after axis."""
    total = queries.new_zeros(len(queries), len(points))
    for axis in range(points.shape[1]):
        difference = queries[:, axis, None] - points[None, :, axis]
        total += difference * difference
    return total


def paired_items(
    points: Tensor,
    queries: Tensor,
    offsets: Optional[Tensor],
    query_offsets: Optional[Tensor],
) -> Iterator[tuple[slice, slice]]:
    """Slices of points and of at most CHUNK / N queries of the same item, through the batch."""
    first = [0, len(points)] if offsets is None else offsets.tolist()
    second = [0, len(queries)] if query_offsets is None else query_offsets.tolist()
    for item in range(len(first) - 1):
        low, high = first[item : item + 2]
        step = max(1, CHUNK // max(high - low, 1))
        for start in range(second[item], second[item + 1], step):
            yield slice(low, high), slice(start, min(start + step, second[item + 1]))


def check_pairs(
    points: Tensor,
    queries: Tensor,
    offsets: Optional[Tensor],
    query_offsets: Optional[Tensor],
) -> None:
    """Two packed clouds of one dtype, dimension and number of items, or GeometryError."""
    expect_tensor("points", points, "N D", dtypes=FLOATS, finite=True)
    expect_tensor("queries", queries, "M D", dtypes=(points.dtype,), finite=True, like=points)
    if points.shape[1] != queries.shape[1] or points.shape[1] == 0:
        raise GeometryError(
            f"queries: expected the {points.shape[1]} axes of points, at least one, "
            f"got {queries.shape[1]}"
        )
    if max(len(points), len(queries)) >= 2**31:
        raise GeometryError("points: expected fewer than 2^31 points and queries")
    items = expect_offsets("offsets", offsets, len(points), points)
    query_items = expect_offsets("query_offsets", query_offsets, len(queries), points)
    if len(items) != len(query_items):
        raise GeometryError(
            f"query_offsets: expected {len(items) - 1} items as in offsets, "
            f"got {len(query_items) - 1}"
        )


def nearest(distances: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """Squared distances (M, N) -> the min(k, N) smallest of each row and their columns."""
    count = min(k, distances.shape[1])
    if distances.dtype == torch.float32:  # bits of a non-negative float sort as integers do
        columns = torch.arange(distances.shape[1], device=distances.device)
        keys = (distances.view(torch.int32).long() << 32) | columns
        column = keys.topk(count, dim=1, largest=False).values & 0xFFFFFFFF
        return distances.gather(1, column), column
    values, column = distances.sort(dim=1, stable=True)
    return values[:, :count], column[:, :count]


def _check_knn(
    points: Tensor,
    queries: Tensor,
    k: int,
    offsets: Optional[Tensor],
    query_offsets: Optional[Tensor],
) -> None:
    check_pairs(points, queries, offsets, query_offsets)
    expect_number("k", k, low=1)


@op(
    fake=lambda points, queries, k, offsets, query_offsets: queries.new_empty(
        queries.shape[0], k, dtype=torch.int64
    ),
    check=_check_knn,
    dtypes=FLOATS,
)
def knn_index(
    points: Tensor,
    queries: Tensor,
    k: int,
    offsets: Optional[Tensor] = None,
    query_offsets: Optional[Tensor] = None,
) -> Tensor:
    """Points (N, D), queries (M, D) -> index (M, k) int64 of the k nearest points, nearest first.

    With offsets (B+1,) and query_offsets (B+1,), queries see the points of their own item only;
    indices are packed positions, -1 where an item has fewer than k points. Equal distances go to
    the lower index. Raises GeometryError. The kernel is a KD-tree (Bentley 1975).

    >>> points = torch.tensor([[0.0], [1.0], [3.0]])
    >>> knn_index(points, torch.tensor([[0.9]]), 2)
    tensor([[1, 0]])
    """
    index = torch.full((len(queries), k), -1, dtype=torch.int64, device=points.device)
    for item, rows in paired_items(points, queries, offsets, query_offsets):
        _, column = nearest(squared_distances(points[item], queries[rows]), k)
        index[rows, : column.shape[1]] = column + item.start
    return index


def _check_radius(
    points: Tensor,
    queries: Tensor,
    radius: float,
    max_neighbors: int,
    offsets: Optional[Tensor],
    query_offsets: Optional[Tensor],
) -> None:
    check_pairs(points, queries, offsets, query_offsets)
    expect_number("radius", radius, low=0)
    expect_number("max_neighbors", max_neighbors, low=1)


@op(
    fake=lambda points, queries, radius, max_neighbors, offsets, query_offsets: queries.new_empty(
        queries.shape[0], max_neighbors, dtype=torch.int64
    ),
    check=_check_radius,
    dtypes=FLOATS,
)
def radius_index(
    points: Tensor,
    queries: Tensor,
    radius: float,
    max_neighbors: int,
    offsets: Optional[Tensor] = None,
    query_offsets: Optional[Tensor] = None,
) -> Tensor:
    """Points (N, D), queries (M, D) -> index (M, max_neighbors) int64 of points within radius.

    The nearest max_neighbors at distance <= radius (metres), nearest first, ties to the lower
    index, -1 padded; batches as in knn_index. Raises GeometryError.

    >>> points = torch.tensor([[0.0], [1.0], [3.0]])
    >>> radius_index(points, torch.tensor([[0.9]]), 1.0, 3)
    tensor([[ 1,  0, -1]])
    """
    reach = torch.tensor(radius, dtype=points.dtype, device=points.device).square()
    index = torch.full((len(queries), max_neighbors), -1, dtype=torch.int64, device=points.device)
    for item, rows in paired_items(points, queries, offsets, query_offsets):
        squared, column = nearest(squared_distances(points[item], queries[rows]), max_neighbors)
        found = torch.where(squared <= reach, column + item.start, -1)
        index[rows, : column.shape[1]] = found
    return index


def tree_header(points: Tensor, size: int) -> Tensor:
    """Points (N, 3), bytes of the tree -> header (8,) int64: magic, size, N, width, fingerprint.

    The fingerprint is a weighted sum of the bits of about 256 of the points.
    """
    bits = torch.int32 if points.dtype == torch.float32 else torch.int64
    some = points[:: max(1, len(points) // TREE_SAMPLE)].contiguous().view(bits).long().reshape(-1)
    mark = int((some * torch.arange(1, len(some) + 1, device=some.device)).sum())
    return torch.tensor([TREE_MAGIC, size, len(points), points.element_size(), mark, 0, 0, 0])


def _check_points(points: Tensor) -> None:
    expect_tensor("points", points, "N 3", dtypes=FLOATS, finite=True)
    if len(points) >= 2**31:
        raise GeometryError("points: expected fewer than 2^31 points")


def _check_within(
    points: Tensor, queries: Tensor, max_distance: float, tree: Optional[Tensor]
) -> None:
    if tree is None:
        _check_points(points)
    else:  # the points were seen to be finite when the tree was built
        expect_tensor("points", points, "N 3", dtypes=FLOATS)
        expect_tensor("tree", tree, "bytes", dtypes=(torch.uint8,))
        if tree.numel() < TREE_HEADER:
            raise GeometryError(
                f"tree: expected the result of build_tree, got {tree.numel()} bytes"
            )
        found = tree[:TREE_HEADER].cpu().clone().view(torch.int64)
        if int(found[0]) != TREE_MAGIC or int(found[1]) != tree.numel():
            raise GeometryError(f"tree: {tree.numel()} bytes that are not a result of build_tree")
        if not torch.equal(found, tree_header(points, tree.numel())):
            raise GeometryError("tree: built for other points; build it again")
    expect_tensor("queries", queries, "M 3", dtypes=(points.dtype,), finite=True, like=points)
    expect_number("max_distance", max_distance, low=0)


def _fake_tree(points: Tensor) -> Tensor:
    return points.new_empty(torch.library.get_ctx().new_dynamic_size(), dtype=torch.uint8)


@op(fake=_fake_tree, check=_check_points, dtypes=FLOATS)
def build_tree(points: Tensor) -> Tensor:
    """Points (N, 3) -> KD-tree (bytes,) uint8, for the argument `tree` of `nearest_within`.

    Opaque and self-contained: it may be saved, copied and passed through compiled code. It belongs
    to these points: when they move, build it again. The torch body keeps a mere label, since the
    bodies compare everything with everything.
    """
    return tree_header(points, TREE_HEADER).view(torch.uint8).to(points.device)


@op(
    fake=lambda points, queries, *_: queries.new_empty(queries.shape[0], dtype=torch.int64),
    check=_check_within,
    dtypes=FLOATS,
)
def nearest_within(
    points: Tensor, queries: Tensor, max_distance: float, tree: Optional[Tensor] = None
) -> Tensor:
    """Points (N, 3), queries (M, 3) -> index (M,) int64 of the nearest at most max_distance away.

    -1 where none is; equal distances go to the lower index. `tree` is `build_tree(points)`, for
    many calls on the same points. Queries are taken in their order: neighbours in space should be
    neighbours in memory (sorted by `morton_keys`, for one). Raises GeometryError.

    >>> points = torch.tensor([[0.0, 0.0, 0.0], [1.0, 0.0, 0.0]])
    >>> nearest_within(points, torch.tensor([[0.9, 0.0, 0.0], [3.0, 0.0, 0.0]]), 0.5)
    tensor([ 1, -1])
    """
    return radius_index(points, queries, max_distance, 1)[:, 0].contiguous()


def _check_sums(values: Tensor, index: Tensor, count: int) -> None:
    expect_tensor("values", values, "M C", dtypes="float")
    expect_tensor("index", index, str(len(values)), dtypes=(torch.int64,), like=values)
    expect_number("count", count, low=0)
    if index.is_cpu and len(index):  # a GPU says so itself, and need not be waited for
        low, high = (int(bound) for bound in index.aminmax())
        if low < -1 or high >= count:
            raise GeometryError(f"index: expected -1 to {count - 1}, got {low} to {high}")


@op(
    fake=lambda values, index, count: values.new_empty(count, values.shape[1]),
    check=_check_sums,
    dtypes=FLOATS,
)
def sum_rows(values: Tensor, index: Tensor, count: int) -> Tensor:
    """Values (M, C), index (M,) int64 in -1 .. count - 1 -> sums (count, C) of rows by index.

    Rows of index -1 are left out; rows are added in ascending order, so repeats agree bit by bit.
    Raises GeometryError.
    """
    kept = index >= 0
    return values.new_zeros(count, values.shape[1]).index_add_(0, index[kept], values[kept])


class _TakeRows(torch.autograd.Function):
    @staticmethod
    def forward(ctx, values, index):
        ctx.save_for_backward(index)
        ctx.count = len(values)
        return values.index_select(0, index.clamp(min=0))

    @staticmethod
    def backward(ctx, gradient):
        (index,) = ctx.saved_tensors
        return _SumRows.apply(gradient, index, ctx.count), None


class _SumRows(torch.autograd.Function):
    @staticmethod
    def forward(ctx, values, index, count):
        ctx.save_for_backward(index)
        return sum_rows(values, index, count)

    @staticmethod
    def backward(ctx, gradient):
        (index,) = ctx.saved_tensors
        rows = _TakeRows.apply(gradient, index)
        return rows * (index >= 0)[:, None], None, None


def take_rows(values: Tensor, index: Tensor) -> Tensor:
    """Values (N, C), index (*S) int64 -> rows (*S, C); -1 reads row 0 and carries no gradient.

    Differentiable any number of times; the backward is sum_rows, deterministic and fast on a CPU.
    """
    rows = _TakeRows.apply(values, index.reshape(-1))
    return rows.reshape(*index.shape, values.shape[1])


def knn(
    points: Tensor,
    queries: Tensor,
    k: int,
    offsets: Optional[Tensor] = None,
    query_offsets: Optional[Tensor] = None,
) -> tuple[Tensor, Tensor]:
    """Points (N, D), queries (M, D) -> distance (M, k) in metres and index (M, k) of knn_index.

    The distance is differentiable in both clouds (its gradient at distance 0 is 0), and infinite
    where the index is -1.
    """
    index = knn_index(points, queries, k, offsets, query_offsets)
    if len(points) == 0:
        return queries.new_full(index.shape, float("inf")), index
    difference = queries[:, None, :] - take_rows(points, index)
    squared = difference.square().sum(-1)
    apart = squared > 0
    distance = torch.where(apart, squared, 1.0).sqrt() * apart
    return distance.masked_fill(index < 0, float("inf")), index
