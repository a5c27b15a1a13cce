"""`geomdl list`: the ledger of systems, the ops, the file formats, the recipes."""

import json as encoder
from pathlib import Path
from typing import Annotated, Any, Literal

from tyro.conf import Positional, arg

Choice = Literal["systems", "groups", "ops", "formats", "recipes"]
What = Annotated[Positional[Choice], arg(metavar="{systems,groups,ops,formats,recipes}")]
Status = Literal["working", "planned", "page", "all"]
Word = Annotated[str, arg(metavar="WORD", help_behavior_hint="")]
Rows = list[dict[str, Any]]
# What each listing shows: the columns, with their widths.
COLUMNS: dict[str, dict[str, int]] = {
    "systems": {"id": 34, "status": 8, "group": 24, "name": 0},
    "groups": {"group": 36, "working": 8, "planned": 8, "page": 0},
    "ops": {"name": 34, "family": 16, "cpu": 16, "gpu": 0},
    "recipes": {"name": 24, "by": 8, "learns": 0},
    "formats": {"name": 18, "kind": 16, "read": 5, "write": 6, "holds": 0},
}
# Folders and files of cameras are no endings that `load` knows.
OTHERS = (
    ("transforms.json", "posed images", True, "cameras, distortion, paths of pictures"),
    ("COLMAP folder", "posed images", True, "cameras, sparse points; text and binary"),
    ("7-Scenes folder", "RGB-D frames", True, "depth, colour, poses"),
    ("TUM folder", "RGB-D frames", False, "depth, colour, poses, times"),
    ("Open3D folder", "RGB-D frames", False, "depth, colour, poses"),
)


def command(
    what: What = "systems",
    /,
    *,
    status: Status = "working",
    group: Word = "",
    search: Word = "",
    json: bool = False,
) -> int:
    """What geomdl holds: systems of the ledger, ops, formats of files, recipes for geomdl fit.

    Ends with 1 where nothing fits.

    examples:
      geomdl list
      geomdl list --status all --group sparse
      geomdl list --status all --search u-net
      geomdl list groups
      geomdl list ops --group ray --json
      geomdl list formats
      geomdl list recipes

    Args:
        what: systems of the ledger, their groups, ops, formats of files, recipes.
        status: only systems of this state; all for every one.
        group: only groups of systems, or families of ops, whose name contains this.
        search: only rows that contain this in any column, in upper or lower case.
        json: print a JSON list.
    """
    found = listed(what, status, group)
    shown = COLUMNS[what]
    if search:
        found = [row for row in found if contains(row, search)]
    if json:
        print(encoder.dumps(found, indent=1))
        return int(not found)
    if what != "systems" and found:
        print(line({name: name for name in shown}, shown))
    for row in found:
        print(line(row, shown))
    noun = what[:-1] if len(found) == 1 else what
    print(f"{len(found)} {noun}" + ("" if found else "; see geomdl list --help for the filters"))
    return int(not found)


def listed(what: Choice, status: Status, group: str) -> Rows:
    """The rows of a listing."""
    if what == "ops":
        return [row for row in ops() if group in row["family"]]
    if what == "formats":
        return formats()
    if what == "recipes":
        return recipes()
    if what == "groups":
        return [row for row in groups() if group in row["group"]]
    return systems(status, group)


def contains(row: dict[str, Any], word: str) -> bool:
    """Whether any value of a row holds the word, in upper or lower case."""
    return any(word.lower() in str(value).lower() for value in row.values())


def line(row: dict[str, Any], columns: dict[str, int]) -> str:
    """One row of the printed table."""
    cells = []
    for name, width in columns.items():
        value = row.get(name, "")
        text = " ".join(value) if isinstance(value, list) else str(value)
        text = {"True": "yes", "False": "no"}.get(text, text)
        cells.append(f"{text:<{width}}")
    return " ".join(cells).rstrip()


def systems(status: str, group: str) -> Rows:
    """Entries of the ledger that ships with the package. Raises GeometryError without it."""
    from geomdl.errors import GeometryError

    path = Path(__file__).resolve().parent.parent / "systems.json"
    if not path.is_file():
        raise GeometryError(f"{path}: the ledger is missing; run `make systems` or reinstall")
    entries: Rows = encoder.loads(path.read_text(encoding="utf-8"))
    return [
        entry
        for entry in entries
        if status in ("all", entry.get("status")) and group in entry.get("group", "")
    ]


def groups() -> Rows:
    """The groups of the ledger, with how many systems of each state they hold."""
    counts: dict[str, dict[str, Any]] = {}
    for entry in systems("all", ""):
        plain = {"group": entry["group"], "working": 0, "planned": 0, "page": 0}
        counts.setdefault(entry["group"], plain)[entry["status"]] += 1
    return list(counts.values())


def ops() -> Rows:
    """Every op and where it runs."""
    from geomdl import doctor
    from geomdl.ops import dispatch

    doctor.load_ops()
    return [doctor.backends(record) for _, record in sorted(dispatch.OPS.items())]


def recipes() -> Rows:
    """What `geomdl fit` and `geomdl rl train` can train, with the first sentence of each."""
    from geomdl.recipes import find

    known = [("fit", name) for name in find.names()]
    known += [("rl train", name) for name in find.runs_of_rl()]
    return [{"name": name, "by": by, "learns": find.summary(name)} for by, name in known]


def formats() -> Rows:
    """What is read and written, by the ending of the name."""
    from geomdl.io.files import CONTAINERS, READERS
    from geomdl.viewer import arrays

    surfaces = {
        ".ply": "attributes, colours, normals; ascii and both binaries",
        ".obj": "materials, textures, uvs, normals, colours",
        ".off": "faces, colours",
        ".stl": "triangles; ascii and binary",
        ".glb": "materials, textures, uvs, normals, colours",
        ".gltf": "the same, with files beside it",
    }
    rows: Rows = []
    for ending in READERS:
        kind = "mesh, cloud" if ending in (".ply", ".obj", ".off") else "mesh"
        if ending not in surfaces:
            kind = "cloud"
        holds = surfaces.get(ending, "points, columns" if ending != ".pcd" else "any columns")
        rows.append(row(ending[1:], kind, True, holds))
    rows += [row(e[1:], "every structure", True, "everything, loss-free") for e in CONTAINERS]
    rows += [row(e[1:], "grid, cloud", False, "stacks of grids, tables") for e in arrays.ENDINGS]
    return rows + [row(*other) for other in OTHERS]


def row(ending: str, kind: str, write: bool, holds: str) -> dict[str, Any]:
    """One row of `formats`."""
    return {"name": ending, "kind": kind, "read": True, "write": write, "holds": holds}
