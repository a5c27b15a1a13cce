"""Set distances against full matrices, with gradients; point and triangle against trimesh."""

import numpy as np
import pytest
import torch
import trimesh

from geomdl.errors import GeometryError
from geomdl.ops import dispatch
from geomdl.ops.distance import (
    chamfer_distance,
    closest_on_triangles,
    f_score,
    hausdorff_distance,
    nearest_pairs,
    normal_consistency,
    point_mesh_distance,
    point_triangle_distance,
)
from tests.oracles import distance_oracle as oracle


def cloud(count: int, dims: int = 3, dtype: torch.dtype = torch.float64, seed: int = 0):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(count, dims, generator=generator, dtype=dtype)


@pytest.mark.parametrize("dims", [1, 2, 3, 5])
@pytest.mark.parametrize(("squared", "power"), [(True, 2), (False, 1)])
def test_chamfer_values(backend, squared, power, dims):
    a, b = cloud(200, dims), cloud(150, dims, seed=1)
    wanted = oracle.chamfer(a.numpy(), b.numpy(), power)
    assert float(chamfer_distance(a, b, squared=squared)) == pytest.approx(wanted, rel=1e-12)
    single = chamfer_distance(a.float(), b.float(), squared=squared)
    assert float(single) == pytest.approx(wanted, rel=1e-4)
    assert single.dtype == torch.float32
    assert float(chamfer_distance(b, a, squared=squared)) == pytest.approx(wanted, rel=1e-12)
    assert float(chamfer_distance(a, a, squared=squared)) == 0


@pytest.mark.parametrize("squared", [True, False])
def test_chamfer_gradients(backend, squared):
    a, b = cloud(9).requires_grad_(), cloud(7, seed=1).requires_grad_()
    a_offsets, b_offsets = torch.tensor([0, 4, 9]), torch.tensor([0, 5, 7])

    def batched(a, b):
        return chamfer_distance(a, b, a_offsets, b_offsets, squared)

    assert torch.autograd.gradcheck(batched, (a, b))
    assert torch.autograd.gradcheck(lambda a, b: chamfer_distance(a, b, squared=squared), (a, b))
    assert torch.autograd.gradgradcheck(
        lambda a, b: chamfer_distance(a, b, squared=squared), (a, b)
    )


@pytest.mark.parametrize("squared", [True, False])
def test_backends_agree_on_values_and_gradients(squared):
    results = []
    for name in ("torch", "native"):
        a = cloud(2000, dtype=torch.float32).requires_grad_()
        b = (0.5 * cloud(1500, dtype=torch.float32, seed=1)).requires_grad_()
        with dispatch.backend(name):
            value = chamfer_distance(a, b, squared=squared)
            value.backward()
        results.append((value.detach(), a.grad, b.grad))
    for mine, theirs in zip(*results, strict=True):
        assert torch.allclose(mine, theirs, rtol=1e-5, atol=1e-8)


def test_gradient_where_sets_touch_is_finite(backend):
    a = cloud(20).requires_grad_()
    (chamfer_distance(a, a.detach(), squared=False) + hausdorff_distance(a, a.detach())).backward()
    assert bool((a.grad == 0).all())


def test_chamfer_of_batches_is_that_of_items(backend):
    a, b = cloud(100), cloud(80, seed=1)
    batch = torch.tensor([0, 30, 100]), torch.tensor([0, 50, 80])
    together = chamfer_distance(a, b, *batch)
    apart = [chamfer_distance(a[:30], b[:50]), chamfer_distance(a[30:], b[50:])]
    assert torch.allclose(together, torch.stack(apart))
    in_b, in_a = nearest_pairs(a, b[:0], batch[0], torch.tensor([0, 0, 0]))
    assert bool((in_b == -1).all())
    assert in_a.shape == (0,)


def test_chamfer_repeats_bit_by_bit():
    a, b = cloud(20000, dtype=torch.float32), cloud(20000, dtype=torch.float32, seed=1)
    before, gradients = torch.get_num_threads(), []
    try:
        for threads in (1, 2, 2):
            torch.set_num_threads(threads)
            leaf = a.clone().requires_grad_()
            chamfer_distance(leaf, b).backward()
            gradients.append(leaf.grad)
    finally:
        torch.set_num_threads(before)
    assert torch.equal(gradients[0], gradients[1])
    assert torch.equal(gradients[1], gradients[2])


def test_moving_both_sets_changes_nothing(backend):
    a, b = cloud(100), cloud(80, seed=1)
    turn = torch.linalg.qr(cloud(3, seed=2))[0]
    moved = chamfer_distance(a @ turn + 2, b @ turn + 2)
    assert torch.allclose(moved, chamfer_distance(a, b))
    assert torch.allclose(hausdorff_distance(3 * a, 3 * b), 3 * hausdorff_distance(a, b))


def test_hausdorff(backend):
    a, b = cloud(100).requires_grad_(), (1.3 * cloud(80, seed=1)).requires_grad_()
    value = hausdorff_distance(a, b)
    assert float(value.detach()) == pytest.approx(
        oracle.hausdorff(a.detach().numpy(), b.detach().numpy())
    )
    value.backward()
    assert int((a.grad != 0).any(1).sum()) == 1
    assert torch.allclose(a.grad.sum(0), -b.grad.sum(0))


@pytest.mark.parametrize("threshold", [0.0, 0.05, 0.2, 5.0])
def test_f_score(backend, threshold):
    a, b = cloud(100), 1.5 * cloud(80, seed=1)
    wanted = oracle.f_score(a.numpy(), b.numpy(), threshold)
    assert [float(x) for x in f_score(a, b, threshold)] == pytest.approx(wanted)
    assert [float(x) for x in f_score(a, a, threshold)] == [1, 1, 1]


def test_normal_consistency(backend):
    a, b = cloud(100), cloud(80, seed=1)
    normals = [torch.nn.functional.normalize(cloud(n, seed=n) - 0.5, dim=1) for n in (100, 80)]
    wanted = oracle.normal_consistency(a.numpy(), normals[0].numpy(), b.numpy(), normals[1].numpy())
    assert float(normal_consistency(a, normals[0], b, normals[1])) == pytest.approx(wanted)
    assert float(normal_consistency(a, 3 * normals[0], a, -normals[0])) == pytest.approx(1)
    flipped = normals[0].clone().requires_grad_()
    assert torch.autograd.gradcheck(
        lambda n: normal_consistency(a[:9], n, b[:5], normals[1][:5]), flipped[:9]
    )


def test_points_and_triangles():
    triangles = cloud(300 * 3, seed=2).view(300, 3, 3)
    triangles[::5, 2] = triangles[::5, 1]  # a segment
    triangles[::7] = triangles[::7, :1]  # a point
    triangles[3, 2] = (triangles[3, 0] + triangles[3, 1]) / 2  # three on a line
    points = 2 * cloud(300, seed=3) - 0.5
    solid = torch.ones(300, dtype=torch.bool)
    solid[::5] = solid[::7] = solid[3] = False
    closest, weights = closest_on_triangles(points, triangles)
    wanted = trimesh.triangles.closest_point(triangles[solid].numpy(), points[solid].numpy())
    assert np.allclose(closest[solid].numpy(), wanted, atol=1e-9)
    assert torch.allclose(weights.sum(1), torch.ones(300).double())
    assert torch.allclose((weights[..., None] * triangles).sum(1), closest)
    assert bool((weights >= -1e-12).all())
    ends = torch.linspace(0, 1, 2001, dtype=torch.float64)[:, None, None]
    segments = (1 - ends) * triangles[::5, 0] + ends * triangles[::5, 1]  # (2001, S, 3)
    wanted = (segments - points[::5]).norm(dim=-1).min(0).values
    assert torch.allclose(point_triangle_distance(points, triangles)[::5], wanted, atol=1e-3)


def test_gradients_of_points_and_triangles():
    points = (2 * cloud(12, seed=3) - 0.5).requires_grad_()
    triangles = cloud(36, seed=2).view(12, 3, 3).requires_grad_()
    assert torch.autograd.gradcheck(point_triangle_distance, (points, triangles))
    on = triangles.detach()[:, 0].clone().requires_grad_()
    point_triangle_distance(on, triangles).sum().backward()
    assert bool(torch.isfinite(on.grad).all())


def test_points_and_a_mesh(backend):
    sphere = trimesh.creation.icosphere(2)
    vertices = torch.from_numpy(np.array(sphere.vertices)).float().requires_grad_()
    points = (3 * cloud(50, dtype=torch.float32) - 1.5).requires_grad_()
    distance = point_mesh_distance(points, vertices, torch.from_numpy(np.array(sphere.faces)))
    wanted = trimesh.proximity.closest_point_naive(sphere, points.detach().numpy())[1]
    assert np.allclose(distance.detach().numpy(), wanted, atol=1e-5)
    distance.sum().backward()
    assert torch.allclose(points.grad.norm(dim=1), torch.ones(50), atol=1e-3)
    assert bool((vertices.grad != 0).any())


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: chamfer_distance(cloud(3), cloud(0)), "got an empty one"),
        (lambda: chamfer_distance(cloud(3), cloud(3, 2)), "queries: expected the 3 axes"),
        (lambda: f_score(cloud(3), cloud(0), 0.1), "two sets of points, got 3 and 0"),
        (lambda: f_score(cloud(3), cloud(3), -0.1), "threshold: expected at least 0"),
        (lambda: hausdorff_distance(cloud(3) / 0, cloud(3)), "NaN or infinite"),
        (lambda: normal_consistency(cloud(3), cloud(2), cloud(3), cloud(3)), "a_normals"),
        (lambda: point_triangle_distance(cloud(3), cloud(3)), r"triangles: expected shape"),
    ],
)
def test_bad_arguments_are_named(call, message):
    with pytest.raises(GeometryError, match=message):
        call()
