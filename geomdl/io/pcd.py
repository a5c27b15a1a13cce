"""PCD, the Point Cloud Library's format: ascii, binary and binary_compressed, any fields.

A field named rgb or rgba holds the bytes 0x00RRGGBB in a float or an integer. Fields other than
x y z, normal_x normal_y normal_z and the colour become attributes; padding ('_') is left out.
"""

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geomdl.io import lzf
from geomdl.io.assemble import Parts, join_numbered, stack_named, stored_as
from geomdl.io.numbers import first_bad_line, parse_floats
from geomdl.io.source import Source

_KINDS = {"F": "f", "I": "i", "U": "u"}
_KEYS = ("VERSION", "FIELDS", "SIZE", "TYPE", "COUNT", "WIDTH", "HEIGHT", "VIEWPOINT", "POINTS")


@dataclass(frozen=True)
class Header:
    """Fields with their types, number of points, encoding and where the body starts."""

    names: tuple[str, ...]
    types: tuple[str, ...]
    counts: tuple[int, ...]
    points: int
    encoding: str
    start: int

    @property
    def row(self) -> np.dtype:
        """One point in a binary body; names repeat, so fields are called by position."""
        fields = zip(self.types, self.counts, strict=True)
        return np.dtype([(f"f{i}", t, (c,)) for i, (t, c) in enumerate(fields)])


def read_header(source: Source) -> Header:
    """The header of a PCD file. Raises GeometryError naming the line."""
    found: dict[str, list[str]] = {}
    position, number = 0, 0
    while "DATA" not in found:
        number += 1
        end = source.data.find(b"\n", position, position + 65536)
        if end < 0:
            raise source.error(f"line {number}", "the header has no DATA line")
        words = source.data[position:end].decode("utf-8", "replace").split("#")[0].split()
        position = end + 1
        if words and words[0] not in (*_KEYS, "DATA", "COLUMNS"):
            raise source.error(f"line {number}", f"expected a PCD header, got {words[0][:40]!r}")
        if words:
            found["FIELDS" if words[0] == "COLUMNS" else words[0]] = words[1:]
    names = found.get("FIELDS", [])
    sizes, kinds = found.get("SIZE", []), found.get("TYPE", [])
    counts = found.get("COUNT", ["1"] * len(names))
    if not names or not len(names) == len(sizes) == len(kinds) == len(counts):
        raise source.error("header", "FIELDS, SIZE, TYPE and COUNT must be there and equally long")
    types = []
    for kind, size in zip(kinds, sizes, strict=True):
        if (kind not in _KINDS) or size not in ("1248" if kind != "F" else "48"):
            raise source.error("header", f"unknown field type {kind} of size {size}")
        types.append(f"<{_KINDS[kind]}{size}")
    width, height = _number(source, found, "WIDTH"), _number(source, found, "HEIGHT")
    points = _number(source, found, "POINTS") if "POINTS" in found else width * height
    if "WIDTH" in found and "HEIGHT" in found and width * height != points:
        raise source.error("header", f"WIDTH x HEIGHT is {width * height}, POINTS is {points}")
    if not all(re.fullmatch(r"\d{1,6}", count) for count in counts):
        raise source.error("header", f"COUNT cannot be understood: {' '.join(counts)[:60]}")
    encoding = " ".join(found["DATA"])
    if encoding not in ("ascii", "binary", "binary_compressed"):
        raise source.error(f"line {number}", f"unknown DATA {encoding[:40]!r}")
    elements = tuple(int(count) for count in counts)
    return Header(tuple(names), tuple(types), elements, points, encoding, position)


def _number(source: Source, found: dict[str, list[str]], key: str) -> int:
    words = found.get(key, ["1"])
    if len(words) != 1 or not re.fullmatch(r"\d{1,18}", words[0]):
        raise source.error("header", f"{key} cannot be understood: {' '.join(words)[:40]!r}")
    return int(words[0])


def read_pcd(source: Source) -> Parts:
    """PCD -> the parts of a PointCloud. Raises GeometryError."""
    header = read_header(source)
    if header.encoding == "ascii":
        fields = _ascii(source, header)
    elif header.encoding == "binary":
        claimed = header.row.itemsize * header.points
        left = len(source.data) - header.start
        source.expect_bytes(f"{header.points} points at byte {header.start}", claimed, left)
        rows = np.frombuffer(source.data, header.row, header.points, header.start)
        fields = [rows[f"f{i}"] for i in range(len(header.names))]
    else:
        fields = _compressed(source, header)
    columns: dict[str, NDArray] = {}
    for name, values in zip(header.names, fields, strict=True):
        if name != "_" and values.shape[1]:
            columns[name] = values[:, 0] if values.shape[1] == 1 else values
    points = stack_named(columns, ("x", "y", "z"))
    if points is None:
        raise source.error("header", f"expected fields x, y and z, got {' '.join(header.names)}")
    normals = stack_named(columns, ("normal_x", "normal_y", "normal_z"))
    return Parts(
        points=points,
        normals=normals,
        colors=_colors(columns),
        attributes=join_numbered(columns),
    )


def _ascii(source: Source, header: Header) -> list[NDArray]:
    width = sum(header.counts)
    body = source.data[header.start :]
    claimed = 2 * width * header.points
    source.expect_bytes(f"{header.points} points", claimed, len(body) + 1)
    try:
        flat = parse_floats(body)
    except ValueError:
        rows = body.split(b"\n")
        bad = first_bad_line(rows) or 0
        place = source.line(header.start + sum(len(row) + 1 for row in rows[:bad]))
        raise source.error(place, f"expected numbers, got {rows[bad][:60]!r}") from None
    if len(flat) != width * header.points:
        raise source.error(
            f"body at byte {header.start}",
            f"{header.points} points of {width} numbers announced, {len(flat)} numbers found",
        )
    table = flat.reshape(header.points, width)
    ends = np.cumsum(header.counts)
    fields = zip(header.names, header.types, header.counts, ends, strict=True)
    return [
        stored_as(source, f"field {name}", kind, table[:, end - count : end])
        for name, kind, count, end in fields
    ]


def _compressed(source: Source, header: Header) -> list[NDArray]:
    place = f"compressed body at byte {header.start}"
    sizes = np.frombuffer(source.data[header.start : header.start + 8].ljust(8, b"\0"), "<u4")
    packed, full = (int(size) for size in sizes)
    source.expect_bytes(place, packed, len(source.data) - header.start - 8)
    if full != header.row.itemsize * header.points:
        raise source.error(
            place,
            f"unfolds to {full} bytes; {header.points} points x {header.row.itemsize} expected",
        )
    source.expect_bytes(place, full, 264 * packed)  # the most that LZF can pack
    try:
        start = header.start + 8
        plain = lzf.decompress(source.data[start : start + packed], full)
    except ValueError as error:
        raise source.error(place, f"broken LZF stream: {error}") from error
    fields, position = [], 0
    for kind, count in zip(header.types, header.counts, strict=True):
        values = np.frombuffer(plain, kind, count * header.points, position)
        fields.append(values.reshape(header.points, count))
        position += values.nbytes
    return fields


def _colors(columns: dict[str, NDArray]) -> NDArray | None:
    """The packed colour as (N, 3) in 0..1, taken out of the columns."""
    name = next((n for n in ("rgb", "rgba") if n in columns and columns[n].ndim == 1), None)
    if name is None or columns[name].dtype.itemsize != 4:
        return None
    packed = columns.pop(name)
    bits = np.ascontiguousarray(packed).view("<u4").astype(np.int64)
    bytes_ = np.stack([bits >> 16, bits >> 8, bits], axis=1) & 255
    return bytes_ / 255.0
