"""npz and safetensors: every structure, loss-free, by the names of its fields.

Files of others are read too when they hold `points` (or xyz, pos, positions), or `vertices` and
`faces`; arrays with as many rows become normals, colours or attributes.
"""

import io
import json
import math
import zipfile
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from geomdl.errors import GeometryError
from geomdl.io.source import Source
from geomdl.structures import Material, Mesh, PointCloud, SparseVoxels, VoxelGrid
from geomdl.structures.srgb import from_srgb

Shape = Mesh | PointCloud | VoxelGrid | SparseVoxels
_META = "geomdl"
_POINTS = ("points", "xyz", "pos", "positions", "vertices")
_KINDS: dict[str, tuple[type, tuple[str, ...], tuple[str, ...]]] = {
    "PointCloud": (PointCloud, ("points", "normals", "colors", "offsets"), ()),
    "Mesh": (
        Mesh,
        (
            *("vertices", "faces", "normals", "colors", "uvs", "face_material"),
            *("vertex_offsets", "face_offsets"),
        ),
        (),
    ),
    "VoxelGrid": (VoxelGrid, ("values", "origin", "weights"), ("kind", "cell", "truncation")),
    "SparseVoxels": (SparseVoxels, ("coordinates", "features", "offsets"), ("stride",)),
}


def flatten(shape: Shape) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """A structure -> named tensors and what is no tensor."""
    kind = type(shape).__name__
    _, fields, plain = _KINDS[kind]
    arrays = {name: getattr(shape, name) for name in fields if getattr(shape, name) is not None}
    meta: dict[str, Any] = {"kind": kind} | {f"field_{n}": getattr(shape, n) for n in plain}
    if isinstance(shape, Mesh | PointCloud):
        arrays |= {f"attributes/{name}": value for name, value in shape.attributes.items()}
    if isinstance(shape, Mesh):
        named = shape.face_attributes
        arrays |= {f"face_attributes/{name}": value for name, value in named.items()}
        meta["materials"] = []
        for i, m in enumerate(shape.materials):
            plain_fields = {k: getattr(m, k) for k in ("name", "opacity", "metallic", "roughness")}
            meta["materials"].append(plain_fields)
            arrays[f"materials/{i}/color"] = m.color
            if m.texture is not None:
                arrays[f"materials/{i}/texture"] = m.texture
    return {name: value.detach().cpu().contiguous() for name, value in arrays.items()}, meta


def unflatten(source: Source, arrays: dict[str, Tensor], meta: dict[str, Any]) -> Shape:
    """The inverse of `flatten`. Raises GeometryError."""
    kind = meta.get("kind")
    if kind not in _KINDS:
        raise source.error("content", f"unknown kind {str(kind)[:40]!r}")
    build, fields, plain = _KINDS[kind]
    values: dict[str, Any] = {name: arrays[name] for name in fields if name in arrays}
    values |= {name: meta[f"field_{name}"] for name in plain if f"field_{name}" in meta}
    if build in (Mesh, PointCloud):
        values["attributes"] = _below(arrays, "attributes/")
    if build is Mesh:
        values["face_attributes"] = _below(arrays, "face_attributes/")
        values["materials"] = tuple(
            Material(
                **{k: m[k] for k in ("name", "opacity", "metallic", "roughness")},
                color=arrays[f"materials/{i}/color"],
                texture=arrays.get(f"materials/{i}/texture"),
            )
            for i, m in enumerate(meta.get("materials", []))
        )
    try:
        shape = build(**values)
    except (TypeError, KeyError) as error:
        raise source.error(kind, f"a field is missing: {error}") from error
    return shape


def _below(arrays: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {n.removeprefix(prefix): v for n, v in arrays.items() if n.startswith(prefix)}


def encode_npz(shape: Shape, encoding: str) -> bytes:
    """npz bytes; encoding binary, or binary_compressed for a deflated archive."""
    if encoding not in ("binary", "binary_compressed"):
        raise GeometryError(f"encoding: expected binary or binary_compressed, got {encoding!r}")
    arrays, meta = flatten(shape)
    method = zipfile.ZIP_DEFLATED if encoding == "binary_compressed" else zipfile.ZIP_STORED
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method, compresslevel=4) as archive:
        text = np.frombuffer(json.dumps(meta).encode(), np.uint8)
        named = {_META: text} | {name: _numpy(value) for name, value in arrays.items()}
        for name, values in named.items():
            member = io.BytesIO()
            np.lib.format.write_array(member, values, allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), member.getvalue(), method)
    return stream.getvalue()


def _numpy(value: Tensor) -> NDArray:
    return (value.float() if value.dtype == torch.bfloat16 else value).numpy()


def read_npz(source: Source) -> Shape:
    """An npz of ours or of others. Raises GeometryError naming the member; nothing is unpickled."""
    arrays: dict[str, NDArray] = {}
    total = 0
    try:
        with zipfile.ZipFile(io.BytesIO(source.data)) as archive:
            for member in archive.infolist():
                total += member.file_size
                source.expect_unfold(member.filename[:80], total, ratio=1032)  # deflate's most
                if member.filename.endswith(".npy"):
                    with archive.open(member) as stream:
                        name = member.filename.removesuffix(".npy")
                        arrays[name] = read_array(source, name[:80], stream.read(member.file_size))
    except GeometryError:
        raise
    except Exception as error:  # zipfile and zlib raise a dozen kinds
        raise source.error("archive", f"broken: {str(error)[:120]}") from error
    return _from_arrays(source, arrays)


def read_array(source: Source, name: str, data: bytes) -> NDArray:
    """The array of a .npy; its header is held against its bytes. name: of the place, for errors."""
    stream = io.BytesIO(data)
    try:
        version = np.lib.format.read_magic(stream)
        read = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }[version]
        shape, fortran, dtype = read(stream)
    except Exception as error:
        raise source.error(name, f"no array: {str(error)[:120]}") from error
    if dtype.hasobject or dtype.kind not in "biuf" or dtype.itemsize > 8:
        raise source.error(name, f"arrays of {dtype} are not read")
    count = math.prod(shape)
    source.expect_bytes(name, count * dtype.itemsize, len(data) - stream.tell())
    flat = np.frombuffer(data, dtype, count, stream.tell())
    return flat.reshape(shape[::-1]).T if fortran else flat.reshape(shape)


def _tensor(source: Source, name: str, values: NDArray) -> Tensor:
    signed = {"u2": "i4", "u4": "i8", "u8": "i8"}
    native = values.dtype.newbyteorder("=")
    native = np.dtype(signed.get(native.str[1:], native))
    try:
        return torch.from_numpy(np.array(values, native, order="C"))
    except (TypeError, ValueError) as error:
        raise source.error(name, str(error)[:120]) from error


def _from_arrays(source: Source, arrays: dict[str, NDArray]) -> Shape:
    tensors = {name: _tensor(source, name, values) for name, values in arrays.items()}
    if _META in tensors:
        try:
            meta = json.loads(bytes(tensors.pop(_META).to(torch.uint8).tolist()))
            return unflatten(source, tensors, dict(meta))
        except (ValueError, TypeError, RecursionError, KeyError, AttributeError) as error:
            if isinstance(error, GeometryError):
                raise
            raise source.error(_META, f"cannot be understood: {str(error)[:120]}") from error
    return _foreign(source, tensors)


def _foreign(source: Source, arrays: dict[str, Tensor]) -> Mesh | PointCloud:
    """Arrays by the names that people use."""
    name = next((n for n in _POINTS if n in arrays), None)
    if name is None:
        found = ", ".join(sorted(arrays))[:120]
        raise source.error("content", f"expected an array {' or '.join(_POINTS)}, got: {found}")
    points = arrays.pop(name)
    if points.ndim != 2 or points.shape[1] < 3 or len(points) == 0:
        raise source.error(name, f"expected shape (N, 3), got {tuple(points.shape)}")
    if not points.is_floating_point():
        points = points.float()
    faces = arrays.pop("faces", None)
    rows = {k: v for k, v in arrays.items() if v.ndim and len(v) == len(points)}
    normals = rows.pop("normals", None)
    colors = rows.pop("colors", None)
    if colors is not None and not colors.is_floating_point():
        colors = from_srgb(colors.to(points.dtype) / 255)  # bytes are sRGB
    like = {"normals": normals, "colors": colors}
    like = {k: None if v is None else v.to(points.dtype)[:, :3] for k, v in like.items()}
    if points.shape[1] > 3:
        rows["columns"] = points[:, 3:].clone()
    plain = points[:, :3].contiguous()
    if faces is None:
        return PointCloud(plain, like["normals"], like["colors"], rows)
    return Mesh(plain, faces.long(), like["normals"], like["colors"], attributes=rows)


def encode_safetensors(shape: Shape) -> bytes:
    """safetensors bytes; what is no tensor stands in the metadata."""
    from safetensors.torch import save

    arrays, meta = flatten(shape)
    return save({name: value.clone() for name, value in arrays.items()}, {_META: json.dumps(meta)})


def read_safetensors(source: Source) -> Shape:
    """A safetensors file of ours, or one with an array of points. Raises GeometryError."""
    from safetensors import SafetensorError
    from safetensors.torch import load

    try:
        size = int.from_bytes(source.data[:8], "little")
        source.expect_bytes("header", size, len(source.data) - 8)
        head = json.loads(source.data[8 : 8 + size])
        tensors = load(source.data)
        text = head.get("__metadata__", {}).get(_META)
        return (
            _foreign(source, tensors)
            if text is None
            else unflatten(source, tensors, dict(json.loads(text)))
        )
    except GeometryError:
        raise
    except (SafetensorError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as e:
        raise source.error("content", f"cannot be understood: {str(e)[:120]}") from e
