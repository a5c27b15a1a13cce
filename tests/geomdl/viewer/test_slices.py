import math

import pytest
import torch

from geomdl.structures import Mesh, SparseVoxels, VoxelGrid
from geomdl.viewer.drawing import Lines, Part, Surface
from geomdl.viewer.field import Field, field_of
from geomdl.viewer.look import Look, Plane
from geomdl.viewer.paint import colors_of
from geomdl.viewer.scene import Item, Scene
from geomdl.viewer.slices import number_limits, slice_parts
from tests.geomdl.viewer.test_field import ball

PLAIN = Look()


def parts_of(
    field: Field, *planes: Plane, look: Look = PLAIN, as_cells: bool = False
) -> dict[str, Part]:
    scene = Scene([Item("g", (Mesh(torch.eye(3), torch.tensor([[0, 1, 2]])),))])
    made = slice_parts(scene, "g", "root", field, look, planes, as_cells=as_cells)
    assert all(part.item == "g" for part in made)
    return {part.name: part for part in made}


def area(part: Part) -> float:
    assert isinstance(part, Surface)
    a, b, c = part.mesh.vertices.double()[part.mesh.faces].unbind(1)
    return float(torch.linalg.cross(b - a, c - a).norm(dim=1).sum() / 2)


PLANE = Plane((1.0, 0.0, 0.0), 5.3)
CIRCLE = (0.8**2 - 0.3**2) ** 0.5  # radius of the ball 0.3 beside its middle


def test_a_slice_through_a_ball() -> None:
    parts = parts_of(field_of(ball(), None, False), PLANE)
    kinds = ("in", "out", "line", "isolines")
    assert set(parts) == {f"g/slice 0 {kind}" for kind in kinds}
    assert area(parts["g/slice 0 in"]) == pytest.approx(math.pi * CIRCLE**2, rel=1e-2)
    whole = area(parts["g/slice 0 in"]) + area(parts["g/slice 0 out"])
    assert whole == pytest.approx(4, rel=1e-4)
    line = parts["g/slice 0 line"]
    assert isinstance(line, Lines)
    length = float((line.segments[:, 1] - line.segments[:, 0]).norm(dim=1).sum())
    assert length == pytest.approx(2 * math.pi * CIRCLE, rel=1e-2)
    assert torch.allclose(line.segments[..., 0], torch.tensor(5.3), atol=1e-5)


def test_its_colours_are_the_values_there() -> None:
    look = Look(ramp="turbo")
    field = field_of(ball(), None, False)
    for part in parts_of(field, PLANE, look=look).values():
        if isinstance(part, Surface):
            points = part.mesh.vertices
            inside = ((points - torch.tensor([5.0, 0, 0])).abs() < 0.97).all(1)
            exact = (points - torch.tensor([5.0, 0, 0])).norm(dim=1) - 0.8
            expected = colors_of(exact, look, field.limits)
            assert part.mesh.colors is not None
            assert (part.mesh.colors - expected)[inside].abs().max() < 0.03
            assert not part.lit


def test_isolines_lie_at_round_values() -> None:
    field = field_of(ball(80), None, False)
    part = parts_of(field, PLANE)["g/slice 0 isolines"]
    assert isinstance(part, Lines)
    middle = part.segments.mean(1)
    away = (middle - torch.tensor([5.0, 0, 0])).norm(dim=1) - 0.8
    near = (middle - torch.tensor([5.0, 0, 0])).abs().amax(1) < 0.97
    assert (away / 0.1 - (away / 0.1).round())[near].abs().max() < 0.06
    found = away[near].div(0.1).round().unique().tolist()
    assert found[:8] == [-4, -3, -2, -1, 1, 2, 3, 4]


def test_what_is_not_solid_lets_the_surface_through() -> None:
    parts = parts_of(field_of(ball(), None, False), PLANE, look=Look(opacity=0.8))
    solid, around = parts["g/slice 0 in"], parts["g/slice 0 out"]
    assert isinstance(solid, Surface)
    assert isinstance(around, Surface)
    assert solid.opacity == 0.8
    assert 0 < around.opacity < 0.4


def test_slices_cut_each_other() -> None:
    other = Plane((0.0, 1.0, 0.0), 0.0)
    parts = parts_of(field_of(ball(), None, False), PLANE, other)
    half = parts["g/slice 0 in"]
    assert area(half) == pytest.approx(math.pi * CIRCLE**2 / 2, rel=1e-2)
    assert isinstance(half, Surface)
    assert half.mesh.vertices[:, 1].max() < 1e-5
    second = parts["g/slice 1 in"]
    assert isinstance(second, Surface)
    assert second.mesh.vertices[:, 0].max() < 5.3 + 1e-5


def test_unseen_cells_have_no_slice() -> None:
    grid = ball()
    weights = torch.ones_like(grid.values)
    weights[:, :20] = 0
    seen = VoxelGrid(grid.values.clamp(-1, 1), "tsdf", grid.origin, grid.cell, weights)
    parts = parts_of(field_of(seen, None, False), PLANE)
    assert sum(area(p) for p in parts.values() if isinstance(p, Surface)) == pytest.approx(2)


def test_a_solid_is_filled_smoothly_or_by_cells() -> None:
    grid = ball()
    occupancy = VoxelGrid((grid.values <= 0).byte(), "occupancy", grid.origin, grid.cell)
    field = field_of(occupancy, None, False)
    expected = math.pi * CIRCLE**2
    for as_cells in (False, True):
        parts = parts_of(field, PLANE, as_cells=as_cells)
        assert set(parts) == {"g/slice 0 in"}
        assert area(parts["g/slice 0 in"]) == pytest.approx(expected, rel=0.04)
        part = parts["g/slice 0 in"]
        assert isinstance(part, Surface)
        assert part.lit
    # By cells it is exactly the cells of the layer before the plane, which is the kept one.
    layer = int((occupancy.values[25] > 0).sum()) * occupancy.cell**2
    assert area(parts["g/slice 0 in"]) == pytest.approx(layer, rel=1e-5)


def test_a_hollow_ball_has_a_hollow_slice() -> None:
    field = field_of(ball().to_occupancy(), None, False)
    shell = area(parts_of(field, PLANE, as_cells=True)["g/slice 0 in"])
    assert shell < 0.5 * math.pi * CIRCLE**2


def test_sites_and_grids_have_one_slice() -> None:
    occupancy = ball(20).to_occupancy(solid=True)
    sites = occupancy.values.nonzero().int()
    sparse = SparseVoxels.sorted(sites, torch.ones(len(sites), 1))
    unit = VoxelGrid(occupancy.values, "occupancy")
    plane = Plane((0.6, 0.0, 0.8), 14.3)
    found = [
        area(parts_of(field_of(grid, None, False), plane, as_cells=True)["g/slice 0 in"])
        for grid in (unit, sparse)
    ]
    assert found[0] == pytest.approx(found[1], rel=1e-5)


def test_labels_of_sites_keep_their_colours() -> None:
    sites = torch.tensor([[0, 0, 0], [1, 0, 0]], dtype=torch.int32)
    field = field_of(SparseVoxels(sites, torch.tensor([[3.0], [7.0]])), None, True)
    part = parts_of(field, Plane((0.0, 0.0, 1.0), 0.5), as_cells=True)["g/slice 0 in"]
    assert isinstance(part, Surface)
    expected = colors_of(torch.tensor([3, 7]), Look(), (0.0, 1.0))
    colors = part.mesh.colors
    assert colors is not None
    for x, wanted in ((0, expected[0]), (2, expected[1])):
        assert torch.equal(colors[part.mesh.vertices[:, 0] == x], wanted.expand(2, 3))


def test_the_unknown_is_shown_in_slices() -> None:
    values = torch.tensor([0, 1, 2, 2], dtype=torch.uint8).reshape(4, 1, 1)
    field = field_of(VoxelGrid(values, "ternary"), None, False)
    part = parts_of(field, Plane((0.0, 0.0, 1.0), 0.5), as_cells=True)["g/slice 0 in"]
    assert area(part) == pytest.approx(3)


def test_limits_follow_the_look_where_it_speaks_of_values() -> None:
    field = field_of(ball(), None, False)
    assert number_limits(field, Look(color_by="value", limits=(-2.0, 1.0))) == (-2.0, 1.0)
    assert number_limits(field, Look(color_by="height", limits=(-2.0, 1.0))) == field.limits


def test_nothing_beside_the_grid() -> None:
    field = field_of(ball(), None, False)
    assert parts_of(field, Plane((1.0, 0.0, 0.0), 50.0)) == {}
    solid = field_of(ball().to_occupancy(), None, False)
    assert parts_of(solid, Plane((1.0, 0.0, 0.0), 50.0), as_cells=True) == {}
