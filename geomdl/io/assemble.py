"""What every reader ends with: checked numpy parts become a Mesh or a PointCloud."""

import re
import warnings
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from geomdl.io.source import Source
from geomdl.structures import Material, Mesh, PointCloud


@dataclass(frozen=True)
class Parts:
    """Points (N, 3), triangles (F, 3) or None, and what belongs to points, corners and faces."""

    points: NDArray
    faces: NDArray[np.int64] | None = None
    normals: NDArray | None = None  # (N, 3)
    colors: NDArray | None = None  # (N, 3), 0..1
    uvs: NDArray | None = None  # (F, 3, 2)
    materials: tuple[Material, ...] = ()
    face_material: NDArray[np.int64] | None = None  # (F,)
    attributes: dict[str, NDArray] = field(default_factory=dict)  # (N, ...)
    face_attributes: dict[str, NDArray] = field(default_factory=dict)  # (F, ...)


def assemble(
    source: Source, parts: Parts, dtype: torch.dtype | None, drop_nonfinite: bool
) -> Mesh | PointCloud:
    """Check finite values and index ranges, then build the structure.

    dtype None: float64 where float32 would lose digits of the places, else float32.
    Raises GeometryError naming the first bad point or face.
    """
    count = len(parts.points)
    if count == 0:
        raise source.error("content", "there are no points or vertices in this file")
    if drop_nonfinite and parts.faces is None:
        parts = _dropped(source, parts)
    named = {
        "coordinates": parts.points,
        "normals": parts.normals,
        "colours": parts.colors,
        "texture coordinates": parts.uvs,
    }
    for name, values in named.items():
        if values is not None:
            _expect_finite(source, name, values, parts.faces is None)
    wide = parts.points.dtype.itemsize == 8 and is_far(parts.points)
    if wide and dtype == torch.float32:
        step = np.spacing(np.float32(np.abs(parts.points).max()))
        warnings.warn(
            f"{source.path}: the coordinates are far from 0, where float32 has steps of {step:.2g};"
            " load with dtype=None",
            stacklevel=3,
        )
    dtype = dtype or (torch.float64 if wide else torch.float32)
    points = _tensor(parts.points, dtype)
    normals = None if parts.normals is None else _tensor(parts.normals, dtype)
    colors = None if parts.colors is None else _tensor(parts.colors, dtype)
    if not bool(torch.isfinite(points).all()):
        raise source.error("coordinates", "too large for float32; pass dtype=torch.float64")
    attributes = {name: _tensor(values) for name, values in parts.attributes.items()}
    if parts.faces is None:
        return PointCloud(points=points, normals=normals, colors=colors, attributes=attributes)
    faces = parts.faces
    bad = np.flatnonzero(((faces < 0) | (faces >= count)).any(axis=1))
    if len(bad):
        row = int(bad[0])
        raise source.error(
            f"triangle {row}", f"refers to vertices {faces[row].tolist()}, but there are {count}"
        )
    return Mesh(
        vertices=points,
        faces=_tensor(faces, torch.int64),
        normals=normals,
        colors=colors,
        uvs=None if parts.uvs is None else _tensor(parts.uvs, dtype),
        materials=parts.materials,
        face_material=None if parts.face_material is None else _tensor(parts.face_material),
        attributes=attributes,
        face_attributes={name: _tensor(values) for name, values in parts.face_attributes.items()},
    )


def is_far(points: NDArray, size: float | None = None) -> bool:
    """Whether points (N, 3) lie so far from zero that float32 loses what tells them apart.

    It does where the step between numbers there is over 1/50,000 of their size, by default the
    diagonal of their box.
    """
    low, high = points.min(axis=0).astype(np.float64), points.max(axis=0).astype(np.float64)
    extent = float(np.linalg.norm(high - low)) if size is None else size
    most = max(float(np.abs(low).max()), float(np.abs(high).max()))
    return 0 < extent < most * 2.0**-23 * 50_000


def _expect_finite(source: Source, name: str, values: NDArray, cloud: bool) -> None:
    finite = np.isfinite(values).reshape(len(values), -1).all(axis=1)
    if not finite.all():
        row = int(np.flatnonzero(~finite)[0])
        hint = "; drop_nonfinite=True leaves such points out" if cloud else ""
        raise source.error(
            f"row {row} of the {name}",
            f"{(~finite).sum()} of {len(values)} rows are NaN or infinite{hint}",
        )


def _dropped(source: Source, parts: Parts) -> Parts:
    keep = np.ones(len(parts.points), dtype=bool)
    for values in (parts.points, parts.normals, parts.colors):
        if values is not None:
            keep &= np.isfinite(values).all(axis=1)
    if not keep.any():
        raise source.error("content", "all points are NaN or infinite")
    return replace(
        parts,
        points=parts.points[keep],
        normals=None if parts.normals is None else parts.normals[keep],
        colors=None if parts.colors is None else parts.colors[keep],
        attributes={name: values[keep] for name, values in parts.attributes.items()},
    )


_SIGNED = {"u2": "i4", "u4": "i8", "u8": "i8"}  # unsigned types that torch hardly supports


def _tensor(values: NDArray, dtype: torch.dtype | None = None) -> Tensor:
    """A tensor with memory of its own, in native byte order."""
    native = values.dtype.newbyteorder("=")
    native = np.dtype(_SIGNED.get(native.str[1:], native))
    with np.errstate(over="ignore", invalid="ignore"):
        tensor = torch.from_numpy(np.array(values, dtype=native, order="C"))
    return tensor if dtype is None else tensor.to(dtype)


def unit_colors(values: NDArray) -> NDArray[np.float64]:
    """Colours of a file (N, C) -> 0..1: integers are divided by their type's largest value.

    Floats above 1 are taken for 0..255.
    """
    if values.dtype.kind in "iu":
        return values.astype(np.float64) / np.iinfo(values.dtype).max
    largest = np.max(values, initial=0.0, where=np.isfinite(values))
    return values.astype(np.float64) / (255.0 if largest > 1.0 else 1.0)


def join_numbered(columns: dict[str, NDArray]) -> dict[str, NDArray]:
    """Columns name_0 .. name_k of one dtype -> one (N, k+1) array called name."""
    groups: dict[str, dict[int, NDArray]] = {}
    joined: dict[str, NDArray] = {}
    for name, values in columns.items():
        match = re.fullmatch(r"(.+)_(0|[1-9]\d{0,4})", name)
        if match and values.ndim == 1:
            groups.setdefault(match[1], {})[int(match[2])] = values
        else:
            joined[name] = values
    for name, members in groups.items():
        ordered = [members.get(i) for i in range(len(members))]
        whole = name not in joined and all(v is not None for v in ordered)
        if whole and len({v.dtype for v in members.values()}) == 1:
            joined[name] = np.stack([members[i] for i in range(len(members))], axis=1)
        else:
            joined.update({f"{name}_{i}": values for i, values in members.items()})
    return joined


def stack_named(columns: dict[str, NDArray], names: tuple[str, ...]) -> NDArray | None:
    """Columns of these names as one (N, k) array, taken out; None unless all are there."""
    if not all(name in columns and columns[name].ndim == 1 for name in names):
        return None
    return np.stack([columns.pop(name) for name in names], axis=1)


def stored_as(source: Source, place: str, kind: str, values: NDArray) -> NDArray:
    """Numbers of a text file in the type that its header names.

    Raises GeometryError for numbers that an integer type cannot hold.
    """
    dtype = np.dtype(kind)
    if dtype.kind != "f":
        limits = np.iinfo(dtype)
        fits = (values >= limits.min) & (values <= limits.max) & (values == np.trunc(values))
        if not fits.all():
            row = int(np.flatnonzero(~fits.reshape(-1))[0])
            number = values.reshape(-1)[row]
            raise source.error(f"{place}, value {row}", f"{number:g} is no {dtype.name}")
    with np.errstate(over="ignore"):
        return values.astype(dtype)
