"""`geomdl demo`: the whole vertical on a room that is built on the spot."""

from pathlib import Path
from typing import Annotated

from tyro.conf import arg


def command(
    *,
    output: Annotated[Path, arg(aliases=["-o"])] = Path("demo"),
    overwrite: bool = False,
) -> int:
    """Build a furnished room, scan it with a noisy depth camera, reconstruct it, compare.

    examples:
      geomdl demo
      geomdl demo -o /tmp/room --overwrite

    Args:
        output: folder for the mesh, the pictures and the report.
        overwrite: replace what is there.
    """
    from geomdl.recipes import room

    return room.main(output, overwrite)
