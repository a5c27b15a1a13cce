"""glTF documents, buffers and accessors that lie about their bytes."""

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from geomdl.errors import GeometryError
from geomdl.io.gltf_buffers import Document, read_document
from geomdl.io.source import Source

DATA = np.arange(24, dtype="<f4").tobytes()


def document(folder: Path = Path("/nowhere"), **parts: Any) -> Document:
    uri = "data:application/octet-stream;base64," + base64.b64encode(DATA).decode()
    content = {
        "asset": {"version": "2.0"},
        "buffers": [{"uri": uri, "byteLength": 96}],
        "bufferViews": [{"buffer": 0, "byteLength": 96}],
        "accessors": [{"bufferView": 0, "componentType": 5126, "type": "VEC3", "count": 8}],
    }
    text = json.dumps({**content, **parts}).encode()
    return read_document(Source(folder / "a.gltf", text, folder))


def accessor(**changes: Any) -> dict[str, Any]:
    return {"bufferView": 0, "componentType": 5126, "type": "VEC3", "count": 8, **changes}


def test_plain_and_strided_and_zero_accessors() -> None:
    table = np.arange(24, dtype=np.float32).reshape(8, 3)
    np.testing.assert_array_equal(document().accessor(0, ""), table)
    views = [{"buffer": 0, "byteOffset": 4, "byteLength": 92, "byteStride": 12}]
    pairs = accessor(type="VEC2", count=8, byteOffset=0)
    found = document(bufferViews=views, accessors=[pairs]).accessor(0, "")
    np.testing.assert_array_equal(found, table[:, 1:])
    zeros = document(accessors=[{"componentType": 5123, "type": "SCALAR", "count": 4}])
    np.testing.assert_array_equal(zeros.accessor(0, ""), np.zeros((4, 1)))


def test_sparse_and_normalised_accessors() -> None:
    index = np.array([1, 3], "<u2").tobytes() + np.array([[9, 8, 7], [6, 5, 4]], "<f4").tobytes()
    uri = "data:;base64," + base64.b64encode(index + b"\xff\x00\x80\x7f").decode()
    views = [{"buffer": 0, "byteOffset": a, "byteLength": n} for a, n in ((0, 4), (4, 24), (28, 4))]
    sparse = {
        "count": 2,
        "indices": {"bufferView": 0, "componentType": 5123},
        "values": {"bufferView": 1},
    }
    entries = [
        {"componentType": 5126, "type": "VEC3", "count": 4, "sparse": sparse},
        {"bufferView": 2, "componentType": 5121, "type": "VEC4", "count": 1, "normalized": True},
        {"bufferView": 2, "componentType": 5120, "type": "VEC4", "count": 1, "normalized": True},
    ]
    buffers = [{"uri": uri, "byteLength": 32}]
    doc = document(buffers=buffers, bufferViews=views, accessors=entries)
    assert doc.accessor(0, "").tolist() == [[0, 0, 0], [9, 8, 7], [0, 0, 0], [6, 5, 4]]
    np.testing.assert_allclose(doc.accessor(1, ""), [[1, 0, 128 / 255, 127 / 255]], rtol=1e-6)
    np.testing.assert_allclose(doc.accessor(2, ""), [[-1 / 127, 0, -1, 1]], rtol=1e-6)


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"accessors": [accessor(count=9)]}, "accessors 0: claims 108 bytes, .* 96 left"),
        ({"accessors": [accessor(count=10**12)]}, "accessors 0: claims"),
        ({"accessors": [accessor(count=-1)]}, "count: expected a number >= 0, got -1"),
        ({"accessors": [accessor(count="8")]}, "count: expected a number"),
        ({"accessors": [accessor(byteOffset=8)]}, "accessors 0: claims 104"),
        ({"accessors": [accessor(componentType=1)]}, "unknown type VEC3 of 1"),
        ({"accessors": [accessor(componentType=[1])]}, "unknown type"),
        ({"accessors": [accessor(type="VEC9")]}, "unknown type VEC9"),
        ({"accessors": [accessor(bufferView=5)]}, "accessors 0: refers to bufferViews 5"),
        ({"accessors": [accessor(bufferView=None)]}, "refers to bufferViews None"),
        ({"accessors": {"0": 1}}, "accessors: expected a list"),
        ({"accessors": [3]}, "accessors 0: expected an object"),
        ({"accessors": [{**accessor(count=10**13), "bufferView": 7}]}, "bufferViews 7"),
        ({"bufferViews": [{"buffer": 0, "byteLength": 97}]}, "bufferViews 0: claims 97"),
        (
            {"bufferViews": [{"buffer": 0, "byteLength": 96, "byteStride": 4}]},
            "Stride 4 is less",
        ),
        ({"buffers": [{"byteLength": 10**12}]}, "buffers 0: claims 1000000000000"),
        ({"buffers": [{"uri": "data:;base64,A", "byteLength": 1}]}, "broken base64"),
        ({"buffers": [{"uri": "data:,abc", "byteLength": 1}]}, "without base64"),
        ({"buffers": [{"uri": "../../etc/passwd", "byteLength": 1}]}, "outside"),
        ({"buffers": [{"uri": "%2e%2e/%2e%2e/etc/passwd", "byteLength": 1}]}, "outside"),
        ({"buffers": [{"uri": "/etc/passwd", "byteLength": 1}]}, "outside"),
        ({"buffers": [{"uri": "https://x.org/a.bin", "byteLength": 1}]}, "outside"),
        ({"buffers": [{"uri": "no.bin", "byteLength": 1}]}, "no.bin: cannot be read"),
    ],
)
def test_lies_name_the_object(parts: dict[str, Any], message: str) -> None:
    with pytest.raises(GeometryError, match=message):
        document(**parts).accessor(0, "meshes 0")


def test_zeros_without_a_view_are_bounded() -> None:
    entry = {"componentType": 5126, "type": "MAT4", "count": 10**11}
    with pytest.raises(GeometryError, match="accessors 0: unfolds to"):
        document(accessors=[entry]).accessor(0, "")


def test_documents_that_are_none() -> None:
    def read(data: bytes) -> Document:
        return read_document(Source(Path("a.glb"), data, Path()))

    for data, message in (
        (b"{", "JSON: cannot be understood"),
        (b"[" * 100_000, "JSON: cannot be understood"),
        (b"[]", "no glTF"),
        (b'{"asset": {}, "extensionsRequired": ["KHR_draco_mesh_compression"]}', "not supported"),
        (b"glTF\x01\0\0\0\x0c\0\0\0", "glTF version 1"),
        (b"glTF\x02\0\0\0\xff\0\0\0", "header: claims 255 bytes"),
        (b"glTF\x02\0\0\0\x0c\0\0\0", "ends before a JSON chunk"),
        (b"glTF\x02\0\0\0\x14\0\0\0\xff\xff\xff\xffJSON", "chunk at byte 20: claims 4294967295"),
    ):
        with pytest.raises(GeometryError, match=message):
            read(data)
