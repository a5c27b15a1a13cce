"""Writing PCD: ascii, binary and binary_compressed."""

import numpy as np
from numpy.typing import NDArray

from geomdl.errors import GeometryError
from geomdl.io import lzf
from geomdl.io.ply_write import column_text, storable
from geomdl.structures import PointCloud


def encode_pcd(cloud: PointCloud, encoding: str) -> bytes:
    """PCD bytes; encodings binary, binary_compressed, ascii. Colours become 8 bits in `rgb`."""
    if encoding not in ("binary", "binary_compressed", "ascii"):
        raise GeometryError(
            f"encoding: expected binary, binary_compressed or ascii, got {encoding!r}"
        )
    fields = _fields(cloud)
    count = len(cloud.points)
    kinds = {"f": "F", "i": "I", "u": "U"}
    head = [
        "# .PCD v0.7 - Point Cloud Data file format",
        "VERSION 0.7",
        "FIELDS " + " ".join(name for name, _ in fields),
        "SIZE " + " ".join(str(v.dtype.itemsize) for _, v in fields),
        "TYPE " + " ".join(kinds[v.dtype.kind] for _, v in fields),
        "COUNT " + " ".join(str(v.shape[1]) for _, v in fields),
        f"WIDTH {count}",
        "HEIGHT 1",
        "VIEWPOINT 0 0 0 1 0 0 0",
        f"POINTS {count}",
        f"DATA {encoding}",
        "",
    ]
    return "\n".join(head).encode() + _body(fields, encoding)


def _fields(cloud: PointCloud) -> list[tuple[str, NDArray]]:
    """Names and columns (N, count), little endian."""
    points = storable("points", cloud.points)
    fields = [(name, points[:, i : i + 1]) for i, name in enumerate("xyz")]
    if cloud.normals is not None:
        normals = storable("normals", cloud.normals)
        fields += [(f"normal_{name}", normals[:, i : i + 1]) for i, name in enumerate("xyz")]
    if cloud.colors is not None:
        levels = (cloud.colors.detach().cpu().clamp(0, 1) * 255).round().long()
        packed = (levels[:, 0] << 16) | (levels[:, 1] << 8) | levels[:, 2]
        fields.append(("rgb", packed.numpy().astype("<u4")[:, None]))
    for name, tensor in cloud.attributes.items():
        values = storable(f"attributes[{name!r}]", tensor)
        if name in dict(fields) or name == "_" or not name or "#" in name or name.split() != [name]:
            raise GeometryError(f"attributes[{name!r}]: not a possible name of a PCD field")
        fields.append((name, values.reshape(len(values), -1)))
    return [(name, np.ascontiguousarray(v, v.dtype.newbyteorder("<"))) for name, v in fields]


def _body(fields: list[tuple[str, NDArray]], encoding: str) -> bytes:
    if encoding == "binary_compressed":
        plain = b"".join(values.tobytes() for _, values in fields)
        packed = lzf.compress(plain)
        return np.array([len(packed), len(plain)], "<u4").tobytes() + packed
    if encoding == "binary":
        rows = np.empty(len(fields[0][1]), [(n, v.dtype, v.shape[1:]) for n, v in fields])
        for name, values in fields:
            rows[name] = values
        return rows.tobytes()
    texts = [column_text(v[:, i]) for _, v in fields for i in range(v.shape[1])]
    return "".join(" ".join(row) + "\n" for row in zip(*texts, strict=True)).encode()
