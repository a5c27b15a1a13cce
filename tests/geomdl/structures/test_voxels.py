import math

import pytest
import torch

from geomdl.errors import GeometryError
from geomdl.structures import VoxelGrid


def ball(size: int = 24, radius: float = 0.7) -> VoxelGrid:
    """The exact signed distance of a ball in the cube -1..1."""
    grid = VoxelGrid(torch.zeros(size, size, size), "sdf", torch.full((3,), -1.0), 2 / size)
    return VoxelGrid(grid.centres().norm(dim=-1) - radius, "sdf", grid.origin, grid.cell)


def test_centres_are_in_the_middle_of_cells() -> None:
    grid = VoxelGrid(torch.zeros(2, 3, 4), "sdf", torch.tensor([1.0, 2.0, 3.0]), 0.5)
    centres = grid.centres()
    assert centres.shape == (2, 3, 4, 3)
    assert centres[0, 0, 0].tolist() == [1.25, 2.25, 3.25]
    assert centres[1, 2, 3].tolist() == [1.75, 3.25, 4.75]
    assert [corner.tolist() for corner in grid.bounds] == [[1, 2, 3], [2, 3.5, 5]]
    cells, inside = grid.cells(centres)
    assert bool(inside.all())
    assert cells[1, 2, 3].tolist() == [1, 2, 3]
    assert not bool(grid.cells(torch.tensor([[0.99, 2.1, 3.1]]))[1].any())
    points = torch.rand(10, 3)
    assert torch.allclose(grid.to_world(grid.to_grid(points)), points, atol=1e-6)


def test_occupancy_from_points_against_a_loop() -> None:
    points = torch.rand(60, 3, generator=torch.Generator().manual_seed(0)) * 2 - 1
    cell, origin = 0.25, torch.tensor([-1.0, -1.0, -1.0])
    grid = VoxelGrid.occupancy_from_points(points, cell, origin=origin, shape=(8, 8, 7))
    wanted = torch.zeros(8, 8, 7)
    for x, y, z in points.tolist():
        i, j, k = (math.floor((v + 1) / cell) for v in (x, y, z))
        if k < 7:
            wanted[i, j, k] = 1
    assert torch.equal(grid.values.float(), wanted)
    around = VoxelGrid.occupancy_from_points(points, cell)
    assert bool(around.cells(points)[1].all())
    one = VoxelGrid.occupancy_from_points(points[:1], cell)
    assert one.shape == (1, 1, 1)
    with pytest.raises(GeometryError, match="shape"):
        VoxelGrid.occupancy_from_points(points * 1e9, 1e-3)


def test_surface_cells_hold_every_cell_that_the_surface_crosses() -> None:
    """A cell is crossed when corners are on both sides of the ball; none of them may be missed."""
    grid = ball()
    steps = torch.tensor([[x, y, z] for x in (-0.5, 0.5) for y in (-0.5, 0.5) for z in (-0.5, 0.5)])
    corners = grid.centres()[..., None, :] + steps * grid.cell
    outside = (corners.norm(dim=-1) > 0.7).sum(-1)
    crossed = (outside > 0) & (outside < 8)
    surface = grid.surface()
    assert bool((surface | ~crossed).all())
    assert int(surface.sum()) < 2 * int(crossed.sum())


def test_sdf_becomes_the_other_kinds() -> None:
    grid = ball()
    radius = grid.centres().norm(dim=-1)
    ternary = grid.to_ternary().values
    assert bool((ternary[radius > 0.7 + grid.cell] == 0).all())
    assert bool((ternary[(radius - 0.7).abs() < grid.cell / 2] == 1).all())
    assert bool((ternary[radius < 0.7 - grid.cell] == 2).all())
    solid = grid.to_occupancy(solid=True).values
    assert bool((solid[radius <= 0.7] == 1).all())
    assert torch.equal(grid.to_distance().values, grid.values.abs())
    tsdf = grid.to_tsdf(0.1)
    assert torch.allclose(tsdf.values, (grid.values / 0.1).clamp(-1, 1))
    assert tsdf.truncation == 0.1


def test_tsdf_is_empty_in_front_and_unknown_behind() -> None:
    """A wall seen along +x: + before it is known empty, - behind it and unseen cells are not."""
    distance = (torch.tensor([-0.5, 0.5, 1.5, 2.5, 3.5]).flip(0) / 2).clamp(-1, 1)
    values = distance[:, None, None].expand(5, 2, 2).clone()
    weights = torch.ones(5, 2, 2)
    weights[:, 0, 0] = 0
    grid = VoxelGrid(values, "tsdf", cell=1.0, weights=weights, truncation=2.0)
    ternary = grid.to_ternary().values
    assert ternary[:, 1, 1].tolist() == [0, 0, 0, 1, 1]
    assert ternary[:, 0, 0].tolist() == [2] * 5
    behind = VoxelGrid(-torch.ones(1, 1, 1), "tsdf", weights=torch.ones(1, 1, 1), truncation=2.0)
    assert behind.to_ternary().values.item() == 2
    with pytest.raises(GeometryError, match="truncation"):
        VoxelGrid(values, "tsdf").to_ternary()
    with pytest.raises(GeometryError, match="inside"):
        grid.to_occupancy(solid=True)
    with pytest.raises(GeometryError, match="cut at its truncation"):
        grid.to_distance()


def test_distance_from_occupancy_against_brute_force() -> None:
    values = (torch.rand(6, 7, 8, generator=torch.Generator().manual_seed(1)) < 0.05).to(
        torch.uint8
    )
    grid = VoxelGrid(values, "occupancy", cell=0.5)
    flat = grid.centres().reshape(-1, 3)
    wanted = torch.cdist(flat, flat[values.reshape(-1) == 1]).amin(1).reshape(6, 7, 8)
    assert torch.allclose(grid.to_distance().values, wanted, atol=1e-5)
    with pytest.raises(GeometryError, match="no cell is surface"):
        VoxelGrid(values * 0, "occupancy").to_distance()


def test_occupancy_to_ternary_knows_everything() -> None:
    grid = VoxelGrid(torch.tensor([[[0, 1]]], dtype=torch.uint8), "occupancy")
    assert grid.to_ternary().values.tolist() == [[[0, 1]]]
    assert grid.to_ternary().to_occupancy().values.tolist() == [[[0, 1]]]
    assert VoxelGrid(torch.tensor([[[2, 1]]]), "ternary").to_occupancy().values.tolist() == [
        [[0, 1]]
    ]


def test_bad_fields_are_named() -> None:
    values = torch.zeros(2, 2, 2)
    with pytest.raises(GeometryError, match="kind: expected one of occupancy, ternary"):
        VoxelGrid(values, "density")
    with pytest.raises(GeometryError, match="cell"):
        VoxelGrid(values, "sdf", cell=0.0)
    with pytest.raises(GeometryError, match=r"kind tsdf: expected -1.*\.\.1.*, got 0\.\.3"):
        VoxelGrid(values + torch.tensor([0.0, 3.0]), "tsdf")
    with pytest.raises(GeometryError, match=r"kind distance: expected 0\.\.inf"):
        VoxelGrid(values - 1, "distance")
    with pytest.raises(GeometryError, match=r"kind ternary: expected 0\.\.2"):
        VoxelGrid(values + 3, "ternary")
    with pytest.raises(GeometryError, match="weights"):
        VoxelGrid(values, "tsdf", weights=torch.zeros(2, 2))
    with pytest.raises(GeometryError, match="3 or 4 axes"):
        VoxelGrid(torch.zeros(1, 1, 2, 2, 2), "sdf")


def test_repr_and_dtype() -> None:
    grid = VoxelGrid(torch.eye(2)[None].to(torch.uint8), "occupancy", cell=0.25)
    assert repr(grid) == (
        "VoxelGrid(1 x 2 x 2 occupancy, 50.00% surface, cells of 0.25 m from [0 0 0], uint8 on cpu)"
    )
    assert ball().to(dtype=torch.float64).origin.dtype == torch.float64
    assert VoxelGrid(torch.zeros(4, 2, 2, 2), "occupancy").shape == (2, 2, 2)


def test_gradients_flow_through_conversions() -> None:
    values = ball(6).values.clone().requires_grad_()
    grid = VoxelGrid(values, "sdf", cell=0.1)
    grid.to_tsdf(10.0).values.sum().backward()
    assert torch.allclose(values.grad, torch.full_like(values, 0.1))
