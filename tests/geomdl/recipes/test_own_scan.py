"""A user's scan: leaning, coarse, grey, thin, or in millimetres."""

import dataclasses
import math
import warnings

import pytest
import torch

from core2d.errors import InputError
from geomdl.ops import voxelize
from geomdl.recipes.own_scan import bridged, crowded, extent, filled, own_scan
from geomdl.structures import Material, Mesh, PointCloud
from geomdl.structures.srgb import from_srgb
from geomdl.upright import lean


def corner(step: float = 0.02) -> torch.Tensor:
    """Points of a floor of 3 x 2 m and of two walls of 2 m."""
    a, b = torch.meshgrid(torch.arange(0, 3, step), torch.arange(0, 2, step), indexing="ij")
    a, b, none = a.flatten(), b.flatten(), torch.zeros(a.numel())
    short = a < 2
    walls = [torch.stack([a, none, b], 1), torch.stack([none, a, b], 1)[short]]
    return torch.cat([torch.stack([a, b, none], 1), *walls]) + 1e-3


def grey(points: torch.Tensor) -> PointCloud:
    return PointCloud(points, colors=torch.full_like(points, 0.5))


@pytest.fixture(autouse=True)
def _loud():
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        yield


def test_an_upright_scan_is_left_as_it_stands() -> None:
    points = corner()
    scan = own_scan(grey(points + torch.tensor([5.0, -3.0, 7.0])), 0.05)
    assert torch.equal(scan.rotation, torch.eye(3, dtype=torch.float64))
    assert scan.neighbors > 7  # a plane has 8
    shown = scan.points[scan.whose] - torch.tensor([5.0, -3.0, 0.0])
    assert float((shown - points).abs().max()) < 0.08  # of the same cell, but for the cube's mean
    assert len(scan.points) == len(scan.colors) < len(points)


def test_dense_scans_have_the_gaps_of_those_that_train() -> None:
    """Of points 1 cm apart the means of cubes of 3 cm are left, whatever their number."""
    scan = own_scan(grey(corner(0.01)), 0.05)
    coarse = own_scan(grey(corner(0.02)), 0.05)
    assert len(scan.points) == pytest.approx(len(coarse.points), rel=0.1)
    red = torch.zeros(4, 3)
    red[:3, 0] = 1.0
    four = torch.tensor([[0.0, 0, 0], [0.01, 0, 0], [0, 0.01, 0], [0.01, 0.01, 0]])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # so few, in so small a place
        small = own_scan(PointCloud(four, colors=red), 0.05)
    assert torch.allclose(small.colors, torch.tensor([[0.75, 0, 0]]), atol=1e-6)
    assert torch.allclose(small.points[0, :2], torch.tensor([0.005, 0.005]), atol=1e-6)
    assert small.whose.tolist() == [0, 0, 0, 0]


def test_a_leaning_scan_is_set_upright() -> None:
    tilt = math.radians(20)
    turn = torch.tensor(
        [[1.0, 0, 0], [0, math.cos(tilt), -math.sin(tilt)], [0, math.sin(tilt), math.cos(tilt)]]
    )
    with pytest.warns(UserWarning, match="leans by 20 degrees"):
        scan = own_scan(grey(corner() @ turn.T), 0.05)
    assert lean(scan.rotation) == pytest.approx(tilt, abs=math.radians(0.5))
    height = scan.points[:, 2]
    assert float((height.abs() < 0.03).float().mean()) > 0.3  # the floor
    assert float(height.max()) == pytest.approx(2.0, abs=0.05)


def test_places_that_cannot_be_metres() -> None:
    with pytest.raises(InputError, match=r"2,960 from end to end; --scale 0.001"):
        own_scan(grey(1000 * corner()), 0.05)
    with pytest.warns(UserWarning, match=r"measures 0.3 m; is it in metres"):
        own_scan(grey(corner() / 10), 0.005)
    with pytest.raises(InputError, match="expected points"):
        own_scan(PointCloud(torch.zeros(0, 3)), 0.05)
    stray = torch.cat([corner(), torch.tensor([[900.0, 0, 0]])])
    assert extent(stray) == pytest.approx(3.0, abs=0.05)


def test_thin_and_colourless_scans_are_told() -> None:
    with pytest.warns(UserWarning, match=r"few points.*about 8.7 in the scans that train"):
        own_scan(grey(corner(0.1)), 0.05)
    with pytest.warns(UserWarning, match="no colours"):
        scan = own_scan(PointCloud(corner()), 0.05)
    assert torch.allclose(scan.colors, torch.full_like(scan.colors, 0.5), atol=1e-3)


def rectangle() -> Mesh:
    """One of 2 x 1 m, two faces, grey."""
    vertices = torch.tensor([[0.0, 0, 0], [2, 0, 0], [2, 1, 0], [0, 1, 0]])
    faces = torch.tensor([[0, 1, 2], [0, 2, 3]])
    return Mesh(vertices, faces, colors=torch.full((4, 3), 0.25))


def test_faces_of_coarse_meshes_get_points() -> None:
    mesh = rectangle()
    points, colors = filled(mesh, 0.05)
    assert torch.equal(points[:4], mesh.vertices)
    assert len(points) == 4 + math.ceil(8 * 2 / 0.05**2)
    assert colors is not None
    assert torch.allclose(colors, torch.full_like(colors, 0.25))
    cells = (points[:, :2] / 0.05).floor().unique(dim=0)
    assert len(cells) > 0.99 * 800
    assert filled(dataclasses.replace(mesh, colors=None), 0.05)[1] is None
    scan = own_scan(mesh, 0.05)
    assert len(scan.whose) == 4
    assert scan.neighbors > 7


def test_textures_colour_vertices_and_faces() -> None:
    texture = torch.zeros(2, 2, 3)
    texture[..., 1] = 0.74
    corners = torch.tensor([[0.0, 0], [1, 0], [1, 1], [0, 1]])
    mesh = dataclasses.replace(
        rectangle(),
        colors=None,
        uvs=corners[rectangle().faces],
        face_material=torch.zeros(2, dtype=torch.int64),
        materials=(Material(texture=texture),),
    )
    colors = filled(mesh, 0.2)[1]
    assert colors is not None
    green = from_srgb(torch.tensor(0.74))
    assert torch.allclose(colors, torch.tensor([0.0, 1, 0]) * green, atol=0.02)


def test_thin_clouds_get_points_between_their_own() -> None:
    """A floor with a point every 10 cm becomes one with a point in nearly every cell of 5 cm."""
    a, b = torch.meshgrid(torch.arange(30), torch.arange(20), indexing="ij")
    floor = torch.stack([a, b, torch.zeros_like(a)], -1).reshape(-1, 3) * 0.1 + 0.01
    shades = (floor / 3).contiguous()  # so that a colour tells its place
    points, colors = bridged(floor, shades, 0.05)
    assert torch.equal(points[: len(floor)], floor)
    assert torch.allclose(colors, points / 3, atol=1e-6)
    cells = voxelize(points, 0.05)
    assert len(cells.cells) == len(points) > 0.95 * 59 * 39
    assert float((points[:, 2] - 0.01).abs().max()) < 1e-6

    alone = torch.tensor([[0.0, 0, 0], [0.5, 0, 0], [0.5, 0.02, 0]])
    assert torch.equal(bridged(alone, alone, 0.05)[0], alone[:2])  # too far apart, too near

    with pytest.warns(UserWarning, match="more are laid between"):
        scan = own_scan(grey(floor + torch.rand(floor.shape, generator=seeded()) * 0.002), 0.05)
    assert scan.neighbors < 3
    assert len(scan.points) > 3 * len(floor)
    assert scan.whose.tolist() != list(range(len(floor)))
    assert float((scan.points[scan.whose] - floor).abs().max()) < 0.02


def seeded() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def test_neighbours_of_cells() -> None:
    cells = torch.tensor([[0, 0, 0], [0, 0, 1], [5, 5, 5]], dtype=torch.int32)
    assert crowded(cells, torch.tensor([0, 3])) == pytest.approx(2 / 3)
