"""The body of a PLY file: ascii and both binary byte orders, lists included, as numpy columns."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from geomdl.io.assemble import stored_as
from geomdl.io.numbers import first_bad_line, parse_floats
from geomdl.io.ply_header import ORDERS, Element, Header, Property
from geomdl.io.source import Source


@dataclass(frozen=True)
class Ragged:
    """A list property: lengths (N,) and the values of all rows, back to back."""

    lengths: NDArray[np.int64]
    values: NDArray


Column = NDArray | Ragged
Table = dict[str, Column]


def read_tables(source: Source, header: Header) -> dict[str, Table]:
    """Every element as columns by property name. Raises GeometryError naming element and row."""
    tables = {}
    if header.encoding == "ascii":
        flat, position = _ascii_values(source, header), 0
        for element in header.elements:
            tables[element.name], position = _ascii_table(source, element, flat, position)
        return tables
    position = header.start
    for element in header.elements:
        order = ORDERS[header.encoding]
        tables[element.name], position = _binary_table(source, element, order, position)
    return tables


def _ascii_values(source: Source, header: Header) -> NDArray[np.float64]:
    body = source.data[header.start :]
    for element in header.elements:
        least = 2 * element.count * len(element.properties)
        source.expect_bytes(f"element {element.name} of {element.count} rows", least, len(body) + 1)
    try:
        return parse_floats(body)
    except ValueError:
        lines = body.split(b"\n")
        bad = first_bad_line(lines) or 0
        place = source.line(header.start + sum(len(line) + 1 for line in lines[:bad]))
        raise source.error(place, f"expected numbers, got {lines[bad][:60]!r}") from None


def _ascii_table(
    source: Source, element: Element, flat: NDArray[np.float64], position: int
) -> tuple[Table, int]:
    """One element of the flat list of all numbers; every number of a PLY fits a double."""
    lists = sum(p.length is not None for p in element.properties)
    count, left = element.count, len(flat) - position
    if count == 0 or not element.properties:
        return _empty(element), position
    place = f"element {element.name}"
    if not lists:
        width = len(element.properties)
        if count * width > left:
            row = left // width
            raise source.error(f"{place}, row {row}", f"the file ends; {count} rows were announced")
        table = flat[position : position + count * width].reshape(count, width)
        named: Table = {
            p.name: _typed(source, place, p, table[:, i]) for i, p in _numbered(element)
        }
        return named, position + count * width
    rows, lengths, position = _ascii_rows(source, element, flat, position)
    columns: Table = {}
    for index, p in _numbered(element):
        starts = rows[:, index]
        if p.length is None:
            columns[p.name] = _typed(source, place, p, flat[starts])
            continue
        values = flat[_spread(starts + 1, lengths[p.name])]
        columns[p.name] = Ragged(lengths[p.name], _typed(source, place, p, values))
    return columns, position


def _ascii_rows(
    source: Source, element: Element, flat: NDArray[np.float64], position: int
) -> tuple[NDArray[np.int64], dict[str, NDArray[np.int64]], int]:
    """Positions (N, P) of each property in `flat`, lengths of the lists, and the end."""
    count, width = element.count, len(element.properties)
    first = _row_shape(source, element, flat, position, 0)
    span = sum(first)
    if position + count * span <= len(flat):  # all rows like the first, most often true
        base = position + span * np.arange(count)
        starts = base[:, None] + np.cumsum([0, *first[:-1]])
        lists = [i for i, p in _numbered(element) if p.length is not None]
        if all((flat[starts[:, i]] == first[i] - 1).all() for i in lists):
            same = {element.properties[i].name: np.full(count, first[i] - 1) for i in lists}
            return starts, same, position + count * span
    starts = np.empty((count, width), dtype=np.int64)
    lengths = {p.name: np.empty(count, np.int64) for p in element.properties if p.length}
    for row in range(count):
        for index, size in enumerate(_row_shape(source, element, flat, position, row)):
            starts[row, index] = position
            name = element.properties[index].name
            if name in lengths:
                lengths[name][row] = size - 1
            position += size
    return starts, lengths, position


def _row_shape(
    source: Source, element: Element, flat: NDArray[np.float64], position: int, row: int
) -> list[int]:
    """Numbers that each property of the row at `position` takes."""
    sizes, end = [], len(flat)
    for p in element.properties:
        size = 1
        if p.length is not None and position < end:
            length = flat[position]
            if not (0 <= length <= end and length == int(length)):
                raise source.error(
                    f"element {element.name}, row {row}, list {p.name}", f"length {length:g}"
                )
            size += int(length)
        if position + size > end:
            raise source.error(
                f"element {element.name}, row {row}",
                f"the file ends; {element.count} rows were announced",
            )
        sizes.append(size)
        position += size
    return sizes


def _numbered(element: Element) -> list[tuple[int, Property]]:
    return list(enumerate(element.properties))


def _spread(starts: NDArray, lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """Ranges start .. start + length, back to back."""
    return np.repeat(starts, lengths) + _within(lengths)


def _within(lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """0 .. length - 1 for each length, back to back."""
    return np.arange(int(lengths.sum())) - np.repeat(np.cumsum(lengths) - lengths, lengths)


def _typed(source: Source, place: str, p: Property, values: NDArray) -> NDArray:
    return stored_as(source, f"{place}, {p.name}", p.kind, values)


def _empty(element: Element) -> Table:
    none = np.zeros(0, np.int64)
    return {
        p.name: Ragged(none, np.zeros(0, p.kind)) if p.length else np.zeros(0, p.kind)
        for p in element.properties
    }


def _binary_table(source: Source, element: Element, order: str, position: int) -> tuple[Table, int]:
    """One element of a binary body; the columns stay in the file's byte order."""
    count = element.count
    if count == 0 or not element.properties:
        return _empty(element), position
    place = f"element {element.name} of {count} rows at byte {position}"
    least = sum(np.dtype(p.length or p.kind).itemsize for p in element.properties)
    source.expect_bytes(place, least * count, len(source.data) - position)
    lists = [p for p in element.properties if p.length]
    first = _binary_lengths(source, element, order, position, 1)[0][0] if lists else []
    dtype = _row_dtype(element, order, first)
    if dtype.itemsize * count <= len(source.data) - position:
        rows = np.frombuffer(source.data, dtype=dtype, count=count, offset=position)
        same = zip(lists, first, strict=True)
        if all((rows[f"length of {p.name}"] == n).all() for p, n in same):
            columns: Table = {p.name: rows[p.name] for p in element.properties}
            for p, n in zip(lists, first, strict=True):
                columns[p.name] = Ragged(np.full(count, n), rows[p.name].reshape(-1))
            return columns, position + dtype.itemsize * count
    lengths, starts, end = _binary_lengths(source, element, order, position, count)
    return _gather(source, element, order, np.array(lengths), np.array(starts)), end


def _row_dtype(element: Element, order: str, lengths: list[int]) -> np.dtype:
    fields: list[tuple] = []
    sizes = iter(lengths)
    for p in element.properties:
        if p.length:
            fields += [(f"length of {p.name}", order + p.length)]
            fields += [(p.name, order + p.kind, (next(sizes),))]
        else:
            fields += [(p.name, order + p.kind)]
    return np.dtype(fields)


def _binary_lengths(
    source: Source, element: Element, order: str, position: int, count: int
) -> tuple[list[list[int]], list[int], int]:
    """Walk `count` rows: lengths of their lists, their byte offsets, and where they end."""
    steps = [
        (np.dtype(p.length or p.kind).itemsize, (p.length or "")[:1], np.dtype(p.kind).itemsize)
        for p in element.properties
    ]
    data, end = source.data, len(source.data)
    byteorder: Literal["big", "little"] = "big" if order == ">" else "little"
    lengths, starts = [], []
    for row in range(count):
        starts.append(position)
        sizes = []
        for width, sign, size in steps:
            if sign:
                raw = data[position : position + width]
                length = int.from_bytes(raw, byteorder, signed=sign == "i")
                position += length * size
                sizes.append(length)
                if length < 0:
                    position = end
            position += width
        if position > end:
            raise source.error(
                f"element {element.name}, row {row} of {count} at byte {starts[-1]}",
                f"the file ends, or a list has a false length ({sizes})",
            )
        lengths.append(sizes)
    return lengths, starts, position


def _gather(
    source: Source, element: Element, order: str, lengths: NDArray, starts: NDArray
) -> Table:
    """Columns of rows that differ in length."""
    raw = np.frombuffer(source.data, dtype=np.uint8)
    columns: Table = {}
    list_index = 0
    for p in element.properties:
        size = np.dtype(p.kind).itemsize
        if not p.length:
            columns[p.name] = _take(raw, starts, order + p.kind)
            starts = starts + size
            continue
        starts = starts + np.dtype(p.length).itemsize
        count = lengths[:, list_index]
        items = np.repeat(starts, count) + size * _within(count)
        columns[p.name] = Ragged(count, _take(raw, items, order + p.kind))
        starts = starts + count * size
        list_index += 1
    return columns


def _take(raw: NDArray[np.uint8], starts: NDArray[np.int64], dtype: str) -> NDArray:
    size = np.dtype(dtype).itemsize
    return raw[starts[:, None] + np.arange(size)].reshape(-1).view(dtype)
