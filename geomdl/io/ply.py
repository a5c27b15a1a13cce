"""PLY, Stanford's polygon format: ascii, binary little and big endian, any properties.

Vertices with faces are a Mesh, without faces a PointCloud. Known properties become positions,
normals, colours and texture coordinates; all others are kept as attributes, `name_0 .. name_k`
joined to one (N, k+1) tensor `name`. Colours are stored as bytes, so they return within 1/510.
"""

import numpy as np
from numpy.typing import NDArray

from geomdl.io.assemble import Parts, join_numbered, stack_named, unit_colors
from geomdl.io.images import Textures
from geomdl.io.ply_header import Header, read_header
from geomdl.io.ply_tables import Ragged, Table, read_tables
from geomdl.io.source import Source
from geomdl.io.triangulate import fan
from geomdl.structures import Material

_CORNERS = ("vertex_indices", "vertex_index")
_UVS = (("s", "t"), ("u", "v"), ("texture_u", "texture_v"), ("texture_s", "texture_t"))
_COLORS = (("red", "green", "blue"), ("r", "g", "b"))
_POINTS, _NORMALS = ("x", "y", "z"), ("nx", "ny", "nz")


def read_ply(source: Source) -> Parts:
    """PLY -> the parts of a Mesh or PointCloud. Raises GeometryError naming line, row or byte."""
    header = read_header(source)
    tables = read_tables(source, header)
    if "vertex" not in tables or not all(axis in tables["vertex"] for axis in _POINTS):
        raise source.error("header", "expected an element 'vertex' with properties x, y and z")
    columns = _flat_columns(source, "vertex", tables["vertex"])
    points = _pop(columns, (_POINTS,))
    normals, colors, uv = _pop(columns, (_NORMALS,)), _pop(columns, _COLORS), _pop(columns, _UVS)
    assert points is not None
    parts = Parts(
        points=points,
        normals=normals,
        colors=None if colors is None else unit_colors(colors),
        attributes=join_numbered(columns),
    )
    if not header.count("face"):
        return parts if uv is None else _with_attribute(parts, "uv", uv)
    return _with_faces(source, header, parts, dict(tables["face"]), uv)


def _with_attribute(parts: Parts, name: str, values: NDArray) -> Parts:
    parts.attributes[name] = values
    return parts


def _with_faces(
    source: Source, header: Header, parts: Parts, table: Table, uv: NDArray | None
) -> Parts:
    corners = next((table.pop(name) for name in _CORNERS if name in table), None)
    if not isinstance(corners, Ragged):
        raise source.error("header", "element 'face' has no list 'vertex_indices'")
    small = np.flatnonzero(corners.lengths < 3)
    if len(small):
        row = int(small[0])
        raise source.error(f"face {row}", f"expected 3 corners or more, got {corners.lengths[row]}")
    triangles, polygon = fan(corners.lengths)
    faces = corners.values.astype(np.int64)[triangles]
    corner_uv = _corner_uvs(source, table.pop("texcoord", None), corners.lengths, triangles)
    if corner_uv is None and uv is not None and faces.size and faces.max() < len(uv):
        corner_uv = uv[np.maximum(faces, 0)]
    number = table.pop("texnumber", None)
    textures, place = Textures(source), "comment TextureFile"
    materials = tuple(
        Material(name=name, texture=textures.file(source, name, place)) for name in header.textures
    )
    index = None
    if materials:
        index = np.zeros(len(faces), np.int64)
        if isinstance(number, np.ndarray):
            index = number.astype(np.int64)[polygon]
            if index.min(initial=0) < -1 or index.max(initial=0) >= len(materials):
                raise source.error("texnumber", f"there are {len(materials)} TextureFile comments")
    others = join_numbered(_flat_columns(source, "face", table))
    colors = _pop(others, _COLORS)
    named = {name: values[polygon] for name, values in others.items()}
    if colors is not None:
        named["colors"] = unit_colors(colors)[polygon].astype(np.float32)
    return Parts(
        points=parts.points,
        faces=faces,
        normals=parts.normals,
        colors=parts.colors,
        uvs=corner_uv,
        materials=materials,
        face_material=index,
        attributes=parts.attributes,
        face_attributes=named,
    )


def _corner_uvs(
    source: Source,
    column: NDArray | Ragged | None,
    lengths: NDArray[np.int64],
    triangles: NDArray[np.int64],
) -> NDArray | None:
    """The list texcoord (u v of every corner) -> (F, 3, 2), or None where faces have none."""
    if not isinstance(column, Ragged) or not column.lengths.any():
        return None
    bad = np.flatnonzero((column.lengths != 2 * lengths) & (column.lengths != 0))
    if len(bad):
        row = int(bad[0])
        raise source.error(
            f"face {row}", f"{column.lengths[row]} texcoords for {lengths[row]} corners"
        )
    uvs = np.zeros((int(lengths.sum()), 2))
    uvs[np.repeat(column.lengths > 0, lengths)] = column.values.reshape(-1, 2)
    return uvs[triangles]


def _pop(columns: dict[str, NDArray], choices: tuple[tuple[str, ...], ...]) -> NDArray | None:
    """The first complete choice of names, as one (N, k) array."""
    found = (stack_named(columns, names) for names in choices)
    return next((values for values in found if values is not None), None)


def _flat_columns(source: Source, element: str, table: Table) -> dict[str, NDArray]:
    """Lists as (N, longest) arrays padded with 0, with `name_count` where lengths differ."""
    columns: dict[str, NDArray] = {}
    for name, column in table.items():
        if not isinstance(column, Ragged):
            columns[name] = column
            continue
        count, longest = len(column.lengths), int(column.lengths.max(initial=0))
        place = f"element {element}, list {name}"
        source.expect_unfold(place, count * longest * column.values.itemsize)
        padded = np.zeros((count, longest), column.values.dtype)
        padded[np.arange(longest) < column.lengths[:, None]] = column.values
        columns[name] = padded
        if (column.lengths != longest).any():
            columns[f"{name}_count"] = column.lengths
    return columns
