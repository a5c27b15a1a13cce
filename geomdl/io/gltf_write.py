"""Writing GLB and glTF: one buffer, one primitive for every material."""

import base64
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from geomdl.io.images import encode_png
from geomdl.structures import Material, Mesh, PointCloud

_CODES = {"f4": 5126, "u4": 5125, "u1": 5121}
_SHAPES = {1: "SCALAR", 2: "VEC2", 3: "VEC3", 4: "VEC4"}


@dataclass
class _Buffer:
    """Bytes, views and accessors that grow together."""

    data: bytearray = field(default_factory=bytearray)
    views: list[dict[str, Any]] = field(default_factory=list)
    accessors: list[dict[str, Any]] = field(default_factory=list)

    def view(self, data: bytes) -> int:
        self.data += b"\0" * (-len(self.data) % 4)
        self.views.append({"buffer": 0, "byteOffset": len(self.data), "byteLength": len(data)})
        self.data += data
        return len(self.views) - 1

    def accessor(self, values: NDArray, bounds: bool = False) -> int:
        """An (N, k) array of float32 or uint32."""
        entry = {
            "bufferView": self.view(values.tobytes()),
            "componentType": _CODES[values.dtype.str[1:]],
            "count": len(values),
            "type": _SHAPES[values.shape[1]],
        }
        if bounds:
            entry |= {"min": values.min(0).tolist(), "max": values.max(0).tolist()}
        self.accessors.append(entry)
        return len(self.accessors) - 1


def encode_gltf(path: Path, shape: Mesh | PointCloud) -> dict[Path, bytes]:
    """GLB (or glTF with its data inside) by path; float32. Attributes have no place and go.

    Corners of one vertex with different texture coordinates become several vertices.
    """
    buffer = _Buffer()
    document: dict[str, Any] = {"asset": {"version": "2.0", "generator": "geomdl"}}
    if isinstance(shape, Mesh):
        primitives = _mesh(buffer, shape)
        if shape.materials:
            document |= _materials(buffer, shape.materials)
    else:
        attributes = _attributes(buffer, shape.points, shape.normals, shape.colors)
        primitives = [{"attributes": attributes, "mode": 0}]
    document |= {
        "meshes": [{"primitives": primitives}],
        "nodes": [{"mesh": 0}],
        "scenes": [{"nodes": [0]}],
        "scene": 0,
        "bufferViews": buffer.views,
        "accessors": buffer.accessors,
        "buffers": [{"byteLength": len(buffer.data)}],
    }
    if path.suffix.lower() == ".gltf":
        text = base64.b64encode(bytes(buffer.data)).decode()
        document["buffers"][0]["uri"] = "data:application/octet-stream;base64," + text
        return {path: json.dumps(document).encode()}
    head = json.dumps(document, separators=(",", ":")).encode()
    head += b" " * (-len(head) % 4)
    body = bytes(buffer.data) + b"\0" * (-len(buffer.data) % 4)
    chunks = _chunk(b"JSON", head) + _chunk(b"BIN\0", body)
    return {path: b"glTF" + np.array([2, 12 + len(chunks)], "<u4").tobytes() + chunks}


def _chunk(kind: bytes, data: bytes) -> bytes:
    return len(data).to_bytes(4, "little") + kind + data


def _mesh(buffer: _Buffer, mesh: Mesh) -> list[dict[str, Any]]:
    faces = mesh.faces.cpu()
    vertex, uvs = None, None
    if mesh.uvs is not None:
        vertex, faces, uvs = _split(faces, mesh.uvs.detach().cpu().float())
    attributes = _attributes(
        buffer,
        mesh.vertices if vertex is None else mesh.vertices[vertex],
        mesh.normals if vertex is None or mesh.normals is None else mesh.normals[vertex],
        mesh.colors if vertex is None or mesh.colors is None else mesh.colors[vertex],
    )
    if uvs is not None:
        turned = uvs * torch.tensor([1.0, -1.0]) + torch.tensor([0.0, 1.0])
        attributes["TEXCOORD_0"] = buffer.accessor(turned.numpy())
    if mesh.face_material is None or not mesh.materials:
        return [_primitive(buffer, attributes, faces, -1)]
    owner = mesh.face_material.cpu()
    return [_primitive(buffer, attributes, faces[owner == m], m) for m in owner.unique().tolist()]


def _primitive(
    buffer: _Buffer, attributes: dict[str, int], faces: Tensor, material: int
) -> dict[str, Any]:
    index = buffer.accessor(faces.numpy().astype("<u4").reshape(-1, 1))
    primitive = {"attributes": attributes, "indices": index, "mode": 4}
    return primitive if material < 0 else {**primitive, "material": material}


def _split(faces: Tensor, uvs: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """One vertex for every pair of vertex and texture coordinate: its vertex, faces, uv."""
    corner, uv = faces.reshape(-1).numpy(), uvs.reshape(-1, 2).numpy() + 0.0
    rows = np.empty(len(corner), [("v", "i8"), ("s", "f4"), ("t", "f4")])
    rows["v"], rows["s"], rows["t"] = corner, uv[:, 0], uv[:, 1]
    distinct, inverse = np.unique(rows, return_inverse=True)
    pairs = np.stack([distinct["s"], distinct["t"]], axis=1)
    return (
        torch.from_numpy(distinct["v"].copy()),
        torch.from_numpy(inverse.reshape(-1, 3)),
        torch.from_numpy(pairs),
    )


def _attributes(
    buffer: _Buffer, points: Tensor, normals: Tensor | None, colors: Tensor | None
) -> dict[str, int]:
    named = {"POSITION": buffer.accessor(_floats(points), bounds=True)}
    if normals is not None:
        named["NORMAL"] = buffer.accessor(_floats(normals))
    if colors is not None:
        named["COLOR_0"] = buffer.accessor(_floats(colors))
    return named


def _floats(values: Tensor) -> NDArray[np.float32]:
    return np.ascontiguousarray(values.detach().cpu().float().numpy(), "<f4")


def _materials(buffer: _Buffer, materials: tuple[Material, ...]) -> dict[str, Any]:
    entries: list[dict[str, Any]] = []
    images: list[dict[str, Any]] = []
    for material in materials:
        pbr: dict[str, Any] = {
            "baseColorFactor": [*material.color.tolist(), material.opacity],
            "metallicFactor": material.metallic,
            "roughnessFactor": material.roughness,
        }
        clear = material.opacity < 1
        if material.texture is not None:
            clear = clear or material.texture.shape[2] == 4
            pbr["baseColorTexture"] = {"index": len(images)}
            view = buffer.view(encode_png(material.texture))
            images.append({"bufferView": view, "mimeType": "image/png"})
        entry = {"name": material.name, "pbrMetallicRoughness": pbr, "doubleSided": True}
        entries.append({**entry, "alphaMode": "BLEND"} if clear else entry)
    if not images:
        return {"materials": entries}
    textures = [{"source": i} for i in range(len(images))]
    return {"materials": entries, "images": images, "textures": textures}
