"""Farthest points and Poisson disks against plain loops; surface samples against areas."""

import numpy as np
import pytest
import torch
from scipy.spatial import cKDTree

from geomdl.errors import GeometryError
from geomdl.ops import dispatch
from geomdl.ops.sampling import (
    disk_mask,
    farthest_point_index,
    poisson_disk_index,
    sample_surface,
)
from tests.oracles.sampling_oracle import darts, farthest

SQUARE = (
    torch.tensor([[0.0, 0, 0], [3, 0, 0], [3, 1, 0], [0, 1, 0]], dtype=torch.float64),
    torch.tensor([[0, 1, 2], [0, 2, 3]]),
)


def cloud(count: int, dims: int = 3, dtype: torch.dtype = torch.float32, seed: int = 0):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(count, dims, generator=generator, dtype=dtype)


def lattice(count: int, dims: int = 3, dtype: torch.dtype = torch.float32):
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 4, (count, dims), generator=generator).to(dtype)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("dims", [1, 2, 3, 6])
@pytest.mark.parametrize("make", [cloud, lattice])
def test_farthest_points_with_ties(backend, make, dims, dtype):
    points = make(400, dims, dtype)
    found = farthest_point_index(points, 100)
    assert found.tolist() == farthest(points.numpy(), 100)
    assert farthest_point_index(points, 9, None, 7).tolist() == farthest(points.numpy(), 9, 7)


@pytest.mark.parametrize("count", [1, 2, 16, 17, 300, 1000])
def test_all_points_are_chosen_once(backend, count):
    for points in (cloud(count), torch.zeros(count, 3)):
        chosen = farthest_point_index(points, count)
        assert torch.equal(chosen.sort().values, torch.arange(count))
    assert torch.equal(chosen, torch.arange(count))  # of equal points the lowest index first


def test_farthest_points_of_batches(backend):
    points, bounds = cloud(500), [0, 40, 41 + 39, 500]
    found = farthest_point_index(points, 30, torch.tensor(bounds), 3).view(3, 30)
    for row, low, high in zip(found, bounds[:-1], bounds[1:], strict=True):
        assert (row - low).tolist() == farthest(points[low:high].numpy(), 30, 3)
    assert farthest_point_index(points[:0], 5, torch.tensor([0])).shape == (0,)


def test_farthest_points_on_a_larger_cloud():
    sphere = torch.nn.functional.normalize(torch.randn(30000, 3), dim=1)
    for points in (cloud(30000), sphere):
        with dispatch.backend("native"):
            fast = farthest_point_index(points, 400)
        with dispatch.backend("torch"):
            assert torch.equal(fast, farthest_point_index(points, 400))


@pytest.mark.parametrize("radius", [0.0, 0.1, 0.35, 1.0, 5.0])
@pytest.mark.parametrize("dims", [2, 3])
def test_darts_in_order(backend, dims, radius):
    for points in (cloud(300, dims), lattice(300, dims), cloud(300, dims, torch.float64)):
        order = torch.randperm(300, generator=torch.Generator().manual_seed(1))
        kept = disk_mask(points, radius, order)
        assert np.array_equal(kept.numpy(), darts(points.numpy(), radius, order.numpy()))


def test_disks_keep_their_distance_and_fill_the_cloud(backend):
    points, radius = cloud(3000, dtype=torch.float64), 0.15
    index = poisson_disk_index(points, radius, seed=3)
    kept = points[index].numpy()
    assert bool((index.diff() > 0).all())
    assert cKDTree(kept).query(kept, 2)[0][:, 1].min() >= radius
    assert cKDTree(kept).query(points.numpy())[0].max() < radius
    assert torch.equal(index, poisson_disk_index(points, radius, seed=3))
    assert not torch.equal(index, poisson_disk_index(points, radius, seed=4))
    assert poisson_disk_index(points[:0], radius).shape == (0,)


def test_same_bits_for_any_number_of_threads():
    points, before, results = cloud(20000), torch.get_num_threads(), []
    offsets = torch.tensor([0, 5000, 20000])
    try:
        for threads in (1, 2, 2):
            torch.set_num_threads(threads)
            chosen = farthest_point_index(points, 300, offsets)
            results.append(torch.cat([chosen, poisson_disk_index(points, 0.05)]))
    finally:
        torch.set_num_threads(before)
    assert torch.equal(results[0], results[1])
    assert torch.equal(results[0], results[2])


@pytest.mark.parametrize("stratified", [False, True])
def test_surface_samples_lie_on_it_and_follow_its_area(stratified):
    vertices, faces = SQUARE
    vertices = torch.cat([vertices, torch.tensor([[0.0, 3, 0]])])  # one more face: 3 of 6
    faces = torch.cat([faces, torch.tensor([[3, 3, 3], [3, 2, 4]])])  # and one without area
    points, face, weights = sample_surface(vertices, faces, 20000, 5, stratified)
    assert torch.allclose((weights[..., None] * vertices[faces[face]]).sum(1), points)
    assert torch.allclose(weights.sum(1), torch.ones(20000).double())
    assert bool((weights >= 0).all())
    share = torch.bincount(face, minlength=4) / 20000
    spread = 1e-4 if stratified else 0.015
    assert torch.allclose(share, torch.tensor([1.5, 1.5, 0, 3]) / 6, atol=spread)
    for corner in range(3):  # uniform inside: every barycentric has mean 1/3 and variance 1/18
        assert abs(float(weights[:, corner].mean()) - 1 / 3) < 0.01
        assert abs(float(weights[:, corner].var()) - 1 / 18) < 0.002


def test_surface_samples_repeat_and_carry_gradients():
    vertices, faces = SQUARE
    first, again = (sample_surface(vertices, faces, 50, 1)[0] for _ in range(2))
    assert torch.equal(first, again)
    assert not torch.equal(first, sample_surface(vertices, faces, 50, 2)[0])
    moved = vertices.clone().requires_grad_()
    assert torch.autograd.gradcheck(lambda v: sample_surface(v, faces, 8, 1)[0], moved)
    assert sample_surface(vertices, faces, 0)[0].shape == (0, 3)
    single, _, _ = sample_surface(vertices.float(), faces.int(), 10)
    assert single.dtype == torch.float32


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: farthest_point_index(cloud(5), 6), "count: expected at most the points"),
        (lambda: farthest_point_index(cloud(5), 0), "count: expected at least 1"),
        (lambda: farthest_point_index(cloud(5), 2, None, 5), "start 5 and an item of 5"),
        (lambda: farthest_point_index(cloud(5) / 0, 2), "NaN or infinite"),
        (lambda: farthest_point_index(cloud(5), 2, torch.tensor([0, 1, 5])), "an item of 1"),
        (lambda: poisson_disk_index(cloud(5), -1.0), "radius: expected at least 0"),
        (lambda: disk_mask(cloud(5), 1.0, torch.arange(4)), "order: expected 5 positions"),
        (lambda: sample_surface(SQUARE[0] * 0, SQUARE[1], 5), "a mesh with some area"),
        (lambda: sample_surface(SQUARE[0], SQUARE[1] + 2, 5), "faces: indices run from 2 to 5"),
    ],
)
def test_bad_arguments_are_named(call, message):
    with pytest.raises(GeometryError, match=message):
        call()
