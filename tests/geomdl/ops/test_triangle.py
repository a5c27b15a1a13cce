"""One triangle: what is hit, what is closest, how large it looks."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from geomdl.ops.triangle import closest_barycentric, ray_plane, ray_triangle, solid_angle
from tests.oracles import raycast_oracle as oracle


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_ray_triangle_agrees_with_the_plane_and_three_half_planes() -> None:
    a, b, c = random(3, 200, 3)
    origins, directions = random(2, 50, 3, seed=1)
    distance, where = ray_triangle(origins[:, None], directions[:, None], a, b, c)
    vertices = torch.stack((a, b, c), 1).reshape(-1, 3).numpy()
    faces = np.arange(600).reshape(200, 3)
    for row, (o, d) in enumerate(zip(origins.numpy(), directions.numpy(), strict=True)):
        expected = oracle.hit_distances(vertices, faces, o, d)
        np.testing.assert_allclose(distance[row].numpy(), expected, rtol=1e-9)
    hit = distance < torch.inf
    assert hit.sum() > 100
    point = where[..., :1] * a + where[..., 1:2] * b + where[..., 2:] * c
    along = origins[:, None] + distance[..., None] * directions[:, None]
    torch.testing.assert_close(point[hit], along[hit])
    assert (where[~hit] == 0).all()


def test_ray_plane_gives_the_same_hit() -> None:
    a, b, c = random(3, 4000, 3)
    origins, directions = random(2, 4000, 3, seed=1)
    distance, where = ray_triangle(origins, directions, a, b, c)
    hit = distance < torch.inf
    smooth, weights = ray_plane(*(x[hit] for x in (origins, directions, a, b, c)))
    torch.testing.assert_close(smooth, distance[hit])
    torch.testing.assert_close(weights, where[hit])


@pytest.mark.parametrize("flat", ["none", "point", "needle", "line"])
def test_closest_agrees_with_voronoi_regions(flat: str) -> None:
    a, b, c = random(3, 300, 3)
    if flat == "point":
        b = c = a
    elif flat == "needle":
        c = a
    elif flat == "line":
        c = a + 0.25 * (b - a)
    queries = random(300, 3, seed=1)
    weights = closest_barycentric(queries, a, b, c)
    assert (weights >= -1e-12).all()
    torch.testing.assert_close(weights.sum(1), torch.ones(300, dtype=torch.float64))
    foot = torch.einsum("mk,mkc->mc", weights, torch.stack((a, b, c), 1))
    for row in range(300):
        if flat == "none":
            args = (x[row].numpy() for x in (queries, a, b, c))
            expected = np.linalg.norm(queries[row].numpy() - oracle.closest_on_triangle(*args))
        else:
            steps = torch.linspace(0, 1, 2001, dtype=torch.float64)[:, None]
            line = a[row] + steps * (b[row] - a[row])
            expected = (line - queries[row]).norm(dim=1).min().item()
        assert (queries[row] - foot[row]).norm().item() == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("offset", [0.0, 1.5])
def test_gradients(offset: float) -> None:
    ready = random(5, 12, 3, seed=3)
    ready[1] += offset
    q, a, b, c, way = (x.clone().requires_grad_() for x in ready)
    assert torch.autograd.gradcheck(closest_barycentric, (q, a, b, c))
    assert torch.autograd.gradcheck(ray_plane, (q, way, a, b, c))
    assert torch.autograd.gradcheck(solid_angle, (q, a, b, c))


def test_gradients_of_flat_triangles_are_finite() -> None:
    query = torch.tensor([[0.3, 0.7, 1.0]], requires_grad=True)
    corner = torch.zeros(1, 3, requires_grad=True)
    closest_barycentric(query, corner, corner, corner).sum().backward()
    assert query.grad is not None
    assert query.grad.isfinite().all()


def test_an_octant_fills_an_eighth_of_the_sphere() -> None:
    x, y, z = torch.eye(3, dtype=torch.float64)
    origin = torch.zeros(3, dtype=torch.float64)
    assert solid_angle(origin, x, y, z).item() == pytest.approx(4 * math.pi / 8)
    assert solid_angle(origin, y, x, z).item() == pytest.approx(-4 * math.pi / 8)
