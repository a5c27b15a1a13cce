"""`geomdl info`: what is in files and folders."""

import itertools
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from tyro.conf import Positional, arg

if TYPE_CHECKING:
    from geomdl.structures import Mesh, PointCloud

Paths = Annotated[Positional[tuple[Path, ...]], arg(metavar="PATH...")]
LOOSE = 64 << 20  # bytes from which `info` reads only headers unless asked


def command(paths: Paths, /, *, quick: bool = False, json: bool = False) -> int:
    """What is in a file or a folder of RGB-D frames: counts, fields, size, area, holes.

    Lengths are in the units of the file, which geomdl takes for metres. Files over 64 MB are
    described from their headers alone.

    examples:
      geomdl info bunny.obj
      geomdl info scans/*.ply --quick
      geomdl info kitchen/ --json | python -m json.tool

    Args:
        paths: meshes, clouds, arrays, or folders of RGB-D frames.
        quick: only read headers, where the format has one.
        json: print a JSON list with an object for each path.
    """
    from geomdl.errors import GeometryError

    found: list[dict[str, Any]] = []
    failed = False
    if not paths:
        print("geomdl: expected at least one PATH (see 'geomdl info --help')", file=sys.stderr)
        return 2
    for path in paths:
        try:
            found.append(describe_folder(path) if path.is_dir() else describe_file(path, quick))
        except GeometryError as error:
            print(f"geomdl: error: {error}", file=sys.stderr)
            failed = True
    if json or found:
        print(as_json(found) if json else "\n\n".join(map(as_text, found)))
    return int(failed)


def as_json(found: list[dict[str, Any]]) -> str:
    """Descriptions as a JSON list."""
    return json.dumps(found, indent=1)


def as_text(facts: dict[str, Any]) -> str:
    """One description as lines: the path, then a name and a value each."""
    rows = [str(facts["path"])]
    for name, value in facts.items():
        if name == "path":
            continue
        if isinstance(value, list) and all(isinstance(v, int | float) for v in value):
            value = " ".join(f"{v:.5g}" for v in value)
        elif isinstance(value, list):
            value = ", ".join(map(str, value))
        elif isinstance(value, float):
            value = f"{value:.6g}"
        elif isinstance(value, int) and not isinstance(value, bool):
            value = f"{value:,}"
        elif isinstance(value, bool):
            value = "yes" if value else "no"
        rows.append(f"  {name:<14} {value}")
    return "\n".join(rows)


def describe_file(path: Path, quick: bool) -> dict[str, Any]:
    """Facts about a file of one shape, by name."""
    from geomdl.io import info, load
    from geomdl.structures import Mesh, PointCloud

    head = info(path)
    facts: dict[str, Any] = {"path": str(path), "format": head.format, "bytes": head.size}
    if quick or head.size > LOOSE:
        fields = {"fields": list(head.properties)} if head.properties else {}
        return {**facts, **head.counts, **fields, **head.notes}
    shape = load(path)
    facts["kind"] = type(shape).__name__
    if isinstance(shape, Mesh):
        return facts | describe_mesh(shape)
    if isinstance(shape, PointCloud):
        return facts | describe_cloud(shape)
    return facts | {"summary": repr(shape)}


def describe_mesh(mesh: "Mesh") -> dict[str, Any]:
    """Counts, box, area, pieces, holes; volume where the surface is closed."""
    from geomdl.ops.differential import face_areas
    from geomdl.reconstruct.pieces import face_pieces, hole_count

    low, high = (bound.tolist() for bound in mesh.bounds)
    holes, edges = hole_count(mesh.faces, len(mesh.vertices))
    facts: dict[str, Any] = {
        "vertices": len(mesh.vertices),
        "faces": len(mesh.faces),
        "low": low,
        "high": high,
        "size": [b - a for a, b in zip(low, high, strict=True)],
        "area": float(face_areas(mesh.vertices, mesh.faces).double().sum()),
        "pieces": face_pieces(mesh.faces, len(mesh.vertices))[1],
        "holes": holes,
        "border edges": edges,
    }
    if edges == 0 and len(mesh.faces):
        corners = mesh.triangles.double()
        facts["volume"] = float(corners.det().sum() / 6)
    fields = [n for n in ("normals", "colors", "uvs") if getattr(mesh, n) is not None]
    facts["fields"] = [*fields, *mesh.attributes, *mesh.face_attributes]
    if mesh.materials:
        facts["materials"] = [m.name for m in mesh.materials]
        facts["textures"] = sum(m.texture is not None for m in mesh.materials)
    return facts


def describe_cloud(cloud: "PointCloud") -> dict[str, Any]:
    """Count, box and fields."""
    low, high = (bound.tolist() for bound in cloud.bounds)
    fields = [n for n in ("normals", "colors") if getattr(cloud, n) is not None]
    return {
        "points": len(cloud.points),
        "low": low,
        "high": high,
        "size": [b - a for a, b in zip(low, high, strict=True)],
        "fields": [*fields, *cloud.attributes],
    }


def describe_folder(path: Path) -> dict[str, Any]:
    """Facts about a folder of RGB-D frames."""
    from geomdl.io import open_rgbd

    frames = open_rgbd(path)
    poses = frames.poses()
    known = [pose.translation for pose in poses if pose is not None]
    lens = frames.camera.intrinsics
    facts: dict[str, Any] = {
        "path": str(path),
        "format": f"RGB-D folder, {frames.kind}",
        "frames": len(frames),
        "width": frames.camera.width,
        "height": frames.camera.height,
        "focal": [float(lens[0, 0]), float(lens[1, 1])],
        "centre": [float(lens[0, 2]), float(lens[1, 2])],
        "with colour": sum(entry.color is not None for entry in frames.entries),
        "with pose": len(known),
    }
    if len(known) > 1:
        steps = [float((b - a).norm()) for a, b in itertools.pairwise(known)]
        facts["path length"] = sum(steps)
    return facts
