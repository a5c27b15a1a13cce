"""Scenes of glTF flattened: transforms, instances, strips and fans, materials."""

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from geomdl.errors import GeometryError
from geomdl.io import load
from geomdl.io.images import encode_png
from geomdl.structures import Mesh, PointCloud

POINTS = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0], [2, 2, 0]], "<f4")


def write(folder: Path, arrays: list[np.ndarray], **parts: Any) -> Path:
    """A .gltf whose accessor i is arrays[i]."""
    types = {"<f4": 5126, "<u2": 5123, "|u1": 5121}
    shapes = {1: "SCALAR", 2: "VEC2", 3: "VEC3", 4: "VEC4"}
    data, views, accessors = b"", [], []
    for i, array in enumerate(arrays):
        views.append({"buffer": 0, "byteOffset": len(data), "byteLength": array.nbytes})
        accessors.append({"bufferView": i, "componentType": types[array.dtype.str]})
        accessors[-1] |= {"type": shapes[array.shape[1]], "count": len(array)}
        data += array.tobytes()
    uri = "data:application/octet-stream;base64," + base64.b64encode(data).decode()
    content = {
        "asset": {"version": "2.0"},
        "buffers": [{"uri": uri, "byteLength": len(data)}],
        "bufferViews": views,
        "accessors": accessors,
        "meshes": [{"primitives": [{"attributes": {"POSITION": 0}, "indices": 1}]}],
        "nodes": [{"mesh": 0}],
        "scenes": [{"nodes": [0]}],
    }
    (folder / "a.gltf").write_text(json.dumps({**content, **parts}))
    return folder / "a.gltf"


def index(*values: int) -> np.ndarray:
    return np.array(values, "<u2")[:, None]


def mesh_of(path: Path) -> Mesh:
    mesh = load(path)
    assert isinstance(mesh, Mesh)
    return mesh


def test_nodes_carry_their_children(tmp_path: Path) -> None:
    half = 0.5**0.5
    nodes = [
        {"children": [1, 2], "translation": [10, 0, 0]},
        {"mesh": 0, "rotation": [0, 0, half, half], "scale": [2, 2, 2]},
        {"mesh": 0, "matrix": [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 5, 1]},
    ]
    mesh = mesh_of(write(tmp_path, [POINTS, index(0, 1, 2)], nodes=nodes))
    assert len(mesh.faces) == 2
    expected = torch.tensor(
        [[10.0, 0, 0], [10, 2, 0], [8, 2, 0], [10, 0, 5], [11, 0, 5], [11, 1, 5]]
    )
    torch.testing.assert_close(mesh.triangles.reshape(-1, 3), expected)


def test_mirrors_turn_faces_and_normals_follow_the_inverse_transpose(tmp_path: Path) -> None:
    normals = np.tile(np.array([[0.6, 0, 0.8]], "<f4"), (5, 1))
    primitive = {"attributes": {"POSITION": 0, "NORMAL": 2}, "indices": 1}
    path = write(
        tmp_path,
        [POINTS, index(0, 1, 2), normals],
        meshes=[{"primitives": [primitive]}],
        nodes=[{"mesh": 0, "scale": [-2, 1, 1]}],
    )
    mesh = mesh_of(path)
    assert mesh.faces.tolist() == [[2, 1, 0]]
    assert mesh.normals is not None
    expected = torch.nn.functional.normalize(torch.tensor([-0.3, 0, 0.8]), dim=0)
    torch.testing.assert_close(mesh.normals[0], expected)


def test_strips_fans_and_lists_without_indices(tmp_path: Path) -> None:
    def of(mode: int, *values: int) -> list[list[int]]:
        primitive = {"attributes": {"POSITION": 0}, "indices": 1, "mode": mode}
        meshes = [{"primitives": [primitive]}]
        return mesh_of(write(tmp_path, [POINTS, index(*values)], meshes=meshes)).faces.tolist()

    assert of(5, 0, 1, 2, 3) == [[0, 1, 2], [2, 1, 3]]
    assert of(5, 0, 1, 2, 2, 3, 4) == [[0, 1, 2], [3, 2, 4]]
    assert of(6, 0, 1, 2, 3) == [[0, 1, 2], [0, 2, 3]]
    meshes = [{"primitives": [{"attributes": {"POSITION": 0}}]}]
    path = write(tmp_path, [POINTS[:3]], meshes=meshes)
    assert mesh_of(path).faces.tolist() == [[0, 1, 2]]


def test_points_alone_are_a_cloud(tmp_path: Path) -> None:
    colors = np.full((5, 4), 51, "|u1")
    primitive = {"attributes": {"POSITION": 0, "COLOR_0": 1}, "mode": 0}
    cloud = load(write(tmp_path, [POINTS, colors], meshes=[{"primitives": [primitive]}]))
    assert isinstance(cloud, PointCloud)
    torch.testing.assert_close(cloud.colors, torch.full((5, 3), 0.2))


def test_primitives_share_vertices_and_have_materials(tmp_path: Path) -> None:
    uv = np.array([[0, 0], [1, 0], [1, 1], [0, 1], [0.5, 0.25]], "<f4")
    attributes = {"POSITION": 0, "TEXCOORD_0": 3}
    picture = torch.arange(24).reshape(2, 4, 3) / 255
    (tmp_path / "a b.png").write_bytes(encode_png(picture))
    path = write(
        tmp_path,
        [POINTS, index(0, 1, 2), index(0, 2, 3), uv],
        meshes=[
            {
                "primitives": [
                    {"attributes": attributes, "indices": 1, "material": 2},
                    {"attributes": attributes, "indices": 2, "material": 0},
                ]
            }
        ],
        materials=[
            {"name": "red", "pbrMetallicRoughness": {"baseColorFactor": [1, 0, 0, 0.5]}},
            {"name": "unused"},
            {"pbrMetallicRoughness": {"baseColorTexture": {"index": 0}, "metallicFactor": 0.25}},
        ],
        textures=[{"source": 0}],
        images=[{"uri": "a%20b.png"}],
    )
    mesh = mesh_of(path)
    assert len(mesh.vertices) == 5
    assert mesh.face_material is not None
    assert mesh.face_material.tolist() == [1, 0]
    assert [m.name for m in mesh.materials] == ["red", "material_2"]
    assert (mesh.materials[0].opacity, mesh.materials[1].metallic) == (0.5, 0.25)
    texture = mesh.materials[1].texture
    assert texture is not None
    torch.testing.assert_close(texture, picture)
    assert mesh.uvs is not None
    assert mesh.uvs[0].tolist() == [[0, 1], [1, 1], [1, 0]]


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"nodes": [{"children": [0], "mesh": 0}]}, "nodes 0: has two parents, or is its own"),
        ({"nodes": [{"children": [1, 1]}, {"mesh": 0}]}, "nodes 1: has two parents"),
        ({"nodes": [{"children": [7]}]}, "refers to nodes 7"),
        ({"nodes": [{"children": 3}]}, "nodes 0, children: expected a list"),
        ({"nodes": [{"mesh": 9}]}, "nodes 0: refers to meshes 9"),
        ({"nodes": [{"mesh": 0, "matrix": [1, 2]}]}, "matrix: expected 16 numbers"),
        ({"nodes": [{"mesh": 0, "rotation": [0, 0, 0, 0]}]}, "a quaternion of length 0"),
        ({"nodes": [{"mesh": 0, "scale": [1, "a", 1]}]}, "scale: expected 3 numbers"),
        ({"scene": 4}, "scene: refers to scenes 4"),
        ({"meshes": [{"primitives": [{"attributes": {"POSITION": 5}}]}]}, "refers to accessors 5"),
        ({"meshes": [{"primitives": [{"attributes": {"POSITION": 1}}]}]}, "POSITION has 1 columns"),
        ({"meshes": [{"primitives": [5]}]}, "primitive 0: expected an object"),
        (
            {
                "meshes": [
                    {"primitives": [{"attributes": {"POSITION": 0}, "indices": 1, "mode": 9}]}
                ]
            },
            "unknown mode 9",
        ),
        ({"meshes": []}, "refers to meshes 0"),
        ({"nodes": [{}]}, "there are no points"),
    ],
)
def test_what_is_wrong_names_the_object(
    tmp_path: Path, parts: dict[str, Any], message: str
) -> None:
    path = write(tmp_path, [POINTS, index(0, 1, 2)], **parts)
    with pytest.raises(GeometryError, match=message) as caught:
        load(path)
    assert str(path) in str(caught.value)


def test_indices_and_counts(tmp_path: Path) -> None:
    with pytest.raises(GeometryError, match="primitive 0: index 9 of 5 vertices"):
        load(write(tmp_path, [POINTS, index(0, 1, 9)]))
    with pytest.raises(GeometryError, match="4 indices are not whole triangles"):
        load(write(tmp_path, [POINTS, index(0, 1, 2, 3)]))
    broken = POINTS.copy()
    broken[1, 1] = np.nan
    with pytest.raises(GeometryError, match="row 1 of the coordinates"):
        load(write(tmp_path, [broken, index(0, 1, 2)]))


def test_an_explosion_of_instances_is_refused(tmp_path: Path) -> None:
    many = np.tile(POINTS, (2000, 1))
    triangles = np.tile(index(0, 1, 2), (3000, 1))
    nodes = [{"mesh": 0} for _ in range(3000)]
    path = write(tmp_path, [many, triangles], nodes=nodes, scenes=[{"nodes": list(range(3000))}])
    with pytest.raises(GeometryError, match="scene: unfolds to"):
        load(path)


def test_primitives_that_read_one_buffer_again_and_again_are_refused(tmp_path: Path) -> None:
    many = np.tile(POINTS, (4000, 1))
    primitives = [{"attributes": {"POSITION": 0, f"_{i}": 0}, "indices": 1} for i in range(2000)]
    path = write(tmp_path, [many, index(0, 1, 2)], meshes=[{"primitives": primitives}])
    with pytest.raises(GeometryError, match=r"meshes 0, primitive .* unfolds to"):
        load(path)
