"""Gradients of hits, closest points and signed distances."""

import pytest
import torch
import trimesh
from torch import Tensor

from geomdl.ops import dispatch
from geomdl.ops.raycast import (
    closest_point,
    first_hit,
    signed_distance,
)
from tests.geomdl.ops.raycast_meshes import (
    ball,
    mesh_of,
    random,
)


@pytest.mark.parametrize("wanted", ["vertices", "origins", "directions"])
def test_first_hit_gradients(wanted: str) -> None:
    vertices, faces = mesh_of(trimesh.creation.icosphere(subdivisions=1), torch.float64)
    given = {
        "vertices": vertices,
        "origins": random(20, 3).double() * 0.2,
        "directions": random(20, 3, seed=2).double(),
    }

    def distances(x: Tensor) -> tuple[Tensor, Tensor]:
        now = {**given, wanted: x}
        hits = first_hit(now["vertices"], faces, now["origins"], now["directions"])
        return hits[0], hits[2]

    assert torch.autograd.gradcheck(distances, (given[wanted].clone().requires_grad_(),))


@pytest.mark.parametrize("wanted", ["vertices", "queries"])
def test_closest_point_and_signed_distance_gradients(wanted: str) -> None:
    vertices, faces = mesh_of(trimesh.creation.icosphere(subdivisions=1), torch.float64)
    given = {"vertices": vertices, "queries": random(20, 3).double()}

    def values(x: Tensor) -> tuple[Tensor, ...]:
        now = {**given, wanted: x}
        point = closest_point(now["vertices"], faces, now["queries"])[0]
        return point, signed_distance(now["vertices"], faces, now["queries"])

    assert torch.autograd.gradcheck(values, (given[wanted].clone().requires_grad_(),))


def test_both_backends_give_the_same_gradients() -> None:
    vertices, faces = ball(2)
    queries, ways = random(2, 100, 3)
    gradients = []
    for name in ("torch", "native"):
        v, q, w = (x.clone().requires_grad_() for x in (vertices, queries * 0.5, ways))
        with dispatch.backend(name):
            distance, face, where = first_hit(v, faces, q, w)
            total = distance[face >= 0].sum() + where.square().sum()
            total = total + closest_point(v, faces, q)[0].square().sum()
            total = total + signed_distance(v, faces, q).sum()
        gradients.append(torch.autograd.grad(total, (v, q, w)))
    for one, other in zip(*gradients, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-3)


def test_values_do_not_depend_on_gradients(backend: str) -> None:
    vertices, faces = ball(2)
    queries, ways = random(2, 100, 3)
    plain = [*first_hit(vertices, faces, queries, ways), *closest_point(vertices, faces, queries)]
    plain.append(signed_distance(vertices, faces, queries))
    vertices.requires_grad_()
    traced = [*first_hit(vertices, faces, queries, ways), *closest_point(vertices, faces, queries)]
    traced.append(signed_distance(vertices, faces, queries))
    for one, other in zip(plain, traced, strict=True):
        torch.testing.assert_close(one, other.detach(), rtol=1e-4, atol=1e-5)


def test_the_gradient_of_the_signed_distance_is_a_unit_vector(backend: str) -> None:
    vertices, faces = ball(2)
    on_surface = vertices[faces[:100]].mean(1)
    queries = torch.cat((random(300, 3), on_surface)).requires_grad_()
    signed_distance(vertices, faces, queries).sum().backward()
    assert queries.grad is not None
    torch.testing.assert_close(queries.grad.norm(dim=1), torch.ones(400), rtol=1e-3, atol=1e-3)
    outward = torch.nn.functional.normalize(on_surface, dim=1)
    assert ((queries.grad[300:] * outward).sum(1) > 0.95).all()
