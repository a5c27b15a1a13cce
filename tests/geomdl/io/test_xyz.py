"""Tables of points as text."""

from pathlib import Path

import numpy as np
import pytest
import torch

from geomdl.errors import GeometryError
from geomdl.io import load, save
from geomdl.structures import PointCloud
from tests.geomdl.io.seeds import example_cloud, linear_of
from tests.oracles.io_oracle import srgb_levels, srgb_to_linear


def load_text(folder: Path, name: str, text: str) -> PointCloud:
    (folder / name).write_text(text)
    cloud = load(folder / name)
    assert isinstance(cloud, PointCloud)
    return cloud


def test_separators_comments_and_blank_lines(tmp_path: Path) -> None:
    text = "\ufeff# x y z\n1 2 3\r\n\n// more\n4,5;6\n7\t8\t9\n"
    assert load_text(tmp_path, "a.txt", text).points.tolist() == [[1, 2, 3], [4, 5, 6], [7, 8, 9]]


def test_columns_beyond_three(tmp_path: Path) -> None:
    cloud = load_text(tmp_path, "a.xyz", "1 2 3 0.5 7\n4 5 6 0.25 8\n")
    assert cloud.attributes["columns"].tolist() == [[0.5, 7], [0.25, 8]]
    normals = load_text(tmp_path, "a.xyzn", "1 2 3 0 0 1\n").normals
    assert normals is not None
    assert normals.tolist() == [[0, 0, 1]]
    colors = load_text(tmp_path, "a.xyzrgb", "1 2 3 0.5 0 1\n").colors
    assert colors is not None
    np.testing.assert_allclose(colors, srgb_to_linear([[0.5, 0, 1]]), atol=1e-7)


def test_pts(tmp_path: Path) -> None:
    cloud = load_text(tmp_path, "a.pts", "2\n1 2 3 -50 255 0 51\n4 5 6 7 0 102 0\n")
    assert cloud.attributes["intensity"].tolist() == [-50, 7]
    torch.testing.assert_close(cloud.colors, linear_of([[255, 0, 51], [0, 102, 0]]))


@pytest.mark.parametrize("ending", ["xyz", "txt", "csv", "pts", "xyzn", "xyzrgb"])
def test_round_trip(tmp_path: Path, ending: str) -> None:
    cloud = example_cloud()
    save(tmp_path / f"a.{ending}", cloud)
    found = load(tmp_path / f"a.{ending}")
    assert isinstance(found, PointCloud)
    assert torch.equal(found.points, cloud.points)
    if ending == "xyzn":
        assert torch.equal(found.normals, cloud.normals)
    if ending in ("pts", "xyzrgb"):
        torch.testing.assert_close(found.colors, cloud.colors, atol=1e-6, rtol=0)
        np.testing.assert_array_equal(srgb_levels(found.colors), srgb_levels(cloud.colors))


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.xyz", "1 2 3\n4 5\n", "line 2: expected 3 numbers as in the first line"),
        ("a.xyz", "1 2\n", "line 1: expected 3 numbers"),
        ("a.xyz", "x y z\n1 2 3\n", "line 1: expected numbers, got"),
        ("a.xyz", "# only\n", "there are no points"),
        ("a.xyz", "1 2 3\n4 inf 6\n", "row 1 of the coordinates"),
        ("a.pts", "3\n1 2 3\n", "3 points announced, 1 lines follow"),
        ("a.xyzn", "1 2 3\n", "expected 6 columns in a .xyzn file, got 3"),
    ],
)
def test_what_is_wrong_names_the_line(tmp_path: Path, name: str, text: str, message: str) -> None:
    with pytest.raises(GeometryError, match=message):
        load_text(tmp_path, name, text)


def test_a_table_without_what_its_ending_promises_is_not_written(tmp_path: Path) -> None:
    for ending, what in (("xyzn", "normals"), ("xyzrgb", "colors")):
        with pytest.raises(GeometryError, match=f"needs {what}"):
            save(tmp_path / f"a.{ending}", PointCloud(torch.zeros(1, 3)))
