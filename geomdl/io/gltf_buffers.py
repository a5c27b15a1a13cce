"""glTF 2.0: the document, its buffers and its accessors, every claim held against the bytes."""

import base64
import binascii
import json
import urllib.parse
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geomdl.io.source import Source, read_bytes

_TYPES = {5120: "<i1", 5121: "<u1", 5122: "<i2", 5123: "<u2", 5125: "<u4", 5126: "<f4"}
_WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT2": 4, "MAT3": 9, "MAT4": 16}


@dataclass(frozen=True)
class Document:
    """The JSON of a glTF file, its binary chunk, and the buffers read so far."""

    source: Source
    json: dict[str, Any]
    chunk: bytes
    buffers: dict[int, bytes] = field(default_factory=dict)

    def entry(self, kind: str, index: object, place: str) -> dict[str, Any]:
        """Object `index` of the list `kind`. Raises GeometryError when it is not there."""
        items = self.json.get(kind, [])
        if not isinstance(items, list):
            raise self.source.error(kind, "expected a list")
        if isinstance(index, bool) or not isinstance(index, int) or not 0 <= index < len(items):
            raise self.source.error(
                place, f"refers to {kind} {str(index)[:20]}, but there are {len(items)}"
            )
        item = items[index]
        if not isinstance(item, dict):
            raise self.source.error(f"{kind} {index}", "expected an object")
        return item

    def whole(self, item: dict[str, Any], key: str, place: str, default: int = 0) -> int:
        """A number >= 0 of an object."""
        value = item.get(key, default)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 1 << 62:
            raise self.source.error(place, f"{key}: expected a number >= 0, got {str(value)[:40]}")
        return value

    def numbers(self, item: dict[str, Any], key: str, count: int, place: str) -> list[float] | None:
        """A list of `count` finite numbers of an object, None where it has none."""
        values = item.get(key)
        if values is None:
            return None
        plain = isinstance(values, list) and all(type(v) in (int, float) for v in values)
        if not plain or len(values) != count or not all(abs(v) < 1e30 for v in values):
            raise self.source.error(place, f"{key}: expected {count} numbers, got {values!r:.60}")
        return [float(v) for v in values]

    def buffer(self, index: object, place: str) -> bytes:
        """The bytes of a buffer: the chunk of a GLB, a data URI, or a file in the folder."""
        item = self.entry("buffers", index, place)
        assert isinstance(index, int)
        if index not in self.buffers:
            place = f"buffers {index}"
            data = self.chunk if "uri" not in item else self.uri(item["uri"], place)
            claimed = self.whole(item, "byteLength", place)
            self.source.expect_bytes(place, claimed, len(data))
            self.buffers[index] = data[:claimed]
        return self.buffers[index]

    def uri(self, uri: object, place: str) -> bytes:
        """The bytes behind a URI; nothing outside the folder and nothing from a network."""
        if not isinstance(uri, str):
            raise self.source.error(place, "uri: expected a string")
        if uri.startswith("data:"):
            head, _, body = uri.partition(",")
            if not head.endswith(";base64"):
                raise self.source.error(place, f"data URI without base64: {head[:40]!r}")
            try:
                return base64.b64decode(body, validate=False)
            except binascii.Error as error:
                raise self.source.error(place, f"broken base64: {error}") from error
        return read_bytes(self.source.reference(urllib.parse.unquote(uri), place))

    def view(self, index: object, place: str) -> tuple[bytes, int, int]:
        """The buffer of a view, and the first byte and the length of the view in it."""
        item = self.entry("bufferViews", index, place)
        place = f"bufferViews {index}"
        data = self.buffer(item.get("buffer"), place)
        start = self.whole(item, "byteOffset", place)
        length = self.whole(item, "byteLength", place)
        self.source.expect_bytes(place, start + length, len(data))
        return data, start, length

    def accessor(self, index: object, place: str) -> NDArray:
        """Accessor -> (count, width) in its own type, normalised integers as floats in -1..1."""
        item = self.entry("accessors", index, place)
        place = f"accessors {index}"
        kind, shape = item.get("componentType"), item.get("type")
        if not isinstance(kind, int) or not isinstance(shape, str):
            kind, shape = 0, ""
        if kind not in _TYPES or shape not in _WIDTHS:
            raise self.source.error(place, f"unknown type {str(shape)[:20]} of {str(kind)[:20]}")
        dtype, width = np.dtype(_TYPES[kind]), _WIDTHS[shape]
        count = self.whole(item, "count", place)
        if "bufferView" in item:
            start = self.whole(item, "byteOffset", place)
            values = self._strided(item["bufferView"], start, dtype, width, count, place)
        else:  # zeros, to be filled by `sparse`
            self.source.expect_unfold(place, count * width * dtype.itemsize)
            values = np.zeros((count, width), dtype)
        if isinstance(item.get("sparse"), dict):
            values = self._sparse(item["sparse"], values, place)
        if item.get("normalized") is True and dtype.kind in "iu":
            return np.maximum(values / np.float32(np.iinfo(dtype).max), -1).astype(np.float32)
        return values

    def _strided(
        self, view: object, start: int, dtype: np.dtype, width: int, count: int, place: str
    ) -> NDArray:
        data, first, length = self.view(view, place)
        size = dtype.itemsize * width
        step = self.whole(self.entry("bufferViews", view, place), "byteStride", place, size)
        if step < size and count > 1:
            raise self.source.error(place, f"byteStride {step} is less than an element of {size}")
        needed = start + (step * (count - 1) + size if count else 0)
        self.source.expect_bytes(place, needed, length)
        if count == 0:
            return np.zeros((0, width), dtype)
        raw = np.frombuffer(data, np.uint8, needed - start, first + start)
        rows = np.lib.stride_tricks.as_strided(raw, (count, size), (step, 1), writeable=False)
        return np.ascontiguousarray(rows).view(dtype)

    def _sparse(self, item: dict[str, Any], values: NDArray, place: str) -> NDArray:
        place = f"{place}, sparse"
        count = self.whole(item, "count", place)
        where, what = item.get("indices"), item.get("values")
        if not isinstance(where, dict) or not isinstance(what, dict):
            raise self.source.error(place, "expected indices and values")
        kind = where.get("componentType")
        if kind not in (5121, 5123, 5125):
            raise self.source.error(place, f"indices of unknown type {str(kind)[:20]}")
        start = self.whole(where, "byteOffset", place)
        rows = self._strided(
            where.get("bufferView"), start, np.dtype(_TYPES[kind]), 1, count, place
        )[:, 0].astype(np.int64)
        if len(rows) and int(rows.max()) >= len(values):
            raise self.source.error(place, f"index {rows.max()} of {len(values)} elements")
        start, width = self.whole(what, "byteOffset", place), values.shape[1]
        filled = values.copy()
        filled[rows] = self._strided(
            what.get("bufferView"), start, values.dtype, width, count, place
        )
        return filled


def read_document(source: Source) -> Document:
    """A .glb or .gltf file -> its document. Raises GeometryError."""
    data = source.data
    if data[:4] != b"glTF":
        return Document(source, _json(source, data, "JSON"), b"")
    version = int.from_bytes(data[4:8], "little")
    if version != 2:
        raise source.error("header", f"glTF version {version}; only 2 is read")
    source.expect_bytes("header", int.from_bytes(data[8:12], "little"), len(data))
    chunks: dict[bytes, bytes] = {}
    position = 12
    while position + 8 <= len(data):
        size, kind = (
            int.from_bytes(data[position : position + 4], "little"),
            data[position + 4 :][:4],
        )
        position += 8
        source.expect_bytes(f"chunk at byte {position}", size, len(data) - position)
        chunks.setdefault(kind, data[position : position + size])
        position += size
    if b"JSON" not in chunks:
        raise source.error("chunks", "the file ends before a JSON chunk")
    document = _json(source, chunks[b"JSON"], "JSON chunk")
    return Document(source, document, chunks.get(b"BIN\0", b""))


def _json(source: Source, data: bytes, place: str) -> dict[str, Any]:
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise source.error(place, f"cannot be understood: {str(error)[:100]}") from error
    if not isinstance(document, dict) or not isinstance(document.get("asset"), dict):
        raise source.error(place, "no glTF: there is no 'asset'")
    required = document.get("extensionsRequired", [])
    unknown = set(map(str, required if isinstance(required, list) else [])) - {
        "KHR_materials_unlit",
        "KHR_mesh_quantization",
    }
    if unknown:
        raise source.error(
            "extensionsRequired", f"not supported: {', '.join(sorted(unknown))[:80]}"
        )
    return document
