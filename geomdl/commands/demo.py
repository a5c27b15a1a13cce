"""`geomdl demo`: the whole vertical on a room that is built on the spot."""

from pathlib import Path
from typing import Annotated

from tyro.conf import arg


def command(
    *,
    output: Annotated[Path, arg(aliases=["-o"])] = Path("out/demo"),
    seed: int = 0,
    frames: int = 160,
    size: tuple[int, int] = (640, 480),
    voxel: float = 0.015,
    labeller: Path | None = None,
    overwrite: bool = False,
) -> int:
    """Build a furnished room, scan it with a noisy depth camera, reconstruct, compare, label it.

    Takes about two minutes on two cores. An earlier demo in the folder is replaced; anything else
    is left alone without --overwrite.

    examples:
      geomdl demo
      geomdl demo -o out/other --seed 3
      geomdl demo -o out/quick --frames 40 --size 320 240 --voxel 0.03

    Args:
        output: folder for the mesh, the pictures and the report.
        seed: another seed, another room.
        frames: how many the camera takes.
        size: width and height of the frames in pixels.
        voxel: edge of a voxel in metres.
        labeller: folder of a run of geomdl fit that says what is where, instead of the weights
            that come with geomdl.
        overwrite: use a folder that holds something else.
    """
    from geomdl.errors import GeometryError
    from geomdl.recipes.room_demo import Config, demo

    if output.exists() and not output.is_dir():
        raise GeometryError(f"{output}: expected a folder, got a file")
    ours = {"scan", "report.json", "room.ply"}
    held = {path.name for path in output.iterdir()} if output.exists() else set()
    if held and not (held & ours) and not overwrite:
        raise GeometryError(f"{output}: holds something else; use it anyway with --overwrite")
    demo(Config(output, seed, frames, *size, voxel, labeller=labeller))
    return 0
