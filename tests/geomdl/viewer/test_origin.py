from pathlib import Path

import pytest
import torch

from geomdl import load
from geomdl.errors import GeometryError
from geomdl.io.posed import PosedImage, PosedImages
from geomdl.structures import Camera, Mesh, PointCloud, Pose, VoxelGrid
from geomdl.viewer.look import Look
from geomdl.viewer.opening import open_scene
from geomdl.viewer.origin import ZERO, brought, moved, near_camera, origin_of
from geomdl.viewer.pick import pick
from geomdl.viewer.scene import Item
from geomdl.viewer.show import scene_of, show

MAP = (500_000.0, 4_000_000.0, 0.0)
NEAR = torch.rand(300, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
FAR = NEAR + torch.tensor(MAP, dtype=torch.float64)


def test_near_shapes_stay_as_they_are() -> None:
    items = [Item("a", (PointCloud(NEAR.float() * 1000 + 5000),)), Item("b", (lambda: None,))]  # type: ignore[arg-type,return-value]
    assert origin_of(items) == ZERO
    assert brought(items[:1], ZERO)[0].frames[0] is items[0].frames[0]


def test_far_axes_alone_are_moved_by_a_round_number() -> None:
    assert origin_of([Item("a", (PointCloud(FAR),))]) == MAP


def test_what_is_moved_keeps_what_float32_would_lose() -> None:
    faces = torch.arange(300).reshape(-1, 3)
    for shape in (PointCloud(FAR), Mesh(FAR, faces)):
        near = moved(shape, MAP)
        assert isinstance(near, PointCloud | Mesh)
        points = near.points if isinstance(near, PointCloud) else near.vertices
        assert points.dtype == torch.float32
        assert float((points - NEAR).abs().max()) < 1e-6
        assert float((FAR.float().double() - FAR).abs().max()) > 0.1  # what it is about


def test_cameras_see_the_same() -> None:
    pose = Pose.from_axis_angle(torch.tensor([0.1, 2.0, 0.3]).double())
    pose = Pose(pose.rotation, -(pose.rotation @ (FAR.mean(0) + torch.tensor([0.0, 0.0, 4.0]))))
    camera = (
        Camera.from_fov(64, 48, 1.0).with_pose(pose.to(dtype=torch.float64)).to(dtype=torch.float64)
    )
    near = near_camera(camera, MAP)
    for seen, expected in zip(near.project(NEAR), camera.project(FAR), strict=True):
        assert torch.allclose(seen, expected, atol=1e-6)
    photos = moved(PosedImages((PosedImage(Path("a.png"), camera),), PointCloud(FAR)), MAP)
    assert isinstance(photos, PosedImages)
    assert torch.equal(photos.images[0].camera.centre, near.centre)


def test_grids_are_moved() -> None:
    grid = VoxelGrid(torch.ones(2, 2, 2), "occupancy", origin=torch.tensor([1e6, 0.0, 0.0]))
    near = moved(grid, (1e6, 0.0, 0.0))
    assert isinstance(near, VoxelGrid)
    assert near.origin.tolist() == [0, 0, 0]


def test_coordinates_that_cannot_be_drawn_are_refused() -> None:
    with pytest.raises(GeometryError, match=r"^far: expected coordinates below 1e\+15"):
        origin_of([Item("far", (PointCloud(NEAR.float() * 1e20),))])


def test_files_of_maps_open_near_zero(tmp_path: Path) -> None:
    for name in ("a.xyz", "b.xyz"):
        rows = [" ".join(f"{v:.6f}" for v in p) for p in FAR.tolist()]
        (tmp_path / name).write_text("\n".join(rows))
    with pytest.warns(UserWarning, match="count from 500000 4000000 0"):
        scene = open_scene([tmp_path])
    assert scene.origin == MAP
    for name in scene.names:
        shape = scene.shape(name)
        assert isinstance(shape, PointCloud)
        assert float((shape.points - NEAR).abs().max()) < 2e-6
    with pytest.warns(UserWarning, match="far from 0"):
        played = open_scene([tmp_path], play=True)
    second = played.shape(played.names[0], 1)  # read when it is shown
    assert isinstance(second, PointCloud)
    assert float((second.points - NEAR).abs().max()) < 2e-6


def test_load_warns_where_digits_are_lost_and_keeps_them_when_asked(tmp_path: Path) -> None:
    path = tmp_path / "a.obj"
    path.write_text("".join("v {:.4f} {:.4f} {:.4f}\n".format(*p) for p in FAR.tolist()))
    with pytest.warns(UserWarning, match=r"float32 has steps of 0.25; load with dtype=None"):
        load(path)
    shape = load(path, dtype=None)
    assert isinstance(shape, PointCloud)
    assert float((shape.points - FAR).abs().max()) < 1e-4
    path.write_text("v 0 0 0\nv 1 2 3\n")
    near = load(path, dtype=None)
    assert isinstance(near, PointCloud)
    assert near.points.dtype == torch.float32


def test_things_of_maps_are_shown_near_zero() -> None:
    with pytest.warns(UserWarning, match="far from 0"):
        assert scene_of([FAR]).origin == MAP
    eye = torch.tensor([0.5, -3.0, 0.5], dtype=torch.float64)
    turned = Pose(
        torch.tensor([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]]).double(), torch.zeros(3).double()
    )
    near = Camera.from_fov(64, 48, 1.0).to(dtype=torch.float64)
    near = near.with_pose(Pose(turned.rotation, -(turned.rotation @ eye)))
    far = near_camera(near, (-MAP[0], -MAP[1], -MAP[2]))
    with pytest.warns(UserWarning, match="far from 0"):
        seen = show(FAR, camera=far, page=False)
    assert seen.tobytes() == show(NEAR.float(), camera=near, page=False).tobytes()


def test_a_click_tells_the_place_in_the_file() -> None:
    corner = [(500_000.25, 4_000_000.5, 2.0), (500_001.25, 4_000_000.5, 2.0)]
    with pytest.warns(UserWarning, match="far from 0"):
        scene = scene_of([torch.tensor(corner, dtype=torch.float64)])
    x, y, z = (a - b for a, b in zip(corner[0], scene.origin, strict=True))
    found = pick(scene, Look(), (x, y, z + 5), (0.0, 0.0, -1.0), 0.001)
    assert found is not None
    assert found.values["in the file"] == "500000.25 4000000.5 2"
