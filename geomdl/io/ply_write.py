"""Writing PLY: ascii, binary little and big endian."""

import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from geomdl.errors import GeometryError
from geomdl.io.images import encode_png
from geomdl.io.names import beside
from geomdl.structures import Mesh, PointCloud

_NAMES = {"i1": "char", "u1": "uchar", "i2": "short", "u2": "ushort", "i4": "int", "u4": "uint"}
_NAMES |= {"f4": "float", "f8": "double"}
_ORDER = {"ascii": "<", "binary": "<", "binary_big_endian": ">"}


def encode_ply(path: Path, shape: Mesh | PointCloud, encoding: str) -> dict[Path, bytes]:
    """The PLY file and its textures, by path. Encodings: binary, binary_big_endian, ascii.

    Colours become bytes. Attributes (N, k) become k properties name_0, name_1 ...
    """
    if encoding not in _ORDER:
        raise GeometryError(f"encoding: expected one of {', '.join(_ORDER)}, got {encoding!r}")
    order = _ORDER[encoding]
    mesh = shape if isinstance(shape, Mesh) else None
    points = shape.vertices if isinstance(shape, Mesh) else shape.points
    columns = _columns(("x", "y", "z"), points)
    columns += [] if shape.normals is None else _columns(("nx", "ny", "nz"), shape.normals)
    columns += [] if shape.colors is None else _bytes(shape.colors)
    columns += _attributes("attributes", shape.attributes, {name for name, _ in columns})
    format_name = "binary_little_endian" if encoding == "binary" else encoding
    head = ["ply", f"format {format_name} 1.0", "comment geomdl"]
    textures, others = _textures(path, mesh)
    head += [f"comment TextureFile {texture.name}" for texture in textures]
    rows = _rows(columns, order)
    body = [_body(rows, encoding)]
    head += [f"element vertex {len(points)}", *_properties(columns)]
    if mesh is not None:
        lists, faces = _face_columns(mesh, numbered=len(textures) > 1)
        head += [f"element face {len(mesh.faces)}", *lists]
        body.append(_body(_rows(faces, order), encoding))
    text = "\n".join([*head, "end_header", ""]).encode()
    return {**others, path: text + b"".join(body)}


Columns = list[tuple[str, NDArray]]


def _face_columns(mesh: Mesh, numbered: bool) -> tuple[list[str], Columns]:
    """Property lines and columns of the faces; lists are a count and an (F, k) column."""
    count = len(mesh.faces)
    corners = mesh.faces.cpu().numpy().astype(np.int32)
    columns: Columns = [("n", np.full(count, 3, np.uint8)), ("vertex_indices", corners)]
    lines = ["property list uchar int vertex_indices"]
    if mesh.uvs is not None:
        uvs = mesh.uvs.detach().cpu().numpy().reshape(count, 6)
        uvs = uvs.astype(np.float32) if uvs.dtype.itemsize < 4 else uvs
        columns += [("m", np.full(count, 6, np.uint8)), ("texcoord", uvs)]
        lines.append(f"property list uchar {_NAMES[uvs.dtype.str[1:]]} texcoord")
    plain: Columns = []
    others = dict(mesh.face_attributes)
    if numbered and mesh.face_material is not None:
        plain.append(("texnumber", mesh.face_material.cpu().numpy().astype(np.int32)))
    colors = others.get("colors")
    if colors is not None and colors.ndim == 2 and colors.shape[1] == 3:
        plain += _bytes(others.pop("colors"))
    others.pop("corner_normals", None)
    plain += _attributes("face_attributes", others, {"vertex_indices", "texcoord"})
    return lines + _properties(plain), columns + plain


def _columns(names: tuple[str, ...], values: Tensor) -> Columns:
    array = values.detach().cpu().numpy()
    array = array.astype(np.float32) if array.dtype.itemsize < 4 else array
    return [(name, array[:, i]) for i, name in enumerate(names)]


def _bytes(colors: Tensor) -> Columns:
    values = (colors.detach().cpu().double().clamp(0, 1) * 255).round().numpy().astype(np.uint8)
    return [(name, values[:, i]) for i, name in enumerate(("red", "green", "blue"))]


def _attributes(field: str, named: dict[str, Tensor], taken: set[str]) -> Columns:
    columns: Columns = []
    for name, tensor in named.items():
        values = storable(f"{field}[{name!r}]", tensor)
        if not re.fullmatch(r"[^\s]+", name):
            raise GeometryError(f"{field}[{name!r}]: the name of a PLY property has no blanks")
        flat = values.reshape(len(values), -1)
        for i in range(flat.shape[1]):
            columns.append((name if values.ndim == 1 else f"{name}_{i}", flat[:, i]))
    names = [name for name, _ in columns]
    twice = (set(names) & taken) | {name for name in names if names.count(name) > 1}
    if twice:
        raise GeometryError(f"{field}: the name {sorted(twice)[0]!r} is used twice")
    return columns


def storable(name: str, tensor: Tensor) -> NDArray:
    """A tensor (N,) or (N, k) as numpy of at most 32-bit integers, or floats."""
    values = tensor.detach().cpu().numpy()
    if values.ndim > 2:
        raise GeometryError(f"{name}: expected one or two axes for this format, got {values.ndim}")
    if values.dtype == bool:
        return values.astype(np.uint8)
    if values.dtype.kind == "f":
        return values.astype(np.float32) if values.dtype.itemsize < 4 else values
    if values.dtype == np.int64:
        low, high = int(values.min(initial=0)), int(values.max(initial=0))
        if low < -(2**31) or high >= 2**31:
            raise GeometryError(f"{name}: {low}..{high} does not fit the format's 32-bit integers")
        return values.astype(np.int32)
    return values


def _properties(columns: Columns) -> list[str]:
    return [f"property {_NAMES[values.dtype.str[1:]]} {name}" for name, values in columns]


def _rows(columns: Columns, order: str) -> NDArray:
    fields = [(name, order + v.dtype.str[1:], v.shape[1:]) for name, v in columns]
    rows = np.empty(len(columns[0][1]), dtype=fields)
    for name, values in columns:
        rows[name] = values
    return rows


def _body(rows: NDArray, encoding: str) -> bytes:
    if encoding != "ascii":
        return rows.tobytes()
    texts = []
    for name in rows.dtype.names or ():
        values = rows[name].reshape(len(rows), -1)
        texts += [column_text(values[:, i]) for i in range(values.shape[1])]
    return "".join(" ".join(row) + "\n" for row in zip(*texts, strict=True)).encode()


def column_text(values: NDArray) -> list[str]:
    """Numbers as the shortest text that reads back as the same number."""
    if values.dtype.kind == "f" and values.dtype.itemsize == 4:
        return [f"{x:.9g}" for x in values.tolist()]
    return [repr(x) for x in values.tolist()]


def _textures(path: Path, mesh: Mesh | None) -> tuple[list[Path], dict[Path, bytes]]:
    """Names and bytes of the textures; a PLY keeps them only when every material has one."""
    materials = mesh.materials if mesh is not None else ()
    if not materials or any(material.texture is None for material in materials):
        return [], {}
    paths = [beside(path, material.name, i) for i, material in enumerate(materials)]
    images = [encode_png(m.texture) for m in materials if m.texture is not None]
    return paths, dict(zip(paths, images, strict=True))
