"""Posed pictures."""

from pathlib import Path

import pytest
import torch

from geomdl.errors import GeometryError
from geomdl.io import PosedImage, PosedImages
from geomdl.io.images import encode_png
from geomdl.io.posed import distortion_tensor, expect_plain, pinhole
from geomdl.structures import Camera, PointCloud, Pose

CAMERA = Camera.from_fov(6, 4, 1.0)


def test_pictures_are_read_when_asked_for(tmp_path: Path) -> None:
    image = PosedImage(tmp_path / "a.png", CAMERA)
    with pytest.raises(GeometryError, match=r"a.png: cannot be read"):
        image.read()
    image.path.write_bytes(encode_png(torch.zeros(4, 6, 4)))
    assert image.read().shape == (4, 6, 4)
    image.path.write_bytes(encode_png(torch.zeros(4, 5, 3)))
    with pytest.raises(GeometryError, match="expected 6x4 pixels as the camera has, got 5x4"):
        image.read()


def test_a_list_of_them() -> None:
    images = tuple(PosedImage(Path(f"{i}.png"), CAMERA) for i in range(3))
    posed = PosedImages(images, PointCloud(torch.zeros(2, 3)))
    assert len(posed) == 3
    assert posed[1] is images[1]
    assert posed.cameras.shape == (3,)
    assert repr(posed) == "PosedImages(3 images, 2 points)"


def test_what_files_have_no_place_for() -> None:
    k = pinhole(5, 6, 3, 2)
    assert expect_plain(Camera(k, Pose.identity(), 6, 4), "x") == (5, 6, 3, 2)
    skewed = k.clone()
    skewed[0, 1] = 0.5
    with pytest.raises(GeometryError, match=r"x: skew 0\.5 has no place"):
        expect_plain(Camera(skewed, Pose.identity(), 6, 4), "x")
    with pytest.raises(GeometryError, match="x: expected one camera"):
        expect_plain(Camera.stack([CAMERA, CAMERA]), "x")
    assert distortion_tensor([0.0] * 5) is None
