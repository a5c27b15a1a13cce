"""OBJ, Wavefront's text format: any polygons, per-corner texture coordinates, materials.

Vertices keep the order of the file. Normals become vertex normals where all corners of a vertex
agree, otherwise the face attribute `corner_normals` (F, 3, 3). Lines, curves and groups are
passed over.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from geomdl.io.assemble import Parts
from geomdl.io.mtl import read_libraries
from geomdl.io.numbers import first_bad_line, parse_floats
from geomdl.io.obj_faces import Corners, read_corners
from geomdl.io.source import Source
from geomdl.io.triangulate import fan
from geomdl.structures import Material

_COLUMNS = {b"v": (3, 4, 6, 7), b"vt": (1, 2, 3), b"vn": (3,)}


@dataclass(frozen=True)
class Lines:
    """The statements of a file by keyword, without the keyword."""

    all: list[bytes]
    rows: dict[bytes, list[bytes]] = field(
        default_factory=lambda: {b"v": [], b"vt": [], b"vn": [], b"f": []}
    )
    uses: list[tuple[int, str]] = field(default_factory=list)  # faces before it, material
    libraries: list[tuple[int, str]] = field(default_factory=list)  # line number, name

    def place(self, key: bytes, index: int) -> str:
        """Where the `index`-th statement of a keyword stands: 'line 12'."""
        seen = -1
        for number, line in enumerate(self.all, start=1):
            words = line.split(None, 1)
            seen += bool(words) and words[0] == key
            if seen == index:
                return f"line {number}"
        return f"{key.decode()} {index}"


def read_obj(source: Source) -> Parts:
    """OBJ -> the parts of a Mesh, or of a PointCloud when it has no faces.

    Raises GeometryError naming the line.
    """
    lines = _split(source)
    table = _table(source, lines, b"v")
    points, colors = table[:, :3], None
    if table.shape[1] >= 6:
        colors = table[:, -3:] if table.shape[1] == 6 else table[:, 3:6]
        if np.nanmax(colors, initial=0.0) > 1:
            colors = colors / 255
    if not lines.rows[b"f"]:
        return Parts(points=points, colors=colors)
    uv, vn = _table(source, lines, b"vt"), _table(source, lines, b"vn")
    corners = read_corners(source, lines, (len(points), len(uv), len(vn)))
    triangles, polygon = fan(corners.counts)
    normals, corner_normals = _normals(points, vn, corners, triangles)
    materials, index = _materials(source, lines)
    uvs = None
    if (corners.uvs >= 0).any():
        flat = np.concatenate([uv[:, :2], np.zeros((1, 2))])  # index -1: a corner without
        uvs = flat[corners.uvs][triangles]
    return Parts(
        points=points,
        faces=corners.vertices[triangles],
        normals=normals,
        colors=colors,
        uvs=uvs,
        materials=materials,
        face_material=None if index is None else index[polygon],
        face_attributes={} if corner_normals is None else {"corner_normals": corner_normals},
    )


def _split(source: Source) -> Lines:
    data = source.data
    if b"\0" in data:
        raise source.error(source.line(data.index(b"\0")), "a zero byte: this is no text file")
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if b"\t" in data:
        data = data.replace(b"\t", b" ")
    if b"\\\n" in data:  # a statement over two lines
        data = data.replace(b"\\\n", b" ")
    lines = Lines(data.split(b"\n"))
    rows, faces, comments = lines.rows, lines.rows[b"f"], b"#" in data
    for number, line in enumerate(lines.all, start=1):
        key, _, rest = line.partition(b" ")
        if not key and line.strip():
            key, _, rest = line.strip().partition(b" ")
        if key in rows:
            rows[key].append(rest.split(b"#", 1)[0] if comments and b"#" in rest else rest)
        elif key == b"usemtl":
            lines.uses.append((len(faces), rest.strip().decode("utf-8", "replace")))
        elif key == b"mtllib":
            lines.libraries.append((number, rest.strip().decode("utf-8", "replace")))
    return lines


def _table(source: Source, lines: Lines, key: bytes) -> NDArray[np.float64]:
    """All statements v, vt or vn as (N, columns)."""
    rows, allowed = lines.rows[key], _COLUMNS[key]
    name = key.decode()
    if not rows:
        return np.zeros((0, max(allowed[0], 2)))
    widths = [len(row.split()) for row in rows]
    width = widths[0]
    if key == b"vt" and len(set(widths)) > 1 and set(widths) <= set(allowed):
        rows = [b" ".join([*row.split(), b"0"][:2]) for row in rows]
        width, widths = 2, [2] * len(rows)
    odd = next((i for i, w in enumerate(widths) if w != width or w not in allowed), None)
    if odd is not None:
        wanted = " or ".join(map(str, allowed))
        raise source.error(
            lines.place(key, odd),
            f"expected {wanted} numbers after '{name}', as in the other lines, "
            f"got {rows[odd][:60].decode('ascii', 'replace')!r}",
        )
    try:
        table = parse_floats(b"\n".join(rows)).reshape(len(rows), width)
    except ValueError:
        bad = first_bad_line(rows) or 0
        text = rows[bad][:60].decode("ascii", "replace")
        raise source.error(lines.place(key, bad), f"expected numbers, got {text!r}") from None
    if not np.isfinite(table).all():
        bad = int(np.flatnonzero(~np.isfinite(table).all(axis=1))[0])
        text = rows[bad][:60].decode("ascii", "replace")
        raise source.error(lines.place(key, bad), f"NaN or infinite: {text!r}")
    return np.concatenate([table, np.zeros((len(table), 1))], axis=1) if width == 1 else table


def _normals(
    points: NDArray, vn: NDArray, corners: Corners, triangles: NDArray[np.int64]
) -> tuple[NDArray | None, NDArray | None]:
    """Vertex normals (V, 3) where corners agree, else corner normals (F, 3, 3)."""
    if not len(vn) or not (corners.normals >= 0).all():
        return None, None
    at_corner = vn[corners.normals]
    normals = np.zeros_like(points)
    normals[corners.vertices] = at_corner
    if np.array_equal(normals[corners.vertices], at_corner):
        return normals, None
    return None, at_corner[triangles].astype(np.float32)


def _materials(
    source: Source, lines: Lines
) -> tuple[tuple[Material, ...], NDArray[np.int64] | None]:
    """Materials in the order of the library, and the material of every polygon (-1 for none)."""
    if not lines.uses:
        return (), None
    used = dict.fromkeys(name for _, name in lines.uses)
    library = read_libraries(source, lines.libraries, set(used))
    names = [*library, *(name for name in used if name not in library)]
    index = np.full(len(lines.rows[b"f"]), -1)
    number = {name: i for i, name in enumerate(names)}
    ends = [*[start for start, _ in lines.uses[1:]], len(index)]
    for (start, name), end in zip(lines.uses, ends, strict=True):
        index[start:end] = number[name]
    return tuple(library.get(name, Material(name=name or "material")) for name in names), index
