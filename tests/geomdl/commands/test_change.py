from pathlib import Path

import pytest
import torch

from geomdl.bench.ops.raycast import torus
from geomdl.commands.change import changed, moved, thinned, turn, voxelized
from geomdl.commands.options import Change
from geomdl.errors import GeometryError
from geomdl.structures import Mesh, PointCloud, SparseVoxels, VoxelGrid

HERE = Path("a.ply")
AXES = ("x", "y", "z", "-x", "-y", "-z")


@pytest.mark.parametrize("was", AXES)
@pytest.mark.parametrize("now", AXES)
def test_a_turn_is_a_rotation_that_takes_one_axis_to_the_other(was: str, now: str) -> None:
    def axis(name: str) -> torch.Tensor:
        unit = torch.eye(3, dtype=torch.float64)["xyz".index(name[-1])]
        return -unit if name[0] == "-" else unit

    matrix = turn(was, now)  # type: ignore[arg-type]
    assert torch.equal(matrix @ axis(was), axis(now))
    assert torch.equal(matrix @ matrix.T, torch.eye(3, dtype=torch.float64))
    assert float(matrix.det()) == pytest.approx(1)


def test_turned_then_scaled_then_centred() -> None:
    cloud = PointCloud(torch.tensor([[0.0, 0, 0], [0, 2, 0]]), torch.tensor([[0.0, 1, 0]] * 2))
    change = Change(turn_up=("y", "z"), scale=0.5, center=True)
    made = moved(cloud, change)
    assert isinstance(made, PointCloud)
    assert made.points.tolist() == [[0, 0, -0.5], [0, 0, 0.5]]
    assert made.normals is not None
    assert made.normals.tolist() == [[0, 0, 1]] * 2
    assert moved(cloud, Change()) is cloud


def test_thinned_clouds_hold_the_means_of_their_cubes() -> None:
    points = torch.tensor([[0.1, 0, 0], [0.3, 0, 0], [0.9, 0, 0]])
    colors = torch.tensor([[1.0, 0, 0], [0, 1, 0], [0, 0, 1]])
    normals = torch.tensor([[1.0, 0, 0], [0, 1, 0], [0, 0, 1]])
    cloud = PointCloud(points, normals, colors, {"label": torch.tensor([5, 6, 7])})
    made = thinned(cloud, 0.5)
    order = made.points[:, 0].argsort()
    torch.testing.assert_close(made.points[order], torch.tensor([[0.2, 0, 0], [0.9, 0, 0]]))
    assert made.colors is not None
    torch.testing.assert_close(made.colors[order], torch.tensor([[0.5, 0.5, 0], [0, 0, 1]]))
    assert made.normals is not None
    torch.testing.assert_close(made.normals.norm(dim=1), torch.ones(2))
    assert made.attributes["label"][order].tolist() == [5, 7]
    far = thinned(PointCloud(points + 1e4), 0.5)
    assert float((far.points - points.mean(0) - 1e4).abs().max()) < 1


def test_grids_of_clouds_hold_every_point() -> None:
    generator = torch.Generator().manual_seed(0)
    cloud = PointCloud(torch.rand(500, 3, generator=generator) * torch.tensor([4.0, 2, 1]))
    grid = voxelized(cloud, 33, None, HERE)
    assert max(grid.shape) == 33
    cells, inside = grid.cells(cloud.points)
    assert bool(inside.all())
    assert bool((grid.values[cells.unbind(1)] == 1).all())
    assert int(grid.values.sum()) == len(cells.unique(dim=0))
    with pytest.raises(GeometryError, match="no inside"):
        voxelized(cloud, 8, "sdf", HERE)
    with pytest.raises(GeometryError, match="same"):
        voxelized(PointCloud(torch.ones(2, 3)), 8, None, HERE)


def test_grids_of_meshes_by_kind() -> None:
    mesh = Mesh(*torus(40, 20))
    kinds = {kind: voxelized(mesh, 24, kind, HERE) for kind in ("sdf", "distance", "occupancy")}
    for kind, grid in kinds.items():
        assert (grid.kind, tuple(grid.shape)) == (kind, (24, 24, 24))
    torch.testing.assert_close(kinds["sdf"].values.abs(), kinds["distance"].values)
    assert kinds["occupancy"].values.dtype == torch.uint8
    assert voxelized(mesh, 24, "ternary", HERE).kind == "ternary"


def test_grids_become_what_the_ending_holds() -> None:
    values = torch.zeros(4, 4, 4, dtype=torch.uint8)
    values[1:3, 1:3, 1:3] = 1
    grid = VoxelGrid(values, "occupancy", torch.tensor([1.0, 0, 0]), 0.5)
    points = changed(grid, Change(), ".pcd", HERE)
    assert isinstance(points, PointCloud)
    assert len(points) == 8
    assert points.points.amin(0).tolist() == [1.75, 0.75, 0.75]
    cube = changed(grid, Change(cells=True), ".ply", HERE)
    assert isinstance(cube, Mesh)
    assert cube.vertices.amin(0).tolist() == [1.5, 0.5, 0.5]
    assert len(cube) == 6 * 4 * 2
    smooth = changed(grid, Change(), ".stl", HERE)
    assert isinstance(smooth, Mesh)
    assert float(cube.triangles.det().sum() / 6) == pytest.approx(1)
    assert 0.5 < float(smooth.triangles.det().sum() / 6) < 1  # its corners are cut
    assert changed(grid, Change(), ".npz", HERE) is grid
    cloud = changed(grid, Change(points=100), ".xyz", HERE)
    assert isinstance(cloud, PointCloud)
    assert len(cloud) == 100
    cells = torch.tensor([[0, 0, 0], [2, 0, 0]], dtype=torch.int32)
    sites = changed(SparseVoxels.sorted(cells, torch.ones(2, 1), 4), Change(), ".xyz", HERE)
    assert isinstance(sites, PointCloud)
    assert sites.points.tolist() == [[2, 2, 2], [10, 2, 2]]
    with pytest.raises(GeometryError, match="--level"):
        changed(VoxelGrid(torch.ones(3, 3, 3), "sdf"), Change(), ".ply", HERE)


def test_labels_of_faces_reach_the_samples() -> None:
    vertices = torch.tensor([[0.0, 0, 0], [1, 0, 0], [0, 1, 0], [1, 1, 0]])
    faces = torch.tensor([[0, 1, 2], [1, 3, 2]])
    labels = {"label": torch.tensor([4, 9]), "colors": torch.tensor([[1.0, 0, 0], [0, 0, 1.0]])}
    cloud = changed(Mesh(vertices, faces, face_attributes=labels), Change(points=200), ".ply", HERE)
    assert isinstance(cloud, PointCloud)
    second = cloud.points[:, :2].sum(1) > 1
    assert torch.equal(cloud.attributes["label"] == 9, second)
    assert cloud.colors is not None
    assert torch.equal(cloud.colors[:, 2] == 1, second)


def test_what_does_not_go_together_is_refused() -> None:
    with pytest.raises(GeometryError, match="--thin thins clouds"):
        changed(PointCloud(torch.eye(3)), Change(points=3), ".ply", HERE)
    with pytest.raises(GeometryError, match="does not become sdf"):
        changed(VoxelGrid(torch.ones(2, 2, 2), "occupancy"), Change(kind="sdf"), ".npz", HERE)
