import math

import numpy as np
import pytest
import torch
from torch import Tensor

from geomdl.errors import GeometryError
from geomdl.ops import dispatch
from geomdl.ops.registration import (
    KERNELS,
    UPPER,
    exponential,
    icp,
    kabsch,
    pair_equations,
    solve_step,
    thin_index,
)
from tests.oracles import registration_oracle as oracle

STEP = torch.tensor([0.12, -0.2, 0.15, 0.05, -0.03, 0.08], dtype=torch.float64)


def bumpy(count: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    """A closed bumpy surface without symmetry: points and unit normals (N, 3) float64."""
    generator = torch.Generator().manual_seed(seed)
    d = torch.randn(count, 3, generator=generator, dtype=torch.float64)
    d = torch.nn.functional.normalize(d, dim=1).requires_grad_()
    bump = torch.sin(4 * d[:, 0]) * torch.cos(3 * d[:, 1] + 1)
    # the surface is the zero set of |x| - radius(x / |x|)
    radius = 1 + 0.2 * bump + 0.1 * d[:, 2] ** 3
    (slope,) = torch.autograd.grad(radius.sum(), d)
    d, radius = d.detach(), radius.detach()[:, None]
    tangent = slope - (slope * d).sum(1, keepdim=True) * d
    normal = torch.nn.functional.normalize(d - tangent / radius, dim=1)
    return d * radius, normal


def moved_back(points: Tensor, transform: Tensor) -> Tensor:
    """Points that `transform` maps to `points`."""
    return (points - transform[:3, 3]) @ transform[:3, :3]


def scene(dtype: torch.dtype) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Source, target, partners with two holes, normals, pose."""
    target, normals = bumpy(300)
    generator = torch.Generator().manual_seed(3)
    source = bumpy(200, seed=1)[0]
    index = torch.randint(0, 300, (200,), generator=generator)
    index[[3, 77]] = -1
    return source.to(dtype), target.to(dtype), index, normals.to(dtype), exponential(STEP)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("planes", [True, False])
@pytest.mark.parametrize("kernel", KERNELS)
def test_equations_are_those_of_numeric_derivatives(
    backend: str, dtype: torch.dtype, planes: bool, kernel: str
) -> None:
    source, target, index, normals, pose = scene(dtype)
    limit, scale = 1.2, 0.3
    sums = pair_equations(
        source,
        target,
        index,
        normals if planes else None,
        pose,
        limit,
        KERNELS.index(kernel),
        scale,
    )
    assert sums.dtype == torch.float64
    p = source.double().numpy() @ pose[:3, :3].numpy().T + pose[:3, 3].numpy()
    keep = (index >= 0).numpy() & (
        np.linalg.norm(p - target.double().numpy()[index], axis=1) <= limit
    )
    assert 20 < keep.sum() < 190
    a, b = source.double().numpy()[keep], target.double().numpy()[index][keep]
    n = normals.double().numpy()[index][keep] if planes else None
    r = oracle.residuals(np.zeros(6), a, b, n, pose.numpy())
    jacobian = oracle.numeric_jacobian(a, b, n, pose.numpy())
    size = np.abs(r) if planes else np.linalg.norm(r.reshape(-1, 3), axis=1)
    rule = {"none": lambda r, k: (1.0, r * r), "huber": oracle.huber, "tukey": oracle.tukey}[kernel]
    weight, cost = np.array([rule(s, scale) for s in size]).T
    rows = weight if planes else np.repeat(weight, 3)
    matrix = jacobian.T @ (rows[:, None] * jacobian)
    np.testing.assert_allclose(sums[:21], matrix[UPPER[0], UPPER[1]], rtol=1e-6, atol=1e-5)
    np.testing.assert_allclose(sums[21:27], jacobian.T @ (rows * r), rtol=1e-6, atol=1e-5)
    square = (np.linalg.norm((p - target.double().numpy()[index])[keep], axis=1) ** 2).sum()
    np.testing.assert_allclose(sums[27:], [cost.sum(), square, keep.sum()], rtol=1e-8)


def test_same_bits_with_one_and_two_threads() -> None:
    source, target, index, normals, pose = scene(torch.float32)
    source, index = source.repeat(50, 1), index.repeat(50)
    before = torch.get_num_threads()
    found = []
    try:
        for count in (1, 2, 2):
            torch.set_num_threads(count)
            with dispatch.backend("native"):
                found.append(pair_equations(source, target, index, normals, pose, 1.0, 1, 0.1))
    finally:
        torch.set_num_threads(before)
    assert torch.equal(found[0], found[1])
    assert torch.equal(found[1], found[2])


def test_exponential_is_the_matrix_exponential() -> None:
    for scale in (1.0, 1e-9, 0.0, 10.0):
        np.testing.assert_allclose(
            exponential(STEP * scale), oracle.twist_matrix((STEP * scale).numpy()), atol=1e-12
        )


def test_solve_leaves_undetermined_directions_alone(backend: str) -> None:
    generator = torch.Generator().manual_seed(0)
    plane = torch.rand(500, 3, generator=generator)
    plane[:, 2] = 0
    normals = torch.tensor([0.0, 0.0, 1.0]).expand(500, 3).contiguous()
    lifted = plane + torch.tensor([0.0, 0.0, 0.01])
    index = torch.arange(500)
    sums = pair_equations(lifted, plane, index, normals, torch.eye(4).double(), 1.0, 0, 1.0)
    step, matrix = solve_step(sums)
    torch.testing.assert_close(
        step, torch.tensor([0, 0, 0, 0, 0, -0.01]).double(), atol=1e-8, rtol=0
    )
    assert torch.linalg.matrix_rank(matrix, rtol=1e-9) == 3


@pytest.mark.parametrize("method", ["point_to_plane", "point_to_point"])
def test_icp_finds_a_known_motion(backend: str, method: str) -> None:
    target, normals = (t.float() for t in bumpy(2000))
    transform = exponential(STEP)
    source = moved_back(target.double(), transform).float()
    found = icp(source, target, 0.5, normals, method, iterations=100)
    torch.testing.assert_close(found.transform, transform, atol=1e-4, rtol=0)
    assert found.converged
    assert found.fitness == 1.0
    assert found.rmse < 1e-4
    assert found.iterations < (15 if method == "point_to_plane" else 100)
    assert found.transform.dtype == torch.float64


def test_icp_agrees_with_the_closed_form_oracle() -> None:
    target = bumpy(1500)[0].float()
    other = moved_back(bumpy(1000, seed=5)[0], exponential(STEP * 0.5)).float()
    found = icp(other, target, 0.3, method="point_to_point", iterations=200, tolerance=1e-7)
    pose, share = oracle.icp(other.double().numpy(), target.double().numpy(), 0.3, 200)
    np.testing.assert_allclose(found.transform, pose, atol=2e-3)
    assert abs(found.fitness - share) < 0.01


def test_robust_weights_hold_against_outliers(backend: str) -> None:
    target, normals = (t.float() for t in bumpy(1500))
    transform = exponential(STEP * 0.3)
    source = moved_back(target.double(), transform).float()
    source[:300] += torch.tensor([0.15, 0.1, 0.0])
    errors = {}
    for robust in KERNELS:
        found = icp(source, target, 0.5, normals, "point_to_plane", None, robust, 0.02)
        errors[robust] = float((found.transform - transform).abs().max())
    assert errors["tukey"] < errors["huber"] < errors["none"]
    assert errors["tukey"] < 1e-3


def test_coarse_cells_reach_what_the_points_alone_do_not() -> None:
    target, normals = (t.float() for t in bumpy(3000))
    transform = exponential(STEP * 3)
    source = moved_back(target.double(), transform).float()
    near = icp(source, target, 0.02, normals, iterations=60)
    far = icp(source, target, 0.02, normals, cells=(0.3, 0.15), iterations=60)
    assert float((far.transform - transform).abs().max()) < 1e-4
    assert float((near.transform - transform).abs().max()) > 1e-2


def test_initial_pose_and_distant_coordinates() -> None:
    target, normals = bumpy(1000)
    shift = torch.tensor([1000.0, -2000.0, 500.0], dtype=torch.float64)
    transform = exponential(STEP * 4)
    source = moved_back(target, transform)
    away = torch.eye(4, dtype=torch.float64)
    away[:3, 3] = shift
    start = away @ exponential(STEP * 3.9)
    found = icp(source, target + shift, 0.5, normals, initial=start)
    torch.testing.assert_close(found.transform, away @ transform, atol=1e-4, rtol=0)


def test_change_ends_a_pass_as_open3d_does(backend: str) -> None:
    target, normals = bumpy(400)
    transform = exponential(torch.tensor([0.02, -0.03, 0.02, 0.01, -0.01, 0.01]))
    source = moved_back(bumpy(400, 1)[0], transform)
    long = icp(source, target, 0.3, normals, tolerance=0.0, iterations=20)
    short = icp(source, target, 0.3, normals, tolerance=0.0, iterations=20, change=1e-3)
    assert short.converged
    assert short.iterations < 20
    assert abs(short.rmse - long.rmse) < 2e-3
    with pytest.raises(GeometryError, match="change"):
        icp(source, target, 0.3, normals, change=-1.0)


def test_the_order_of_the_points_does_not_matter() -> None:
    target, normals = bumpy(500)
    source = moved_back(target, exponential(torch.tensor([0.02, -0.03, 0.02, 0.01, -0.01, 0.01])))
    mixed = torch.randperm(len(target), generator=torch.Generator().manual_seed(3))
    one = icp(source, target, 0.3, normals).transform
    two = icp(source[mixed], target[mixed], 0.3, normals[mixed]).transform
    assert torch.allclose(one, two, atol=1e-6)


def test_kabsch_known_pairs_weights_and_gradient() -> None:
    source = bumpy(50)[0]
    transform = exponential(STEP * 5)
    target = source @ transform[:3, :3].T + transform[:3, 3]
    torch.testing.assert_close(kabsch(source, target), transform, atol=1e-12, rtol=0)
    weights = torch.ones(50).double()
    target[7] += 5
    weights[7] = 0
    torch.testing.assert_close(kabsch(source, target, weights), transform, atol=1e-12, rtol=0)
    flat = source * torch.tensor([1.0, 1.0, 0.0])
    mirrored = flat * torch.tensor([-1.0, 1.0, 1.0])
    assert torch.linalg.det(kabsch(flat, mirrored)[:3, :3]) > 0.99
    small = source[:5].clone().requires_grad_()
    assert torch.autograd.gradcheck(lambda s: kabsch(s, target[:5]), (small,))


def test_thin_index_keeps_the_first_point_of_each_cell() -> None:
    points = torch.tensor([[0.0, 0, 0], [0.05, 0, 0], [0.11, 0, 0], [0.0, 0.31, 0], [0.01, 0.3, 0]])
    assert thin_index(points, 0.1).tolist() == [0, 2, 3]


def test_errors_name_the_argument() -> None:
    points, normals = (t.float() for t in bumpy(20))
    for call, word in (
        (lambda: icp(points, points[:2], 0.1), "3 points"),
        (lambda: icp(points, points, 0.0), "max_distance"),
        (lambda: icp(points, points.double(), 0.1), "target"),
        (lambda: icp(points, points, 0.1, normals[:3]), "normals"),
        (lambda: icp(points, points, 0.1, method="magic"), "method"),
        (lambda: icp(points, points, 0.1, normals, robust="l7"), "robust"),
        (lambda: icp(points * math.nan, points, 0.1), "source"),
        (lambda: icp(points, points, 0.1, normals, cells=(0.0,)), "cells"),
        (lambda: kabsch(points[:2], points[:2]), "source"),
    ):
        with pytest.raises(GeometryError, match=word):
            call()


def test_icp_without_pairs_says_so() -> None:
    points, normals = (t.float() for t in bumpy(50))
    found = icp(points + 100, points, 0.01, normals)
    assert found.fitness == 0.0
    assert found.rmse == math.inf
    assert not found.converged


def test_icp_agrees_with_open3d() -> None:
    o3d = pytest.importorskip("open3d")
    target, normals = bumpy(4000)
    source = moved_back(bumpy(3000, seed=9)[0], exponential(STEP * 0.4))
    clouds = [
        o3d.geometry.PointCloud(o3d.utility.Vector3dVector(points.numpy()))
        for points in (source, target)
    ]
    clouds[1].normals = o3d.utility.Vector3dVector(normals.numpy())
    registration = o3d.pipelines.registration
    theirs = registration.registration_icp(
        *clouds,
        0.2,
        np.eye(4),
        registration.TransformationEstimationPointToPlane(),
        registration.ICPConvergenceCriteria(1e-9, 1e-9, 100),
    )
    ours = icp(source, target, 0.2, normals, iterations=100, tolerance=1e-7)
    np.testing.assert_allclose(ours.transform, theirs.transformation, atol=1e-4)
    assert abs(ours.fitness - theirs.fitness) < 1e-3
    assert abs(ours.rmse - theirs.inlier_rmse) < 1e-4
