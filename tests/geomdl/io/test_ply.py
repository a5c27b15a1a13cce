"""PLY as meshes and clouds."""

from pathlib import Path

import numpy as np
import pytest
import torch

from geomdl.errors import GeometryError
from geomdl.io import load
from geomdl.structures import Mesh, PointCloud
from tests.geomdl.io.seeds import linear_of
from tests.oracles.io_oracle import ply_bytes, srgb_to_linear


def load_text(folder: Path, properties: str, rows: str, faces: str = "") -> Mesh | PointCloud:
    count = len(rows.strip().split("\n"))
    head = f"ply\nformat ascii 1.0\nelement vertex {count}\n"
    head += "".join(f"property {p}\n" for p in properties.split(", "))
    if faces:
        head += f"element face {len(faces.strip().splitlines())}\n"
        head += "property list uchar int vertex_indices\n"
    (folder / "a.ply").write_text(head + "end_header\n" + rows + faces)
    shape = load(folder / "a.ply")
    assert isinstance(shape, Mesh | PointCloud)
    return shape


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_mesh_by_hand(tmp_path: Path, order: str) -> None:
    path = tmp_path / "a.ply"
    path.write_bytes(ply_bytes(order))
    mesh = load(path)
    assert isinstance(mesh, Mesh)
    assert mesh.faces.tolist() == [[0, 1, 2], [3, 2, 1], [3, 1, 0]]
    assert mesh.vertices[2].tolist() == [2.125, -0.5, 20.0]
    assert mesh.face_attributes["flag"].tolist() == [7, 9, 9]
    assert mesh.attributes["label"].tolist() == [0, -7, -14, -21]
    assert mesh.attributes["seen"].tolist()[2] == [100, 101, 0]
    assert mesh.attributes["seen_count"].tolist() == [0, 1, 2, 3]
    assert mesh.colors is not None
    torch.testing.assert_close(mesh.colors[1], linear_of([0, 51, 255]))


def test_numbered_properties_become_one_attribute(tmp_path: Path) -> None:
    names = "float x, float y, float z, float f_0, float f_1, int g_0, float h_1"
    cloud = load_text(tmp_path, names, "1 2 3 4 5 6 7\n8 9 10 11 12 13 14\n")
    assert isinstance(cloud, PointCloud)
    assert cloud.attributes["f"].tolist() == [[4, 5], [11, 12]]
    assert cloud.attributes["g"].shape == (2, 1)
    assert cloud.attributes["h_1"].tolist() == [7, 14]


def test_vertex_texture_coordinates_reach_the_corners(tmp_path: Path) -> None:
    names = "float x, float y, float z, float s, float t"
    rows = "0 0 0 0 0\n1 0 0 1 0\n1 1 0 1 1\n0 1 0 0 1\n"
    mesh = load_text(tmp_path, names, rows, "4 0 1 2 3\n")
    assert isinstance(mesh, Mesh)
    assert mesh.uvs is not None
    assert mesh.uvs.tolist() == [[[0, 0], [1, 0], [1, 1]], [[0, 0], [1, 1], [0, 1]]]


def test_float_colours_and_16_bit_colours(tmp_path: Path) -> None:
    names = "float x, float y, float z, {0} red, {0} green, {0} blue"
    unit = load_text(tmp_path, names.format("float"), "0 0 0 0.25 0.5 1\n")
    wide = load_text(tmp_path, names.format("ushort"), "0 0 0 0 65535 13107\n")
    assert unit.colors is not None
    assert wide.colors is not None
    np.testing.assert_allclose(unit.colors, srgb_to_linear([[0.25, 0.5, 1.0]]), atol=1e-7)
    torch.testing.assert_close(wide.colors, linear_of([[0, 255, 51]]))


def test_what_is_wrong_is_said(tmp_path: Path) -> None:
    xyz = "float x, float y, float z"
    with pytest.raises(GeometryError, match=r"a.ply: header: expected an element 'vertex'"):
        load_text(tmp_path, "float x, float y", "1 2\n")
    with pytest.raises(GeometryError, match="triangle 0: refers to vertices"):
        load_text(tmp_path, xyz, "0 0 0\n1 0 0\n", "3 0 1 2\n")
    with pytest.raises(GeometryError, match="face 1: expected 3 corners or more, got 2"):
        load_text(tmp_path, xyz, "0 0 0\n1 0 0\n1 1 0\n", "3 0 1 2\n2 0 1\n")
    with pytest.raises(GeometryError, match="row 1 of the coordinates: 1 of 2 rows are NaN"):
        load_text(tmp_path, xyz, "0 0 0\n1 nan 0\n")
    with pytest.raises(GeometryError, match="too large for float32"):
        load_text(tmp_path, "double x, double y, double z", "0 0 0\n1 1e300 0\n")


def test_points_that_are_not_finite_can_be_left_out(tmp_path: Path) -> None:
    text = "ply\nformat ascii 1.0\nelement vertex 3\nproperty float x\nproperty float y\n"
    text += "property float z\nproperty int id\nend_header\n0 0 0 1\nnan 0 0 2\n1 1 1 3\n"
    (tmp_path / "a.ply").write_text(text)
    cloud = load(tmp_path / "a.ply", drop_nonfinite=True)
    assert isinstance(cloud, PointCloud)
    assert cloud.attributes["id"].tolist() == [1, 3]


def test_the_real_texture(data: Path) -> None:
    mesh = load(data / "mesh_formats" / "fuze.ply")
    assert isinstance(mesh, Mesh)
    assert mesh.uvs is not None
    assert mesh.materials[0].texture is not None
    assert mesh.materials[0].texture.shape[2] == 3
