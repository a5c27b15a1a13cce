"""Grids of a sphere against the analytic sphere; kinds agree with each other; level sets return."""

import math

import pytest
import torch
import trimesh

from geomdl.errors import GeometryError
from geomdl.fields import cell_centres, grid_around, grid_to_mesh, mesh_to_grid
from geomdl.structures import Mesh, VoxelGrid

RADIUS = 0.7


@pytest.fixture(scope="module")
def sphere() -> Mesh:
    shape = trimesh.creation.icosphere(subdivisions=4, radius=RADIUS)
    return Mesh(
        torch.tensor(shape.vertices, dtype=torch.float32) + torch.tensor([1.0, -2.0, 0.5]),
        torch.tensor(shape.faces),
    )


def analytic(grid: VoxelGrid) -> torch.Tensor:
    centres = cell_centres(tuple(grid.shape), grid.origin, grid.cell)
    return (centres - torch.tensor([1.0, -2.0, 0.5])).norm(dim=-1) - RADIUS


def test_sdf_is_the_distance_to_the_sphere(sphere: Mesh) -> None:
    grid = mesh_to_grid(sphere, "sdf", resolution=24)
    assert grid.kind == "sdf"
    assert grid.cell == pytest.approx(2 * RADIUS / 20, rel=1e-3)
    # a subdivided icosahedron lies inside its sphere by less than 0.2 % of the radius here
    assert float((grid.values - analytic(grid)).abs().max()) < 0.003 * RADIUS
    assert float(grid.values[12, 12, 12]) < 0 < float(grid.values[0, 0, 0])


def test_distance_is_the_size_of_the_sdf(sphere: Mesh) -> None:
    sdf = mesh_to_grid(sphere, "sdf", resolution=16)
    distance = mesh_to_grid(sphere, "distance", resolution=16)
    torch.testing.assert_close(distance.values, sdf.values.abs(), atol=1e-6, rtol=1e-5)
    assert float(distance.values.min()) >= 0


def test_occupied_cells_are_those_the_surface_can_reach(sphere: Mesh) -> None:
    grid = mesh_to_grid(sphere, "occupancy", resolution=32)
    distance = mesh_to_grid(sphere, "distance", resolution=32)
    occupied = grid.values > 0
    half_diagonal = grid.cell * math.sqrt(3) / 2
    assert float(distance.values[occupied].max()) <= half_diagonal + 1e-5
    assert bool(occupied[distance.values < grid.cell / 2 - 1e-5].all())


@pytest.mark.parametrize("kind", ["sdf", "distance"])
def test_level_set_is_the_sphere_again(sphere: Mesh, kind: str) -> None:
    grid = mesh_to_grid(sphere, kind, resolution=32)
    level = 0.06 if kind == "distance" else None
    mesh = grid_to_mesh(grid, level)
    away = (mesh.vertices - torch.tensor([1.0, -2.0, 0.5])).norm(dim=-1) - RADIUS
    size = away.abs() if kind == "distance" else away
    assert float((size - (level or 0.0)).abs().max()) < 0.15 * grid.cell
    solid = trimesh.Trimesh(mesh.vertices.numpy(), mesh.faces.numpy(), process=False)
    assert solid.is_watertight
    if kind == "sdf":
        assert solid.volume == pytest.approx(4 / 3 * math.pi * RADIUS**3, rel=0.02)


def test_occupancy_surface_faces_outward() -> None:
    values = torch.zeros(6, 6, 6)
    values[2:4, 2:4, 2:4] = 1
    mesh = grid_to_mesh(VoxelGrid(values, "occupancy", cell=0.5))
    solid = trimesh.Trimesh(mesh.vertices.numpy(), mesh.faces.numpy(), process=False)
    assert solid.is_watertight
    assert solid.volume > 0


def test_unseen_cells_of_a_tsdf_give_no_surface(sphere: Mesh) -> None:
    sdf = mesh_to_grid(sphere, "sdf", resolution=20)
    values = (sdf.values / (4 * sdf.cell)).clamp(-1, 1)
    weights = torch.ones_like(values)
    weights[10:] = 0
    mesh = grid_to_mesh(VoxelGrid(values, "tsdf", sdf.origin, sdf.cell, weights))
    assert float(mesh.vertices[:, 0].max()) <= float(sdf.origin[0]) + 9.5 * sdf.cell + 1e-5


def test_the_grid_is_centred_on_the_mesh(sphere: Mesh) -> None:
    origin, cell = grid_around(sphere, 10, padding=1.0)
    torch.testing.assert_close(origin + 5 * cell, torch.tensor([1.0, -2.0, 0.5]))
    assert float(sphere.vertices[:, 0].min()) >= float(origin[0]) + cell - 1e-5


def test_bad_requests_are_named(sphere: Mesh) -> None:
    with pytest.raises(GeometryError, match="kind: expected one of occupancy, distance, sdf"):
        mesh_to_grid(sphere, "ternary")
    with pytest.raises(GeometryError, match="resolution: expected more than"):
        mesh_to_grid(sphere, "sdf", resolution=4)
    with pytest.raises(GeometryError, match="at least one face"):
        mesh_to_grid(Mesh(torch.zeros(3, 3), torch.zeros(0, 3, dtype=torch.int64)), "sdf")
    with pytest.raises(GeometryError, match="same point"):
        mesh_to_grid(Mesh(torch.zeros(3, 3), torch.tensor([[0, 1, 2]])), "sdf")
    with pytest.raises(GeometryError, match="level: a distance grid needs one"):
        grid_to_mesh(VoxelGrid(torch.ones(3, 3, 3), "distance"))
