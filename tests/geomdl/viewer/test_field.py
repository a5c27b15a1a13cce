import math

import pytest
import torch
from torch import Tensor

from geomdl.errors import GeometryError
from geomdl.structures import Mesh, SparseVoxels, VoxelGrid
from geomdl.viewer.field import cell_mesh, field_of, level_mesh


def ball(cells: int = 40, radius: float = 0.8) -> VoxelGrid:
    """The signed distance to a sphere around (5, 0, 0), in the box of side 2 around it."""
    cell = 2 / cells
    grid = VoxelGrid(torch.zeros(cells, cells, cells), "sdf", torch.tensor([4.0, -1, -1]), cell)
    away = (grid.centres() - torch.tensor([5.0, 0, 0])).norm(dim=-1)
    return VoxelGrid(away - radius, "sdf", grid.origin, cell)


def volume(mesh: Mesh) -> float:
    a, b, c = mesh.vertices.double()[mesh.faces].unbind(1)
    return float((a * torch.linalg.cross(b, c)).sum() / 6)


def closed(mesh: Mesh) -> bool:
    """Whether every edge has a face on both sides, after welding equal vertices."""
    _, place = mesh.vertices.unique(dim=0, return_inverse=True)
    faces = place[mesh.faces]
    edges = torch.cat([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    there = {tuple(e) for e in edges.tolist()}
    return all((b, a) in there for a, b in there)


BALL = 4 / 3 * math.pi * 0.8**3


def test_the_isosurface_of_a_distance_encloses_the_ball() -> None:
    mesh = level_mesh(field_of(ball(), None, False))
    assert volume(mesh) == pytest.approx(BALL, rel=5e-3)
    away = (mesh.vertices - torch.tensor([5.0, 0, 0])).norm(dim=1)
    assert (away - 0.8).abs().max() < 2e-3


def test_the_level_moves_it() -> None:
    mesh = level_mesh(field_of(ball(), -0.3, False))
    assert volume(mesh) == pytest.approx(4 / 3 * math.pi * 0.5**3, rel=1e-2)


def test_cells_fill_the_same_volume() -> None:
    grid = ball()
    mesh = cell_mesh(field_of(grid, None, False))
    inside = int((grid.values <= 0).sum()) * grid.cell**3
    assert volume(mesh) == pytest.approx(inside, rel=1e-4)
    assert inside == pytest.approx(BALL, rel=2e-2)


def test_a_full_grid_is_closed_at_its_border() -> None:
    grid = VoxelGrid(torch.ones(3, 4, 5), "occupancy", torch.tensor([1.0, 2.0, 3.0]), 0.5)
    field = field_of(grid, None, False)
    surface, cells = level_mesh(field), cell_mesh(field)
    assert closed(surface)
    # Halfway to the empty neighbours lies the border; marching cubes cuts edges and corners off.
    assert volume(surface) == pytest.approx(3 * 4 * 5 * 0.125, rel=0.1)
    assert volume(cells) == pytest.approx(3 * 4 * 5 * 0.125)
    low, high = cells.bounds
    assert low.tolist() == [1.0, 2.0, 3.0]
    assert high.tolist() == [2.5, 4.0, 5.5]


def test_sites_and_grids_have_one_surface() -> None:
    occupancy = ball(24).to_occupancy(solid=True)
    sites = occupancy.values.nonzero().int()
    sparse = SparseVoxels.sorted(sites, torch.ones(len(sites), 1))
    unit = VoxelGrid(occupancy.values, "occupancy")
    for make in (cell_mesh, level_mesh):
        dense, thin = (make(field_of(grid, None, False)) for grid in (unit, sparse))
        assert len(dense) == len(thin)
        assert closed(thin)
        assert volume(thin) == pytest.approx(volume(dense), rel=1e-4)
        assert torch.equal(thin.bounds[0], dense.bounds[0])
        assert torch.equal(thin.bounds[1], dense.bounds[1])


def test_the_stride_is_the_size_of_sites() -> None:
    one = torch.tensor([[2, 0, 1]], dtype=torch.int32)
    mesh = cell_mesh(field_of(SparseVoxels(one, torch.ones(1, 1), 4), None, False))
    low, high = mesh.bounds
    assert (low.tolist(), high.tolist()) == ([8, 0, 4], [12, 4, 8])


def test_unseen_cells_hold_nothing() -> None:
    grid = ball()
    weights = torch.ones_like(grid.values)
    weights[:20] = 0
    seen = VoxelGrid(grid.values.clamp(-0.2, 0.2) / 0.2, "tsdf", grid.origin, grid.cell, weights)
    field = field_of(seen, None, False)
    assert level_mesh(field).vertices[:, 0].min() > 5
    assert cell_mesh(field).vertices[:, 0].min() >= 5 - 1e-5


def test_ternary_shows_its_surface_and_numbers_where_something_is_unknown() -> None:
    values = torch.tensor([0, 1, 2], dtype=torch.uint8).reshape(3, 1, 1)
    field = field_of(VoxelGrid(values, "ternary"), None, False)
    assert field.shown is not None
    assert field.numbers is not None
    assert field.shown.flatten().tolist() == [False, True, False]
    assert field.numbers.tolist() == [0, 1, 2]
    known = field_of(VoxelGrid(values.clamp(max=1), "ternary"), None, False)
    assert known.numbers is None


def test_limits_of_signed_numbers_have_zero_in_the_middle() -> None:
    low, high = field_of(ball(), None, False).limits
    assert low == -high
    distance = field_of(ball().to_distance(), None, False).limits
    assert 0 <= distance[0] < distance[1]


def chances() -> Tensor:
    return torch.linspace(0, 1, 8).reshape(2, 2, 2)


def test_chances_are_numbers_and_a_level_chooses() -> None:
    field = field_of(VoxelGrid(chances(), "occupancy"), None, False)
    assert field.numbers is not None
    assert field.shown is not None
    assert int(field.shown.sum()) == 4
    more = field_of(VoxelGrid(chances(), "occupancy"), 0.2, False)
    assert more.shown is not None
    assert int(more.shown.sum()) == 6
    plain = field_of(VoxelGrid(chances().round(), "occupancy"), None, False)
    assert plain.numbers is None


def test_four_channels_are_colour_and_alpha() -> None:
    values = torch.zeros(4, 2, 1, 1)
    values[:, 1] = torch.tensor([0.2, 0.4, 0.6, 1.0])[:, None, None]
    mesh = cell_mesh(field_of(VoxelGrid(values, "occupancy"), None, False))
    assert len(mesh) == 12
    assert mesh.colors is not None
    assert torch.allclose(mesh.colors, torch.tensor([0.2, 0.4, 0.6]).expand(24, 3))


def test_features_are_numbers_labels_or_colours() -> None:
    sites = torch.tensor([[0, 0, 0], [1, 0, 0]], dtype=torch.int32)
    numbers = SparseVoxels(sites, torch.tensor([[3.0], [7.0]]))
    plain, named = (field_of(numbers, None, labels).numbers for labels in (False, True))
    assert plain is not None
    assert named is not None
    assert (plain.dtype, named.dtype) == (torch.float32, torch.int64)
    tinted = field_of(SparseVoxels(sites, torch.rand(2, 3)), None, False)
    assert tinted.colors is not None
    assert tinted.numbers is None
    equal = field_of(SparseVoxels(sites, torch.ones(2, 1)), None, False)
    assert equal.numbers is None


def test_values_go_with_their_cells() -> None:
    sites = torch.tensor([[0, 0, 0], [4, 0, 0]], dtype=torch.int32)
    field = field_of(SparseVoxels(sites, torch.tensor([[3.0], [7.0]])), None, False)
    mesh = cell_mesh(field)
    expected = torch.where(mesh.vertices[:, 0] < 2, 3.0, 7.0)
    assert torch.equal(mesh.attributes["value"], expected)
    dense = cell_mesh(field_of(VoxelGrid(chances(), "occupancy"), None, False))
    lowest = dense.vertices[dense.attributes["value"] == 1.0]
    assert lowest.amin(0).tolist() == [1, 1, 1]


def test_other_axes_are_refused() -> None:
    flat = SparseVoxels(torch.zeros(1, 2, dtype=torch.int32), torch.ones(1, 1))
    with pytest.raises(GeometryError, match="3 axes, got 2"):
        field_of(flat, None, False)
