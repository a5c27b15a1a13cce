"""Writing PLY, read back by ourselves and by others."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
import trimesh

from geomdl.errors import GeometryError
from geomdl.io import load, save
from geomdl.io.ply_write import column_text, storable
from geomdl.structures import Material, Mesh, PointCloud
from tests.geomdl.io.seeds import example_cloud, example_mesh
from tests.oracles.io_oracle import linear_to_srgb, srgb_levels

ENCODINGS = ["binary", "binary_big_endian", "ascii"]


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_mesh_returns_bit_for_bit(tmp_path: Path, encoding: str) -> None:
    mesh = example_mesh()
    save(tmp_path / "a b.ply", mesh, encoding=encoding)
    found = load(tmp_path / "a b.ply")
    assert isinstance(found, Mesh)
    for name in ("vertices", "faces", "normals", "uvs", "face_material"):
        assert torch.equal(getattr(found, name), getattr(mesh, name)), name
    torch.testing.assert_close(found.colors, mesh.colors, atol=1e-6, rtol=0)
    np.testing.assert_array_equal(srgb_levels(found.colors), srgb_levels(mesh.colors))
    assert torch.equal(found.attributes["weight"], mesh.attributes["weight"])
    assert found.attributes["pair"].tolist() == mesh.attributes["pair"].tolist()
    assert torch.equal(found.face_attributes["label"], mesh.face_attributes["label"])
    for mine, theirs in zip(found.materials, mesh.materials, strict=True):
        assert mine.texture is not None
        assert theirs.texture is not None
        assert torch.equal(mine.texture, theirs.texture)
    (tmp_path / "again").mkdir()
    save(tmp_path / "again" / "a b.ply", found, encoding=encoding)
    first, again = ((tmp_path / n / "a b.ply").read_bytes() for n in ("", "again"))
    assert first.split(b"end_header\n", 1)[1] == again.split(b"end_header\n", 1)[1]


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_cloud_returns_bit_for_bit(tmp_path: Path, encoding: str) -> None:
    cloud = example_cloud()
    cloud.attributes["flag"] = torch.arange(60) % 3 == 0
    save(tmp_path / "a.ply", cloud, encoding=encoding)
    found = load(tmp_path / "a.ply")
    assert isinstance(found, PointCloud)
    assert torch.equal(found.points, cloud.points)
    assert torch.equal(found.normals, cloud.normals)
    torch.testing.assert_close(found.colors, cloud.colors, atol=1e-6, rtol=0)
    np.testing.assert_array_equal(srgb_levels(found.colors), srgb_levels(cloud.colors))
    for name, values in cloud.attributes.items():
        assert torch.equal(found.attributes[name].to(values.dtype), values), name
    assert found.attributes["code"].dtype == torch.float64


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_others_read_it(tmp_path: Path, encoding: str) -> None:
    mesh = dataclasses.replace(example_mesh(), materials=(), face_material=None, uvs=None)
    save(tmp_path / "a.ply", mesh, encoding=encoding)
    theirs = trimesh.load(tmp_path / "a.ply", process=False)
    np.testing.assert_allclose(theirs.vertices, mesh.vertices)
    np.testing.assert_array_equal(theirs.faces, mesh.faces)
    open3d = pytest.importorskip("open3d")
    theirs = open3d.io.read_triangle_mesh(str(tmp_path / "a.ply"))
    np.testing.assert_allclose(np.asarray(theirs.vertices), mesh.vertices)
    srgb = linear_to_srgb(mesh.colors)
    np.testing.assert_allclose(np.asarray(theirs.vertex_colors), srgb, atol=1e-6)


@pytest.mark.parametrize("ascii_", [True, False])
def test_what_open3d_writes(tmp_path: Path, ascii_: bool) -> None:
    open3d = pytest.importorskip("open3d")
    from geomdl.io import to_open3d

    cloud = example_cloud()
    path = tmp_path / "a.ply"
    assert open3d.io.write_point_cloud(str(path), to_open3d(cloud), write_ascii=ascii_)
    found = load(path)
    assert isinstance(found, PointCloud)
    torch.testing.assert_close(found.points, cloud.points, atol=2e-5, rtol=0)
    torch.testing.assert_close(found.normals, cloud.normals, atol=2e-5, rtol=0)
    torch.testing.assert_close(found.colors, cloud.colors, atol=1e-6, rtol=0)


def test_double_coordinates_are_kept(tmp_path: Path) -> None:
    points = torch.tensor([[4.5e6 + 0.123456, 1 / 3, -1e-9]], dtype=torch.float64)
    for encoding in ENCODINGS:
        save(tmp_path / "a.ply", PointCloud(points), encoding=encoding, overwrite=True)
        found = load(tmp_path / "a.ply", dtype=torch.float64)
        assert isinstance(found, PointCloud)
        assert torch.equal(found.points, points)


def test_what_has_no_place_is_refused(tmp_path: Path) -> None:
    points = torch.zeros(2, 3)
    wrong = {
        "has no blanks": {"a b": torch.zeros(2)},
        "expected one or two axes": {"a": torch.zeros(2, 2, 2)},
        "does not fit the format's 32-bit": {"a": torch.tensor([0, 2**40])},
        "is used twice": {"x": torch.zeros(2)},
    }
    for message, attributes in wrong.items():
        with pytest.raises(GeometryError, match=message):
            save(tmp_path / "a.ply", PointCloud(points, attributes=attributes))
    with pytest.raises(GeometryError, match="encoding: expected one of"):
        save(tmp_path / "a.ply", PointCloud(points), encoding="zip")


def test_materials_without_textures_write_no_pictures(tmp_path: Path) -> None:
    mesh = dataclasses.replace(example_mesh(), materials=(Material("a"), Material("b")))
    save(tmp_path / "a.ply", mesh)
    assert [path.name for path in tmp_path.iterdir()] == ["a.ply"]


def test_shortest_text_is_exact() -> None:
    values = np.float32([0.1, 1 / 3, 1e-30, 16777216])
    assert np.array_equal(np.float32(column_text(values)), values)
    assert storable("a", torch.tensor([True])).dtype == np.uint8
    assert storable("a", torch.zeros(1, dtype=torch.float16)).dtype == np.float32
