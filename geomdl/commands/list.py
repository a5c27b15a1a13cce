"""`geomdl list`: the ledger of systems, and the ops."""

import json as encoder
from pathlib import Path
from typing import Annotated, Any, Literal

from tyro.conf import Positional, arg

What = Annotated[Positional[Literal["systems", "ops"]], arg(metavar="{systems,ops}")]
Status = Literal["working", "planned", "page", "all"]


def command(
    what: What = "systems", /, *, status: Status = "working", group: str = "", json: bool = False
) -> int:
    """The systems that geomdl holds, or its ops and where each runs.

    examples:
      geomdl list
      geomdl list --status all --group sparse
      geomdl list ops --json

    Args:
        what: systems of the ledger, or ops.
        status: only systems of this state; all for every one.
        group: only groups whose name contains this.
        json: print a JSON list.
    """
    rows = ops() if what == "ops" else systems(status, group)
    if json:
        print(encoder.dumps(rows, indent=1))
        return 0
    shown = ("name", "cpu", "gpu") if what == "ops" else ("id", "status", "group", "name")
    for row in rows:
        first, *rest = (str(row.get(name, "")) for name in shown)
        print(f"{first:<34} " + " ".join(f"{text:<16}" for text in rest).rstrip())
    noun = "systems" if what == "systems" else "ops"
    print(f"{len(rows)} {noun}")
    return 0


def systems(status: str, group: str) -> list[dict[str, Any]]:
    """Entries of the ledger that ships with the package. Raises GeometryError without it."""
    from geomdl.errors import GeometryError

    path = Path(__file__).resolve().parent.parent / "systems.json"
    if not path.is_file():
        raise GeometryError(f"{path}: the ledger is missing; run `make systems` or reinstall")
    entries: list[dict[str, Any]] = encoder.loads(path.read_text(encoding="utf-8"))
    return [
        entry
        for entry in entries
        if status in ("all", entry.get("status")) and group in entry.get("group", "")
    ]


def ops() -> list[dict[str, Any]]:
    """Every op and where it runs."""
    from geomdl import doctor

    doctor.load_ops()
    found: list[dict[str, Any]] = doctor.report()["ops"]
    return found
