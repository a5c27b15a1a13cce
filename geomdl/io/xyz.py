"""Tables of numbers as text: xyz, txt, csv, pts, xyzn, xyzrgb.

| ending | columns |
|---|---|
| .xyzn | x y z nx ny nz |
| .xyzrgb | x y z r g b, colours in 0..1 |
| .pts | a first line with the number of points, then x y z [intensity] [r g b, 0..255] |
| .xyz .txt .csv | x y z, then what `attributes["columns"]` holds |
"""

import re

import numpy as np
from torch import Tensor

from geomdl.errors import GeometryError
from geomdl.io.assemble import Parts
from geomdl.io.numbers import first_bad_line, parse_floats, parse_table
from geomdl.io.ply_write import column_text
from geomdl.io.source import Source
from geomdl.structures import PointCloud

_WIDEST = 4096  # columns; more is no table of points


def read_xyz(source: Source) -> Parts:
    """A text table -> the parts of a PointCloud. Raises GeometryError naming the line."""
    table = _table(source)
    width = table.shape[1]
    ending = source.path.suffix.lower()
    points, rest = table[:, :3], table[:, 3:]
    if ending in (".xyzn", ".xyzrgb"):
        if width != 6:
            raise source.error("line 1", f"expected 6 columns in a {ending} file, got {width}")
        normal = ending == ".xyzn"
        return Parts(points, normals=rest if normal else None, colors=None if normal else rest)
    if ending == ".pts" and width in (4, 6, 7):
        colors = np.clip(rest[:, -3:] / 255, 0, 1) if width > 4 else None
        extra = {"intensity": rest[:, 0].astype(np.float32)} if width != 6 else {}
        return Parts(points, colors=colors, attributes=extra)
    return Parts(points, attributes={"columns": rest.astype(np.float32)} if width > 3 else {})


def _table(source: Source) -> np.ndarray:
    data = re.sub(rb"[,;\t]", b" ", source.data.removeprefix(b"\xef\xbb\xbf"))
    data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if source.path.suffix.lower() != ".pts":
        table = parse_table(data)
        if table is not None and 3 <= table.shape[1] <= _WIDEST:
            return table
    where, rows = [], []
    for number, line in enumerate(data.split(b"\n"), start=1):
        text = line.strip()
        if text and not text.startswith((b"#", b"//")):
            where.append(number)
            rows.append(text)
    if source.path.suffix.lower() == ".pts" and rows and rows[0].isdigit():
        count = int(rows[0][:18])
        if count != len(rows) - 1:
            raise source.error(
                f"line {where[0]}", f"{count} points announced, {len(rows) - 1} lines follow"
            )
        where, rows = where[1:], rows[1:]
    if not rows:
        raise source.error("content", "there are no points")
    width = len(rows[0].split())
    odd = next((i for i, row in enumerate(rows) if len(row.split()) != width), None)
    if odd is not None or not 3 <= width <= _WIDEST:
        odd = odd or 0
        raise source.error(
            f"line {where[odd]}",
            f"expected {max(width, 3)} numbers as in the first line, got {rows[odd][:60]!r}",
        )
    try:
        return parse_floats(b"\n".join(rows)).reshape(len(rows), width)
    except ValueError:
        bad = first_bad_line(rows) or 0
        raise source.error(
            f"line {where[bad]}", f"expected numbers, got {rows[bad][:60]!r}"
        ) from None


def encode_xyz(cloud: PointCloud, ending: str) -> bytes:
    """The table of a cloud for .xyz, .txt, .csv, .pts, .xyzn or .xyzrgb; see the module."""
    promised = {".xyzn": ("normals", cloud.normals), ".xyzrgb": ("colors", cloud.colors)}
    if ending in promised and promised[ending][1] is None:
        raise GeometryError(f"cloud: {ending} needs {promised[ending][0]}, and there are none")
    columns = [cloud.points]
    if ending == ".xyzn" and cloud.normals is not None:
        columns.append(cloud.normals)
    if ending == ".xyzrgb" and cloud.colors is not None:
        columns.append(cloud.colors)
    if ending == ".pts":
        if "intensity" in cloud.attributes:
            columns.append(cloud.attributes["intensity"].reshape(-1, 1))
        if cloud.colors is not None:
            columns.append((cloud.colors * 255).round().long())
    elif ending in (".xyz", ".txt", ".csv") and "columns" in cloud.attributes:
        columns.append(cloud.attributes["columns"])
    texts = [text for tensor in columns for text in _texts(tensor)]
    mark = "," if ending == ".csv" else " "
    head = [str(len(cloud.points))] if ending == ".pts" else []
    rows = [mark.join(row) for row in zip(*texts, strict=True)]
    return ("\n".join([*head, *rows]) + "\n").encode()


def _texts(values: Tensor) -> list[list[str]]:
    table = values.detach().cpu().numpy()
    return [column_text(table[:, i]) for i in range(table.shape[1])]
