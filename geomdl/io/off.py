"""OFF, the Object File Format, with colours, normals and ModelNet's glued header."""

import re

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from geomdl.io.assemble import Parts, unit_colors
from geomdl.io.numbers import first_bad_line, parse_floats, parse_integers
from geomdl.io.ply_write import column_text
from geomdl.io.source import Source
from geomdl.io.triangulate import fan
from geomdl.structures import Mesh, PointCloud

_HEADER = re.compile(rb"\s*(ST)?(C)?(N)?OFF")


def read_off(source: Source) -> Parts:
    """OFF, COFF, NOFF, STOFF ... -> the parts of a Mesh or PointCloud. Raises GeometryError."""
    lines = source.data.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    if b"#" in source.data:
        lines = [line.split(b"#", 1)[0] for line in lines]
    where = [number for number, line in enumerate(lines, start=1) if line.strip()]
    rows = [lines[number - 1] for number in where]
    match = _HEADER.match(rows[0]) if rows else None
    if match is None:
        raise source.error("line 1", f"expected 'OFF', got {source.data[:20]!r}")
    rows[0] = rows[0][match.end() :]  # ModelNet glues the counts: 'OFF8 6 12'
    if not rows[0].strip():
        rows, where = rows[1:], where[1:]
    try:
        counts = parse_integers(rows[0])
        vertices, polygons = int(counts[0]), int(counts[1])
    except (ValueError, IndexError):
        line = f"line {where[0]}" if where else "line 1"
        text = rows[0][:60] if rows else b""
        raise source.error(line, f"expected counts of vertices and faces, got {text!r}") from None
    if vertices < 0 or polygons < 0 or vertices + polygons > len(rows) - 1:
        raise source.error(
            f"line {where[0]}",
            f"{vertices} vertices and {polygons} faces are announced, "
            f"but {len(rows) - 1} lines follow",
        )
    body, faces = rows[1 : 1 + vertices], rows[1 + vertices : 1 + vertices + polygons]
    table = _vertices(source, body, where[1:], 6 if match[3] else 3)
    normals = table[:, 3:6] if match[3] else None
    rest = table[:, 6 if match[3] else 3 :]
    colors = uv = None
    if match[2]:
        if rest.shape[1] < 3:
            raise source.error(f"line {where[1]}", "expected a colour (COFF) on every vertex line")
        colors = _colors(rest[:, :3])
        rest = rest[:, 3:]
    if match[1] and rest.shape[1] >= 2:
        uv = rest[:, -2:]
    parts = Parts(points=table[:, :3], normals=normals, colors=colors)
    if not polygons:
        return parts
    return _faces(source, parts, faces, where[1 + vertices :], uv)


def _vertices(source: Source, rows: list[bytes], where: list[int], least: int) -> NDArray:
    """Lines of equally many numbers -> (V, columns)."""
    if not rows:
        return np.zeros((0, least))
    widths = [len(row.split()) for row in rows]
    odd = next((i for i, w in enumerate(widths) if w != widths[0] or w < least), None)
    if odd is not None:
        raise source.error(
            f"line {where[odd]}",
            f"expected {max(widths[0], least)} numbers, got {rows[odd][:60]!r}",
        )
    return _numbers(source, rows, where).reshape(len(rows), widths[0])


def _numbers(source: Source, rows: list[bytes], where: list[int]) -> NDArray[np.float64]:
    try:
        return parse_floats(b"\n".join(rows))
    except ValueError:
        bad = first_bad_line(rows) or 0
        raise source.error(
            f"line {where[bad]}", f"expected numbers, got {rows[bad][:60]!r}"
        ) from None


def _faces(
    source: Source, parts: Parts, rows: list[bytes], where: list[int], uv: NDArray | None
) -> Parts:
    """Face lines 'n i1 .. in [colour]' -> triangles, with the colours in face_attributes."""
    flat = _numbers(source, rows, where)
    widths = np.fromiter((len(row.split()) for row in rows), np.int64, len(rows))
    starts = np.cumsum(widths) - widths
    sizes = flat[starts]
    bad = ~((sizes >= 3) & (sizes < widths) & (sizes == np.trunc(sizes)))
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        raise source.error(
            f"line {where[row]}",
            f"expected a number of corners (3 or more) and as many indices, got {rows[row][:60]!r}",
        )
    lengths = sizes.astype(np.int64)
    inner = np.arange(int(lengths.sum())) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    corners = flat[np.repeat(starts + 1, lengths) + inner]
    odd = ~((corners == np.trunc(corners)) & (corners >= 0) & (corners < len(parts.points)))
    if odd.any():
        row = int(np.repeat(np.arange(len(rows)), lengths)[np.flatnonzero(odd)[0]])
        raise source.error(
            f"line {where[row]}",
            f"refers to vertices that are not there ({len(parts.points)} are): {rows[row][:60]!r}",
        )
    triangles, polygon = fan(lengths)
    extra = widths - lengths - 1
    named = {}
    if (extra >= 3).all():  # r g b [alpha]
        color = flat[(starts + 1 + lengths)[:, None] + np.arange(3)]
        named["colors"] = _colors(color)[polygon].astype(np.float32)
    faces = corners.astype(np.int64)[triangles]
    return Parts(
        points=parts.points,
        faces=faces,
        normals=parts.normals,
        colors=parts.colors,
        uvs=None if uv is None else uv[faces],
        face_attributes=named,
    )


def _colors(values: NDArray) -> NDArray:
    return np.clip(unit_colors(values), 0, 1)


def encode_off(shape: Mesh | PointCloud) -> bytes:
    """OFF text; with colours COFF, with normals NOFF, with both CNOFF. Bytes for colours."""
    mesh = shape if isinstance(shape, Mesh) else None
    points = shape.vertices if isinstance(shape, Mesh) else shape.points
    columns, head = _texts(points), ""
    if shape.normals is not None:
        columns, head = columns + _texts(shape.normals), "N"
    if shape.colors is not None:
        numbers = (shape.colors.detach().cpu().clamp(0, 1) * 255).round().to(torch.uint8)
        opaque = torch.full_like(numbers[:, :1], 255)
        columns, head = columns + _texts(torch.cat([numbers, opaque], dim=1)), "C" + head
    faces = _texts(mesh.faces) if mesh is not None else []
    face_count = len(mesh.faces) if mesh is not None else 0
    lines = [f"{head}OFF", f"{len(points)} {face_count} 0"]
    lines += [" ".join(row) for row in zip(*columns, strict=True)]
    lines += ["3 " + " ".join(row) for row in zip(*faces, strict=True)]
    return ("\n".join(lines) + "\n").encode()


def _texts(values: Tensor) -> list[list[str]]:
    table = values.detach().cpu().numpy()
    return [column_text(table[:, i]) for i in range(table.shape[1])]
