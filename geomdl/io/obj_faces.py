"""The `f` statements of OBJ files: v, v/vt, v//vn and v/vt/vn corners, negative indices."""

import warnings
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from geomdl.io.numbers import parse_integers, token_starts
from geomdl.io.source import Source

_ABSENT = np.iinfo(np.int64).min


class Statements(Protocol):
    """What a face needs to know of its file."""

    @property
    def all(self) -> list[bytes]: ...
    @property
    def rows(self) -> dict[bytes, list[bytes]]: ...
    def place(self, key: bytes, index: int) -> str: ...


@dataclass(frozen=True)
class Corners:
    """Corners per face (P,), and for all corners (C,) what they refer to, -1 for nothing."""

    counts: NDArray[np.int64]
    vertices: NDArray[np.int64]
    uvs: NDArray[np.int64]
    normals: NDArray[np.int64]


def read_corners(source: Source, lines: Statements, sizes: tuple[int, int, int]) -> Corners:
    """All faces, with indices checked against the numbers of v, vt and vn.

    Raises GeometryError naming the line.
    """
    rows = lines.rows[b"f"]
    counts = np.fromiter((len(row.split()) for row in rows), np.int64, len(rows))
    small = np.flatnonzero(counts < 3)
    if len(small):
        face = int(small[0])
        raise source.error(
            lines.place(b"f", face), f"a face needs 3 corners or more, got {counts[face]}"
        )
    text = b"\n".join(rows)
    table = _uniform(text, int(counts.sum()))
    if table is None:
        table = _mixed(source, lines, rows)
    table = _positive(lines, counts, table)
    names = ("vertices", "texture coordinates", "normals")
    for column, (name, size) in enumerate(zip(names, sizes, strict=True)):
        index = table[:, column]
        there = index != _ABSENT
        if column and not size and there.any():
            warnings.warn(f"{source.path}: faces refer to {name}, but there are none", stacklevel=2)
            there = np.zeros_like(there)
        bad = np.flatnonzero(there & ((index < 0) | (index >= size)))
        if len(bad) or (column == 0 and not there.all()):
            corner = int(bad[0]) if len(bad) else int(np.flatnonzero(~there)[0])
            face = int(np.searchsorted(np.cumsum(counts), corner, side="right"))
            raise source.error(
                lines.place(b"f", face),
                f"refers to {name} that are not there ({size} are): "
                f"{rows[face][:60].decode('ascii', 'replace')!r}",
            )
        index[~there] = -1
    return Corners(counts, table[:, 0], table[:, 1], table[:, 2])


def _uniform(text: bytes, total: int) -> NDArray[np.int64] | None:
    """Indices as written (C, 3) when all corners have the same one of the four shapes."""
    raw = np.frombuffer(text, dtype=np.uint8)
    try:
        starts = token_starts(text)
    except ValueError:
        return None
    slashes = np.flatnonzero(raw == 47)
    if len(starts) != total or len(slashes) % total:
        return None
    per_corner = len(slashes) // total
    owner = np.searchsorted(starts, slashes, side="right") - 1
    if per_corner > 2 or not np.array_equal(owner, np.repeat(np.arange(total), per_corner)):
        return None
    columns = [0, 1, 2][: per_corner + 1]
    if per_corner == 2:
        adjacent = slashes[1::2] == slashes[::2] + 1
        if adjacent.all():
            columns = [0, 2]
        elif adjacent.any():
            return None
    try:
        values = parse_integers(text.replace(b"/", b" "))
    except ValueError:
        return None
    if len(values) != total * len(columns):
        return None
    table = np.full((total, 3), _ABSENT)
    table[:, columns] = values.reshape(total, len(columns))
    return table


def _mixed(source: Source, lines: Statements, rows: list[bytes]) -> NDArray[np.int64]:
    """Corner by corner, for files whose corners differ in shape."""
    table = []
    for face, row in enumerate(rows):
        for token in row.split():
            parts = token.split(b"/")
            try:
                corner = [int(part) if part else _ABSENT for part in parts]
                fits = len(corner) <= 3 and all(abs(i) < 1 << 60 or i == _ABSENT for i in corner)
            except ValueError:
                fits = False
            if not fits:
                text = token[:40].decode("ascii", "replace")
                raise source.error(
                    lines.place(b"f", face), f"expected a corner like 1/2/3, got {text!r}"
                )
            table.append(corner + [_ABSENT] * (3 - len(corner)))
    return np.array(table, dtype=np.int64)


def _positive(
    lines: Statements, counts: NDArray[np.int64], table: NDArray[np.int64]
) -> NDArray[np.int64]:
    """File indices (1 is the first, -1 the latest before the face) -> 0 is the first."""
    there = table != _ABSENT
    negative = there & (table < 0)
    result = np.where(there & ~negative, table - 1, table)
    if not negative.any():
        return result
    seen = {b"v": 0, b"vt": 0, b"vn": 0}
    before = []
    for line in lines.all:
        words = line.split(None, 1)
        key = words[0] if words else b""
        if key in seen:
            seen[key] += 1
        elif key == b"f":
            before.append(list(seen.values()))
    latest = np.repeat(np.array(before, dtype=np.int64), counts, axis=0)
    absolute = latest + table
    return np.where(negative, np.where(absolute < 0, -1, absolute), result)
