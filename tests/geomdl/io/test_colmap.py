"""COLMAP models as posed pictures."""

from pathlib import Path

import numpy as np
import pytest
import torch

from geomdl.errors import GeometryError
from geomdl.io import PosedImage, PosedImages, load_colmap, save_colmap
from geomdl.structures import Camera, PointCloud, Pose
from tests.oracles.io_oracle import colmap_bytes, srgb_to_linear

LIGHT = float(srgb_to_linear(np.array([0.2]))[0])  # of byte 51


def by_hand(folder: Path) -> Path:
    model = folder / "sparse" / "0"
    model.mkdir(parents=True)
    (folder / "images").mkdir()
    for name, data in colmap_bytes().items():
        (model / name).write_bytes(data)
    return folder


def test_bytes_by_hand(tmp_path: Path) -> None:
    posed = load_colmap(by_hand(tmp_path))
    assert [image.path for image in posed.images] == [
        tmp_path / "images" / "a.png",
        tmp_path / "images" / "b" / "second.jpg",
    ]
    first, second = posed[0].camera, posed[1].camera
    # a quarter turn about y: the camera's right is the world's -z
    seen = first.world_to_camera.apply(torch.tensor([[1.0, 0, 0]]))
    torch.testing.assert_close(seen, torch.tensor([[0.0, 0, -1]]), atol=1e-6, rtol=0)
    pixels, depth = second.project(torch.tensor([[-0.5, -0.25, 0.0]]))
    torch.testing.assert_close(pixels, torch.tensor([[400.0, 300.0]]))
    assert depth.tolist() == [2]
    assert second.distortion is not None
    torch.testing.assert_close(second.distortion, torch.tensor([0.1, 0.01, 0.001, 0.002, 0]))
    assert posed.points is not None
    torch.testing.assert_close(posed.points.colors[0], torch.tensor([1, 0, LIGHT]))
    assert posed.points.attributes["error"].tolist() == [0.75, 1.5]
    assert load_colmap(tmp_path / "sparse" / "0")[0].path == tmp_path / "images" / "a.png"


@pytest.mark.parametrize("binary", [True, False])
def test_round_trip(tmp_path: Path, binary: bool) -> None:
    lenses = [None, torch.tensor([0.1, 0.2, 0.01, 0.02, 0]), torch.tensor([0.1, 0, 0, 0, 0.5])]
    images = []
    for i in range(6):
        pose = Pose.from_axis_angle(torch.tensor([0.3, i, 0.1]), torch.tensor([1.0, 2, i]))
        k = torch.tensor([[50.0, 0, 4.25], [0, 51, 2.125], [0, 0, 1]])
        images.append(PosedImage(tmp_path / f"{i}.png", Camera(k, pose, 8, 4, lenses[i % 3])))
    points = PointCloud(torch.rand(4, 3), colors=torch.full((4, 3), LIGHT))
    save_colmap(tmp_path / "model", PosedImages(tuple(images), points), binary=binary)
    found = load_colmap(tmp_path / "model", images=tmp_path)
    assert found.points is not None
    assert torch.equal(found.points.points, points.points)
    torch.testing.assert_close(found.points.colors, points.colors)
    for mine, theirs in zip(found.images, images, strict=True):
        assert mine.path == theirs.path
        assert torch.equal(mine.camera.intrinsics, theirs.camera.intrinsics)
        torch.testing.assert_close(
            mine.camera.world_to_camera.matrix(), theirs.camera.world_to_camera.matrix()
        )
        assert (mine.camera.distortion is None) == (theirs.camera.distortion is None)
        if mine.camera.distortion is not None:
            assert torch.equal(mine.camera.distortion, theirs.camera.distortion)
    with pytest.raises(GeometryError, match="exists already"):
        save_colmap(tmp_path / "model", found, binary=binary)


MODELS = {
    "SIMPLE_PINHOLE 8 4 5 4 2": None,
    "SIMPLE_RADIAL 8 4 5 4 2 0.1": [0.1, 0, 0, 0, 0],
    "RADIAL 8 4 5 4 2 0.1 0.2": [0.1, 0.2, 0, 0, 0],
    "FULL_OPENCV 8 4 5 5 4 2 0.1 0.2 0.3 0.4 0.5 0 0 0": [0.1, 0.2, 0.3, 0.4, 0.5],
}


def text_model(folder: Path, camera: str, image: str = "1 1 0 0 0 0 0 0 1 a.png") -> Path:
    (folder / "cameras.txt").write_text(f"1 {camera}\n")
    (folder / "images.txt").write_text(image + "\n\n")
    return folder


@pytest.mark.parametrize("camera", MODELS)
def test_models(tmp_path: Path, camera: str) -> None:
    found = load_colmap(text_model(tmp_path, camera))[0].camera
    assert found.intrinsics.tolist() == [[5, 0, 4], [0, 5, 2], [0, 0, 1]]
    if MODELS[camera] is None:
        assert found.distortion is None
    else:
        torch.testing.assert_close(found.distortion, torch.tensor(MODELS[camera]))


@pytest.mark.parametrize(
    ("camera", "image", "message"),
    [
        ("OPENCV_FISHEYE 8 4 5 5 4 2 0 0 0 0", "", "OPENCV_FISHEYE is not supported; undistort"),
        ("FULL_OPENCV 8 4 5 5 4 2 0 0 0 0 0 0 0 1", "", "FULL_OPENCV is not supported"),
        ("PINHOLE 8 4 -5 5 4 2", "", "camera 1: no camera"),
        ("PINHOLE 8 4 nan 5 4 2", "", "parameters are NaN"),
        ("PINHOLE 8 4 5 5 4 2", "1 0 0 0 0 0 0 0 1 a.png", "image 1: no pose"),
        ("PINHOLE 8 4 5 5 4 2", "1 1 0 0 0 0 0 0 9 a.png", "camera 9 is not in the file"),
        ("PINHOLE 8 4 5 5 4 2", "1 1 0 0 0 0 0 0 1 ../../a.png", "refers to .* outside"),
    ],
)
def test_what_is_wrong(tmp_path: Path, camera: str, image: str, message: str) -> None:
    with pytest.raises(GeometryError, match=message):
        load_colmap(text_model(tmp_path, camera, image))


def test_no_model(tmp_path: Path) -> None:
    with pytest.raises(GeometryError, match="no cameras and images"):
        load_colmap(tmp_path)
