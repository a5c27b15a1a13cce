"""COLMAP's text files."""

from collections.abc import Callable
from pathlib import Path

import pytest

from geomdl.errors import GeometryError
from geomdl.io import colmap_text
from geomdl.io.source import Source


def source(text: str) -> Source:
    return Source(Path("x.txt"), text.encode(), Path())


def test_cameras() -> None:
    text = "# cameras\n1 SIMPLE_RADIAL 640 480 500 320 240 0.1\n\n2 PINHOLE 8 4 5 6 4 2\n"
    cameras = colmap_text.read_cameras(source(text))
    assert [(c.key, c.model, c.parameters) for c in cameras] == [
        (1, "SIMPLE_RADIAL", (500, 320, 240, 0.1)),
        (2, "PINHOLE", (5, 6, 4, 2)),
    ]
    assert colmap_text.read_cameras(source(colmap_text.encode_cameras(cameras).decode())) == cameras


def test_images_with_and_without_points() -> None:
    text = "# images\n1 1 0 0 0 0.5 0 2 7 a b.png\n1.5 2.5 -1 3 4 9\n2 0 1 0 0 0 0 0 8 c.png\n\n"
    images = colmap_text.read_images(source(text))
    assert [(i.key, i.camera, i.name) for i in images] == [(1, 7, "a b.png"), (2, 8, "c.png")]
    assert images[0].translation == (0.5, 0, 2)
    assert colmap_text.read_images(source(colmap_text.encode_images(images).decode())) == images


def test_points() -> None:
    points = colmap_text.read_points(
        source("# p\n5 1 2 3 255 0 51 0.75 1 2 3 4\n6 -1 0 0 1 2 3 0\n")
    )
    assert points.positions.tolist() == [[1, 2, 3], [-1, 0, 0]]
    assert points.colors.tolist() == [[255, 0, 51], [1, 2, 3]]
    found = colmap_text.read_points(source(colmap_text.encode_points(points).decode()))
    assert found.errors.tolist() == [0.75, 0]
    assert colmap_text.read_points(source("# none\n")).positions.shape == (0, 3)


@pytest.mark.parametrize(
    ("read", "text", "message"),
    [
        (
            colmap_text.read_cameras,
            "1 PINHOLE 8 4 5 6 4\n",
            "line 1: PINHOLE has 4 parameters",
        ),
        (colmap_text.read_cameras, "#\n1 FISH 8 4 5\n", "line 2: unknown camera model 'FISH'"),
        (colmap_text.read_cameras, "1 PINHOLE x 4 5\n", "line 1: no camera"),
        (colmap_text.read_images, "1 1 0 0 0 0 0 0 7\n", "line 1: no image"),
        (colmap_text.read_images, "1 1 0 0 0 0 0 zero 7 a.png\n", "line 1: no image"),
        (colmap_text.read_points, "1 0 0 0 0 0\n", "line 1: no point"),
        (colmap_text.read_points, "1 0 0 0 0 0 256 0\n", "line 1: no point"),
        (colmap_text.read_points, "1 0 0 nan 0 0 25 0\n", "line 1: no point"),
    ],
)
def test_what_is_wrong_names_the_line(
    read: Callable[[Source], object], text: str, message: str
) -> None:
    with pytest.raises(GeometryError, match=f"x.txt: {message}"):
        read(source(text))
