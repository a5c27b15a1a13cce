"""What is in a file, from its header where it has one."""

import json
import math
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from geomdl.errors import GeometryError
from geomdl.io import pcd, ply_header, stl
from geomdl.io.files import CONTAINERS, READERS, load
from geomdl.io.gltf_buffers import Document, read_document
from geomdl.io.source import Source, read_source
from geomdl.structures import Mesh, PointCloud

_HEAD = 1 << 20


@dataclass(frozen=True)
class FileInfo:
    """Format, size in bytes, counts ('vertices', 'faces', 'points' ...) and named properties."""

    path: Path
    format: str
    size: int
    counts: dict[str, int]
    properties: tuple[str, ...] = ()
    notes: dict[str, str] = field(default_factory=dict)


def info(path: str | Path) -> FileInfo:
    """Counts and properties of a file, without reading its body where the header tells them.

    Text formats without a header (obj, ascii stl, xyz) are read whole. Raises GeometryError.
    """
    path = Path(path)
    ending = path.suffix.lower()
    if ending not in READERS and ending not in CONTAINERS:
        raise GeometryError(f"{path}: unknown ending {ending!r}")
    if not path.is_file():
        raise GeometryError(f"{path}: there is no such file")
    with path.open("rb") as file:
        source = Source(path, file.read(_HEAD), path.parent)
    size = path.stat().st_size
    if not size:
        raise GeometryError(f"{path}: the file is empty")
    quick = {".ply": _ply, ".pcd": _pcd, ".npz": _npz, ".safetensors": _safetensors}
    if ending in quick:
        return quick[ending](source, size)
    if ending in (".glb", ".gltf"):
        return _gltf(read_document(read_source(path)), size)
    if ending == ".stl":
        whole = read_source(path)
        if stl.is_binary(whole):
            count = stl.triangle_count(whole)
            return FileInfo(path, "STL binary", size, {"faces": count})
    return _whole(path, size)


def _ply(source: Source, size: int) -> FileInfo:
    header = ply_header.read_header(source)
    names = {"vertex": "vertices", "face": "faces"}
    counts = {names.get(e.name, e.name): e.count for e in header.elements}
    if not counts.get("faces"):
        counts = {"points" if k == "vertices" else k: v for k, v in counts.items() if k != "faces"}
    properties = tuple(f"{e.name}.{p.name}" for e in header.elements for p in e.properties)
    return FileInfo(source.path, f"PLY {header.encoding}", size, counts, properties)


def _pcd(source: Source, size: int) -> FileInfo:
    header = pcd.read_header(source)
    return FileInfo(
        source.path, f"PCD {header.encoding}", size, {"points": header.points}, header.names
    )


def _npz(source: Source, size: int) -> FileInfo:
    properties = []
    try:
        with zipfile.ZipFile(source.path) as archive:
            for member in archive.infolist():
                with archive.open(member) as stream:
                    first = np.lib.format.read_magic(stream) == (1, 0)
                    shape, _, dtype = (
                        np.lib.format.read_array_header_1_0(stream)
                        if first
                        else np.lib.format.read_array_header_2_0(stream)
                    )
                    properties.append(f"{member.filename.removesuffix('.npy')} {shape} {dtype}")
    except Exception as error:  # zipfile and numpy raise a dozen kinds
        raise source.error("archive", f"broken: {str(error)[:120]}") from error
    return FileInfo(source.path, "npz", size, {"arrays": len(properties)}, tuple(properties))


def _safetensors(source: Source, size: int) -> FileInfo:
    length = int.from_bytes(source.data[:8], "little")
    source = read_source(source.path)
    source.expect_bytes("header", length, size - 8)
    try:
        head: dict[str, Any] = json.loads(source.data[8 : 8 + length])
        properties = tuple(
            f"{name} {tuple(value['shape'])} {value['dtype']}"
            for name, value in head.items()
            if name != "__metadata__"
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise source.error("header", f"cannot be understood: {str(error)[:120]}") from error
    return FileInfo(source.path, "safetensors", size, {"arrays": len(properties)}, properties)


def _gltf(document: Document, size: int) -> FileInfo:
    kinds = ("meshes", "materials", "images", "nodes", "animations")
    lists = {kind: document.json.get(kind, []) for kind in kinds}
    counts = {kind: len(items) for kind, items in lists.items() if isinstance(items, list)}
    extensions = document.json.get("extensionsUsed", [])
    names = tuple(map(str, extensions)) if isinstance(extensions, list) else ()
    return FileInfo(document.source.path, "glTF 2.0", size, counts, names)


def _whole(path: Path, size: int) -> FileInfo:
    shape = load(path)
    assert isinstance(shape, Mesh | PointCloud)
    low, high = (bound.tolist() for bound in shape.bounds)
    notes = {"bounds": f"{_row(low)} to {_row(high)}"}
    kind = path.suffix[1:].upper()
    if isinstance(shape, Mesh):
        counts = {"vertices": len(shape.vertices), "faces": len(shape.faces)}
    else:
        counts = {"points": len(shape)}
    fields = ("normals", "colors", "uvs")
    present = tuple(name for name in fields if getattr(shape, name, None) is not None)
    return FileInfo(path, kind, size, counts, present, notes)


def _row(values: list[float]) -> str:
    return " ".join(f"{x:.4g}" for x in values if math.isfinite(x))
