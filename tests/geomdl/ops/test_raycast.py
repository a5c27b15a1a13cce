"""Rays, closest points and signs against brute force, exact shapes and Open3D."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
import trimesh

from geomdl.ops import dispatch
from geomdl.ops.raycast import (
    any_hit,
    build_bvh,
    closest_point,
    first_hit,
    signed_distance,
    winding_number,
)
from tests.geomdl.ops.raycast_meshes import (
    Mesh,
    ball,
    grid,
    hemisphere,
    holed,
    mesh_of,
    overlapping,
    random,
    shredded,
    soup,
    with_an_inverted_part,
)
from tests.oracles import raycast_oracle as oracle


@pytest.mark.parametrize("make", [lambda: soup(150), lambda: ball(2), lambda: soup(3)])
def test_first_and_any_hit_agree_with_the_oracle(backend: str, make: Callable[[], Mesh]) -> None:
    vertices, faces = make()
    origins, directions = random(2, 200, 3)
    distance, face, where = first_hit(vertices, faces, origins, directions)
    near = any_hit(vertices, faces, origins, directions, 0.7)
    for row in range(200):
        o, d = origins[row].double().numpy(), directions[row].double().numpy()
        every = oracle.hit_distances(vertices.double().numpy(), faces.numpy(), o, d)
        best = every.min()
        assert distance[row].item() == pytest.approx(best, rel=1e-5, abs=1e-6)
        assert bool(near[row]) == bool(best <= 0.7)
        assert int(face[row]) == (-1 if best == np.inf else int(every.argmin()))
    hit = face >= 0
    point = torch.einsum("rk,rkc->rc", where, vertices[faces[face.clamp(min=0)]])
    along = origins + distance.nan_to_num(posinf=0)[:, None] * directions
    torch.testing.assert_close(point[hit], along[hit], rtol=1e-4, atol=1e-4)
    assert (where[~hit] == 0).all()


@pytest.mark.parametrize("make", [lambda: soup(150), lambda: ball(2), lambda: soup(3)])
def test_closest_point_agrees_with_the_oracle(backend: str, make: Callable[[], Mesh]) -> None:
    vertices, faces = make()
    queries = random(60, 3)
    point, face, where = closest_point(vertices, faces, queries)
    for row in range(60):
        every = oracle.distances(vertices.double().numpy(), faces.numpy(), queries[row].numpy())
        found = (queries[row] - point[row]).norm().item()
        assert found == pytest.approx(every.min(), rel=1e-5, abs=1e-6)
        assert every[int(face[row])] == pytest.approx(every.min(), rel=1e-5, abs=1e-6)
    rebuilt = torch.einsum("mk,mkc->mc", where, vertices[faces[face]])
    torch.testing.assert_close(rebuilt, point, rtol=1e-5, atol=1e-5)
    assert (where >= 0).all()


def test_winding_number_agrees_with_the_oracle(backend: str) -> None:
    vertices, faces = soup(80)
    queries = random(40, 3)
    found = winding_number(vertices, faces, queries)
    for row in range(40):
        q = queries[row].double().numpy()
        expected = oracle.winding(vertices.double().numpy(), faces.numpy(), q)
        assert found[row].item() == pytest.approx(expected, abs=5e-3)


def test_winding_number_gets_exact_with_beta() -> None:
    vertices, faces = soup(2000)
    queries = random(300, 3)
    with dispatch.backend("torch"):
        exact = winding_number(vertices, faces, queries)
    errors = [
        (winding_number(vertices, faces, queries, beta) - exact).abs().max().item()
        for beta in (1.5, 3.0, 100.0)
    ]
    assert errors[0] > 4 * errors[1]
    assert errors[2] < 2e-5
    assert errors[0] < 0.05


def test_signed_distance_of_a_box_is_exact(backend: str) -> None:
    half = np.array([0.5, 0.8, 1.1])
    vertices, faces = mesh_of(trimesh.creation.box(extents=2 * half))
    queries = torch.cat((grid(9), random(300, 3)))
    expected = oracle.box_distance(queries.double().numpy(), half)
    found = signed_distance(vertices, faces, queries)
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("shape", ["sphere", "torus"])
def test_signed_distance_of_a_fine_mesh_nears_the_formula(shape: str) -> None:
    queries = grid(20)
    if shape == "sphere":
        vertices, faces = ball(4)
        expected = queries.norm(dim=1) - 1
    else:
        vertices, faces = mesh_of(trimesh.creation.torus(0.8, 0.3, 192, 96))
        ring = queries[:, :2].norm(dim=1) - 0.8
        expected = torch.hypot(ring, queries[:, 2]) - 0.3
    found = signed_distance(vertices, faces, queries)
    assert (found - expected).abs().max() < 3e-3


@pytest.mark.parametrize(
    "make", [hemisphere, holed, overlapping, with_an_inverted_part, shredded, lambda: soup(500)]
)
def test_signs_that_travel_are_those_of_the_winding_number(make: Callable[[], Mesh]) -> None:
    vertices, faces = make()
    queries = grid(20)
    with dispatch.backend("torch"):
        winding = winding_number(vertices, faces, queries)
    found = signed_distance(vertices, faces, queries)
    clear = (winding - 0.5).abs() > 0.01
    assert ((found < 0) == (winding > 0.5))[clear].all()
    assert (found < 0).any()


def test_what_the_sign_means() -> None:
    centre = torch.zeros(1, 3)
    assert signed_distance(*overlapping(), centre) < 0  # wound twice
    assert signed_distance(*with_an_inverted_part(), centre) > 0  # a hollow
    assert signed_distance(*ball(), centre) < 0
    vertices, faces = ball()
    assert signed_distance(vertices, faces.flip(1), centre) > 0  # seen from behind
    below = torch.tensor([[0.0, 0.0, 0.4], [0.0, 0.0, -0.4]])
    assert (signed_distance(*hemisphere(), below) < 0).tolist() == [True, False]


def test_operators_are_registered_well() -> None:
    vertices, faces = ball(1)
    rays, bvh = random(2, 8, 3), build_bvh(vertices, faces)
    calls: dict[str, tuple[object, ...]] = {
        "build_bvh": (vertices, faces),
        "hit_faces": (vertices, faces, *rays, bvh),
        "occluded": (vertices, faces, *rays, 1.0, None),
        "closest_faces": (vertices, faces, rays[0], bvh),
        "winding_number": (vertices, faces, rays[0], 2.0, bvh),
        "signed_distance_faces": (vertices, faces, rays[0], 2.0, None),
    }
    for name, arguments in calls.items():
        operator = getattr(torch.ops.geomdl, name).default
        torch.library.opcheck(operator, arguments, test_utils=("test_schema", "test_faketensor"))


def test_real_meshes_agree_with_open3d(data: Path) -> None:
    open3d = pytest.importorskip("open3d", exc_type=ImportError)
    vertices, faces = mesh_of(trimesh.load_mesh(data / "meshes" / "fertility.off", process=False))
    vertices = vertices / vertices.abs().max()
    scene = open3d.t.geometry.RaycastingScene()
    tensor = open3d.core.Tensor.from_numpy
    scene.add_triangles(tensor(vertices.numpy()), tensor(faces.numpy().astype("uint32")))
    queries, ways = random(2, 5000, 3)
    bvh = build_bvh(vertices, faces)
    expected = scene.compute_signed_distance(tensor(queries.numpy()), nsamples=5).numpy()
    found = signed_distance(vertices, faces, queries, bvh)
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-4, atol=1e-5)
    hits = scene.cast_rays(tensor(torch.cat((queries, ways), 1).numpy()))["t_hit"].numpy()
    found = first_hit(vertices, faces, queries, ways, bvh)[0]
    assert np.isclose(found.numpy(), hits, rtol=1e-4, atol=1e-5).mean() > 0.999
