"""STL: triangles only, ascii and binary.

The format has no shared vertices, so corners at exactly equal positions become one vertex, in
order of first appearance. The order of the triangles and their corners stays.
"""

import re

import numpy as np
import torch
from numpy.typing import NDArray

from geomdl.errors import GeometryError
from geomdl.io.assemble import Parts
from geomdl.io.numbers import first_bad_line, parse_floats
from geomdl.io.source import Source
from geomdl.structures import Mesh

RECORD = np.dtype([("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("attribute", "<u2")])
_START = 84  # 80 bytes of comment and the number of triangles


def is_binary(source: Source) -> bool:
    """Whether the length fits the binary layout; 'solid' at the start says nothing reliable."""
    data = source.data
    if len(data) < _START:
        return False
    fits = _START + RECORD.itemsize * int.from_bytes(data[80:84], "little") == len(data)
    return fits or not (data.lstrip()[:5].lower() == b"solid" and b"facet" in data[:4096].lower())


def triangle_count(source: Source) -> int:
    """Number of triangles of a binary STL, held against its length."""
    count = int.from_bytes(source.data[80:84], "little")
    source.expect_bytes(
        f"header, {count} triangles", RECORD.itemsize * count, len(source.data) - _START
    )
    return count


def read_stl(source: Source) -> Parts:
    """STL -> the parts of a Mesh. Raises GeometryError naming line or byte."""
    if is_binary(source):
        rows = np.frombuffer(source.data, RECORD, triangle_count(source), _START)
        corners = rows["corners"].reshape(-1, 3)
    else:
        corners = _ascii_corners(source)
    if len(corners) == 0:
        raise source.error("content", "there are no triangles")
    points, faces = join_equal(corners)
    return Parts(points=points, faces=faces.reshape(-1, 3))


def _ascii_corners(source: Source) -> NDArray[np.float64]:
    if len(source.data) < 15 or not source.data.lstrip()[:5].lower() == b"solid":
        raise source.error("start", f"no STL: {source.data[:20]!r}")
    lines = source.data.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    where, rows = [], []
    ends = 0
    for number, line in enumerate(lines, start=1):
        words = line.strip()
        if words[:6].lower() == b"vertex":
            where.append(number)
            rows.append(words[6:])
        elif words[:8].lower() == b"endfacet":
            ends += 1
            if len(rows) != 3 * ends:
                raise source.error(f"line {number}", "a facet without exactly three vertices")
    if len(rows) != 3 * ends:
        raise source.error(f"line {len(lines)}", "the file ends inside a facet")
    if not re.search(rb"endsolid", source.data[-4096:], re.IGNORECASE):
        raise source.error(f"line {len(lines)}", "the file ends without endsolid")
    odd = next((i for i, row in enumerate(rows) if len(row.split()) != 3), None)
    try:
        if odd is None:
            return parse_floats(b"\n".join(rows)).reshape(-1, 3)
    except ValueError:
        odd = first_bad_line(rows)
    odd = odd or 0
    raise source.error(f"line {where[odd]}", f"expected three numbers, got {rows[odd][:60]!r}")


def join_equal(corners: NDArray) -> tuple[NDArray, NDArray[np.int64]]:
    """Positions (N, 3) -> distinct ones (V, 3) in order of appearance, index of each (N,)."""
    keys = np.ascontiguousarray(corners + 0.0)  # -0 and 0 are one place
    _, first, inverse = np.unique(
        keys.view([("", keys.dtype)] * 3).reshape(-1), return_index=True, return_inverse=True
    )
    order = np.argsort(first)
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    return corners[first[order]], rank[inverse.reshape(-1)]


def encode_stl(mesh: Mesh, encoding: str) -> bytes:
    """Binary or ascii STL in float32; normals of faces of no area are zero."""
    if encoding not in ("binary", "ascii"):
        raise GeometryError(f"encoding: expected binary or ascii, got {encoding!r}")
    corners = mesh.triangles.detach().cpu().double()  # (F, 3, 3)
    a, b, c = corners.unbind(1)
    normals = torch.nn.functional.normalize(torch.linalg.cross(b - a, c - a), dim=-1, eps=1e-300)
    rows = np.zeros(len(corners), RECORD)
    rows["normal"], rows["corners"] = normals.numpy(), corners.numpy()
    if not np.isfinite(rows["corners"]).all():
        raise GeometryError("mesh: coordinates are too large for the float32 of STL")
    if encoding == "binary":
        return b"geomdl".ljust(80) + len(rows).to_bytes(4, "little") + rows.tobytes()
    lines = ["solid geomdl"]
    for row in rows:
        lines.append("facet normal " + " ".join(f"{x:.9g}" for x in row["normal"]))
        lines.append("outer loop")
        lines += ["vertex " + " ".join(f"{x:.9g}" for x in corner) for corner in row["corners"]]
        lines += ["endloop", "endfacet"]
    return ("\n".join([*lines, "endsolid geomdl"]) + "\n").encode()
