"""glTF 2.0 and GLB: the scene flattened to one mesh, with materials, textures and colours.

Every node's transform is applied; instances become copies. Texture coordinates are turned to
u right, v up. Triangles, strips and fans are read; lines are passed over; a scene of points alone
is a PointCloud. Animations, skins and morph targets stay in their rest pose.
"""

import warnings
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from geomdl.io.assemble import Parts
from geomdl.io.gltf_buffers import Document, read_document
from geomdl.io.images import Textures
from geomdl.io.source import Source
from geomdl.structures import Material

_TRIANGLES, _STRIP, _FAN = 4, 5, 6


@dataclass
class Piece:
    """The primitives of a mesh that share their vertices."""

    points: NDArray
    faces: NDArray[np.int64]
    normals: NDArray | None
    colors: NDArray | None
    uvs: NDArray | None
    material: NDArray[np.int64]  # (F,)


def read_gltf(source: Source) -> Parts:
    """GLB or glTF -> the parts of a Mesh or PointCloud. Raises GeometryError naming the object."""
    document = read_document(source)
    reader = _Reader(document, Textures(source))
    pieces: list[Piece] = []
    total = 0
    for mesh, matrix in _instances(document):
        for piece in reader.primitives(mesh):
            total += piece.points.nbytes + piece.faces.nbytes
            source.expect_unfold("scene", total)
            pieces.append(_moved(piece, matrix))
    if any(len(piece.faces) for piece in pieces):
        pieces = [piece for piece in pieces if len(piece.faces)]
    return _joined(reader, pieces)


def _instances(document: Document) -> list[tuple[int, NDArray[np.float64]]]:
    """Mesh index and world matrix (4, 4) of every node of the scene."""
    error, doc = document.source.error, document.json
    nodes = doc.get("nodes", [])
    if doc.get("scenes"):
        scene = document.entry("scenes", doc.get("scene", 0), "scene")
        roots = scene.get("nodes", [])
    elif nodes:
        children = [n.get("children", []) for n in nodes if isinstance(n, dict)]
        inner = {c for some in children if isinstance(some, list) for c in some if type(c) is int}
        roots = [i for i in range(len(nodes)) if i not in inner]
    else:
        return [(i, np.eye(4)) for i in range(len(doc.get("meshes", [])))]
    found: list[tuple[int, NDArray[np.float64]]] = []
    seen: set[int] = set()
    stack = [(root, np.eye(4)) for root in reversed(_list(document, roots, "scene, nodes"))]
    while stack:
        index, above = stack.pop()
        node = document.entry("nodes", index, "nodes")
        place = f"nodes {index}"
        if index in seen:
            raise error(place, "has two parents, or is its own ancestor")
        seen.add(index)
        matrix = above @ _matrix(document, node, place)
        if "mesh" in node:
            document.entry("meshes", node["mesh"], place)
            found.append((node["mesh"], matrix))
        children = _list(document, node.get("children", []), f"{place}, children")
        stack += [(child, matrix) for child in reversed(children)]
    return found


def _list(document: Document, values: object, place: str) -> list[Any]:
    if not isinstance(values, list):
        raise document.source.error(place, f"expected a list, got {values!r:.40}")
    return values


def _matrix(document: Document, node: dict[str, Any], place: str) -> NDArray[np.float64]:
    matrix = document.numbers(node, "matrix", 16, place)
    if matrix is not None:
        return np.array(matrix).reshape(4, 4).T
    result = np.eye(4)
    quaternion = document.numbers(node, "rotation", 4, place)
    if quaternion is not None:
        length = np.linalg.norm(quaternion)
        if length < 1e-6:
            raise document.source.error(place, "rotation: a quaternion of length 0")
        x, y, z, w = np.array(quaternion) / length
        result[:3, :3] = [
            [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
        ]
    scale = document.numbers(node, "scale", 3, place)
    if scale is not None:
        result[:3, :3] *= np.array(scale)
    result[:3, 3] = document.numbers(node, "translation", 3, place) or [0.0] * 3
    return result


@dataclass
class _Group:
    """Vertices, and the faces of all primitives on them."""

    vertices: Piece
    faces: list[NDArray[np.int64]] = field(default_factory=list)
    material: list[NDArray[np.int64]] = field(default_factory=list)

    def piece(self) -> Piece:
        """The whole."""
        faces, material = np.concatenate(self.faces), np.concatenate(self.material)
        return replace(self.vertices, faces=faces, material=material)


@dataclass
class _Reader:
    """Primitives and materials, each read once."""

    document: Document
    textures: Textures
    cache: dict[int, list[Piece]] = field(default_factory=dict)
    size: int = 0

    def primitives(self, mesh: int) -> list[Piece]:
        """The pieces of a mesh in its own coordinates."""
        if mesh not in self.cache:
            place = f"meshes {mesh}"
            entry = self.document.entry("meshes", mesh, place)
            items = _list(self.document, entry.get("primitives", []), f"{place}, primitives")
            groups: dict[str, _Group] = {}
            for i, item in enumerate(items):
                self._add(groups, item, f"{place}, primitive {i}")
            self.cache[mesh] = [group.piece() for group in groups.values()]
        return self.cache[mesh]

    def _add(self, groups: dict[str, _Group], item: object, place: str) -> None:
        """Put a primitive into the group that has its vertices already, or a new one."""
        error = self.document.source.error
        if not isinstance(item, dict) or not isinstance(item.get("attributes"), dict):
            raise error(place, "expected an object with attributes")
        mode, attributes = item.get("mode", _TRIANGLES), item["attributes"]
        if mode in (1, 2, 3) or "POSITION" not in attributes:
            return
        if mode not in (0, _TRIANGLES, _STRIP, _FAN):
            raise error(place, f"unknown mode {str(mode)[:20]}")
        key = repr(sorted((k, repr(v)) for k, v in attributes.items()))
        if key not in groups:
            groups[key] = _Group(self._vertices(attributes, place))
        group = groups[key]
        count = len(group.vertices.points)
        if "indices" in item:
            index = self._accessor(item["indices"], place).reshape(-1).astype(np.int64)
            if len(index) and not 0 <= index.min() <= index.max() < count:
                raise error(place, f"index {index.max()} of {count} vertices")
        else:
            index = np.arange(count)
        material = item.get("material", -1)
        if material != -1:
            self.document.entry("materials", material, place)
        faces = _triangles(error, index, mode, place)
        group.faces.append(faces)
        group.material.append(np.full(len(faces), material))

    def _vertices(self, attributes: dict[str, Any], place: str) -> Piece:
        points = self._attribute(attributes, "POSITION", (3,), place)
        assert points is not None
        count = len(points)
        colors = self._attribute(attributes, "COLOR_0", (3, 4), place)
        uvs = self._attribute(attributes, "TEXCOORD_0", (2,), place)
        normals = self._attribute(attributes, "NORMAL", (3,), place)
        for name, values in {"NORMAL": normals, "COLOR_0": colors, "TEXCOORD_0": uvs}.items():
            if values is not None and len(values) != count:
                raise self.document.source.error(
                    place, f"{name} has {len(values)} rows for {count} vertices"
                )
        return Piece(
            points=points.astype(np.float64),
            faces=np.zeros((0, 3), np.int64),
            normals=normals,
            colors=None if colors is None else np.clip(_unit(colors[:, :3]), 0, 1),
            uvs=None if uvs is None else _unit(uvs) * [1.0, -1.0] + [0.0, 1.0],
            material=np.zeros(0, np.int64),
        )

    def _accessor(self, index: object, place: str) -> NDArray:
        values = self.document.accessor(index, place)
        self.size += 8 * values.size
        self.document.source.expect_unfold(place, self.size)
        return values

    def _attribute(
        self, attributes: dict[str, Any], name: str, widths: tuple[int, ...], place: str
    ) -> NDArray | None:
        if name not in attributes:
            return None
        values = self._accessor(attributes[name], f"{place}, {name}")
        if values.shape[1] not in widths:
            raise self.document.source.error(
                place, f"{name} has {values.shape[1]} columns, expected {widths[0]}"
            )
        return values

    def material(self, index: int) -> Material:
        """A material of the document: base colour factor and texture, metallic, roughness."""
        place = f"materials {index}"
        item = self.document.entry("materials", index, place)
        pbr = item.get("pbrMetallicRoughness", {})
        pbr = pbr if isinstance(pbr, dict) else {}
        factor = self.document.numbers(pbr, "baseColorFactor", 4, place) or [1.0] * 4
        factor = [min(max(x, 0.0), 1.0) for x in factor]
        surface = []
        for key in ("metallicFactor", "roughnessFactor"):
            value = self.document.numbers({key: [pbr.get(key, 1.0)]}, key, 1, place) or [1.0]
            surface.append(min(max(value[0], 0.0), 1.0))
        name = item.get("name")
        return Material(
            name=name if isinstance(name, str) and name else f"material_{index}",
            color=torch.tensor(factor[:3], dtype=torch.float32),
            opacity=factor[3],
            texture=self._texture(pbr.get("baseColorTexture"), place),
            metallic=surface[0],
            roughness=surface[1],
        )

    def _texture(self, reference: object, place: str) -> torch.Tensor | None:
        if not isinstance(reference, dict):
            return None
        if "KHR_texture_transform" in str(reference.get("extensions", ""))[:2000]:
            warnings.warn(f"{place}: KHR_texture_transform is passed over", stacklevel=2)
        texture = self.document.entry("textures", reference.get("index"), place)
        if "source" not in texture:
            return None
        number = texture["source"]
        image = self.document.entry("images", number, place)
        where = f"images {number}"
        if "bufferView" in image:
            data, start, length = self.document.view(image["bufferView"], where)
            data = data[start : start + length]
        else:
            data = self.document.uri(image.get("uri"), where)
        return self.textures.keep(number, data, f"{self.document.source.path}: {where}")


def _unit(values: NDArray) -> NDArray:
    """Integers that lack the flag `normalized`, which colours and coordinates always mean."""
    if values.dtype.kind in "iu":
        return values.astype(np.float64) / np.iinfo(values.dtype).max
    return values


def _triangles(error: Any, index: NDArray[np.int64], mode: int, place: str) -> NDArray[np.int64]:
    """Index list of a mode -> (F, 3)."""
    if mode == 0:
        return np.zeros((0, 3), np.int64)
    if mode == _TRIANGLES:
        if len(index) % 3:
            raise error(place, f"{len(index)} indices are not whole triangles")
        return index.reshape(-1, 3)
    if len(index) < 3:
        return np.zeros((0, 3), np.int64)
    if mode == _FAN:
        first = np.full(len(index) - 2, index[0])
        return np.stack([first, index[1:-1], index[2:]], axis=1)
    strip = np.stack([index[:-2], index[1:-1], index[2:]], axis=1)
    strip[1::2] = strip[1::2, [1, 0, 2]]  # every other triangle of a strip is turned over
    a, b, c = strip.T
    return strip[(a != b) & (b != c) & (a != c)]  # repeated vertices only stitch strips


def _moved(piece: Piece, matrix: NDArray[np.float64]) -> Piece:
    """The piece in the world; a mirroring transform turns its faces over."""
    linear = matrix[:3, :3]
    normals = piece.normals
    if normals is not None:
        cofactor = np.cross(linear[[1, 2, 0]], linear[[2, 0, 1]])  # inverse transpose times det
        sign = -1.0 if np.linalg.det(linear) < 0 else 1.0
        turned = normals.astype(np.float64) @ (sign * cofactor).T
        length = np.linalg.norm(turned, axis=1, keepdims=True)
        normals = turned / np.where(length > 0, length, 1)
    mirrored = np.linalg.det(linear) < 0
    return Piece(
        points=piece.points @ linear.T + matrix[:3, 3],
        faces=piece.faces[:, ::-1] if mirrored else piece.faces,
        normals=normals,
        colors=piece.colors,
        uvs=piece.uvs,
        material=piece.material,
    )


def _joined(reader: _Reader, pieces: list[Piece]) -> Parts:
    """All pieces as one; what only some of them have is filled (white, zero) in the others."""
    if not pieces:
        return Parts(points=np.zeros((0, 3)))
    counts = [len(piece.points) for piece in pieces]
    starts = np.cumsum([0, *counts[:-1]])
    points = np.concatenate([piece.points for piece in pieces])
    normals = colors = uvs = None
    if all(piece.normals is not None for piece in pieces):
        normals = np.concatenate([p.normals for p in pieces if p.normals is not None])
    if any(piece.colors is not None for piece in pieces):
        colors = np.concatenate(
            [np.ones((len(p.points), 3)) if p.colors is None else p.colors for p in pieces]
        )
    faces = np.concatenate([p.faces + start for p, start in zip(pieces, starts, strict=True)])
    if not len(faces):
        return Parts(points=points, normals=normals, colors=colors)
    if any(piece.uvs is not None for piece in pieces):
        flat = [np.zeros((len(p.points), 2)) if p.uvs is None else p.uvs for p in pieces]
        uvs = np.concatenate(flat)[faces]
    owner = np.concatenate([piece.material for piece in pieces])
    used = [material for material in np.unique(owner).tolist() if material >= 0]
    owner = np.where(owner < 0, -1, np.searchsorted(used, owner))
    return Parts(
        points=points,
        faces=faces,
        normals=normals,
        colors=colors,
        uvs=uvs,
        materials=tuple(reader.material(index) for index in used),
        face_material=owner if used else None,
    )
