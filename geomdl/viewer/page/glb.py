"""Surfaces as binary glTF 2.0, the way three.js uploads them without touching a number.

Materials are unlit and carry `extras.geomdl`: the page's script lights what is marked 'lit' as our
rasteriser does, and keeps the normals that are sent (viser would compute its own).
"""

import io
import json
import struct
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from geomdl.structures import Mesh
from geomdl.viewer.drawing import Photo
from geomdl.viewer.viewpoint import pyramid

FLOAT, SHORT, UNSIGNED_SHORT, UNSIGNED_INT = 5126, 5122, 5123, 5125
TYPES = {1: "SCALAR", 2: "VEC2", 3: "VEC3"}
PLAIN = (0.62, 0.64, 0.67)
INK = 0.3  # of edges, times the colour of their surface


@dataclass(frozen=True)
class Style:
    """How a surface is drawn; the page can change it without reading the file again."""

    lit: bool = True
    front: bool = False
    opacity: float = 1.0


def surface(mesh: Mesh, style: Style, mark: int = 1) -> bytes:
    """Mesh -> GLB with a primitive per material.

    mark: a number that the page sends back when it has read the file.
    """
    split, corner = _split_seams(mesh)
    file = _File()
    attributes = _attributes(file, split, corner)
    primitives = [
        {
            "attributes": attributes,
            "indices": file.indices(faces.flatten(), len(split.vertices)),
            "material": _material(file, mesh, number, style),
            "extras": {"geomdl": mark},
        }
        for number, faces in _by_material(split)
    ]
    return file.finish(primitives)


def edges(mesh: Mesh, mark: int = 1) -> bytes:
    """Mesh -> GLB of every edge once, in a darker colour than the surface's."""
    faces = mesh.faces
    pairs = torch.cat([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]).sort(1).values
    count = max(len(mesh.vertices), 1)
    keys = (pairs[:, 0] * count + pairs[:, 1]).unique()
    ends = torch.stack([keys // count, keys % count], 1)
    color = torch.tensor(PLAIN)
    if mesh.colors is not None:
        color = torch.ones(3)
    elif mesh.materials:
        color = mesh.materials[0].color.float()
    file = _File()
    look = {"pbrMetallicRoughness": {"baseColorFactor": [*(color * INK).tolist(), 1.0]}}
    primitive = {
        "attributes": _attributes(file, mesh, None, normals=False),
        "indices": file.indices(ends.flatten(), count),
        "material": file.material(look, "line"),
        "mode": 1,
        "extras": {"geomdl": mark},
    }
    return file.finish([primitive])


def photo(part: Photo, mark: int = 1, quality: int = 90) -> bytes:
    """Photo -> GLB of its picture on the end of the pyramid. The image must be there."""
    assert part.image is not None
    corners = pyramid(part)[1:]
    file = _File()
    attributes = {
        "POSITION": file.accessor(_numpy(corners), FLOAT, bounds=True),
        "TEXCOORD_0": file.accessor(np.array([[0, 0], [1, 0], [1, 1], [0, 1]], "f4"), FLOAT),
    }
    primitive = {
        "attributes": attributes,
        "indices": file.indices(torch.tensor([0, 1, 2, 0, 2, 3]), 4),
        "material": file.material(
            {
                "doubleSided": True,
                "pbrMetallicRoughness": {
                    "baseColorTexture": {"index": file.texture(part.image, quality)}
                },
            },
            "plain",
        ),
        "extras": {"geomdl": mark},
    }
    return file.finish([primitive])


def _split_seams(mesh: Mesh) -> tuple[Mesh, Tensor | None]:
    """Faces index one (position, uv) each, as glTF wants -> that mesh and its uvs (V, 2).

    Most vertices have the same uv in all their faces and stay; corners that differ become new.
    """
    textured = any(material.texture is not None for material in mesh.materials)
    if mesh.uvs is None or not textured:
        return mesh, None
    flat, corners = mesh.faces.flatten(), mesh.uvs.float().flatten(0, 1)  # (3F,), (3F, 2)
    own = corners.new_zeros(len(mesh.vertices), 2)
    own[flat] = corners
    differs = ((own[flat] != corners).any(1)).nonzero()[:, 0]
    if len(differs) == 0:
        return mesh, own
    rows = torch.cat([flat[differs, None].double(), corners[differs].double()], 1)
    new, place = torch.unique(rows, dim=0, return_inverse=True)
    source = torch.cat([torch.arange(len(mesh.vertices)), new[:, 0].long()])
    faces = flat.clone()
    faces[differs] = place + len(mesh.vertices)
    split = Mesh(
        mesh.vertices[source],
        faces.view(-1, 3),
        normals=None if mesh.normals is None else mesh.normals[source],
        colors=None if mesh.colors is None else mesh.colors[source],
        materials=mesh.materials,
        face_material=mesh.face_material,
    )
    return split, torch.cat([own, new[:, 1:].float()])


def _attributes(
    file: "_File", mesh: Mesh, corner: Tensor | None, normals: bool = True
) -> dict[str, int]:
    found = {"POSITION": file.accessor(_numpy(mesh.vertices.float()), FLOAT, bounds=True)}
    if mesh.normals is not None and normals:
        found["NORMAL"] = file.accessor(_whole(mesh.normals, 32767, "i2"), SHORT)
    if mesh.colors is not None:
        found["COLOR_0"] = file.accessor(_whole(mesh.colors, 65535, "u2"), UNSIGNED_SHORT)
    if corner is not None:
        upright = torch.stack([corner[:, 0], 1 - corner[:, 1]], 1)  # glTF counts v from the top
        found["TEXCOORD_0"] = file.accessor(_numpy(upright), FLOAT)
    return found


def _by_material(mesh: Mesh) -> list[tuple[int, Tensor]]:
    """The numbers of the materials in use, -1 for none, and their faces (G, 3)."""
    if not mesh.materials:
        return [(-1, mesh.faces)]
    if mesh.face_material is None or (len(mesh.materials) == 1 and bool(
        (mesh.face_material == 0).all()
    )):  # fmt: skip
        return [(0, mesh.faces)]
    numbers = mesh.face_material.unique().tolist()
    return [(number, mesh.faces[mesh.face_material == number]) for number in numbers]


def _material(file: "_File", mesh: Mesh, number: int, style: Style) -> int:
    color, own, texture = (1.0, 1.0, 1.0), 1.0, None
    if number >= 0:
        material = mesh.materials[number]
        color = tuple(material.color.tolist())
        own = material.opacity
        texture = material.texture if mesh.uvs is not None else None
    elif mesh.colors is None:
        color = PLAIN
    surface: dict[str, Any] = {"baseColorFactor": [*color, own * style.opacity]}
    if texture is not None:
        if texture.shape[2] == 4 and float(texture[..., 3].min()) >= 0.99:
            texture = texture[..., :3]
        surface["baseColorTexture"] = {"index": file.texture(texture)}
    fields: dict[str, Any] = {"doubleSided": not style.front, "pbrMetallicRoughness": surface}
    clear = texture is not None and texture.shape[2] == 4
    if own * style.opacity < 1 or clear:
        fields["alphaMode"] = "BLEND"
    kind = "lit" if style.lit and mesh.normals is not None else "plain"
    return file.material(fields, kind, opacity=own, clear=clear)


def _numpy(values: Tensor) -> NDArray[Any]:
    return np.asarray(values.detach().contiguous().cpu().numpy())


def _whole(values: Tensor, top: int, kind: str) -> NDArray[Any]:
    """Numbers (V, 3) in -1..1 or 0..1 -> whole ones (V, 4): glTF wants rows of 4 bytes or 8."""
    found = np.zeros((len(values), 4), kind)
    low = -1.0 if kind == "i2" else 0.0
    scaled = values.detach().float().cpu().clamp(low, 1.0).mul_(top).round_()
    found[:, :3] = scaled.numpy()
    return found


@dataclass
class _File:
    """A GLB in the making: its bytes, and the tables that point into them."""

    blocks: list[bytes] = field(default_factory=list)
    size: int = 0
    views: list[dict[str, Any]] = field(default_factory=list)
    accessors: list[dict[str, Any]] = field(default_factory=list)
    materials: list[dict[str, Any]] = field(default_factory=list)
    images: list[dict[str, Any]] = field(default_factory=list)
    known: dict[int, int] = field(default_factory=dict)

    def view(self, data: bytes, **fields: int) -> int:
        """Bytes -> the number of their buffer view, which starts at a multiple of 4."""
        padding = -len(data) % 4
        self.views.append({"buffer": 0, "byteOffset": self.size, "byteLength": len(data), **fields})
        self.blocks += [data, b"\0" * padding]
        self.size += len(data) + padding
        return len(self.views) - 1

    def accessor(self, values: NDArray[Any], kind: int, bounds: bool = False) -> int:
        """Rows (N, 2..4); whole numbers are shares of the largest, in rows padded to 4."""
        normalized = kind != FLOAT
        width = 3 if normalized else values.shape[1]
        stride = values.shape[1] * values.itemsize
        view = self.view(values.tobytes(), byteStride=stride, target=34962)
        found: dict[str, Any] = {
            "bufferView": view, "componentType": kind, "count": len(values), "type": TYPES[width],
        }  # fmt: skip
        if normalized:
            found["normalized"] = True
        if bounds and len(values):
            found["min"], found["max"] = values.min(0).tolist(), values.max(0).tolist()
        self.accessors.append(found)
        return len(self.accessors) - 1

    def indices(self, index: Tensor, count: int) -> int:
        """Indices (N,) below count, in two bytes where they fit."""
        small = count <= 65535
        kept = index.to(torch.int32).cpu().numpy()
        values = kept.astype("u2") if small else kept.view("u4")
        self.accessors.append({
            "bufferView": self.view(values.tobytes(), target=34963),
            "componentType": UNSIGNED_SHORT if small else UNSIGNED_INT,
            "count": len(values),
            "type": "SCALAR",
        })  # fmt: skip
        return len(self.accessors) - 1

    def texture(self, image: Tensor, quality: int | None = None) -> int:
        """An image (H, W, 3|4), sRGB in 0..1, as JPEG of a quality or else exactly, as PNG."""
        if image.data_ptr() in self.known:
            return self.known[image.data_ptr()]
        levels = image.detach().float().clamp(0, 1).mul(255).round().byte().cpu().numpy()
        stream = io.BytesIO()
        if quality is None:
            Image.fromarray(levels).save(stream, "PNG", compress_level=1)
        else:
            Image.fromarray(levels).save(stream, "JPEG", quality=quality, subsampling=0)
        kind = "image/png" if quality is None else "image/jpeg"
        self.images.append({"bufferView": self.view(stream.getvalue()), "mimeType": kind})
        self.known[image.data_ptr()] = len(self.images) - 1
        return len(self.images) - 1

    def material(
        self, fields: dict[str, Any], kind: str, *, opacity: float = 1.0, clear: bool = False
    ) -> int:
        """The number of a new unlit material; the page's script knows plain, lit and line."""
        self.materials.append({
            **fields,
            "extensions": {"KHR_materials_unlit": {}},
            "extras": {"geomdl": kind, "opacity": opacity, "clear": clear},
        })  # fmt: skip
        return len(self.materials) - 1

    def finish(self, primitives: list[dict[str, Any]]) -> bytes:
        """The whole file."""
        tree: dict[str, Any] = {
            "asset": {"version": "2.0", "generator": "geomdl"},
            "extensionsUsed": ["KHR_materials_unlit", "KHR_mesh_quantization"],
            "scene": 0,
            "scenes": [{"nodes": [0] if primitives else []}],
            "nodes": [{"mesh": 0}] if primitives else [],
            "meshes": [{"primitives": primitives}] if primitives else [],
            "materials": self.materials,
            "textures": [{"source": n, "sampler": 0} for n in range(len(self.images))],
            "images": self.images,
            "samplers": [{"wrapS": 10497, "wrapT": 10497, "minFilter": 9987}],
            "accessors": self.accessors,
            "bufferViews": self.views,
            "buffers": [{"byteLength": self.size}],
        }
        kept = {name: value for name, value in tree.items() if value != []}
        text = json.dumps(kept, separators=(",", ":"), allow_nan=False).encode()
        text += b" " * (-len(text) % 4)
        whole = 12 + 8 + len(text) + 8 + self.size
        head = struct.pack("<4sII", b"glTF", 2, whole)
        return b"".join([
            head, struct.pack("<I4s", len(text), b"JSON"), text,
            struct.pack("<I4s", self.size, b"BIN\0"), *self.blocks,
        ])  # fmt: skip
