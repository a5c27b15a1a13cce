"""To trimesh and Open3D and back."""

import dataclasses
import sys

import numpy as np
import pytest
import torch
import trimesh

from geomdl.errors import GeometryError
from geomdl.io import from_open3d, from_trimesh, to_open3d, to_trimesh
from geomdl.structures import Mesh, PointCloud
from tests.geomdl.io.seeds import example_cloud, example_mesh
from tests.oracles.io_oracle import linear_to_srgb, srgb_levels


def test_mesh_through_trimesh() -> None:
    mesh = dataclasses.replace(example_mesh(), uvs=None, materials=(), face_material=None)
    theirs = to_trimesh(mesh)
    assert isinstance(theirs, trimesh.Trimesh)
    np.testing.assert_array_equal(theirs.faces, mesh.faces)
    found = from_trimesh(theirs)
    assert isinstance(found, Mesh)
    assert torch.equal(found.vertices, mesh.vertices)
    assert torch.equal(found.faces, mesh.faces)
    torch.testing.assert_close(found.normals, mesh.normals)
    torch.testing.assert_close(found.colors, mesh.colors, atol=1e-6, rtol=0)
    np.testing.assert_array_equal(theirs.visual.vertex_colors[:, :3], srgb_levels(mesh.colors))
    assert torch.equal(found.attributes["weight"], mesh.attributes["weight"])
    assert torch.equal(found.face_attributes["label"], mesh.face_attributes["label"])


def test_texture_through_trimesh() -> None:
    mesh = example_mesh()
    uv = torch.rand(5, 2)
    smooth = dataclasses.replace(
        mesh, uvs=uv[mesh.faces], materials=mesh.materials[:1], face_material=None, colors=None
    )
    found = from_trimesh(to_trimesh(smooth))
    assert isinstance(found, Mesh)
    torch.testing.assert_close(found.uvs, smooth.uvs)
    assert found.materials[0].name == "wood"
    torch.testing.assert_close(
        found.materials[0].color, smooth.materials[0].color, atol=1 / 255, rtol=0
    )
    texture = found.materials[0].texture
    assert texture is not None
    torch.testing.assert_close(texture[:, :, :3], smooth.materials[0].texture)
    with pytest.raises(GeometryError, match="which trimesh cannot hold"):
        to_trimesh(mesh)


def test_scenes_of_trimesh_are_flattened() -> None:
    box = trimesh.creation.box()
    scene = trimesh.Scene()
    scene.add_geometry(box)
    scene.add_geometry(box, transform=trimesh.transformations.translation_matrix([5, 0, 0]))
    found = from_trimesh(scene)
    assert isinstance(found, Mesh)
    assert len(found.faces) == 24
    assert found.bounds[1].tolist() == [5.5, 0.5, 0.5]


def test_cloud_through_trimesh() -> None:
    cloud = example_cloud()
    theirs = to_trimesh(cloud)
    found = from_trimesh(theirs)
    assert isinstance(found, PointCloud)
    np.testing.assert_array_equal(theirs.colors[:, :3], srgb_levels(cloud.colors))
    assert torch.equal(found.points, cloud.points)
    torch.testing.assert_close(found.colors, cloud.colors, atol=1e-6, rtol=0)
    plain = from_trimesh(to_trimesh(PointCloud(torch.rand(3, 3))))
    assert plain.colors is None
    with pytest.raises(GeometryError, match="expected a trimesh object, got int"):
        from_trimesh(3)  # type: ignore[arg-type]


def test_mesh_and_cloud_through_open3d() -> None:
    pytest.importorskip("open3d")
    mesh, cloud = example_mesh(), example_cloud()
    theirs, their_points = to_open3d(mesh), to_open3d(cloud)
    found, points = from_open3d(theirs), from_open3d(their_points)
    assert isinstance(found, Mesh)
    assert isinstance(points, PointCloud)
    for name in ("vertices", "faces", "normals", "face_material"):
        assert torch.equal(getattr(found, name), getattr(mesh, name)), name
    torch.testing.assert_close(found.uvs, mesh.uvs, atol=1e-7, rtol=0)
    for mine, material in zip(found.materials, mesh.materials, strict=True):
        torch.testing.assert_close(mine.texture, material.texture)
    for name in ("points", "normals"):
        assert torch.equal(getattr(points, name), getattr(cloud, name)), name
    pairs = (
        (mesh.colors, found.colors, theirs.vertex_colors),
        (cloud.colors, points.colors, their_points.colors),
    )
    for ours, back, srgb in pairs:
        torch.testing.assert_close(back, ours, atol=1e-6, rtol=0)
        np.testing.assert_allclose(np.asarray(srgb), linear_to_srgb(ours), atol=1e-6)


def test_the_tensor_classes_of_open3d() -> None:
    open3d = pytest.importorskip("open3d")
    cloud = example_cloud()
    tensor = open3d.t.geometry.PointCloud.from_legacy(to_open3d(cloud))
    found = from_open3d(tensor)
    assert isinstance(found, PointCloud)
    torch.testing.assert_close(found.points, cloud.points)
    with pytest.raises(GeometryError, match="expected an Open3D mesh or cloud, got str"):
        from_open3d("cloud")


def test_without_open3d_the_command_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "open3d", None)
    with pytest.raises(GeometryError, match=r"pip install 'geomdl-torch\[open3d\]'"):
        to_open3d(example_cloud())
