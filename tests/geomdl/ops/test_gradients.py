"""No fast path drops gradients: each differentiable op gives the same on kernels and bodies."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from geomdl import ops
from geomdl.ops import dispatch
from geomdl.ops.rasterize import rasterize
from tools.selfcheck import scene

S = scene()
FACES, CAMERA = S["faces"], S["intrinsics"]
Op = Callable[..., Tensor]


def hit_distance(vertices: Tensor, origins: Tensor, directions: Tensor) -> Tensor:
    distance = ops.first_hit(vertices, FACES, origins, directions)[0]
    return distance[distance.isfinite()]


def hit_place(vertices: Tensor, origins: Tensor) -> Tensor:
    return ops.first_hit(vertices, FACES, origins, S["directions"])[2][:, :2].square()


def depth(vertices: Tensor) -> Tensor:
    seen = rasterize(vertices, FACES, CAMERA, 48, 64)[1]
    return seen[seen.isfinite()]


def drawn_place(vertices: Tensor) -> Tensor:
    return rasterize(vertices, FACES, CAMERA, 48, 64)[2].square()


def surface_points(vertices: Tensor) -> Tensor:
    return ops.sample_surface(vertices, FACES, 100, seed=1)[0].square()


def normal(vertices: Tensor) -> Tensor:
    return ops.vertex_normals(vertices, FACES)[:, 0]


def grid(values: Tensor, points: Tensor) -> Tensor:
    return ops.trilinear(values, points, torch.full((3,), -1.2), 0.3)


VERTICES, POINTS, QUERIES = S["vertices"], S["points"], S["queries"]
CASES: dict[str, tuple[Op, tuple[Tensor, ...]]] = {
    "knn": (lambda p, q: ops.knn(p, q, 4)[0], (POINTS, QUERIES)),
    "chamfer_distance": (ops.chamfer_distance, (POINTS, QUERIES)),
    "chamfer_distance, not squared": (
        lambda a, b: ops.chamfer_distance(a, b, squared=False),
        (POINTS, QUERIES),
    ),
    "hausdorff_distance": (ops.hausdorff_distance, (POINTS, QUERIES)),
    "first_hit, distance": (hit_distance, (VERTICES, QUERIES, S["directions"])),
    "first_hit, barycentric": (hit_place, (VERTICES, QUERIES)),
    "closest_point": (lambda v, q: ops.closest_point(v, FACES, q)[0].square(), (VERTICES, QUERIES)),
    "signed_distance": (lambda v, q: ops.signed_distance(v, FACES, q), (VERTICES, QUERIES)),
    "rasterize, depth": (depth, (S["seen"],)),
    "rasterize, barycentric": (drawn_place, (S["seen"],)),
    "sample_surface": (surface_points, (VERTICES,)),
    "vertex_normals": (normal, (VERTICES,)),
    "trilinear": (grid, (torch.linspace(-1, 1, 2 * 8**3).reshape(2, 8, 8, 8).sin(), POINTS)),
}


def gradients(name: str, backend: str) -> tuple[Tensor, ...]:
    function, inputs = CASES[name]
    leaves = [x.clone().requires_grad_() for x in inputs]
    with dispatch.backend(backend):
        return torch.autograd.grad(function(*leaves).sum(), leaves)


@pytest.mark.parametrize("name", CASES)
def test_kernels_keep_gradients(name: str) -> None:
    ours, truth = gradients(name, "native"), gradients(name, "torch")
    for a, b in zip(ours, truth, strict=True):
        assert float(b.abs().max()) > 0
        close = torch.isclose(a, b, rtol=1e-3, atol=1e-3).double().mean()
        assert close > 0.995, f"{name}: {float(close):.1%} of the gradient agree"


@pytest.mark.parametrize("name", CASES)
def test_without_grad_nothing_is_kept(name: str) -> None:
    function, inputs = CASES[name]
    with torch.no_grad():
        assert not function(*(x.clone().requires_grad_() for x in inputs)).requires_grad
