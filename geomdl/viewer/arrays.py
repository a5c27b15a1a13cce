"""npy files, also gzipped: voxel grids (X, Y, Z) or (N, 1, X, Y, Z), clouds (N, 3 or more)."""

import gzip
import io
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from geomdl.errors import GeometryError
from geomdl.io.arrays import read_array
from geomdl.io.source import Source, read_source
from geomdl.structures import PointCloud, VoxelGrid
from geomdl.structures.srgb import from_srgb

ENDINGS = (".npy", ".npy.gz")
Frame = VoxelGrid | PointCloud | Callable[[], VoxelGrid]


def is_array(path: Path) -> bool:
    """Whether the name ends as those of arrays do."""
    return path.name.lower().endswith(ENDINGS)


def read_frames(path: Path) -> tuple[Frame, ...]:
    """An npy -> its frames: one, or one for every grid of a stack (N, X, Y, Z), (N, 1, X, Y, Z).

    Grids of 0 and 1 (or between) are occupancy, of 0, 1, 2 ternary, with negative numbers sdf,
    else distances; cells have side 1. Columns of clouds after x y z: three are colours (0..255 or
    0..1, sRGB), others the attribute 'columns'. Raises GeometryError.
    """
    source = read_source(path)
    values = _read(source)
    if values.ndim == 2 and values.shape[1] >= 3 and len(values):
        return (_cloud(source, values),)
    if values.ndim == 5 and 1 in values.shape[1:2]:
        values = values[:, 0]
    if values.ndim not in (3, 4) or 0 in values.shape:
        raise source.error(
            "shape", f"expected (X, Y, Z), (N, X, Y, Z) or (N, 3 or more), got {values.shape}"
        )
    if values.ndim == 3:
        return (_grid(source, values, _kind(values)),)
    kind = _kind(values)
    later = [partial(_grid, source, grid, kind) for grid in values[1:]]
    return (_grid(source, values[0], kind), *later)


def _read(source: Source) -> NDArray:
    data = source.data
    if source.path.name.lower().endswith(".gz"):
        try:
            with gzip.open(io.BytesIO(data)) as unpacked:
                data = unpacked.read(4 << 30)
        except (OSError, EOFError, zlib.error) as error:
            raise source.error("gzip", f"broken: {str(error)[:120]}") from error
    return read_array(source, "array", data)


def _kind(values: NDArray) -> str:
    low, high = float(values.min()), float(values.max())
    if low >= 0 and high <= 1:
        return "occupancy"
    if values.dtype.kind in "iu" and low >= 0 and high <= 2:
        return "ternary"
    return "sdf" if low < 0 else "distance"


def _grid(source: Source, values: NDArray, kind: str) -> VoxelGrid:
    whole = kind in ("occupancy", "ternary") and values.dtype.kind in "biu"
    try:
        fixed = np.array(values, np.uint8 if whole else np.float32, order="C")
        return VoxelGrid(torch.from_numpy(fixed), kind)
    except GeometryError as error:
        raise source.error("values", str(error)) from error


def _cloud(source: Source, values: NDArray) -> PointCloud:
    table = torch.from_numpy(np.array(values, np.float32, order="C"))
    points, rest = table[:, :3].contiguous(), table[:, 3:]
    colors, attributes = None, {}
    if rest.shape[1] == 3 and bool((rest >= 0).all()) and bool((rest <= 255).all()):
        colors = from_srgb(rest / (255 if bool((rest > 1).any()) else 1))
    elif rest.shape[1]:
        attributes = {"columns": rest.contiguous()}
    try:
        return PointCloud(points, colors=colors, attributes=attributes)
    except GeometryError as error:
        raise source.error("values", str(error)) from error
