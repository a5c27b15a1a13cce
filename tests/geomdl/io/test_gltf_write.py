"""Writing GLB and glTF, read back by ourselves and by trimesh."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
import trimesh

from geomdl.io import load, save
from geomdl.structures import Mesh, PointCloud
from tests.geomdl.io.seeds import example_cloud, example_mesh
from tests.oracles.io_oracle import sorted_triangles, trimesh_reading


@pytest.mark.parametrize("ending", ["glb", "gltf"])
def test_a_mesh_returns(tmp_path: Path, ending: str) -> None:
    mesh = example_mesh()
    order = torch.sort(mesh.face_material, stable=True).indices  # faces come by material
    save(tmp_path / f"a.{ending}", mesh)
    found = load(tmp_path / f"a.{ending}")
    assert isinstance(found, Mesh)
    assert torch.equal(found.triangles, mesh.triangles[order])
    torch.testing.assert_close(found.uvs, mesh.uvs[order], atol=1e-7, rtol=0)
    assert torch.equal(found.face_material, mesh.face_material[order])
    corner = mesh.normals[mesh.faces][order]
    torch.testing.assert_close(found.normals[found.faces], corner, atol=1e-6, rtol=0)
    torch.testing.assert_close(found.colors[found.faces], mesh.colors[mesh.faces][order])
    for mine, theirs in zip(found.materials, mesh.materials, strict=True):
        assert (mine.name, mine.opacity) == (theirs.name, theirs.opacity)
        assert (mine.metallic, mine.roughness) == (theirs.metallic, theirs.roughness)
        assert torch.equal(mine.color, theirs.color)
        assert torch.equal(mine.texture, theirs.texture)


def test_without_texture_coordinates_vertices_stay_as_they_are(tmp_path: Path) -> None:
    mesh = dataclasses.replace(example_mesh(), uvs=None, materials=(), face_material=None)
    save(tmp_path / "a.glb", mesh)
    found = load(tmp_path / "a.glb")
    assert isinstance(found, Mesh)
    assert torch.equal(found.vertices, mesh.vertices)
    assert torch.equal(found.faces, mesh.faces)


@pytest.mark.parametrize("ending", ["glb", "gltf"])
def test_trimesh_reads_it(tmp_path: Path, ending: str) -> None:
    mesh = example_mesh()
    save(tmp_path / f"a.{ending}", mesh)
    triangles, _ = trimesh_reading(tmp_path / f"a.{ending}")
    mine = sorted_triangles(mesh.triangles.double().numpy())
    np.testing.assert_allclose(sorted_triangles(triangles), mine)
    scene = trimesh.load(tmp_path / f"a.{ending}", process=False)
    names = {geometry.visual.material.name for geometry in scene.geometry.values()}
    assert names == {"wood", "glass"}


def test_clouds_return(tmp_path: Path) -> None:
    cloud = example_cloud()
    save(tmp_path / "a.glb", cloud)
    found = load(tmp_path / "a.glb")
    assert isinstance(found, PointCloud)
    assert torch.equal(found.points, cloud.points)
    torch.testing.assert_close(found.colors, cloud.colors)
