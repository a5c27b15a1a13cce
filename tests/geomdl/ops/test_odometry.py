import math

import numpy as np
import pytest
import torch
from torch import Tensor

from geomdl.errors import GeometryError
from geomdl.ops import dispatch
from geomdl.ops.odometry import (
    normal_map,
    scale_intrinsics,
    shrink_depth,
    track,
    track_equations,
    vertex_map,
)
from geomdl.ops.registration import UPPER, exponential
from tests.geomdl.reconstruct import corner
from tests.oracles import registration_oracle as oracle


def view(number: int) -> tuple[Tensor, Tensor]:
    """Depth and pose, camera to world, of frame `number` of 20."""
    pose = corner.camera(number, 20)
    return corner.see(pose)[0], pose


def test_vertex_map_projects_back_to_pixel_centres() -> None:
    depth = view(0)[0]
    depth[3, 4], depth[5, 6] = 0, math.nan
    points = vertex_map(depth, corner.LENS)
    assert points[3, 4].tolist() == points[5, 6].tolist() == [0, 0, 0]
    pixel = points[10, 20] @ corner.LENS.T
    torch.testing.assert_close(pixel[:2] / pixel[2], torch.tensor([20.5, 10.5]))


def test_maps_of_kernel_and_body_agree() -> None:
    depth = view(4)[0]
    depth[10:14, 20:30] = 0
    depth[50, 60] = math.nan
    points = vertex_map(depth, corner.LENS)
    found = []
    for name in ("torch", "native"):
        with dispatch.backend(name):
            found.append((shrink_depth(depth), normal_map(points)))
    torch.testing.assert_close(found[0][0], found[1][0])
    torch.testing.assert_close(found[0][1], found[1][1], atol=1e-4, rtol=0)


def test_normal_map_of_a_plane_points_to_the_camera(backend: str) -> None:
    tilt = torch.nn.functional.normalize(torch.tensor([0.2, -0.3, -1.0]), dim=0)
    rays = vertex_map(torch.ones(40, 50), torch.tensor([[40.0, 0, 25], [0, 40, 20], [0, 0, 1]]))
    points = rays * (-2.0 / (rays @ tilt))[..., None]
    normals = normal_map(points)
    torch.testing.assert_close(normals[1:-1, 1:-1], tilt.expand(38, 48, 3), atol=1e-5, rtol=0)
    assert not normals[0].any()
    points[20, 25] = 0
    assert not normal_map(points)[20, 24:27].any()
    points[:, 30:] *= 1.5
    assert not normal_map(points)[5, 29:31].any()


def test_shrink_depth_keeps_edges_and_holes(backend: str) -> None:
    depth = torch.tensor(
        [[1.0, 1.01, 2.0, 5.0], [1.0, 0.0, 2.0, 2.0], [0, 0, 0, 0], [0, 0, math.nan, 3]]
    )
    found = shrink_depth(depth)
    torch.testing.assert_close(found, torch.tensor([[3.01 / 3, 2.0], [0.0, 3.0]]))


def test_scaled_intrinsics_see_the_same_point() -> None:
    half = scale_intrinsics(corner.LENS, 0.5)
    point = torch.tensor([0.3, -0.2, 1.0])
    torch.testing.assert_close((half @ point)[:2], (corner.LENS @ point)[:2] / 2)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("facing", [True, False])
def test_equations_pair_by_projection(backend: str, dtype: torch.dtype, facing: bool) -> None:
    depth, _ = view(3)
    model = vertex_map(view(0)[0], corner.LENS).to(dtype)
    planes = normal_map(model)
    every = vertex_map(depth, corner.LENS).to(dtype)
    points = every[::7, ::9].reshape(-1, 3).contiguous()
    normals = normal_map(every)[::7, ::9].reshape(-1, 3).contiguous() if facing else None
    pose = exponential(torch.tensor([0.01, -0.02, 0.01, 0.02, 0.01, -0.01]))
    lens = corner.LENS.double()
    sums = track_equations(points, normals, model, planes, lens, pose, 0.1, 0.7, 0, 1.0)
    moved = points.double().numpy() @ pose[:3, :3].numpy().T + pose[:3, 3].numpy()
    chosen = []
    for i, (u, v) in enumerate(oracle.project(moved, lens.numpy(), 160, 120)):
        if u < 0 or points[i, 2] <= 0 or not planes[v, u].any() or model[v, u, 2] <= 0:
            continue
        if np.linalg.norm(moved[i] - model[v, u].double().numpy()) > 0.1:
            continue
        if normals is not None and pose[:3, :3] @ normals[i].double() @ planes[v, u].double() < 0.7:
            continue
        chosen.append((i, u, v))
    i, u, v = np.array(chosen).T
    assert len(i) > 100
    a, b = points[i].double().numpy(), model[v, u].double().numpy()
    n = planes[v, u].double().numpy()
    jacobian = oracle.numeric_jacobian(a, b, n, pose.numpy())
    r = oracle.residuals(np.zeros(6), a, b, n, pose.numpy())
    matrix = jacobian.T @ jacobian
    assert sums[29] == len(i)
    np.testing.assert_allclose(sums[:21], matrix[UPPER[0], UPPER[1]], rtol=1e-6, atol=1e-5)
    np.testing.assert_allclose(sums[21:27], jacobian.T @ r, rtol=1e-5, atol=1e-6)


def test_same_bits_with_one_and_two_threads() -> None:
    model = vertex_map(view(0)[0], corner.LENS)
    points = vertex_map(view(2)[0], corner.LENS).reshape(-1, 3)
    args = (normal_map(model), corner.LENS.double(), torch.eye(4).double(), 0.1, 0.7, 1, 0.01)
    before = torch.get_num_threads()
    found = []
    try:
        for count in (1, 2, 2):
            torch.set_num_threads(count)
            with dispatch.backend("native"):
                found.append(track_equations(points, None, model, *args))
    finally:
        torch.set_num_threads(before)
    assert torch.equal(found[0], found[1])
    assert torch.equal(found[1], found[2])


def test_track_finds_the_motion_between_frames(backend: str) -> None:
    first, start = view(0)
    model = vertex_map(first, corner.LENS)
    depth, pose = view(2)
    found = track(depth, corner.LENS, model, normal_map(model))
    true = torch.linalg.inv(start) @ pose
    torch.testing.assert_close(found.transform, true, atol=2e-3, rtol=0)
    assert found.fitness > 0.7
    assert found.converged


def test_track_of_the_same_frame_stays() -> None:
    depth = view(5)[0]
    model = vertex_map(depth, corner.LENS)
    found = track(depth, corner.LENS, model, normal_map(model))
    torch.testing.assert_close(found.transform, torch.eye(4).double(), atol=1e-4, rtol=0)


def test_track_without_overlap_says_so() -> None:
    depth = view(0)[0]
    model = vertex_map(depth + 5, corner.LENS)
    found = track(depth, corner.LENS, model, normal_map(model))
    assert found.fitness == 0.0
    assert found.rmse == math.inf
    assert not found.converged


def test_errors_name_the_argument() -> None:
    depth = view(0)[0]
    model = vertex_map(depth, corner.LENS)
    normals = normal_map(model)
    for call, word in (
        (lambda: track(depth, corner.LENS, model, normals, iterations=()), "iterations"),
        (lambda: track(depth, corner.LENS, model, normals, max_distance=-1), "max_distance"),
        (lambda: track(depth, corner.LENS[:2], model, normals), "intrinsics"),
        (lambda: track(depth, corner.LENS, model, normals[:5]), "planes"),
        (lambda: vertex_map(depth[0], corner.LENS), "depth"),
    ):
        with pytest.raises(GeometryError, match=word):
            call()
