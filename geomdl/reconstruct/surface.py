"""The end of a reconstruction: a volume becomes a clean coloured mesh, and pictures of it."""

from pathlib import Path

import torch
from torch import Tensor

from geomdl.errors import GeometryError
from geomdl.ops.fuse import TSDFVolume
from geomdl.ops.isosurface import isosurface_blocks
from geomdl.reconstruct.pieces import drop_small
from geomdl.render import picture, save_image
from geomdl.structures import Camera, Mesh, Pose
from geomdl.structures.srgb import from_srgb


def extract_mesh(volume: TSDFVolume, min_weight: float, smallest: float) -> tuple[Mesh, int]:
    """Volume -> coloured mesh with normals, and how many small pieces were dropped.

    Raises GeometryError when no surface was seen.
    """
    found = isosurface_blocks(
        volume.coordinates,
        volume.tsdf,
        volume.weights,
        min_weight,
        0.0,
        volume.origin,
        volume.cell,
        volume.colors,
    )
    vertices, faces = found[:2]
    if len(faces) == 0:
        raise GeometryError(
            f"frames: no surface in {volume.frames} frames; check the depth unit, near and far, "
            "and min_weight"
        )
    index, faces, dropped = drop_small(vertices, faces, smallest)
    colors = from_srgb(found[2][index]) if len(found) > 2 else None  # frames are sRGB
    return Mesh(vertices[index], faces, colors=colors).with_normals(), dropped


def draw(
    mesh: Mesh,
    world_to_camera: Tensor,
    camera: Camera,
    path: Path,
    size: tuple[int, int] = (640, 480),
) -> None:
    """Mesh, poses (N, 4, 4) of the frames, their camera -> a sheet of views in a picture file.

    Four views from outside and two from where the frames were taken; up is the cameras' mean up.
    """
    up = torch.nn.functional.normalize(-world_to_camera[:, 1, :3].float().mean(0), dim=0)
    middle = (torch.tensor([0.25, 0.75]) * (len(world_to_camera) - 1)).round().long().unique()
    seen = [camera.with_pose(Pose.from_matrix(world_to_camera[i].float())) for i in middle.tolist()]
    save_image(path, picture(mesh, size=size, up=up, cameras=seen))
