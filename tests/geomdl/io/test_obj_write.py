"""Writing OBJ with materials and textures, never over what is there."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
import trimesh

from geomdl.errors import GeometryError
from geomdl.io import load, save
from geomdl.structures import Mesh, PointCloud
from tests.geomdl.io.seeds import example_cloud, example_mesh
from tests.oracles.io_oracle import srgb_levels


def test_everything_returns(tmp_path: Path) -> None:
    mesh = example_mesh()
    save(tmp_path / "a.obj", mesh)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        *("a.mtl", "a.obj", "a_0_wood.png", "a_1_glass.png"),
    ]
    found = load(tmp_path / "a.obj")
    assert isinstance(found, Mesh)
    for name in ("vertices", "faces", "normals", "uvs", "face_material"):
        assert torch.equal(getattr(found, name), getattr(mesh, name)), name
    torch.testing.assert_close(found.colors, mesh.colors, atol=1e-7, rtol=0)
    for mine, theirs in zip(found.materials, mesh.materials, strict=True):
        assert mine.name == theirs.name
        assert torch.equal(mine.color, theirs.color)
        assert (mine.opacity, mine.metallic) == (theirs.opacity, theirs.metallic)
        assert mine.roughness == theirs.roughness
        assert mine.texture is not None
        assert theirs.texture is not None
        assert torch.equal(mine.texture, theirs.texture)


def test_a_texture_in_the_way_stays(tmp_path: Path) -> None:
    (tmp_path / "a_1_glass.png").write_bytes(b"precious")
    with pytest.raises(GeometryError, match=r"a_1_glass.png: exists already"):
        save(tmp_path / "a.obj", example_mesh())
    assert [path.name for path in tmp_path.iterdir()] == ["a_1_glass.png"]
    save(tmp_path / "a.obj", example_mesh(), overwrite=True)
    assert (tmp_path / "a_1_glass.png").read_bytes() != b"precious"


def test_corner_normals_return(tmp_path: Path) -> None:
    mesh = example_mesh()
    corner = torch.nn.functional.normalize(torch.randn(6, 3, 3), dim=-1)
    flat = dataclasses.replace(
        mesh, normals=None, uvs=None, face_attributes={"corner_normals": corner}
    )
    save(tmp_path / "a.obj", flat)
    found = load(tmp_path / "a.obj")
    assert isinstance(found, Mesh)
    assert torch.equal(found.face_attributes["corner_normals"], corner)


def test_trimesh_reads_it(tmp_path: Path) -> None:
    mesh = example_mesh()
    save(tmp_path / "a.obj", mesh)
    theirs = trimesh.load(tmp_path / "a.obj", process=False).to_mesh()
    assert theirs.triangles.shape == (6, 3, 3)
    np.testing.assert_allclose(theirs.area, trimesh.Trimesh(mesh.vertices, mesh.faces).area)


def test_clouds_return(tmp_path: Path) -> None:
    cloud = example_cloud()
    save(tmp_path / "a.obj", cloud)
    found = load(tmp_path / "a.obj")
    assert isinstance(found, PointCloud)
    assert torch.equal(found.points, cloud.points)
    torch.testing.assert_close(found.colors, cloud.colors, atol=1e-6, rtol=0)
    np.testing.assert_array_equal(srgb_levels(found.colors), srgb_levels(cloud.colors))
