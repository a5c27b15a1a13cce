import itertools
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from geomdl.errors import GeometryError
from geomdl.io import RGBDWriter, save_colmap, save_transforms
from geomdl.io.posed import PosedImage, PosedImages
from geomdl.structures import Camera, PointCloud, Pose
from geomdl.structures.srgb import from_srgb
from geomdl.viewer import captures
from geomdl.viewer.opening import open_scene


def ring(count: int, up: torch.Tensor) -> list[Camera]:
    """Cameras on a circle that look at the middle and hold `up` upright."""
    axes = torch.linalg.svd(up[None]).Vh[1:]
    cameras = []
    for i in range(count):
        angle = torch.tensor(2 * math.pi * i / count)
        eye = 2 * (angle.cos() * axes[0] + angle.sin() * axes[1])
        pose = Pose.look_at(eye, torch.zeros(3), up)
        cameras.append(Camera.from_fov(32, 24, 1.0, pose))
    return cameras


@pytest.fixture
def posed(tmp_path: Path) -> PosedImages:
    (tmp_path / "images").mkdir()
    images = []
    for number, camera in enumerate(ring(8, torch.tensor([0.0, -1.0, 0.0]))):
        path = tmp_path / "images" / f"{number:02}.png"
        Image.fromarray(np.full((24, 32, 3), 20 * number, np.uint8)).save(path)
        images.append(PosedImage(path, camera))
    return PosedImages(tuple(images), PointCloud(torch.rand(5, 3)))


@pytest.mark.parametrize("axis", ["x", "-x", "y", "-y", "z", "-z"])
def test_up_is_what_pictures_hold_upright(axis: str) -> None:
    up = torch.zeros(3)
    up["xyz".index(axis[-1])] = -1.0 if axis.startswith("-") else 1.0
    assert captures.upward(ring(6, up)) == axis


def test_no_up_where_it_is_no_axis() -> None:
    assert captures.upward(ring(6, torch.tensor([1.0, 1.0, 1.0]).div(3**0.5))) is None
    rolled = ring(2, torch.tensor([0.0, 0.0, 1.0]))
    turned = [rolled[0], *ring(1, torch.tensor([0.0, 0.0, -1.0]))]
    assert captures.upward(turned) is None


def test_up_of_a_batch_counts_every_camera() -> None:
    assert captures.upward([Camera.stack(ring(5, torch.tensor([0.0, 1.0, 0.0])))]) == "y"


def test_transforms(posed: PosedImages, tmp_path: Path) -> None:
    save_transforms(tmp_path / "transforms.json", posed)
    for path in (tmp_path, tmp_path / "transforms.json"):
        scene = open_scene([path])
        assert scene.names == (tmp_path.name,)
        assert scene.up == "-y"
        shape = scene.shape(tmp_path.name)
        assert isinstance(shape, PosedImages)
        assert [image.path.name for image in shape.images] == [f"{i:02}.png" for i in range(8)]


def test_several_transforms_of_a_folder(posed: PosedImages, tmp_path: Path) -> None:
    save_transforms(tmp_path / "transforms_train.json", posed)
    save_transforms(tmp_path / "transforms_test.json", posed)
    names = open_scene([tmp_path]).names
    assert names == (f"{tmp_path.name} test", f"{tmp_path.name} train")


def test_photographs_are_thinned_out_evenly(posed: PosedImages, tmp_path: Path) -> None:
    save_transforms(tmp_path / "transforms.json", posed)
    shape = open_scene([tmp_path], most_photos=3).shape(tmp_path.name)
    assert isinstance(shape, PosedImages)
    assert [image.path.stem for image in shape.images] == ["00", "04", "07"]


@pytest.mark.parametrize(("count", "most"), [(5, 5), (5, 9), (10, 3), (1000, 7), (4, 1)])
def test_spread(count: int, most: int) -> None:
    chosen = captures.spread(count, most)
    assert len(chosen) == min(count, most)
    assert len(set(chosen)) == len(chosen)
    assert chosen[0] == 0
    if most > 1:
        assert chosen[-1] == count - 1
        steps = [b - a for a, b in itertools.pairwise(chosen)]
        assert max(steps) - min(steps) <= 1


def test_colmap(posed: PosedImages, tmp_path: Path) -> None:
    save_colmap(tmp_path / "sparse" / "0", posed)
    name = tmp_path.name
    scene = open_scene([tmp_path])
    assert scene.names == (name, f"{name} cameras")
    cloud, cameras = scene.shape(name), scene.shape(f"{name} cameras")
    assert isinstance(cloud, PointCloud)
    assert posed.points is not None
    assert torch.allclose(cloud.points, posed.points.points)
    assert isinstance(cameras, PosedImages)
    assert cameras.points is None
    assert cameras.images[0].path.is_file()
    assert open_scene([tmp_path], play=True).frame_count == 8


def rgbd(folder: Path, poses: list[Pose | None]) -> Camera:
    """Frames that see a wall 2 m away, red in the left half; one pixel of it is unknown."""
    camera = Camera.from_fov(16, 12, 1.2)
    writer = RGBDWriter(folder, camera)
    depth = torch.full((12, 16), 2.0)
    depth[0, 0] = 0
    color = torch.zeros(12, 16, 3)
    color[:, :8, 0] = 0.5
    for pose in poses:
        writer.write(depth, color, pose)
    return camera


def test_rgbd_points_lie_where_the_camera_saw_them(tmp_path: Path) -> None:
    pose = Pose.look_at(torch.tensor([1.0, 2.0, 3.0]), torch.tensor([1.0, 2.0, 9.0]),
                        torch.tensor([0.0, 1.0, 0.0])).inverse()  # fmt: skip
    rgbd(tmp_path, [pose])
    scene = open_scene([tmp_path])
    cloud = scene.shape(tmp_path.name)
    assert isinstance(cloud, PointCloud)
    assert len(cloud) == 12 * 16 - 1
    assert torch.allclose(cloud.points[:, 2], torch.tensor(5.0), atol=1e-3)
    # The wall spans 2 * 2 m * tan(fov / 2), less the border of half a pixel on both sides.
    wide = float(cloud.points[:, 0].max() - cloud.points[:, 0].min())
    assert wide == pytest.approx(4 * math.tan(0.6) * 15 / 16, abs=1e-3)
    assert cloud.colors is not None
    red = cloud.colors[:, 0] > 0.05
    assert int(red.sum()) == 12 * 8 - 1
    assert torch.allclose(cloud.colors[red, 0], from_srgb(torch.tensor(0.5)), atol=0.02)


def test_rgbd_cameras_hold_the_photographs(tmp_path: Path) -> None:
    moved = Pose(torch.eye(3), torch.tensor([0.0, 0.0, 1.0]))
    rgbd(tmp_path, [Pose.identity(), None, moved])
    cameras = open_scene([tmp_path]).shape(f"{tmp_path.name} cameras")
    assert isinstance(cameras, PosedImages)
    assert len(cameras) == 2  # the one without a pose is left out
    assert cameras.cameras.centre.tolist() == [[0, 0, 0], [0, 0, 1]]


def test_rgbd_plays_frame_by_frame(tmp_path: Path) -> None:
    moved = Pose(torch.eye(3), torch.tensor([0.0, 0.0, 1.0]))
    rgbd(tmp_path, [Pose.identity(), moved])
    scene = open_scene([tmp_path], play=True)
    assert [len(item.frames) for item in scene.items] == [2, 2]
    for frame, far in ((0, 2.0), (1, 3.0)):
        cloud = scene.shape(tmp_path.name, frame)
        assert isinstance(cloud, PointCloud)
        assert torch.allclose(cloud.points[:, 2], torch.tensor(far), atol=1e-3)


def test_rgbd_without_poses_shows_the_first_frame(tmp_path: Path) -> None:
    rgbd(tmp_path, [None, None])
    scene = open_scene([tmp_path])
    assert len(scene.shape(tmp_path.name)) == 12 * 16 - 1  # type: ignore[arg-type]
    assert open_scene([tmp_path], play=True).frame_count == 2


def test_rgbd_without_colour(tmp_path: Path) -> None:
    camera = Camera.from_fov(16, 12, 1.2)
    writer = RGBDWriter(tmp_path, camera)
    for _ in range(2):
        writer.write(torch.ones(12, 16), None, Pose.identity())
    scene = open_scene([tmp_path])
    cloud, cameras = scene.shape(tmp_path.name), scene.shape(f"{tmp_path.name} cameras")
    assert isinstance(cloud, PointCloud)
    assert cloud.colors is None
    assert isinstance(cameras, Camera)
    assert cameras.shape == (2,)


def test_a_broken_frame_is_named(tmp_path: Path) -> None:
    rgbd(tmp_path, [Pose.identity()])
    (tmp_path / "frame-000000.depth.png").write_bytes(b"broken")
    with pytest.raises(GeometryError, match=r"frame-000000\.depth\.png"):
        open_scene([tmp_path])


def test_the_real_kitchen(data: Path) -> None:
    folder = data / "rgbd_redkitchen"
    scene = open_scene([folder])
    cloud, cameras = scene.shape("rgbd_redkitchen"), scene.shape("rgbd_redkitchen cameras")
    assert isinstance(cloud, PointCloud)
    assert 300_000 < len(cloud) < 600_000
    assert isinstance(cameras, PosedImages)
    assert len(cameras) == 40
    assert scene.up == "-y"
