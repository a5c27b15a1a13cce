import math

import numpy as np
import pytest
import torch
import trimesh
from torch import Tensor

from geomdl.errors import GeometryError
from geomdl.ops import differential as d
from tests.oracles import differential_oracle as oracle


def mesh_of(shape: trimesh.Trimesh) -> tuple[Tensor, Tensor]:
    return torch.tensor(np.asarray(shape.vertices)), torch.tensor(np.asarray(shape.faces))


def bumpy(seed: int = 0) -> tuple[Tensor, Tensor]:
    """A sphere with noise: obtuse, acute and slim triangles."""
    vertices, faces = mesh_of(trimesh.creation.icosphere(subdivisions=2))
    noise = torch.randn(vertices.shape, generator=torch.Generator().manual_seed(seed))
    return vertices + 0.08 * noise.double(), faces


def torus(rows: int = 90, columns: int = 60) -> tuple[Tensor, Tensor, Tensor]:
    """Radii 2 and 0.7 -> vertices, faces, the angle around the tube."""
    u = torch.arange(rows, dtype=torch.float64) / rows * 2 * torch.pi
    w = torch.arange(columns, dtype=torch.float64) / columns * 2 * torch.pi
    u, w = (t.flatten() for t in torch.meshgrid(u, w, indexing="ij"))
    reach = 2 + 0.7 * w.cos()
    vertices = torch.stack([reach * u.cos(), reach * u.sin(), 0.7 * w.sin()], 1)
    i, j = torch.arange(rows * columns) // columns, torch.arange(rows * columns) % columns
    a, b = i * columns + j, (i + 1) % rows * columns + j
    c, e = (i + 1) % rows * columns + (j + 1) % columns, i * columns + (j + 1) % columns
    return vertices, torch.cat([torch.stack([a, b, c], 1), torch.stack([a, c, e], 1)]), w


def test_against_loops_over_faces():
    vertices, faces = bumpy()
    points, triangles = vertices.numpy(), faces.numpy()
    for weighting in ("area", "angle"):
        expected = oracle.vertex_normals(points, triangles, weighting == "angle")
        np.testing.assert_allclose(
            d.vertex_normals(vertices, faces, weighting), expected, atol=1e-9
        )
    matrix, areas = d.cotangent_laplacian(vertices, faces)
    np.testing.assert_allclose(
        matrix.to_dense(), oracle.laplacian(points, triangles), rtol=1e-6, atol=1e-9
    )
    np.testing.assert_allclose(areas, oracle.mixed_areas(points, triangles), rtol=1e-7)
    angles = [oracle.angles_of(t) for t in points[triangles]]
    np.testing.assert_allclose(d.corner_angles(vertices, faces), angles, atol=1e-7)


def test_areas_and_normals_against_trimesh():
    vertices, faces = bumpy()
    peer = trimesh.Trimesh(vertices.numpy(), faces.numpy(), process=False)
    np.testing.assert_allclose(d.face_areas(vertices, faces), peer.area_faces)
    np.testing.assert_allclose(d.face_normals(vertices, faces), peer.face_normals, atol=1e-9)
    np.testing.assert_allclose(d.mixed_areas(vertices, faces).sum(), peer.area)


def test_angle_weights_do_not_see_how_a_cube_is_cut():
    vertices, faces = mesh_of(trimesh.creation.box())
    expected = torch.nn.functional.normalize(vertices, dim=1)
    torch.testing.assert_close(d.vertex_normals(vertices, faces, "angle"), expected)
    assert (d.vertex_normals(vertices, faces) - expected).abs().max() > 0.1


def test_gauss_bonnet(data):
    rings = trimesh.creation.annulus(r_min=1, r_max=2, height=1)
    for shape, euler in (
        (trimesh.creation.icosphere(subdivisions=2), 2),
        (rings, 0),
        (trimesh.load(data / "meshes" / "fertility.off", process=False), -6),
    ):
        total = d.angle_defect(*mesh_of(shape)).sum()
        assert float(total) == pytest.approx(2 * math.pi * euler, abs=1e-6)
    ball, faces = mesh_of(trimesh.creation.icosphere(subdivisions=3))
    bowl = faces[(ball[faces][..., 2] < 0.3).all(1)]  # a disc: the turns of its rim count
    total = d.angle_defect(ball, bowl).sum()
    assert float(total) == pytest.approx(2 * math.pi, abs=1e-6)
    vertices, faces = bumpy()
    weighed = d.gaussian_curvature(vertices, faces) * d.mixed_areas(vertices, faces)
    assert float(weighed.sum()) == pytest.approx(4 * math.pi)


def test_curvature_of_a_sphere():
    vertices, faces = mesh_of(trimesh.creation.icosphere(subdivisions=4, radius=2.0))
    assert (d.gaussian_curvature(vertices, faces) - 1 / 4).abs().max() < 2e-3
    assert (d.mean_curvature(vertices, faces) - 1 / 2).abs().max() < 1e-3
    inside_out = d.mean_curvature(vertices, faces.flip(1))
    assert (inside_out + 1 / 2).abs().max() < 1e-3


def test_curvature_of_a_torus():
    vertices, faces, w = torus()
    reach = 2 + 0.7 * w.cos()
    gaussian = w.cos() / (0.7 * reach)
    mean = (1 / 0.7 + w.cos() / reach) / 2
    assert (d.gaussian_curvature(vertices, faces) - gaussian).abs().max() < 0.01
    assert (d.mean_curvature(vertices, faces) - mean).abs().max() < 0.01


def test_curvature_of_an_open_cylinder():
    rows, columns = 20, 96
    z, w = torch.meshgrid(
        torch.linspace(0, 1, rows, dtype=torch.float64),
        torch.arange(columns, dtype=torch.float64) / columns * 2 * torch.pi,
        indexing="ij",
    )
    vertices = torch.stack([0.5 * w.cos(), 0.5 * w.sin(), z], -1).view(-1, 3)
    i = torch.arange((rows - 1) * columns)
    right = i // columns * columns + (i + 1) % columns
    faces = torch.cat(
        [
            torch.stack([i, right, right + columns], 1),
            torch.stack([i, right + columns, i + columns], 1),
        ]
    )
    border = d.border_vertices(vertices, faces)
    assert border.sum() == 2 * columns
    assert d.gaussian_curvature(vertices, faces).abs().max() < 1e-9
    mean = d.mean_curvature(vertices, faces)
    assert (mean[~border] - 1).abs().max() < 2e-3
    assert (mean[border] == 0).all()


def test_laplacian_is_symmetric_and_exact_on_linear_functions():
    generator = torch.Generator().manual_seed(0)
    grid = torch.stack(torch.meshgrid(torch.arange(9.0), torch.arange(9.0), indexing="ij"), -1)
    flat = grid.view(-1, 2).double()
    inner = ((flat > 0) & (flat < 8)).all(1)
    flat = flat + 0.25 * torch.rand(flat.shape, generator=generator).double() * inner[:, None]
    vertices = torch.cat([flat, torch.zeros(81, 1)], 1)
    corner = (torch.arange(8)[:, None] * 9 + torch.arange(8)).flatten()
    faces = torch.cat([torch.stack([corner, corner + 9, corner + 10], 1),
                       torch.stack([corner, corner + 10, corner + 1], 1)])  # fmt: skip
    matrix, areas = d.cotangent_laplacian(vertices, faces)
    dense = matrix.to_dense()
    torch.testing.assert_close(dense, dense.T)
    torch.testing.assert_close(dense.sum(1), torch.zeros(81, dtype=torch.float64))
    assert torch.linalg.eigvalsh(dense).max() < 1e-9
    linear = flat @ torch.tensor([0.3, -1.2], dtype=torch.float64)
    assert (dense @ linear)[inner].abs().max() < 1e-9
    square = dense @ (flat**2).sum(1) / areas
    assert square[inner].mean() == pytest.approx(4, abs=0.1)


def test_gradients():
    vertices, faces = mesh_of(trimesh.creation.icosphere(subdivisions=0))
    vertices = vertices + 0.1 * torch.rand(vertices.shape, dtype=torch.float64)
    vertices.requires_grad_()
    for quantity in (
        d.face_normals,
        d.face_areas,
        d.vertex_normals,
        lambda v, f: d.vertex_normals(v, f, "angle"),
        d.mixed_areas,
        d.gaussian_curvature,
        lambda v, f: d.cotangent_laplacian(v, f)[0].to_dense(),
        d.mean_curvature,
    ):
        assert torch.autograd.gradcheck(lambda v, q=quantity: q(v, faces), vertices)


def test_degenerate_faces_give_no_nan():
    vertices, faces = bumpy()
    vertices = torch.cat([vertices, vertices[:1], torch.ones(1, 3)]).requires_grad_()
    last = len(vertices) - 2
    extra = torch.tensor([[0, 0, 0], [0, last, 1], [3, 3, 5]])
    loss = torch.zeros((), dtype=torch.float64)
    for quantity in (d.vertex_normals, d.face_normals, d.face_areas, d.gaussian_curvature,
                     d.mean_curvature, d.mixed_areas, d.corner_angles):  # fmt: skip
        values = quantity(vertices, torch.cat([faces, extra]))
        assert torch.isfinite(values).all()
        loss = loss + (values * values).sum()
    loss.backward()
    assert torch.isfinite(vertices.grad).all()
    normals = d.vertex_normals(vertices, torch.cat([faces, extra]))
    assert (normals[-1] == 0).all()
    torch.testing.assert_close(normals[:-2], d.vertex_normals(vertices[:-2], faces))


def test_rotation_turns_normals_and_keeps_curvature():
    vertices, faces = bumpy()
    turn = torch.linalg.qr(torch.randn(3, 3, dtype=torch.float64)).Q
    turn = turn * torch.det(turn).sign()
    torch.testing.assert_close(
        d.vertex_normals(vertices @ turn.T, faces), d.vertex_normals(vertices, faces) @ turn.T
    )
    torch.testing.assert_close(
        d.mean_curvature(3 * vertices @ turn.T, faces), d.mean_curvature(vertices, faces) / 3
    )


def test_threads_give_the_same_bits():
    vertices, faces = mesh_of(trimesh.creation.icosphere(subdivisions=5))
    vertices = vertices.float()
    before = torch.get_num_threads()
    found = []
    for threads in (1, 2, 2):
        torch.set_num_threads(threads)
        found.append(d.vertex_normals(vertices, faces, "angle"))
    torch.set_num_threads(before)
    assert torch.equal(found[0], found[1])
    assert torch.equal(found[1], found[2])


def test_point_normals(backend):
    points = torch.randn(1200, 3, generator=torch.Generator().manual_seed(0))
    points = torch.nn.functional.normalize(points, dim=1)
    inward = d.point_normals(points, viewpoint=torch.zeros(3))
    assert (inward * points).sum(1).max() < -0.95
    spread = d.point_normals(points, k=10)
    assert ((spread * points).sum(1) > 0.9).float().mean() > 0.99
    two = torch.cat([points, points + 5])
    both = d.point_normals(two, 10, None, torch.tensor([0, 1200, 1200, 2400]))
    torch.testing.assert_close(both[:1200], spread)
    assert ((both[1200:] * points).sum(1) > 0.9).float().mean() > 0.99


def test_point_normals_of_few_points_and_gradient():
    up = torch.tensor([0.0, 0.0, 1.0])
    for count in (0, 1, 2):
        assert torch.equal(d.point_normals(torch.rand(count, 3)), up.expand(count, 3))
    plane = torch.rand(30, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    plane = plane * torch.tensor([1.0, 1.0, 0.05]).double()
    plane.requires_grad_()
    eye = torch.tensor([0.0, 0.0, 9.0]).double()
    assert torch.autograd.gradcheck(lambda p: d.point_normals(p, 8, eye), plane)


def test_errors_name_the_argument():
    vertices, faces = bumpy()
    with pytest.raises(GeometryError, match=r"^weighting"):
        d.vertex_normals(vertices, faces, "length")  # type: ignore[arg-type]
    with pytest.raises(GeometryError, match=r"^faces"):
        d.face_normals(vertices, faces + 1)
    with pytest.raises(GeometryError, match=r"^k"):
        d.point_normals(vertices, k=2)
    with pytest.raises(GeometryError, match=r"^viewpoint"):
        d.point_normals(vertices, viewpoint=torch.zeros(2))
