"""`geomdl info`: what is in files and folders."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

from tyro.conf import Positional, arg

Paths = Annotated[Positional[tuple[str, ...]], arg(metavar="PATH...")]
LOOSE = 256 << 20  # bytes from which `info` reads only headers unless asked
HEADED = (".ply", ".pcd", ".npz", ".safetensors", ".glb", ".gltf", ".stl")


def command(paths: Paths, /, *, quick: bool = False, full: bool = False, json: bool = False) -> int:
    """What is in files and folders: counts, size, area, holes, defects, attributes, cameras.

    Reads meshes, clouds, voxel grids, folders of RGB-D frames, COLMAP models and transforms.json;
    a folder of shapes stands for its shapes. Lengths are in the units of the file, which geomdl
    takes for metres. Files over 256 MB are described from their headers alone.

    Ends with 1 where a path could not be described; the others are.

    examples:
      geomdl info bunny.obj
      geomdl info "scans/**/*.ply" --quick
      geomdl info fox/transforms.json kitchen/
      geomdl info *.obj --json | jq '.[] | select(.closed | not) | .path'

    Args:
        paths: files, patterns in quotes (** goes into folders), folders.
        quick: only read headers, where the format has one.
        full: read and measure large files too.
        json: print a JSON list with an object for each path.
    """
    from geomdl.commands.paths import expand
    from geomdl.errors import GeometryError
    from geomdl.reconstruct.progress import progress_bar

    if not paths:
        print("geomdl: expected at least one PATH (see 'geomdl info --help')", file=sys.stderr)
        return 2
    found, wrong = expand(paths, folders=True)
    for line in wrong:
        print(f"geomdl: error: {line}", file=sys.stderr)
    described: list[dict[str, Any]] = []
    shown = len(found) > 1 and sys.stderr.isatty()
    with progress_bar("info", len(found), 0, shown, unit="files") as advance:
        for path in found:
            try:
                described.append(describe(path, quick, sys.maxsize if full else LOOSE))
            except GeometryError as error:
                wrong.append(str(error))
                print(f"geomdl: error: {' '.join(str(error).split())}", file=sys.stderr)
            advance(path.name)
            if not json and described and described[-1]["path"] == str(path):
                print(("\n" if len(described) > 1 else "") + as_text(described[-1]), flush=True)
    if json:
        print(as_json(described))
    return int(bool(wrong))


def describe(path: Path, quick: bool, most: int) -> dict[str, Any]:
    """Facts about a file or a folder; files over `most` bytes by their headers alone."""
    if path.is_dir():
        return describe_folder(path)
    if path.suffix.lower() == ".json":
        return describe_posed(path)
    return describe_file(path, quick, most)


def describe_file(path: Path, quick: bool, most: int = LOOSE) -> dict[str, Any]:
    """Facts about a file of one shape, by name. Raises GeometryError."""
    from geomdl import facts
    from geomdl.io import info, load
    from geomdl.structures import Mesh, PointCloud, VoxelGrid
    from geomdl.viewer.arrays import is_array

    if is_array(path):
        return describe_array(path)
    size = path.stat().st_size if path.is_file() else 0
    head = info(path) if quick or size > most or path.suffix.lower() in HEADED else None
    told: dict[str, Any] = {
        "path": str(path),
        "format": path.suffix[1:].upper() if head is None else head.format,
        "bytes": size,
    }
    if head is not None and (quick or size > most):
        fields = {"fields": list(head.properties)} if head.properties else {}
        return {**told, **head.counts, **fields, **head.notes}
    shape = load(path, dtype=None, drop_nonfinite=True)
    told["kind"] = type(shape).__name__
    if isinstance(shape, Mesh):
        return told | facts.mesh_facts(shape)
    if isinstance(shape, PointCloud):
        dropped = 0 if head is None else head.counts.get("points", len(shape)) - len(shape)
        return told | facts.cloud_facts(shape) | ({"not finite": dropped} if dropped else {})
    if isinstance(shape, VoxelGrid):
        return told | facts.grid_facts(shape)
    return told | facts.sparse_facts(shape)


def describe_array(path: Path) -> dict[str, Any]:
    """Facts about an npy: of its first grid or its cloud, and how many grids there are."""
    from geomdl import facts
    from geomdl.structures import PointCloud, VoxelGrid
    from geomdl.viewer.arrays import read_frames

    frames = read_frames(path)
    first = frames[0]
    told: dict[str, Any] = {"path": str(path), "format": "npy", "bytes": path.stat().st_size}
    told["kind"] = type(first).__name__
    if len(frames) > 1:
        told["frames"] = len(frames)
    if isinstance(first, PointCloud):
        return told | facts.cloud_facts(first)
    assert isinstance(first, VoxelGrid)
    return told | facts.grid_facts(first)


def describe_posed(path: Path) -> dict[str, Any]:
    """Facts about a transforms.json. Raises GeometryError."""
    from geomdl.facts import posed_facts
    from geomdl.io import load_transforms

    posed = load_transforms(path)
    return {"path": str(path), "format": "transforms.json", **posed_facts(posed)}


def describe_folder(path: Path) -> dict[str, Any]:
    """Facts about a folder of RGB-D frames or a COLMAP model. Raises GeometryError."""
    from geomdl.facts import posed_facts, rgbd_facts
    from geomdl.io import load_colmap, open_rgbd
    from geomdl.viewer.captures import capture, colmap_items

    taken = capture(path)
    if taken is not None and taken[0] is colmap_items:
        return {"path": str(path), "format": "COLMAP", **posed_facts(load_colmap(path))}
    frames = open_rgbd(path)
    return {"path": str(path), "format": f"RGB-D folder, {frames.kind}", **rgbd_facts(frames)}


def as_json(found: list[dict[str, Any]]) -> str:
    """Descriptions as a JSON list."""
    return json.dumps(found, indent=1)


def as_text(facts: dict[str, Any]) -> str:
    """One description as lines: the path, then a name and a value each."""
    rows = [str(facts["path"])]
    for name, value in facts.items():
        if name == "path" or value in ({}, []):
            continue
        if name == "defects":
            present = [f"{count:,} {what}" for what, count in value.items() if count]
            rows.append(f"  {name:<14} {', '.join(present) or 'none'}")
        elif name == "attributes":
            rows += [f"  {inner:<14} {statistic(of)}" for inner, of in value.items()]
        else:
            rows.append(f"  {name:<14} {as_words(value)}")
    return "\n".join(rows)


def as_words(value: Any) -> str:
    """A fact in words: numbers with few digits, lists on one line."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, dict) and "dtype" in value:
        return statistic(value)
    if isinstance(value, dict):
        return ", ".join(f"{name} ({as_words(count)})" for name, count in value.items())
    if isinstance(value, list) and value and all(isinstance(v, int | float) for v in value):
        far = max(map(abs, value)) >= 1e4  # places on maps differ in their last digits
        digits = ".12g" if far else ".5g"
        return " ".join(f"{v:{digits}}" if isinstance(v, float) else str(v) for v in value)
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def statistic(of: dict[str, Any]) -> str:
    """What `geomdl.facts.statistics` told, on one line."""
    width = "x".join(map(str, of.get("shape", [])[1:]))
    words = [of["dtype"] + (f" x {width}" if width else "")]
    if "mean" in of:
        words.append(f"{of['low']:.5g} to {of['high']:.5g}, mean {of['mean']:.5g}")
    elif "low" in of:
        words.append(f"{of['low']} to {of['high']}")
    if "labels" in of:
        words.append(f"{of['labels']:,} different")
    if "counts" in of:
        total = sum(of["counts"].values())
        most = sorted(of["counts"].items(), key=lambda pair: -pair[1])
        words.append(" ".join(f"{label}:{count / total:.1%}" for label, count in most[:8]))
    if "not finite" in of:
        words.append(f"{of['not finite']:,} not finite")
    return ", ".join(words)
