"""Voxelisation and read-back against dictionaries, loops and torch's grid_sample."""

import itertools

import numpy as np
import pytest
import torch

from geomdl.errors import GeometryError
from geomdl.ops import dispatch
from geomdl.ops.keys import morton_keys
from geomdl.ops.voxelize import (
    point_counts,
    read_grid_backward,
    read_nearest,
    trilinear,
    voxelize,
    voxelize_mesh,
)
from tests.oracles import voxelize_oracle as oracle


def cloud(count: int, dims: int = 3, seed: int = 0) -> torch.Tensor:
    return torch.randn((count, dims), generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("dims", [1, 2, 3, 4])
def test_voxels_are_the_groups_of_points(backend, dims):
    points = cloud(400, dims)
    voxels = voxelize(points, 0.3)
    expected = oracle.groups(points.double().numpy(), 0.3, voxels.origin.double().numpy())
    assert {tuple(c) for c in voxels.cells.tolist()} == set(expected)
    for v, c in enumerate(voxels.cells.tolist()):
        members = expected[tuple(c)]
        assert torch.nonzero(voxels.inverse == v)[:, 0].tolist() == members
        assert int(voxels.first[v]) == members[0]
        assert int(voxels.counts[v]) == len(members)
    keys = morton_keys(voxels.cells)
    assert bool((keys[1:] > keys[:-1]).all())
    assert int(voxels.cells.amin()) == 0
    assert voxels.offsets.tolist() == [0, len(voxels.cells)]


def test_items_stay_apart_and_may_be_empty(backend):
    points = cloud(60).repeat(2, 1)
    offsets = torch.tensor([0, 0, 60, 120, 120])
    voxels = voxelize(points, 0.5, offsets=offsets)
    alone = voxelize(points[:60], 0.5)
    count = len(alone.cells)
    assert voxels.offsets.tolist() == [0, 0, count, 2 * count, 2 * count]
    assert torch.equal(voxels.cells, alone.cells.repeat(2, 1))
    assert torch.equal(voxels.inverse, torch.cat([alone.inverse, alone.inverse + count]))
    nothing = voxelize(points[:0], 0.5, offsets=torch.tensor([0, 0, 0]))
    assert nothing.cells.shape == (0, 3)
    assert nothing.offsets.tolist() == [0, 0, 0]


def test_origin_lines_up_and_may_leave_negative_cells(backend):
    points = cloud(100) + 17.3
    ours = voxelize(points, 0.1)
    assert torch.allclose(ours.origin / 0.1, torch.round(ours.origin / 0.1), atol=1e-3)
    at = voxelize(points, 0.1, origin=torch.full((3,), 17.3))
    assert int(at.cells.min()) < 0
    assert len(at.cells) == len({tuple(c) for c in at.cells.tolist()})


@pytest.mark.parametrize("kind", ["mean", "sum", "max", "first"])
def test_features_and_their_gradients(backend, kind):
    points = cloud(40)
    features = torch.randn((40, 2), dtype=torch.float64, requires_grad=True)
    voxels = voxelize(points, 0.8, features=features, reduce=kind)
    reduce = {
        "mean": lambda m: m.mean(0),
        "sum": lambda m: m.sum(0),
        "max": lambda m: m.amax(0),
        "first": lambda m: m[0],
    }[kind]
    for v in range(len(voxels.cells)):
        assert torch.allclose(voxels.features[v], reduce(features[voxels.inverse == v]))
    assert torch.autograd.gradcheck(
        lambda f: voxelize(points, 0.8, features=f, reduce=kind).features, (features,)
    )


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda p: voxelize(p, 0.0), "cell: expected more than 0"),
        (lambda p: voxelize(p, 1e-12), "too small"),
        (lambda p: voxelize(p * float("nan"), 0.1), "NaN"),
        (lambda p: voxelize(p, 0.1, features=p, reduce="median"), "'mean', 'sum', 'max'"),
        (lambda p: voxelize(p, 0.1, features=p[:3]), "features: expected shape"),
        (lambda p: voxelize(p, 0.1, offsets=torch.tensor([0, 3])), "offsets"),
    ],
)
def test_bad_arguments_are_named(call, message):
    with pytest.raises(GeometryError, match=message):
        call(cloud(10))


def test_counts_of_a_dense_grid(backend):
    points = cloud(500)
    origin = torch.tensor([-1.0, -0.5, -2.0])
    counts = point_counts(points, 0.25, origin, (8, 5, 16))
    expected = np.zeros((8, 5, 16), int)
    for c, members in oracle.groups(points.numpy(), 0.25, origin.numpy()).items():
        if all(0 <= i < n for i, n in zip(c, expected.shape, strict=True)):
            expected[c] = len(members)
    assert np.array_equal(counts.numpy(), expected)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_trilinear_is_grid_sample_with_border_padding(backend, dtype):
    grid = torch.randn((3, 5, 6, 7), dtype=dtype)
    origin, cell = torch.tensor([-1.0, 0.3, 2.0], dtype=dtype), 0.2
    points = (
        origin
        + (torch.rand((300, 3), dtype=dtype) * 1.4 - 0.2)
        * torch.tensor([5, 6, 7], dtype=dtype)
        * cell
    )
    grid.requires_grad_()
    points.requires_grad_()
    ours = trilinear(grid, points, origin, cell)
    unit = 2 * (points - origin) / (cell * torch.tensor([5, 6, 7], dtype=dtype)) - 1
    theirs = torch.nn.functional.grid_sample(
        grid[None],
        unit.flip(-1).to(dtype)[None, None, None],
        padding_mode="border",
        align_corners=False,
    )
    close = {"atol": 1e-4, "rtol": 1e-4} if dtype == torch.float32 else {}
    assert torch.allclose(ours, theirs[0, :, 0, 0].T, **close)
    up = torch.randn_like(ours)
    mine = torch.autograd.grad(ours, (grid, points), up)
    peer = torch.autograd.grad(theirs[0, :, 0, 0].T, (grid, points), up)
    for a, b in zip(mine, peer, strict=True):
        assert torch.allclose(a, b, **{**close, "atol": 2e-3} if close else {})
    for i in range(0, 300, 50):
        place = ((points[i] - origin) / cell - 0.5).detach().double().numpy()
        expected = oracle.trilinear(grid.detach().double().numpy(), place)
        assert np.allclose(ours[i].detach().numpy(), expected, atol=1e-4)


def test_trilinear_gradients_are_those_of_differences(backend):
    grid = torch.randn((2, 3, 1, 4), dtype=torch.float64, requires_grad=True)
    points = torch.rand((9, 3), dtype=torch.float64) * torch.tensor([3, 1, 4])
    points.requires_grad_()
    assert torch.autograd.gradcheck(
        lambda g, p: trilinear(g, p, torch.zeros(3), 1.0), (grid, points), eps=1e-7, atol=1e-5
    )


def test_gradients_have_the_same_bits_for_any_number_of_threads():
    grid, places = torch.randn((4, 9, 8, 7)), torch.rand((2000, 3)) * 8
    grad = torch.randn((2000, 4))
    before = torch.get_num_threads()
    results = []
    with dispatch.backend("native"):
        for threads in (1, 2, 2):
            torch.set_num_threads(threads)
            results.append(read_grid_backward(grid, places, grad))
    torch.set_num_threads(before)
    for other in results[1:]:
        assert all(torch.equal(a, b) for a, b in zip(results[0], other, strict=True))


def test_nearest_reads_the_cell_of_the_point(backend):
    grid = torch.arange(24.0).reshape(1, 2, 3, 4).requires_grad_()
    points = torch.tensor([[0.1, 0.1, 0.1], [1.9, 2.9, 3.9], [-5.0, 1.5, 99.0]])
    values = read_nearest(grid, points, torch.zeros(3), 1.0)
    assert values[:, 0].tolist() == [0.0, 23.0, 7.0]
    values.sum().backward()
    assert float(grid.grad.sum()) == 3


def soup(count: int, seed: int = 3) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    centre = torch.rand((count, 1, 3), generator=generator) * 1.6 - 0.3
    corners = centre + torch.randn((count, 3, 3), generator=generator) * 0.15
    return corners.reshape(-1, 3), torch.arange(3 * count).reshape(-1, 3)


def test_surface_cells_are_those_that_triangles_meet(backend):
    vertices, faces = soup(25)
    origin, cell, shape = torch.tensor([0.0, 0.1, -0.1]), 0.11, (9, 8, 10)
    found = voxelize_mesh(vertices, faces, cell, origin, shape)
    for at in itertools.product(*map(range, shape)):
        low = origin.double().numpy() + np.array(at) * cell
        triangles = vertices[faces].double().numpy()
        expected = any(oracle.meets_box(t, low, low + cell) for t in triangles)
        assert bool(found[at]) == expected, at


def test_surface_occupancy_falls_with_resolution(backend):
    import trimesh

    ball = trimesh.creation.icosphere(subdivisions=3, radius=0.45)
    vertices = torch.from_numpy(ball.vertices).float()
    faces = torch.from_numpy(ball.faces)
    share = []
    for n in (8, 16, 32):
        cells = voxelize_mesh(vertices, faces, 1 / n, torch.full((3,), -0.5), (n, n, n))
        share.append(float(cells.float().mean()))
    assert share[0] > 1.7 * share[1] > 1.7**2 * share[2]


def test_bad_meshes_are_refused(backend):
    vertices, faces = soup(2)
    with pytest.raises(GeometryError, match="faces: indices run"):
        voxelize_mesh(vertices, faces + 1, 0.1, torch.zeros(3), (4, 4, 4))
    with pytest.raises(GeometryError, match="shape: expected three"):
        voxelize_mesh(vertices, faces, 0.1, torch.zeros(3), (4, 0, 4))
