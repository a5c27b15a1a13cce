"""`geomdl reconstruct`: RGB-D frames to a coloured mesh."""

import sys
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

Folder = Annotated[Positional[Path], arg(metavar="FOLDER")]


def command(
    folder: Folder,
    /,
    *,
    output: Annotated[Path, arg(aliases=["-o"])],
    voxel: float = 0.01,
    truncation: float | None = None,
    refine: bool = False,
    track: bool = False,
    every: int = 1,
    limit: int | None = None,
    depth_min: float = 0.3,
    depth_max: float = 5.0,
    smallest: float = 0.01,
    min_weight: float = 2.0,
    checkpoint: float = 30.0,
    no_pictures: bool = False,
    resume: bool = False,
    overwrite: bool = False,
    quiet: bool = False,
) -> int:
    """A folder of RGB-D frames to a coloured mesh, with a report and pictures beside it.

    Reads 7-Scenes, TUM and Open3D layouts. Poses come from the folder; where it has none, each
    frame is tracked against the model. Writes room.ply, room.json (the report), room.tum (the
    camera's path) and room.png. A run that was killed continues with --resume.

    examples:
      geomdl reconstruct kitchen/ -o kitchen.ply
      geomdl reconstruct kitchen/ -o kitchen.ply --voxel 0.005 --depth-max 3
      geomdl reconstruct kitchen/ -o kitchen.ply --resume
      geomdl reconstruct kitchen/ -o tracked.ply --track --every 2

    Args:
        folder: the frames.
        output: a mesh: ply obj off stl glb gltf.
        voxel: edge of a voxel in metres.
        truncation: reach of the signed distance in metres; 4 voxels by default.
        refine: correct the folder's poses against the model.
        track: ignore the folder's poses; the report compares the tracked path with them.
        every: use each n-th frame.
        limit: use at most so many frames.
        depth_min: nearer depths are noise, in metres.
        depth_max: farther depths are left out, in metres.
        smallest: pieces of the mesh with less area are dropped, in square metres.
        min_weight: voxels seen in fewer frames give no surface.
        checkpoint: seconds between checkpoints.
        no_pictures: write no pictures.
        resume: continue a run that was interrupted.
        overwrite: replace what exists, start afresh.
        quiet: no progress bar.
    """
    from geomdl.reconstruct import reconstruct

    try:
        report = reconstruct(
            folder,
            output,
            voxel=voxel,
            truncation=truncation,
            refine=refine,
            track=track,
            every=every,
            limit=limit,
            depth_min=depth_min,
            depth_max=depth_max,
            smallest=smallest,
            min_weight=min_weight,
            pictures=not no_pictures,
            resume=resume,
            overwrite=overwrite,
            checkpoint=checkpoint,
            progress=not quiet,
        )
    except KeyboardInterrupt:
        print("geomdl: interrupted; --resume continues from the last checkpoint", file=sys.stderr)
        return 130
    print("\n".join(report.lines()))
    return 0
