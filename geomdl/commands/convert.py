"""`geomdl convert`: shapes and cameras to other formats, one or many."""

import json as encoder
import os
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from tyro.conf import OmitArgPrefixes, Positional, arg

from geomdl.commands.options import Change

if TYPE_CHECKING:
    from geomdl.io import PosedImages, RGBDFolder
    from geomdl.io.arrays import Shape

Inputs = Annotated[Positional[tuple[str, ...]], arg(metavar="FILE...", help_behavior_hint="")]
Encoding = Literal["binary", "ascii", "binary_big_endian", "binary_compressed"]
Format = Annotated[str | None, arg(metavar="FORMAT", help_behavior_hint="")]
Pairs = list[tuple[Path, Path]]


@dataclass(frozen=True, kw_only=True)
class Writing:
    """How files are read and written."""

    encoding: Annotated[
        Encoding | None,
        arg(metavar="{binary,ascii,binary_big_endian,binary_compressed}", help_behavior_hint=""),
    ] = None
    """how ply, stl, pcd and npz store numbers; binary by default"""
    drop_nonfinite: bool = False
    """leave out the points of a cloud that are NaN or infinite"""
    frame: Annotated[int | None, arg(metavar="N", help_behavior_hint="")] = None
    """which grid of an npy that holds many, counted from 0; the first by default"""
    tree: bool = False
    """keep the folders below the one that all inputs share"""
    whole_names: bool = False
    """keep the old ending in new names: a.glb becomes a.glb.ply"""
    overwrite: bool = False
    """replace files that exist"""
    skip_existing: bool = False
    """leave out inputs whose output exists"""
    json: bool = False
    """print a JSON list with an object for each file that was written"""


AS_IT_IS, PLAIN = Change(), Writing()


def command(
    inputs: Inputs,
    /,
    *,
    output: Annotated[Path, arg(aliases=["-o"])],
    to: Format = None,
    change: Annotated[Change, OmitArgPrefixes] = AS_IT_IS,
    writing: Annotated[Writing, OmitArgPrefixes] = PLAIN,
) -> int:
    """Meshes, clouds, grids and cameras to another format, chosen by the ending of the output.

    Many inputs (or a quoted pattern) go into a folder. All inputs are named before the first
    file is written, and nothing that exists is replaced without --overwrite. Where one of many
    cannot be converted the others are, and the command ends with 1.

    Grids become surfaces in mesh formats, and the centres of their cells in formats of points.
    transforms.json and COLMAP folders become each other; the pictures stay where they are. RGB-D
    folders of TUM and Open3D become the layout of 7-Scenes.

    examples:
      geomdl convert bunny.obj -o bunny.ply
      geomdl convert bunny.obj -o bunny.pcd --points 20000
      geomdl convert "scans/**/*.ply" -o clouds/ --to xyz --thin 0.02 --tree
      geomdl convert part.stl -o part.glb --scale 0.001 --turn-up z y
      geomdl convert bunny.obj -o bunny.npz --voxelize 128
      geomdl convert bunny.npz -o shell.ply --level 0.01
      geomdl convert fox/transforms.json -o fox/sparse/0 --to colmap

    Args:
        inputs: files, patterns in quotes (** goes into folders), folders.
        output: a file, or with --to or many inputs a folder.
        to: format of the files in the output folder, such as ply; json or colmap for cameras,
            7scenes for RGB-D frames.
        change: what is done to shapes.
        writing: how files are read and written.
    """
    from geomdl.commands.paths import expand
    from geomdl.errors import GeometryError

    sources, wrong = expand(inputs, folders=True)
    if wrong or not sources:
        raise GeometryError(wrong[0] if wrong else "inputs: expected at least one file")
    pairs = targets(sources, output, to, tree=writing.tree, whole=writing.whole_names)
    for source, target in pairs:
        refuse(source, target)
    taken = [target for _, target in pairs if exists(target)]
    if writing.skip_existing:
        pairs = [(source, target) for source, target in pairs if not exists(target)]
    elif taken and not writing.overwrite:
        raise GeometryError(f"{taken[0]}: exists already; replace it with --overwrite")
    written = convert_all(pairs, change, writing)
    if writing.json:
        print(encoder.dumps(written, indent=1))
    failed = len(pairs) - len(written)
    if failed and len(pairs) > 1:
        print(f"geomdl: {failed} of {len(pairs)} could not be converted", file=sys.stderr)
    return int(failed > 0)


def targets(
    sources: list[Path], output: Path, to: str | None, *, tree: bool = False, whole: bool = False
) -> Pairs:
    """Where each source goes. Raises GeometryError where two would become one file."""
    from geomdl.commands.captures import FOLDERS
    from geomdl.errors import GeometryError

    ending = None if to is None else to.lower().removeprefix(".")
    named = output.suffix.lower() == f".{ending}" or ending in FOLDERS
    if len(sources) == 1 and (named or (ending is None and not output.is_dir())):
        return [(sources[0], output)]
    if ending is None:
        raise GeometryError(f"{output}: a folder of outputs needs a format, such as --to ply")
    shared = Path(os.path.commonpath([source.absolute().parent for source in sources]))
    pairs = []
    first: dict[Path, Path] = {}
    for source in sources:
        stem = source.name
        if not (whole or source.is_dir()):
            stem = Path(source.name.removesuffix(".gz")).stem
        folder = output / source.absolute().parent.relative_to(shared) if tree else output
        target = folder / (stem if ending in FOLDERS else f"{stem}.{ending}")
        if target in first:
            raise GeometryError(
                f"{target}: both {first[target]} and {source} would become it; --tree keeps "
                "folders, --whole-names the old endings"
            )
        first[target] = source
        pairs.append((source, target))
    return pairs


def refuse(source: Path, target: Path) -> None:
    """Raises GeometryError, before any work, where there is no format of this name."""
    from geomdl.commands import captures
    from geomdl.errors import GeometryError
    from geomdl.io.files import CONTAINERS, READERS

    if captures.is_capture(source):
        captures.refuse(source, target)
    elif target.suffix.lower() not in (*READERS, *CONTAINERS):
        known = " ".join(name[1:] for name in (*READERS, *CONTAINERS))
        raise GeometryError(f"{target}: unknown ending {target.suffix!r}; expected one of: {known}")


def exists(target: Path) -> bool:
    """Whether a file is there, or a folder with a COLMAP model or frames."""
    from geomdl.commands.captures import MARKS

    if target.is_dir():
        return any((target / mark).exists() for mark in MARKS)
    return target.exists()


def convert_all(pairs: Pairs, change: Change, writing: Writing) -> list[dict[str, Any]]:
    """What was written, pair by pair; what could not be is told on stderr, a line each."""
    from geomdl.errors import GeometryError
    from geomdl.reconstruct.progress import progress_bar

    written: list[dict[str, Any]] = []
    shown = len(pairs) > 1 and sys.stderr.isatty()
    with progress_bar("convert", len(pairs), 0, shown, unit="files") as advance:
        for source, target in pairs:
            try:
                shape = convert(source, target, change, writing)
            except (GeometryError, OSError) as error:
                text = " ".join(str(error).split())
                place = "" if str(source) in text or str(target) in text else f"{source}: "
                print(f"geomdl: error: {place}{text}", file=sys.stderr)
            else:
                facts = {"source": str(source), "target": str(target), "kind": type(shape).__name__}
                written.append(facts | counts(shape))
                if not writing.json:
                    print(f"{source} -> {target}  {shape!r}", flush=True)
            advance(source.name)
    return written


def convert(
    source: Path, target: Path, change: Change, writing: Writing
) -> "Shape | PosedImages | RGBDFolder":
    """Read, change and write one thing; gives what was written. Raises GeometryError."""
    from geomdl.commands import captures
    from geomdl.commands.change import changed
    from geomdl.io import load, save
    from geomdl.viewer.arrays import is_array

    if captures.is_capture(source):
        return captures.convert(source, target, writing.overwrite)
    if is_array(source):
        shape = frame_of(source, writing.frame)
    else:
        shape = load(source, dtype=None, drop_nonfinite=writing.drop_nonfinite)
    shape = changed(shape, change, target.suffix.lower(), source)
    target.parent.mkdir(parents=True, exist_ok=True)
    save(target, shape, overwrite=writing.overwrite, encoding=writing.encoding)
    return shape


def frame_of(source: Path, frame: int | None) -> "Shape":
    """One grid of an npy, or its cloud; the first of many, with a warning. Raises GeometryError."""
    from geomdl.errors import GeometryError
    from geomdl.viewer.arrays import read_frames

    frames = read_frames(source)
    if frame is None and len(frames) > 1:
        warnings.warn(f"{source}: took the first of {len(frames)} grids", stacklevel=2)
    if not 0 <= (frame or 0) < len(frames):
        raise GeometryError(f"--frame: expected 0 to {len(frames) - 1}, got {frame}")
    chosen = frames[frame or 0]
    return chosen() if callable(chosen) else chosen


def counts(shape: "Shape | PosedImages | RGBDFolder") -> dict[str, Any]:
    """How much of what a shape holds."""
    from geomdl.io import PosedImages, RGBDFolder
    from geomdl.structures import Mesh, PointCloud, SparseVoxels

    if isinstance(shape, Mesh):
        return {"vertices": len(shape.vertices), "faces": len(shape)}
    if isinstance(shape, PointCloud):
        return {"points": len(shape)}
    if isinstance(shape, PosedImages):
        return {"images": len(shape)}
    if isinstance(shape, RGBDFolder):
        return {"frames": len(shape)}
    if isinstance(shape, SparseVoxels):
        return {"sites": len(shape)}
    return {"grid": shape.kind, "cells": list(shape.shape)}
