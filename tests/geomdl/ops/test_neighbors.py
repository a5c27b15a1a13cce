"""Neighbours against sorted distances: values, ties, batches, gradients, degenerate clouds."""

import numpy as np
import pytest
import torch

from geomdl.errors import GeometryError
from geomdl.ops import dispatch
from geomdl.ops.neighbors import (
    build_tree,
    knn,
    knn_index,
    nearest_within,
    radius_index,
    sum_rows,
    take_rows,
)
from tests.oracles.neighbors_oracle import nearest

KS = (1, 3, 8, 16, 20, 40)


def cloud(count: int, dims: int = 3, dtype: torch.dtype = torch.float32, seed: int = 0):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(count, dims, generator=generator, dtype=dtype)


def lattice(count: int, dims: int = 3, dtype: torch.dtype = torch.float32, seed: int = 0):
    """Points of a small lattice: many are equal, and many distances are."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 4, (count, dims), generator=generator).to(dtype)


def expect(found, points, queries, k, *batch, radius=np.inf):
    wanted = nearest(points.numpy(), queries.numpy(), k, *batch, radius=radius)
    assert found.dtype == torch.int64
    assert np.array_equal(found.numpy(), wanted)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("dims", [1, 2, 3, 4, 19])
@pytest.mark.parametrize("make", [cloud, lattice])
def test_nearest_with_ties(backend, make, dims, dtype):
    points, queries = make(300, dims, dtype), make(80, dims, dtype, seed=1)
    for k in KS:
        expect(knn_index(points, queries, k), points, queries, k)
    expect(knn_index(points, points, 16), points, points, 16)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("make", [cloud, lattice])
def test_radius_with_ties_and_the_rim_included(backend, make, dtype):
    points, queries = make(500, 3, dtype), make(150, 3, dtype, seed=1)
    for radius in (0.0, 0.2, 1.0, 2.0):
        for count in (1, 7, 33):
            found = radius_index(points, queries, radius, count)
            expect(found, points, queries, count, radius=radius)


@pytest.mark.parametrize("count", [0, 1, 3, 16, 17, 40])
def test_fewer_points_than_k_are_padded(backend, count):
    points, queries = cloud(count), cloud(60, seed=1)
    for k in (1, 4, 20, 50):
        expect(knn_index(points, queries, k), points, queries, k)
        expect(knn_index(points, queries[:3], k), points, queries[:3], k)
    assert knn_index(points, queries[:0], 2).shape == (0, 2)


def test_batches_see_their_own_item(backend):
    points, queries = lattice(500), lattice(300, seed=1)
    offsets, query_offsets = [0, 0, 200, 203, 203, 500], [0, 30, 30, 200, 250, 300]
    batch = torch.tensor(offsets), torch.tensor(query_offsets)
    for k in (1, 5, 16, 40):
        expect(knn_index(points, queries, k, *batch), points, queries, k, offsets, query_offsets)
        found = radius_index(points, queries, 1.0, k, *batch)
        expect(found, points, queries, k, offsets, query_offsets, radius=1.0)
        own = knn_index(points, points, k, batch[0], batch[0])
        expect(own, points, points, k, offsets, offsets)


def test_no_items_at_all(backend):
    empty, none = torch.zeros(0, 3), torch.tensor([0])
    assert knn_index(empty, empty, 4, none, none).shape == (0, 4)


DEGENERATE = {
    "identical": torch.full((300, 3), 0.7),
    "two places": torch.arange(300)[:, None].remainder(2).float().expand(300, 3).contiguous(),
    "collinear": torch.linspace(0, 1, 300)[:, None] * torch.tensor([1.0, 2.0, 0.0]),
    "outlier": torch.cat([cloud(299), torch.full((1, 3), 1e12)]),
    "huge": cloud(300) * 1e30,
    "tiny": cloud(300) * 1e-25,
    "far from the origin": cloud(300) + 1e6,
    "zeros of both signs": torch.tensor([0.0, -0.0]).repeat(150)[:, None].expand(300, 3).clone(),
}


@pytest.mark.parametrize("name", DEGENERATE)
@pytest.mark.filterwarnings("ignore:overflow encountered")
def test_degenerate_clouds(backend, name):
    points = DEGENERATE[name]
    for k in (1, 16, 40):
        expect(knn_index(points, points, k), points, points, k)
        expect(knn_index(points, points.flip(0), k), points, points.flip(0), k)


@pytest.mark.parametrize("name", ["identical", "two places", "outlier", "collinear"])
def test_degenerate_clouds_are_not_quadratic(name):
    # 100,000 points at a place: a search that cannot prune ties would look 10^10 times
    points = DEGENERATE[name].repeat(400, 1)
    with dispatch.backend("native"):
        index = knn_index(points, points, 4)
    assert bool((index >= 0).all())
    if name == "identical":
        assert torch.equal(index, torch.arange(4).expand(len(points), 4))


def test_backends_agree_on_many_points():
    points, queries = cloud(5000), torch.cat([cloud(200, seed=1), 3 * cloud(200, seed=2)])
    for k in (1, 16, 40):
        with dispatch.backend("native"):
            fast, near = knn_index(points, queries, k), radius_index(points, queries, 0.03, k)
        with dispatch.backend("torch"):
            assert torch.equal(fast, knn_index(points, queries, k))
            assert torch.equal(near, radius_index(points, queries, 0.03, k))


def test_same_bits_for_any_number_of_threads():
    points = torch.cat([cloud(20000), lattice(5000)])
    values, to = torch.randn(5000, 7), torch.randint(-1, 40, (5000,))
    before, results = torch.get_num_threads(), []
    try:
        for threads in (1, 2, 2):
            torch.set_num_threads(threads)
            results.append((knn_index(points, points, 8), sum_rows(values, to, 40)))
    finally:
        torch.set_num_threads(before)
    for index, sums in results[1:]:
        assert torch.equal(index, results[0][0])
        assert torch.equal(sums, results[0][1])


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("make", [cloud, lattice])
@pytest.mark.parametrize("count", [0, 1, 16, 17, 300, 1200])
def test_nearest_within_is_the_nearest_cut_at_the_distance(backend, count, make, dtype):
    points, queries = make(count, 3, dtype), make(150, 3, dtype, seed=1)
    index = knn_index(points, queries, 1)[:, 0]
    for reach in (0.0, 0.05, 1.0, 9.0):
        wanted = index
        if count:
            near = (queries - points[index]).square().sum(1).sqrt() <= reach + 1e-7
            wanted = torch.where(near, index, -1)
        for tree in (None, build_tree(points)):
            assert torch.equal(nearest_within(points, queries, reach, tree), wanted)
            assert nearest_within(points, queries[:0], reach, tree).shape == (0,)


def test_trees_pass_between_backends_and_threads():
    points, queries = torch.cat([cloud(20000), lattice(5000)]), cloud(9000, seed=1) * 1.5
    wanted = radius_index(points, queries, 0.1, 1)[:, 0]
    before, trees = torch.get_num_threads(), []
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            trees.append(build_tree(points))
            assert torch.equal(nearest_within(points, queries, 0.1, trees[0]), wanted)
    finally:
        torch.set_num_threads(before)
    assert torch.equal(trees[0], trees[1])
    with dispatch.backend("torch"):
        label = build_tree(points)
        some = nearest_within(points, queries[:50], 0.1, trees[0])
    assert torch.equal(some, wanted[:50])
    assert torch.equal(nearest_within(points, queries, 0.1, label), wanted)
    shifted = torch.cat([trees[0][:1], trees[0]])[1:]  # not aligned
    assert torch.equal(nearest_within(points, queries, 0.1, shifted), wanted)


def test_a_tree_of_other_points_is_refused(backend):
    points = cloud(500)
    tree = build_tree(points)
    for other in (points + 1e-3, points[:-1], points.double(), points.flip(0)):
        with pytest.raises(GeometryError, match="tree: built for other points"):
            nearest_within(other, other, 0.1, tree)
    for bytes_, message in [
        (tree[:20], "tree: expected the result of build_tree"),
        (torch.cat([tree, tree[:8]]), "tree: .* not a result of build_tree"),
        (torch.zeros_like(tree), "tree: .* not a result of build_tree"),
        (tree.int(), "tree"),
    ]:
        with pytest.raises(GeometryError, match=message):
            nearest_within(points, points, 0.1, bytes_)
    with pytest.raises(GeometryError, match="max_distance"):
        nearest_within(points, points, -1.0, tree)
    changed = tree.clone()
    changed[64:] = torch.randint(0, 256, (len(tree) - 64,), dtype=torch.uint8)
    assert nearest_within(points, points, 0.1, changed).shape == (500,)  # wrong, but no crash


def test_moving_and_turning_both_clouds_changes_nothing(backend):
    points, queries = cloud(300, dtype=torch.float64), cloud(100, dtype=torch.float64, seed=1)
    turn = torch.linalg.qr(cloud(3, dtype=torch.float64, seed=2))[0]
    index = knn_index(points, queries, 5)
    assert torch.equal(index, knn_index(points @ turn + 3, queries @ turn + 3, 5))
    order = torch.randperm(100, generator=torch.Generator().manual_seed(0))
    assert torch.equal(index[order], knn_index(points, queries[order], 5))


def test_strided_and_differentiable_inputs(backend):
    wide = cloud(200, 6).requires_grad_()
    found = knn_index(wide[:, ::2], wide[:50, 1::2], 4)
    expect(found, wide.detach()[:, ::2], wide.detach()[:50, 1::2], 4)


def test_distances_and_their_gradients(backend):
    points = cloud(7, 3, torch.float64).requires_grad_()
    queries = cloud(4, 3, torch.float64, seed=1).requires_grad_()
    offsets, query_offsets = torch.tensor([0, 2, 7]), torch.tensor([0, 2, 4])
    distance, index = knn(points, queries, 3, offsets, query_offsets)
    assert bool((distance[:2, 2] == float("inf")).all())
    wanted = (queries[:, None] - points[index]).norm(dim=-1)
    assert torch.allclose(distance[index >= 0], wanted[index >= 0])

    def finite(p, q):
        d, i = knn(p, q, 3, offsets, query_offsets)
        return d[i >= 0]

    assert torch.autograd.gradcheck(finite, (points, queries))
    assert torch.autograd.gradgradcheck(finite, (points, queries))


def test_gradient_at_distance_zero_is_zero(backend):
    points = cloud(30).requires_grad_()
    distance, _ = knn(points, points, 1)
    distance.sum().backward()
    assert bool((points.grad == 0).all())
    empty, index = knn(points[:0], points, 2)
    assert bool((empty == float("inf")).all())
    assert bool((index == -1).all())


def test_rows_are_taken_and_summed(backend):
    values = cloud(10, 4, torch.float64).requires_grad_()
    index = torch.tensor([[3, 3], [-1, 9], [0, 3]])
    taken = take_rows(values, index)
    assert torch.equal(taken[index >= 0], values[index[index >= 0]])
    (taken * (index >= 0)[..., None]).sum().backward()
    counts = torch.zeros(10, dtype=torch.float64).index_add_(
        0, index[index >= 0], torch.ones(5).double()
    )
    assert torch.equal(values.grad, counts[:, None].expand(10, 4))
    sums = sum_rows(values.detach(), torch.tensor([1, 1, -1, 0, 1, 5, 5, -1, -1, 1]), 6)
    assert torch.allclose(sums[1], values.detach()[[0, 1, 4, 9]].sum(0))
    assert bool((sums[2:5] == 0).all())


def test_sums_never_write_beside_themselves(backend):
    values, index = cloud(10), torch.zeros(10, dtype=torch.int64)
    for wrong, message in (
        ((values, index + 4, 4), "index: expected -1 to 3, got 4 to 4"),
        ((values, index - 2, 4), "index: expected -1 to 3, got -2 to -2"),
        ((values, index[:3], 4), r"index: expected shape \(10\)"),
        ((values, index.int(), 4), "index: expected dtype int64"),
        ((values, index - 1, -1), "count: expected at least 0"),
    ):
        with pytest.raises(GeometryError, match=message):
            sum_rows(*wrong)


def test_custom_op_contract():
    points, offsets = cloud(50), torch.tensor([0, 20, 50])
    for op, args in (
        (torch.ops.geomdl.knn_index, (points, points, 3, offsets, offsets)),
        (torch.ops.geomdl.radius_index, (points, points, 0.2, 3, None, None)),
        (torch.ops.geomdl.sum_rows, (points, torch.arange(50) % 7, 7)),
        (torch.ops.geomdl.build_tree, (points,)),
        (torch.ops.geomdl.nearest_within, (points, points, 0.2, build_tree(points))),
    ):
        torch.library.opcheck(op, args, test_utils=("test_schema", "test_faketensor"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((torch.zeros(4), cloud(3), 1), r"points: expected shape \(N D\)"),
        ((cloud(4), cloud(3, 2), 1), "queries: expected the 3 axes"),
        ((cloud(4), cloud(3).double(), 1), "queries: expected dtype float32"),
        ((cloud(4), cloud(3), 0), "k: expected at least 1"),
        ((torch.full((4, 3), float("nan")), cloud(3), 1), "points: 12 values are NaN"),
        ((cloud(4, 0), cloud(3, 0), 1), "at least one"),
        ((cloud(4), cloud(3), 1, torch.tensor([0, 5])), "offsets: expected ascending"),
        ((cloud(4), cloud(3), 1, torch.tensor([0, 2, 4])), "query_offsets: expected 2 items"),
    ],
)
def test_bad_arguments_are_named(backend, arguments, message):
    with pytest.raises(GeometryError, match=message):
        knn_index(*arguments)


def test_bad_radius_is_named(backend):
    with pytest.raises(GeometryError, match="radius: expected at least 0"):
        radius_index(cloud(3), cloud(3), -1.0, 2)
    with pytest.raises(GeometryError, match="max_neighbors: expected at least 1"):
        radius_index(cloud(3), cloud(3), 1.0, 0)
