"""`geomdl reconstruct`: RGB-D frames to a coloured mesh."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import OmitArgPrefixes, Positional, arg

Folder = Annotated[Positional[Path], arg(metavar="FOLDER")]


@dataclass(frozen=True)
class Options:
    """Arguments of geomdl.reconstruct.reconstruct."""

    voxel: float = 0.01
    """edge of a voxel in metres"""
    truncation: float | None = None
    """reach of the signed distance in metres; 4 voxels by default"""
    refine: bool = False
    """correct the folder's poses against a model of all frames"""
    track: bool = False
    """ignore the folder's poses; the report compares the tracked path with them"""
    every: int = 1
    """use each n-th frame"""
    limit: int | None = None
    """use at most so many frames"""
    depth_min: float = 0.3
    """nearer depths are left out, in metres"""
    depth_max: float = 5.0
    """farther depths are left out, in metres"""
    smallest: float = 0.01
    """pieces of the mesh with less area are dropped, in square metres"""
    min_weight: float = 2.0
    """voxels seen in so many frames or fewer give no surface"""
    checkpoint: float = 30.0
    """seconds between checkpoints"""
    resume: bool = False
    """continue a run that was interrupted, with the same settings"""
    overwrite: bool = False
    """replace what exists, start afresh"""


def command(
    folder: Folder,
    /,
    *,
    output: Annotated[Path, arg(aliases=["-o"])],
    options: OmitArgPrefixes[Options] = Options(),
    no_pictures: bool = False,
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
        no_pictures: write no pictures.
        quiet: no progress bar.
    """
    from geomdl.reconstruct import reconstruct

    report = reconstruct(
        folder, output, pictures=not no_pictures, progress=not quiet, **asdict(options)
    )
    print("\n".join(report.lines()))
    return 0
