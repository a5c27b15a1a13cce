"""OFF in all its dialects."""

from pathlib import Path

import numpy as np
import pytest
import torch
import trimesh

from geomdl.errors import GeometryError
from geomdl.io import load, save
from geomdl.structures import Mesh, PointCloud
from tests.geomdl.io.seeds import example_cloud, example_mesh, linear_of
from tests.oracles.io_oracle import srgb_levels

BODY = "0 0 0\n1 0 0\n1 1 0\n0 1 0\n3 0 1 2\n4 0 1 2 3\n"


def load_text(folder: Path, text: str) -> Mesh | PointCloud:
    (folder / "a.off").write_text(text)
    shape = load(folder / "a.off")
    assert isinstance(shape, Mesh | PointCloud)
    return shape


@pytest.mark.parametrize(
    "head",
    [
        "OFF\n4 2 0\n",
        "OFF4 2 0\n",
        "OFF 4 2 0\n",
        "OFF\n# hello\n\n4 2 # counts\n",
        "OFF\r\n4 2 5\r\n",
    ],
)
def test_headers_whole_glued_and_commented(tmp_path: Path, head: str) -> None:
    mesh = load_text(tmp_path, head + BODY)
    assert isinstance(mesh, Mesh)
    assert mesh.faces.tolist() == [[0, 1, 2], [0, 1, 2], [0, 2, 3]]
    assert len(mesh.vertices) == 4


def test_colours_and_normals_of_vertices(tmp_path: Path) -> None:
    rows = "0 0 0 0 0 1 255 0 51 255\n1 0 0 0 1 0 0 102 0 255\n"
    cloud = load_text(tmp_path, f"CNOFF\n2 0 0\n{rows}")
    assert isinstance(cloud, PointCloud)
    torch.testing.assert_close(cloud.normals, torch.tensor([[0.0, 0, 1], [0, 1, 0]]))
    torch.testing.assert_close(cloud.colors, linear_of([[255, 0, 51], [0, 102, 0]]))


def test_colours_of_faces(tmp_path: Path) -> None:
    body = BODY.replace("3 0 1 2\n", "3 0 1 2 255 0 0\n").replace("2 3\n", "2 3 0 51 255\n")
    mesh = load_text(tmp_path, "OFF\n4 2 0\n" + body)
    assert isinstance(mesh, Mesh)
    expected = linear_of([[255, 0, 0], [0, 51, 255], [0, 51, 255]])
    torch.testing.assert_close(mesh.face_attributes["colors"], expected)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("FFO\n", "line 1: expected 'OFF'"),
        ("OFF\n4 x 0\n" + BODY, "line 2: expected counts"),
        ("OFF\n", "line 1: expected counts"),
        ("OFF\n400 2 0\n" + BODY, "400 vertices and 2 faces are announced, but 6 lines"),
        ("OFF\n4 2 0\n" + BODY.replace("1 1 0", "1 1"), "line 5: expected 3 numbers"),
        ("OFF\n4 2 0\n" + BODY.replace("1 1 0", "1 1 x"), "line 5: expected numbers"),
        ("OFF\n4 2 0\n" + BODY.replace("3 0 1 2", "3 0 1"), "line 7: expected a number of corners"),
        ("OFF\n4 2 0\n" + BODY.replace("3 0 1 2", "2 0 1"), "line 7: expected a number of corners"),
        ("OFF\n4 2 0\n" + BODY.replace("3 0 1 2", "3 0 1 9"), "line 7: refers to vertices that"),
        ("OFF\n4 2 0\n" + BODY.replace("1 1 0", "1 nan 0"), "row 2 of the coordinates"),
        ("OFF\n0 0 0\n", "no points or vertices"),
    ],
)
def test_what_is_wrong_names_the_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(GeometryError, match=message):
        load_text(tmp_path, text)


def test_round_trip(tmp_path: Path) -> None:
    mesh, cloud = example_mesh(), example_cloud()
    save(tmp_path / "m.off", mesh)
    save(tmp_path / "c.off", cloud)
    found, points = load(tmp_path / "m.off"), load(tmp_path / "c.off")
    assert isinstance(found, Mesh)
    assert isinstance(points, PointCloud)
    for name in ("vertices", "faces", "normals"):
        assert torch.equal(getattr(found, name), getattr(mesh, name)), name
    assert torch.equal(points.points, cloud.points)
    for mine, ours in ((found, mesh), (points, cloud)):
        torch.testing.assert_close(mine.colors, ours.colors, atol=1e-6, rtol=0)
        np.testing.assert_array_equal(srgb_levels(mine.colors), srgb_levels(ours.colors))
        save(tmp_path / "again.off", mine, overwrite=True)
        name = "m.off" if ours is mesh else "c.off"
        assert (tmp_path / "again.off").read_bytes() == (tmp_path / name).read_bytes()
    theirs = trimesh.load(tmp_path / "m.off", process=False)
    np.testing.assert_array_equal(theirs.faces, mesh.faces)


def test_modelnet(data: Path) -> None:
    for path in sorted((data / "modelnet10").glob("*/*/*.off")):
        mesh = load(path)
        theirs = trimesh.load(path, process=False)
        assert isinstance(mesh, Mesh)
        np.testing.assert_array_equal(mesh.faces, theirs.faces)
        np.testing.assert_allclose(mesh.vertices, theirs.vertices, rtol=1e-6)
