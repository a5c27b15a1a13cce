"""Writing OBJ with its material library and textures."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from geomdl.io.images import encode_png
from geomdl.io.mtl import distinct_names, write_mtl
from geomdl.io.names import beside
from geomdl.io.ply_write import column_text
from geomdl.structures import Mesh, PointCloud


def encode_obj(path: Path, shape: Mesh | PointCloud) -> dict[Path, bytes]:
    """OBJ, MTL and textures by path. Attributes have no place in the format and are left out."""
    points = shape.vertices if isinstance(shape, Mesh) else shape.points
    columns = _columns(points)
    if shape.colors is not None:
        columns += _columns(shape.colors)
    lines = ["# geomdl"]
    files: dict[Path, bytes] = {}
    if isinstance(shape, Mesh) and shape.materials:
        library, files = _library(path, shape)
        lines.append(f"mtllib {library}")
    lines += _rows("v", columns)
    if isinstance(shape, Mesh):
        lines += _faces(shape)
    return {**files, path: ("\n".join(lines) + "\n").encode()}


def _library(path: Path, mesh: Mesh) -> tuple[str, dict[Path, bytes]]:
    names = distinct_names(mesh.materials)
    textures: list[str | None] = []
    files: dict[Path, bytes] = {}
    for index, material in enumerate(mesh.materials):
        if material.texture is None:
            textures.append(None)
            continue
        place = beside(path, material.name, index)
        files[place] = encode_png(material.texture)
        textures.append(place.name)
    library = path.with_suffix(".mtl")
    return library.name, {**files, library: write_mtl(mesh.materials, names, textures).encode()}


def _faces(mesh: Mesh) -> list[str]:
    lines: list[str] = []
    corners = [(mesh.faces + 1).cpu().numpy().astype(str)]  # (F, 3)
    normals = mesh.normals
    per_corner = mesh.face_attributes.get("corner_normals")
    if mesh.uvs is not None:
        values, index = _distinct(mesh.uvs.reshape(-1, 2))
        lines += _rows("vt", values)
        corners.append(index.reshape(-1, 3).astype(str))
    elif normals is not None or per_corner is not None:
        corners.append(np.full((len(mesh.faces), 3), ""))
    if normals is not None:
        lines += _rows("vn", _columns(normals))
        corners.append(corners[0])
    elif per_corner is not None:
        values, index = _distinct(per_corner.reshape(-1, 3))
        lines += _rows("vn", values)
        corners.append(index.reshape(-1, 3).astype(str))
    joined = corners[0].astype(object)
    for part in corners[1:]:
        joined = joined + "/" + part.astype(object)
    rows = ["f " + " ".join(row) for row in joined.tolist()]
    if mesh.face_material is None or not mesh.materials:
        return lines + rows
    names = distinct_names(mesh.materials)
    number = mesh.face_material.cpu().numpy()
    changes = np.flatnonzero(np.diff(number, prepend=-2))
    for start, end in zip(changes, [*changes[1:], len(rows)], strict=True):
        if number[start] >= 0:
            lines.append(f"usemtl {names[number[start]]}")
        lines += rows[start:end]
    return lines


def _distinct(values: Tensor) -> tuple[list[list[str]], NDArray[np.int64]]:
    """Rows (N, k) -> columns of the distinct ones as text, and their 1-based index (N,)."""
    table = np.ascontiguousarray(values.detach().cpu().numpy())
    keys = table.view([("", table.dtype)] * table.shape[1]).reshape(-1)
    _, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
    rows = table[first]
    return [column_text(rows[:, i]) for i in range(rows.shape[1])], inverse.reshape(-1) + 1


def _columns(values: Tensor) -> list[list[str]]:
    table = values.detach().cpu().numpy()
    return [column_text(table[:, i]) for i in range(table.shape[1])]


def _rows(key: str, columns: list[list[str]]) -> list[str]:
    return [key + " " + " ".join(row) for row in zip(*columns, strict=True)]
