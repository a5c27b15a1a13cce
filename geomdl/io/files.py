"""load and save: one door for every format, chosen by the ending of the name."""

import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from geomdl.errors import GeometryError
from geomdl.io.arrays import Shape, encode_npz, encode_safetensors, read_npz, read_safetensors
from geomdl.io.assemble import Parts, assemble
from geomdl.io.gltf import read_gltf
from geomdl.io.gltf_write import encode_gltf
from geomdl.io.obj import read_obj
from geomdl.io.obj_write import encode_obj
from geomdl.io.off import encode_off, read_off
from geomdl.io.pcd import read_pcd
from geomdl.io.pcd_write import encode_pcd
from geomdl.io.ply import read_ply
from geomdl.io.ply_write import encode_ply
from geomdl.io.source import Source, read_source, write_files
from geomdl.io.stl import encode_stl, read_stl
from geomdl.io.xyz import encode_xyz, read_xyz
from geomdl.structures import Mesh, PointCloud
from geomdl.structures.srgb import from_srgb, to_srgb

_STARTS = {
    b"ply": (".ply",),
    b"glTF": (".glb", ".gltf"),
    b"PK": (".npz",),
    b"# .PCD": (".pcd",),
    b"OFF": (".off",),
    b"solid ": (".stl",),
}
_TABLES = (".xyz", ".txt", ".csv", ".pts", ".xyzn", ".xyzrgb")
_SRGB = (".ply", ".obj", ".off", ".pcd", *_TABLES)  # glTF's vertex colours are linear
READERS: dict[str, Callable[[Source], Parts]] = {
    ".ply": read_ply,
    ".obj": read_obj,
    ".off": read_off,
    ".stl": read_stl,
    ".glb": read_gltf,
    ".gltf": read_gltf,
    ".pcd": read_pcd,
    **dict.fromkeys(_TABLES, read_xyz),
}
CONTAINERS: dict[str, Callable[[Source], Shape]] = {
    ".npz": read_npz,
    ".safetensors": read_safetensors,
}


def load(
    path: str | Path,
    *,
    dtype: torch.dtype | None = torch.float32,
    drop_nonfinite: bool = False,
    root: str | Path | None = None,
) -> Shape:
    """A file -> Mesh, PointCloud, VoxelGrid or SparseVoxels, by its ending.

    Meshes: ply obj off stl glb gltf (a ply, obj or off without faces is a cloud). Clouds: pcd xyz
    txt csv pts xyzn xyzrgb. Any structure: npz, safetensors (these keep their own dtypes).
    dtype None is float64 for coordinates so far from 0 that float32 loses digits, else float32.
    `drop_nonfinite` leaves out the points of a cloud that are NaN or infinite, as depth cameras
    write them; without it they are refused. Materials and textures may lie anywhere
    under `root`, by default the file's own folder. Colours become linear: ply obj off pcd and the
    tables hold sRGB, glTF linear light. Textures stay sRGB.
    Raises GeometryError naming the file and the place in it.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(f"{folder}/a.ply", PointCloud(torch.eye(3)), encoding="ascii")
    ...     load(f"{folder}/a.ply")
    PointCloud(3 points, bounds [0 0 0] to [1 1 1], float32 on cpu)
    """
    path = Path(path)
    ending = path.suffix.lower()
    if path.is_dir():
        raise GeometryError(
            f"{path}: a folder; open_rgbd reads RGB-D frames, load_colmap a COLMAP model"
        )
    if ending not in READERS and ending not in CONTAINERS:
        known = " ".join(name[1:] for name in (*READERS, *CONTAINERS))
        hint = "; load_transforms reads posed images" if ending == ".json" else ""
        raise GeometryError(f"{path}: unknown ending {ending!r}; expected one of: {known}{hint}")
    source = read_source(path, root)
    try:
        if ending in CONTAINERS:
            return CONTAINERS[ending](source)
        shape = assemble(source, READERS[ending](source), dtype, drop_nonfinite)
        return _recolored(shape, from_srgb) if ending in _SRGB else shape
    except GeometryError as error:
        place = "" if str(path) in str(error) else f"{path}: "
        hint = _other_format(source.data, ending)
        if not place and not hint:
            raise
        raise GeometryError(f"{place}{error}{hint}") from error
    except MemoryError as error:
        raise GeometryError(f"{path}: there is not enough memory to read it") from error


def _recolored(shape: Mesh | PointCloud, change: Callable[[Tensor], Tensor]) -> Mesh | PointCloud:
    """The shape with `change` made to its colours, of vertices and of faces."""
    if shape.colors is not None:
        shape = replace(shape, colors=change(shape.colors))
    if isinstance(shape, Mesh) and "colors" in shape.face_attributes:
        tinted = {**shape.face_attributes, "colors": change(shape.face_attributes["colors"])}
        shape = replace(shape, face_attributes=tinted)
    return shape


def _other_format(data: bytes, ending: str) -> str:
    """What a file with the wrong ending looks like."""
    for start, endings in _STARTS.items():
        if data.startswith(start) and ending not in endings:
            return f" (the file looks like {endings[0]})"
    return ""


def save(
    path: str | Path, shape: Shape, *, overwrite: bool = False, encoding: str | None = None
) -> None:
    """Write a shape by the ending of the name: whole or not at all, never over another file.

    Formats as in `load`. encoding: 'binary' (default where there is one) or 'ascii' for ply, stl,
    pcd; 'binary_big_endian' for ply; 'binary_compressed' for pcd and npz. What a format has no
    place for is left out: ply keeps attributes, obj and gltf keep materials and textures (written
    beside an obj as .mtl and .png), npz and safetensors keep everything.
    Raises GeometryError.
    """
    path = Path(path)
    ending = path.suffix.lower()
    files = _encode(path, ending, shape, encoding)
    write_files(files, overwrite)


def _encode(path: Path, ending: str, shape: Shape, encoding: str | None) -> dict[Path, bytes]:
    if ending == ".npz":
        return {path: encode_npz(shape, encoding or "binary")}
    if ending == ".safetensors":
        _only(encoding, "binary", ending)
        return {path: encode_safetensors(shape)}
    if ending not in READERS:
        known = " ".join(name[1:] for name in (*READERS, *CONTAINERS))
        raise GeometryError(f"{path}: unknown ending {ending!r}; expected one of: {known}")
    if not isinstance(shape, Mesh | PointCloud):
        kind = type(shape).__name__
        raise GeometryError(f"{path}: a {kind} goes into .npz or .safetensors, not {ending}")
    if len(shape.vertices if isinstance(shape, Mesh) else shape.points) == 0:
        raise GeometryError(f"{path}: the shape has no points, so there is nothing to save")
    if shape.batch_size != 1:
        warnings.warn(f"{path}: {shape.batch_size} items become one in {ending}", stacklevel=3)
    if ending in _SRGB:
        shape = _recolored(shape, to_srgb)
    if ending == ".ply":
        return encode_ply(path, shape, encoding or "binary")
    if ending == ".obj":
        _only(encoding, "ascii", ending)
        return encode_obj(path, shape)
    if ending == ".off":
        _only(encoding, "ascii", ending)
        return {path: encode_off(shape)}
    if ending in (".glb", ".gltf"):
        _only(encoding, "binary", ending)
        return encode_gltf(path, shape)
    if ending == ".stl":
        if not isinstance(shape, Mesh):
            raise GeometryError(f"{path}: STL holds triangles; a point cloud goes into .ply")
        return {path: encode_stl(shape, encoding or "binary")}
    if isinstance(shape, Mesh):
        raise GeometryError(f"{path}: {ending} holds points; save mesh.point_cloud() or use .ply")
    if ending == ".pcd":
        return {path: encode_pcd(shape, encoding or "binary")}
    _only(encoding, "ascii", ending)
    return {path: encode_xyz(shape, ending)}


def _only(encoding: str | None, possible: str, ending: str) -> None:
    if encoding not in (None, possible):
        raise GeometryError(f"encoding: {ending} is always {possible}, got {encoding!r}")
