"""RGB-D frames read lazily and written in the 7-Scenes layout."""

from pathlib import Path

import numpy as np
import pytest
import torch

from geomdl.errors import GeometryError
from geomdl.io import RGBDWriter, open_rgbd, write_rgbd_frame
from geomdl.io.images import encode_png
from geomdl.structures import Camera, Pose

CAMERA = Camera.from_fov(6, 4, 1.0)


def write(folder: Path, count: int = 3) -> Path:
    writer = RGBDWriter(folder, CAMERA)
    for i in range(count):
        pose = Pose.from_axis_angle(torch.tensor([0.0, 0.3 * i, 0.1]), torch.tensor([i, 2.0, 3.0]))
        writer.write(torch.full((4, 6), 1.0 + i / 8), torch.full((4, 6, 3), i / 5), pose)
    return folder


def test_round_trip(tmp_path: Path) -> None:
    frames = open_rgbd(write(tmp_path / "a"))
    assert (frames.kind, len(frames)) == ("7-Scenes", 3)
    torch.testing.assert_close(frames.camera.intrinsics, CAMERA.intrinsics)
    for i in range(3):
        frame = frames[i]
        torch.testing.assert_close(frame.depth, torch.full((4, 6), 1.0 + i / 8))
        assert frame.color is not None
        assert frame.color.dtype == torch.uint8
        assert int(frame.color[0, 0, 0]) == 51 * i
        assert frame.pose is not None
        assert frame.pose.translation.tolist() == [i, 2, 3]
        torch.testing.assert_close(frame.camera.centre, frame.pose.translation)
    assert [frame.name for frame in (frames[0], frames[2])] == ["frame-000000", "frame-000002"]
    assert len(frames[::2]) == 2
    assert frames[1:][0].name == "frame-000001"
    assert len(frames.poses()) == 3
    with pytest.raises(IndexError):
        frames[3]


def test_depth_that_means_nothing(tmp_path: Path) -> None:
    RGBDWriter(tmp_path, CAMERA)
    depth = torch.tensor([[0.0, float("nan"), float("inf"), -1, 65.534, 65.535, 0.0004, 70, 1]])
    depth = torch.cat([depth.reshape(1, -1), torch.ones(1, 15)], 1).reshape(4, 6)
    write_rgbd_frame(tmp_path, 0, depth)
    found = open_rgbd(tmp_path)[0]
    expected = torch.tensor([0, 0, 0, 0, 65.534, 0, 0, 0, 1.0])
    torch.testing.assert_close(found.depth.reshape(-1)[:9], expected)
    assert found.color is None
    assert found.pose is None
    raw = np.full((4, 6), 65535, np.uint16)
    (tmp_path / "frame-000000.depth.png").write_bytes(encode_png(raw))
    assert float(open_rgbd(tmp_path)[0].depth.max()) == 0


def test_a_lost_pose_leaves_the_frame_without(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "frame-000001.pose.txt").write_text("nan " * 16)
    (tmp_path / "frame-000002.pose.txt").unlink()
    frames = open_rgbd(tmp_path)
    assert [frame is None for frame in frames.poses()] == [False, True, True]
    assert torch.equal(frames[1].camera.world_to_camera.rotation, torch.eye(3))


def test_other_cameras_and_scales(tmp_path: Path) -> None:
    camera = Camera.from_fov(6, 4, 0.5)
    frames = open_rgbd(write(tmp_path), camera=camera, depth_scale=500)
    assert float(frames[0].depth[0, 0]) == 2
    torch.testing.assert_close(frames[0].camera.intrinsics, camera.intrinsics)
    with pytest.raises(GeometryError, match="depth_scale: expected more than 0"):
        open_rgbd(tmp_path, depth_scale=0)


def test_jpeg_colour(tmp_path: Path) -> None:
    RGBDWriter(tmp_path, CAMERA)
    color = torch.full((4, 6, 3), 100, dtype=torch.uint8)
    write_rgbd_frame(tmp_path, 5, torch.ones(4, 6), color, picture="jpg")
    found = open_rgbd(tmp_path)[0]
    assert found.name == "frame-000005"
    assert found.color is not None
    assert (found.color.int() - 100).abs().max() <= 2


def test_broken_pictures_name_the_file(tmp_path: Path) -> None:
    write(tmp_path)
    frames = open_rgbd(tmp_path)
    cases = [
        ("frame-000000.depth.png", encode_png(np.zeros((4, 6, 3), np.uint8)), "expected 16-bit"),
        ("frame-000000.depth.png", encode_png(np.zeros((4, 7), np.uint16)), "expected 6x4 pixels"),
        ("frame-000000.depth.png", b"hello", "not a readable picture"),
        ("frame-000001.color.png", encode_png(np.zeros((4, 6), np.uint16)), "expected 8-bit"),
        (
            "frame-000001.color.png",
            encode_png(np.zeros((8, 6, 3), np.uint8)),
            "registered to depth",
        ),
        ("frame-000002.pose.txt", b"1 2 3", "got 3 numbers"),
        ("frame-000002.pose.txt", b"2 " * 16, "no rigid motion"),
    ]
    for name, content, message in cases:
        (tmp_path / name).write_bytes(content)
        with pytest.raises(GeometryError, match=f"{name}: .*{message}"):
            frames[int(name[6:12])]


def test_writing_refuses(tmp_path: Path) -> None:
    writer = RGBDWriter(tmp_path / "deep" / "a", CAMERA)
    with pytest.raises(GeometryError, match=r"depth: expected \(4, 6\)"):
        writer.write(torch.ones(3, 3))
    with pytest.raises(GeometryError, match="color: expected the size of depth"):
        writer.write(torch.ones(4, 6), torch.ones(4, 5, 3))
    with pytest.raises(GeometryError, match="exists already"):
        RGBDWriter(tmp_path / "deep" / "a", CAMERA)
    RGBDWriter(tmp_path / "deep" / "a", CAMERA, overwrite=True)
    bent = Camera(CAMERA.intrinsics, Pose.identity(), 6, 4, torch.full((5,), 0.1))
    with pytest.raises(GeometryError, match="without distortion"):
        RGBDWriter(tmp_path / "b", bent)
    (tmp_path / "file").write_text("x")
    with pytest.raises(GeometryError, match="cannot be made"):
        RGBDWriter(tmp_path / "file", CAMERA)


def test_the_real_kitchen(data: Path) -> None:
    frames = open_rgbd(data / "rgbd_redkitchen")
    assert len(frames) == 250
    assert all(pose is not None for pose in frames.poses()[:20])
    a, b = frames[0], frames[1]
    assert a.depth.shape == (480, 640)
    assert 0.5 < float((a.depth > 0).float().mean()) < 1
    assert float(a.depth.max()) < 10
    # a point seen by the first camera lies on the surface that the second one sees
    pixels = torch.tensor([[320.5, 240.5], [200.5, 300.5], [400.5, 200.5]])
    depth = torch.stack([a.depth[int(y), int(x)] for x, y in pixels.tolist()])
    seen, expected = b.camera.project(a.camera.unproject(pixels, depth))
    found = torch.stack([b.depth[int(y), int(x)] for x, y in seen.tolist()])
    torch.testing.assert_close(found, expected, atol=0.05, rtol=0)
