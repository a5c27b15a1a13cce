"""Frames found in the three layouts."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from geomdl.errors import GeometryError
from geomdl.io import open_rgbd
from geomdl.io.images import encode_png
from geomdl.io.rgbd_layouts import associate, find_layout
from geomdl.structures import Camera, Pose

CAMERA = Camera.from_fov(6, 4, 1.0)


def picture(folder: Path, name: str, level: int, depth: bool) -> None:
    """A 6 x 4 picture of one value."""
    shape = (4, 6) if depth else (4, 6, 3)
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    kind = np.uint16 if depth else np.uint8
    (folder / name).write_bytes(encode_png(np.full(shape, level, kind)))


def tum(folder: Path) -> Path:
    colors = {1.0: 10, 1.033: 20, 1.066: 30}
    depths = {1.005: 5000, 1.060: 10000, 1.3: 65535}
    lines = {"rgb.txt": ["# color"], "depth.txt": ["# depth"]}
    for time, level in colors.items():
        picture(folder, f"rgb/{time:.3f}.png", level, False)
        lines["rgb.txt"].append(f"{time:.3f} rgb/{time:.3f}.png")
    for time, level in depths.items():
        picture(folder, f"depth/{time:.3f}.png", level, True)
        lines["depth.txt"].append(f"{time:.3f} depth/{time:.3f}.png")
    for name, rows in lines.items():
        (folder / name).write_text("\n".join(rows) + "\n")
    (folder / "groundtruth.txt").write_text("1.001 1 2 3 0 0 0 1\n1.5 4 5 6 0 0 0 1\n")
    return folder


def test_tum_pairs_by_time(tmp_path: Path) -> None:
    frames = open_rgbd(tum(tmp_path), camera=CAMERA)
    assert (frames.kind, len(frames)) == ("TUM", 2)
    first, second = frames[0], frames[1]
    assert first.timestamp == 1.005
    assert first.color is not None
    assert second.color is not None
    assert (int(first.color[0, 0, 0]), int(second.color[0, 0, 0])) == (10, 30)
    assert (float(first.depth[0, 0]), float(second.depth[0, 0])) == (1.0, 2.0)
    assert first.pose is not None
    assert first.pose.translation.tolist() == [1, 2, 3]
    assert second.pose is None


def test_tum_without_colours_and_poses(tmp_path: Path) -> None:
    (tum(tmp_path) / "rgb.txt").unlink()
    (tmp_path / "groundtruth.txt").unlink()
    frames = open_rgbd(tmp_path, camera=CAMERA)
    assert len(frames) == 3
    assert frames[2].color is None
    assert frames[2].pose is None
    assert float(frames[2].depth.max()) == 0


def test_closest_pairs_win_and_each_is_used_once() -> None:
    assert associate(np.array([0.0, 0.01]), np.array([0.009, 0.5])).tolist() == [-1, 0]
    assert associate(np.array([0.0, 1.0]), np.array([1.015, 0.005])).tolist() == [1, 0]
    assert associate(np.array([0.0]), np.array([0.021])).tolist() == [-1]
    assert associate(np.zeros(0), np.zeros(3)).tolist() == []
    assert (associate(np.zeros(5000), np.zeros(5000)) >= 0).any()  # no quadratic explosion


def test_open3d_layout(tmp_path: Path) -> None:
    for i in range(2):
        picture(tmp_path, f"color/{i:05d}.png", 10 * i, False)
        picture(tmp_path, f"depth/{i:05d}.png", 1000 + i, True)
    log = "0 0 1\n1 0 0 7\n0 1 0 0\n0 0 1 0\n0 0 0 1\n"
    (tmp_path / "trajectory.log").write_text(log)
    matrix = [5.0, 0, 0, 0, 6.0, 0, 2.5, 1.5, 1]
    (tmp_path / "camera_intrinsic.json").write_text(json.dumps({"intrinsic_matrix": matrix}))
    frames = open_rgbd(tmp_path)
    assert frames.camera.intrinsics.tolist() == [[5, 0, 3], [0, 6, 2], [0, 0, 1]]
    assert frames[0].pose is not None
    torch.testing.assert_close(frames[0].camera.centre, torch.tensor([7.0, 0, 0]))
    assert frames[1].pose is None
    torch.testing.assert_close(frames[1].depth, torch.full((4, 6), 1.001))
    (tmp_path / "color" / "00001.png").unlink()
    with pytest.raises(GeometryError, match=r"2 pictures in depth/, but 1 in color/"):
        open_rgbd(tmp_path)


def test_what_is_no_folder_of_frames(tmp_path: Path) -> None:
    with pytest.raises(GeometryError, match="expected a folder"):
        find_layout(tmp_path / "no")
    (tmp_path / "seq-01").mkdir()
    with pytest.raises(GeometryError, match=r"no RGB-D frames.*did you mean .*seq-01\?"):
        find_layout(tmp_path)
    picture(tmp_path, "frame-000000.depth.png", 1, True)
    with pytest.raises(GeometryError, match=r"no camera-intrinsics.txt, .* pass camera="):
        open_rgbd(tmp_path)
    (tmp_path / "camera-intrinsics.txt").write_text("0 0 3\n0 5 2\n0 0 1\n")
    with pytest.raises(GeometryError, match="camera intrinsics: intrinsics: expected rows"):
        open_rgbd(tmp_path)


@pytest.mark.parametrize("name", ["../x.png", "/etc/passwd"])
def test_listings_stay_in_the_folder(tmp_path: Path, name: str) -> None:
    (tum(tmp_path) / "depth.txt").write_text(f"1.0 {name}\n")
    with pytest.raises(GeometryError, match=r"depth.txt: line 1: refers to .* outside"):
        open_rgbd(tmp_path)


def test_real_open3d_frames(data: Path) -> None:
    frames = open_rgbd(data / "open3d_samples" / "RGBD")
    assert len(frames) == 5
    assert frames.camera.intrinsics[0].tolist() == [525, 0, 320]
    first, last = frames[0], frames[4]
    assert first.pose is not None
    assert last.pose is not None
    torch.testing.assert_close(
        first.pose.translation, torch.tensor([-0.31058, 0.57301, 2.12648]), atol=1e-5, rtol=0
    )
    assert isinstance(last.pose, Pose)
    assert 2 < float(last.depth.max()) < 4


def test_numbers_without_zeros_come_in_order_and_bring_their_poses(tmp_path: Path) -> None:
    (tmp_path / "pose").mkdir()
    for i in (0, 2, 10):
        picture(tmp_path, f"depth/{i}.png", 1000 + i, True)
        (tmp_path / "pose" / f"{i}.txt").write_text(f"1 0 0 {i}\n0 1 0 0\n0 0 1 0\n0 0 0 1\n")
    frames = open_rgbd(tmp_path, camera=CAMERA)
    assert [entry.name for entry in frames.entries] == ["0", "2", "10"]
    pose = frames[2].pose
    assert pose is not None
    assert pose.translation.tolist() == [10, 0, 0]
