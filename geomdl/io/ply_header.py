"""The header of a PLY file: which elements with which properties, how many, in which encoding."""

import re
from dataclasses import dataclass

from geomdl.io.source import Source

TYPES = {
    **{"char": "i1", "uchar": "u1", "short": "i2", "ushort": "u2", "int": "i4", "uint": "u4"},
    **{"float": "f4", "double": "f8", "int8": "i1", "uint8": "u1", "int16": "i2", "uint16": "u2"},
    **{"int32": "i4", "uint32": "u4", "float32": "f4", "float64": "f8"},
}
ORDERS = {"ascii": "", "binary_little_endian": "<", "binary_big_endian": ">"}


@dataclass(frozen=True)
class Property:
    """One property: its dtype, and for lists the dtype of the length."""

    name: str
    kind: str
    length: str | None = None


@dataclass(frozen=True)
class Element:
    """A named table of `count` rows."""

    name: str
    count: int
    properties: tuple[Property, ...]


@dataclass(frozen=True)
class Header:
    """What stands before end_header; `start` is the byte offset of the body."""

    encoding: str
    elements: tuple[Element, ...]
    textures: tuple[str, ...]
    start: int

    def count(self, name: str) -> int:
        """Rows of the element `name`, 0 when there is none."""
        return sum(e.count for e in self.elements if e.name == name)


def read_header(source: Source) -> Header:
    """The header of a PLY file. Raises GeometryError naming the line."""
    head = source.data[: 1 << 20]
    if not head.startswith(b"ply"):
        raise source.error("line 1", f"expected 'ply', got {head[:20]!r}")
    end = re.search(rb"(?:^|[\r\n])end_header[ \t]*(\r\n|\n|\r)", head)
    if end is None:
        raise source.error("header", "no end_header line")
    encoding, textures = "", []
    names: list[tuple[str, int]] = []
    tables: list[list[Property]] = []
    lines = head[: end.start()].replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    for number, raw in enumerate(lines[1:], start=2):
        line = raw.decode("utf-8", "replace").strip()
        words = line.split()
        if not words or words[0] == "obj_info":
            continue
        if words[0] == "comment":
            if len(words) > 2 and words[1].lower() == "texturefile":
                textures.append(line.split(None, 2)[2])
        elif words[0] == "format" and len(words) == 3 and words[1] in ORDERS:
            encoding = words[1]
        elif words[0] == "element" and len(words) == 3 and re.fullmatch(r"\d{1,18}", words[2]):
            names.append((words[1], int(words[2])))
            tables.append([])
        elif words[0] == "property" and tables:
            tables[-1].append(_property(source, number, words))
        else:
            raise source.error(f"line {number}", f"cannot be understood: {line[:80]!r}")
    if not encoding:
        raise source.error("header", f"no format line; expected one of {', '.join(ORDERS)}")
    elements = []
    for (name, count), table in zip(names, tables, strict=True):
        if len({p.name for p in table}) != len(table):
            raise source.error("header", f"element {name!r} has two properties of one name")
        elements.append(Element(name, count, tuple(table)))
    return Header(encoding, tuple(elements), tuple(textures), end.end())


def _property(source: Source, number: int, words: list[str]) -> Property:
    if len(words) == 5 and words[1] == "list" and words[2] in TYPES and words[3] in TYPES:
        return Property(words[4], TYPES[words[3]], TYPES[words[2]])
    if len(words) == 3 and words[1] in TYPES:
        return Property(words[2], TYPES[words[1]])
    raise source.error(f"line {number}", f"expected a property, got {' '.join(words)[:80]!r}")
