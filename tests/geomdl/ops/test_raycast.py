"""Rays, closest points and signs against brute force, exact shapes and Open3D."""

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
import trimesh
from torch import Tensor

from geomdl.errors import GeometryError
from geomdl.ops import dispatch, raycast
from geomdl.ops.raycast import (
    any_hit,
    build_bvh,
    closest_point,
    first_hit,
    signed_distance,
    winding_number,
)
from tests.oracles import raycast_oracle as oracle

Mesh = tuple[Tensor, Tensor]


def mesh_of(shape: trimesh.Trimesh, dtype: torch.dtype = torch.float32) -> Mesh:
    return torch.tensor(shape.vertices, dtype=dtype), torch.tensor(shape.faces).long()


def ball(subdivisions: int = 2, radius: float = 1.0) -> Mesh:
    return mesh_of(trimesh.creation.icosphere(subdivisions=subdivisions, radius=radius))


def join(*parts: Mesh) -> Mesh:
    counts = np.cumsum([0] + [len(v) for v, _ in parts[:-1]])
    faces = [f + int(n) for (_, f), n in zip(parts, counts, strict=True)]
    return torch.cat([v for v, _ in parts]), torch.cat(faces)


def soup(count: int, seed: int = 0) -> Mesh:
    generator = torch.Generator().manual_seed(seed)
    centre = torch.randn(count, 1, 3, generator=generator)
    corners = centre + 0.3 * torch.randn(count, 3, 3, generator=generator)
    return corners.reshape(-1, 3), torch.arange(3 * count).reshape(-1, 3)


def random(*shape: int, seed: int = 1) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def grid(side: int, half: float = 1.5) -> Tensor:
    axis = (torch.arange(side) + 0.5) * (2 * half / side) - half
    return torch.stack(torch.meshgrid(axis, axis, axis, indexing="ij"), -1).reshape(-1, 3)


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


def hemisphere() -> Mesh:
    vertices, faces = ball(3)
    return vertices, faces[vertices[faces].mean(1)[:, 2] > 0]


def holed() -> Mesh:
    vertices, faces = ball(3)
    return vertices, faces[vertices[faces].mean(1)[:, 2] < 0.9]


def overlapping() -> Mesh:
    vertices, faces = ball(3, 0.8)
    shift = torch.tensor([0.5, 0.0, 0.0])
    return join((vertices - shift, faces), (vertices + shift, faces))


def with_an_inverted_part() -> Mesh:
    inner, faces = ball(2, 0.4)
    return join(ball(3), (inner, faces.flip(1)))


def shredded() -> Mesh:
    vertices, faces = ball(3)
    return vertices[faces].reshape(-1, 3), torch.arange(3 * len(faces)).reshape(-1, 3)


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


def test_no_ray_slips_between_faces(backend: str) -> None:
    vertices, faces = ball(2 if backend == "torch" else 4)
    vertices = vertices * torch.tensor([0.7, 1.3, 0.9]) + torch.tensor([0.31, -0.17, 0.05])
    corners = vertices[faces]
    middles = (0.5 * (corners + corners.roll(1, 1))).reshape(-1, 3)
    targets = torch.cat((vertices, middles))
    for inside in random(3, 3) * 0.2 + torch.tensor([0.31, -0.17, 0.05]):
        origins = inside.expand_as(targets).contiguous()
        ways = targets - inside
        distance, face, _ = first_hit(vertices, faces, origins, ways)
        assert (face >= 0).all()
        torch.testing.assert_close(distance, torch.ones_like(distance), rtol=1e-4, atol=1e-4)
        assert any_hit(vertices, faces, origins, ways).all()
        outside = inside + 3 * ways
        assert (first_hit(vertices, faces, outside, -ways)[1] >= 0).all()


def test_rays_along_faces_and_axes(backend: str) -> None:
    vertices, faces = mesh_of(trimesh.creation.box())
    origins = torch.tensor([[-2.0, 0, 0], [0, -2, 0], [0, 0, 2], [-2, 0.5, 0], [-2, 0.6, 0]])
    ways = torch.tensor([[1.0, 0, 0], [0, 1, 0], [0, 0, -1], [1, 0, 0], [1, 0, 0]])
    distance, face, _ = first_hit(vertices, faces, origins, ways)
    assert distance.tolist() == [1.5, 1.5, 1.5, 1.5, math.inf]
    assert face[4] == -1


def test_ties_go_to_the_lower_face(backend: str) -> None:
    vertices = torch.tensor([[0.0, 0, 0], [1, 0, 0], [0, 1, 0]])
    faces = torch.tensor([[0, 1, 2]]).expand(40, 3).contiguous()
    origin, way = torch.tensor([[0.2, 0.2, 1.0]]), torch.tensor([[0.0, 0, -1]])
    assert first_hit(vertices, faces, origin, way)[1].tolist() == [0]
    assert closest_point(vertices, faces, origin)[1].tolist() == [0]


def test_degenerate_triangles(backend: str) -> None:
    vertices = torch.tensor([[0.0, 0, 0], [1, 0, 0], [2, 0, 0], [5, 5, 5]])
    faces = torch.tensor([[0, 0, 0], [0, 1, 1], [0, 1, 2], [3, 3, 3]])
    queries = torch.tensor([[1.5, 2.0, 0.0], [-1.0, 0.0, 0.0], [5.0, 5.0, 6.0], [0.0, 0.0, 0.0]])
    point, face, _ = closest_point(vertices, faces, queries)
    expected = torch.tensor([[1.5, 0, 0], [0, 0, 0], [5, 5, 5], [0, 0, 0]])
    torch.testing.assert_close(point, expected)
    assert face[0] == 2
    origins, ways = torch.tensor([[0.5, 0.0, 1.0]]), torch.tensor([[0.0, 0.0, -1.0]])
    assert first_hit(vertices, faces, origins, ways)[1].tolist() == [-1]
    assert (winding_number(vertices, faces, queries) == 0).all()
    assert signed_distance(vertices, faces, queries).isfinite().all()


def test_directions_count_in_their_own_length(backend: str) -> None:
    vertices, faces = ball(1)
    origin, way = torch.tensor([[0.1, 0.2, 3.0]]), torch.tensor([[0.0, 0.0, -1.0]])
    once = first_hit(vertices, faces, origin, way)[0]
    for scale in (1e-12, 0.5, 1e8):
        scaled = first_hit(vertices, faces, origin, way * scale)[0]
        torch.testing.assert_close(scaled * scale, once)
    assert first_hit(vertices, faces, origin, way * 0)[1].tolist() == [-1]
    assert any_hit(vertices, faces, origin, way * 0).tolist() == [False]
    assert any_hit(vertices, faces, origin, way * 0.5, 4.2).tolist() == [True]
    assert any_hit(vertices, faces, origin, way * 0.5, 4.0).tolist() == [False]


def test_the_empty(backend: str) -> None:
    vertices, faces = ball(1)
    none, nothing = torch.zeros(0, 3), torch.zeros(0, 3, dtype=torch.int64)
    assert [tuple(x.shape) for x in first_hit(vertices, faces, none, none)] == [(0,), (0,), (0, 3)]
    assert any_hit(vertices, faces, none, none).shape == (0,)
    assert closest_point(vertices, faces, none)[0].shape == (0, 3)
    assert signed_distance(vertices, faces, none).shape == (0,)
    rays = random(2, 4, 3)
    for bvh in (None, build_bvh(vertices, nothing)):
        assert first_hit(vertices, nothing, *rays, bvh)[0].isinf().all()
        assert not any_hit(vertices, nothing, *rays, math.inf, bvh).any()
        assert (winding_number(vertices, nothing, rays[0], 2.0, bvh) == 0).all()
        with pytest.raises(GeometryError, match="at least one triangle"):
            closest_point(vertices, nothing, rays[0], bvh)
        with pytest.raises(GeometryError, match="at least one triangle"):
            signed_distance(vertices, nothing, rays[0], bvh)


def test_errors_name_the_argument() -> None:
    vertices, faces = ball(1)
    good = random(4, 3)
    bad = good.clone()
    bad[2, 1] = math.nan
    with pytest.raises(GeometryError, match="queries: 1 values are NaN"):
        closest_point(vertices, faces, bad)
    with pytest.raises(GeometryError, match="directions: 1 values are NaN"):
        first_hit(vertices, faces, good, bad)
    with pytest.raises(GeometryError, match="directions: expected one per origin"):
        first_hit(vertices, faces, good, good[:2])
    with pytest.raises(GeometryError, match="beyond 1e\\+09"):
        signed_distance(vertices * 1e12, faces, good)
    with pytest.raises(GeometryError, match="queries: expected dtype float32"):
        signed_distance(vertices, faces, good.double())
    with pytest.raises(GeometryError, match="indices run from"):
        build_bvh(vertices, faces + 1)
    with pytest.raises(GeometryError, match="beta"):
        signed_distance(vertices, faces, good, None, 0.5)
    with pytest.raises(GeometryError, match="max_distance"):
        any_hit(vertices, faces, good, good, -1.0)


def test_a_hierarchy_of_another_mesh_is_refused() -> None:
    vertices, faces = ball(1)
    bvh = build_bvh(vertices, faces)
    queries = random(4, 3)
    with pytest.raises(GeometryError, match="built for 42 vertices and 80 faces"):
        signed_distance(*ball(2), queries, bvh)
    with pytest.raises(GeometryError, match="not the result of build_bvh"):
        signed_distance(vertices, faces, queries, bvh[:-64])
    with pytest.raises(GeometryError, match="expected the result of build_bvh"):
        signed_distance(vertices, faces, queries, bvh[:8])
    if dispatch.native("raycast"):
        with pytest.raises(ValueError, match="built for another mesh"):
            signed_distance(vertices * 2, faces, queries, bvh)


def test_a_hierarchy_may_come_from_anywhere(backend: str) -> None:
    vertices, faces = ball(2)
    queries = random(64, 3)
    expected = signed_distance(vertices, faces, queries)
    bvh = build_bvh(vertices, faces)
    shifted = torch.cat((bvh.new_zeros(1), bvh))[1:]
    with dispatch.backend("torch"):
        label = build_bvh(vertices, faces)
    for each in (bvh, shifted, bvh.clone(), label):
        assert torch.equal(signed_distance(vertices, faces, queries, each), expected)
    assert torch.equal(signed_distance(vertices, faces.int(), queries, bvh), expected)


def everything(mesh: Mesh, queries: Tensor, ways: Tensor) -> list[Tensor]:
    bvh = build_bvh(*mesh)
    return [
        bvh,
        *first_hit(*mesh, queries, ways, bvh),
        any_hit(*mesh, queries, ways, 0.5, bvh),
        *closest_point(*mesh, queries, bvh),
        winding_number(*mesh, queries, 2.0, bvh),
        signed_distance(*mesh, queries, bvh),
    ]


def test_one_and_two_threads_give_the_same_bits() -> None:
    mesh, (queries, ways) = soup(3000), random(2, 5000, 3)
    before = torch.get_num_threads()
    results = []
    for count in (1, 2, 2):
        torch.set_num_threads(count)
        results.append(everything(mesh, queries, ways))
    torch.set_num_threads(before)
    for other in results[1:]:
        assert all(torch.equal(x, y) for x, y in zip(results[0], other, strict=True))


@pytest.mark.parametrize("kind", ["shrinking", "equal", "flat", "lined up"])
def test_meshes_that_are_hard_to_divide(kind: str) -> None:
    vertices, faces = soup(700)
    if kind == "shrinking":
        scale = 0.9 ** torch.arange(700, dtype=torch.float64).repeat_interleave(3)[:, None]
        vertices = (vertices * scale).float()
    elif kind == "equal":
        vertices = vertices[:3].repeat(700, 1)
    elif kind == "flat":
        vertices = vertices * torch.tensor([1.0, 1.0, 0.0])
    else:
        vertices = vertices * 0 + torch.arange(2100.0)[:, None]
    queries, ways = random(2, 30, 3)
    with dispatch.backend("torch"):
        expected = everything((vertices, faces), queries, ways)
    found = everything((vertices, faces), queries, ways)
    torch.testing.assert_close(found[1], expected[1], rtol=1e-4, atol=1e-5)
    for mine, theirs in ((found[5], expected[5]),):
        torch.testing.assert_close(
            (mine - queries).norm(dim=1), (theirs - queries).norm(dim=1), rtol=1e-4, atol=1e-5
        )
