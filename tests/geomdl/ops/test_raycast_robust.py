"""Ray casting where rounding, bad input, threads and odd meshes could break it."""

import math

import pytest
import torch
import trimesh
from torch import Tensor

from geomdl.errors import GeometryError
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
    mesh_of,
    random,
    soup,
)


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
        scale = 0.97 ** torch.arange(700, dtype=torch.float64).repeat_interleave(3)[:, None]
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
    mine, theirs = ((x[5] - queries).norm(dim=1) for x in (found, expected))
    torch.testing.assert_close(mine, theirs, rtol=1e-4, atol=1e-5)


def test_moving_everything_changes_nothing(backend: str) -> None:
    vertices, faces = soup(200)
    queries, ways = random(2, 100, 3)
    turn = torch.linalg.qr(random(3, 3, seed=5))[0]
    turn = turn * torch.det(turn)
    shift = torch.tensor([3.0, -2.0, 5.0])
    before = first_hit(vertices, faces, queries, ways)
    after = first_hit(vertices @ turn.T + shift, faces, queries @ turn.T + shift, ways @ turn.T)
    assert torch.equal(before[1], after[1])
    torch.testing.assert_close(before[0], after[0], rtol=1e-4, atol=1e-5)
    inside = signed_distance(vertices, faces, queries)
    moved = signed_distance(vertices @ turn.T + shift, faces, queries @ turn.T + shift)
    torch.testing.assert_close(inside, moved, rtol=1e-4, atol=1e-5)
