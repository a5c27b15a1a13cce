"""COLMAP's binary files."""

from pathlib import Path

import pytest

from geomdl.errors import GeometryError
from geomdl.io import colmap_binary
from geomdl.io.source import Source
from tests.oracles.io_oracle import colmap_bytes


def source(data: bytes) -> Source:
    return Source(Path("x.bin"), data, Path())


def test_bytes_by_hand() -> None:
    files = colmap_bytes()
    cameras = colmap_binary.read_cameras(source(files["cameras.bin"]))
    assert [(c.key, c.model, c.width) for c in cameras] == [(1, "PINHOLE", 640), (7, "OPENCV", 800)]
    assert cameras[1].parameters[-1] == 0.002
    images = colmap_binary.read_images(source(files["images.bin"]))
    assert [(i.key, i.camera, i.name) for i in images] == [(3, 7, "b/second.jpg"), (4, 1, "a.png")]
    assert images[0].quaternion == (1, 0, 0, 0)
    assert images[0].translation == (0.5, 0.25, 2)
    points = colmap_binary.read_points(source(files["points3D.bin"]))
    assert points.positions.tolist() == [[1, 2, 3], [-1, -2, -3]]
    assert points.colors.tolist() == [[255, 0, 51], [0, 102, 0]]
    assert points.errors.tolist() == [0.75, 1.5]


def test_every_truncation_is_refused() -> None:
    for name, data in colmap_bytes().items():
        read = {
            "cameras.bin": colmap_binary.read_cameras,
            "images.bin": colmap_binary.read_images,
            "points3D.bin": colmap_binary.read_points,
        }[name]
        for end in range(len(data)):
            with pytest.raises(GeometryError, match=r"x\.bin: "):
                read(source(data[:end]))


def test_claims_and_unknown_models() -> None:
    huge = (10**12).to_bytes(8, "little")
    for read in (colmap_binary.read_cameras, colmap_binary.read_images, colmap_binary.read_points):
        with pytest.raises(GeometryError, match=r"1000000000000 .* claims"):
            read(source(huge + bytes(100)))
    data = bytearray(colmap_bytes()["cameras.bin"])
    data[12] = 99
    with pytest.raises(GeometryError, match="camera 0: unknown camera model 99"):
        colmap_binary.read_cameras(source(bytes(data)))


def test_written_bytes_are_read_again() -> None:
    files = colmap_bytes()
    cameras = colmap_binary.read_cameras(source(files["cameras.bin"]))
    assert colmap_binary.encode_cameras(cameras) == files["cameras.bin"]
    images = colmap_binary.read_images(source(files["images.bin"]))
    again = colmap_binary.read_images(source(colmap_binary.encode_images(images)))
    assert again == images
    points = colmap_binary.read_points(source(files["points3D.bin"]))
    found = colmap_binary.read_points(source(colmap_binary.encode_points(points)))
    assert found.colors.tolist() == points.colors.tolist()
    assert found.errors.tolist() == points.errors.tolist()
