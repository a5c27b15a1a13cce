import io
import json
import struct

import numpy as np
import pytest
import torch
import trimesh
from PIL import Image

from geomdl.structures import Camera, Material, Mesh, Pose
from geomdl.viewer.drawing import Photo
from geomdl.viewer.page import glb


def read(data: bytes) -> trimesh.Scene:
    scene = trimesh.load(io.BytesIO(data), file_type="glb", process=False, maintain_order=True)
    assert isinstance(scene, trimesh.Scene)
    return scene


def tree(data: bytes) -> dict:
    magic, version, whole = struct.unpack("<4sII", data[:12])
    assert (magic, version, whole) == (b"glTF", 2, len(data))
    length, kind = struct.unpack("<I4s", data[12:20])
    assert kind == b"JSON"
    assert length % 4 == 0
    return json.loads(data[20 : 20 + length])


def column(data: bytes, number: int, kind: str) -> np.ndarray:
    """Rows of 4 of an accessor, read without glb.py."""
    json_length = struct.unpack("<I", data[12:16])[0]
    start = 20 + json_length + 8
    found = tree(data)
    accessor = found["accessors"][number]
    view = found["bufferViews"][accessor["bufferView"]]
    assert view["byteOffset"] % 4 == 0
    raw = data[start + view["byteOffset"] :][: view["byteLength"]]
    return np.frombuffer(raw, kind).reshape(accessor["count"], -1)


def bumpy(count: int = 60) -> Mesh:
    g = torch.Generator().manual_seed(1)
    sphere = trimesh.creation.icosphere(subdivisions=2)
    vertices = torch.tensor(np.array(sphere.vertices), dtype=torch.float32)
    return Mesh(
        vertices * 3 + 7,
        torch.tensor(np.array(sphere.faces), dtype=torch.int64),
        normals=torch.nn.functional.normalize(vertices, dim=1),
        colors=torch.rand(len(vertices), 3, generator=g),
    )


def test_vertices_and_faces_come_back_as_another_reader_reads_them() -> None:
    mesh = bumpy()
    (found,) = read(glb.surface(mesh, glb.Style(), 5)).geometry.values()
    assert np.array_equal(found.vertices, mesh.vertices.numpy())
    assert np.array_equal(found.faces, mesh.faces.numpy())


def test_normals_and_colours_are_fine_enough() -> None:
    mesh = bumpy()
    data = glb.surface(mesh, glb.Style(), 5)
    attributes = tree(data)["meshes"][0]["primitives"][0]["attributes"]
    normals = column(data, attributes["NORMAL"], "<i2")[:, :3] / 32767
    colors = column(data, attributes["COLOR_0"], "<u2")[:, :3] / 65535
    assert mesh.normals is not None
    assert mesh.colors is not None
    assert np.abs(normals - mesh.normals.numpy()).max() < 2e-5
    assert np.abs(colors - mesh.colors.numpy()).max() < 1e-5  # linear, as glTF has them


def test_many_vertices_need_wide_indices() -> None:
    vertices = torch.rand(70_000, 3)
    faces = torch.tensor([[0, 1, 69_999], [65_535, 65_536, 2]])
    (found,) = read(glb.surface(Mesh(vertices, faces), glb.Style())).geometry.values()
    assert np.array_equal(found.vertices[found.faces], vertices[faces].numpy())


def test_seams_split_vertices_and_keep_every_corner() -> None:
    vertices = torch.tensor([[0.0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]])
    faces = torch.tensor([[0, 1, 2], [0, 2, 3]])
    uvs = torch.tensor([[[0.0, 0], [1, 0], [1, 1]], [[0.5, 0], [1, 1], [0, 1]]])
    picture = torch.zeros(2, 2, 3)
    picture[0, 1] = torch.tensor([0.2, 0.4, 0.6])
    mesh = Mesh(
        vertices, faces, uvs=uvs, materials=(Material(texture=picture),),
        face_material=torch.zeros(2, dtype=torch.int64),
    )  # fmt: skip
    data = glb.surface(mesh, glb.Style())
    (found,) = read(data).geometry.values()
    assert len(found.vertices) == 5  # only vertex 0 has two uvs
    assert np.array_equal(found.vertices[found.faces], vertices[faces].numpy())
    assert np.allclose(found.visual.uv[found.faces], uvs.numpy())  # trimesh counts v upwards too
    image = np.asarray(found.visual.material.baseColorTexture)
    assert np.array_equal(image[..., :3], (picture * 255).round().byte().numpy())


def test_materials_become_primitives_over_the_same_vertices() -> None:
    mesh = bumpy()
    index = torch.arange(len(mesh)) % 3 - 1
    materials = (Material(color=torch.tensor([1.0, 0, 0])), Material(opacity=0.25))
    two = Mesh(mesh.vertices, mesh.faces, materials=materials, face_material=index)
    found = tree(glb.surface(two, glb.Style(opacity=0.5)))
    primitives = found["meshes"][0]["primitives"]
    assert len(primitives) == 3
    assert len({p["attributes"]["POSITION"] for p in primitives}) == 1
    counts = [found["accessors"][p["indices"]]["count"] for p in primitives]
    assert counts == [3 * int((index == n).sum()) for n in (-1, 0, 1)]
    factors = [m["pbrMetallicRoughness"]["baseColorFactor"] for m in found["materials"]]
    assert factors[1] == [1, 0, 0, 0.5]
    assert factors[2] == [1, 1, 1, 0.125]
    assert all(m["alphaMode"] == "BLEND" for m in found["materials"])


@pytest.mark.parametrize("lit", [True, False])
@pytest.mark.parametrize("front", [True, False])
def test_style_and_mark(lit: bool, front: bool) -> None:
    found = tree(glb.surface(bumpy(), glb.Style(lit, front), 77))
    material = found["materials"][0]
    assert material["doubleSided"] is not front
    assert material["extras"]["geomdl"] == ("lit" if lit else "plain")
    assert "KHR_materials_unlit" in material["extensions"]
    assert "alphaMode" not in material
    assert found["meshes"][0]["primitives"][0]["extras"] == {"geomdl": 77}


def test_without_normals_nothing_is_lit() -> None:
    bare = Mesh(torch.rand(3, 3), torch.tensor([[0, 1, 2]]))
    assert tree(glb.surface(bare, glb.Style()))["materials"][0]["extras"]["geomdl"] == "plain"


def test_every_edge_once() -> None:
    mesh = bumpy()
    data = glb.edges(mesh)
    found = tree(data)
    (primitive,) = found["meshes"][0]["primitives"]
    assert primitive["mode"] == 1
    ends = column(data, primitive["indices"], "<u2").reshape(-1, 2).astype(int)
    want = trimesh.Trimesh(mesh.vertices.numpy(), mesh.faces.numpy(), process=False)
    assert {tuple(e) for e in ends.tolist()} == {tuple(e) for e in want.edges_unique.tolist()}
    assert len(ends) == len(want.edges_unique)


def test_nothing_is_a_file_too() -> None:
    empty = Mesh(torch.zeros(0, 3), torch.zeros(0, 3, dtype=torch.int64))
    data = glb.surface(empty, glb.Style())
    assert tree(data)["scene"] == 0


def test_a_photograph_stands_where_its_camera_sees_it() -> None:
    lens = torch.tensor([[50.0, 0, 30], [0, 50, 25], [0, 0, 1]])  # not in the middle
    camera = Camera(lens, Pose.identity(), 80, 40)
    image = torch.zeros(4, 8, 3)
    image[:2, :4, 0] = 1  # upper left red
    data = glb.photo(Photo("p", "p", 1, camera, 2.0, image))
    (found,) = read(data).geometry.values()
    left, top, right, bottom = -30 / 50 * 2, -25 / 50 * 2, 50 / 50 * 2, 15 / 50 * 2
    corners = [[left, top, 2], [right, top, 2], [right, bottom, 2], [left, bottom, 2]]
    assert np.allclose(found.vertices, corners, atol=1e-6)
    assert np.allclose(found.visual.uv, [[0, 1], [1, 1], [1, 0], [0, 0]])
    picture = found.visual.material.baseColorTexture
    assert isinstance(picture, Image.Image)
    assert np.abs(np.asarray(picture.convert("RGB"), int)[0, 0] - [255, 0, 0]).max() < 12
