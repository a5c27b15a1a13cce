"""A scan on disk in the layout of 7-Scenes, as `geomdl reconstruct` and others read it.

camera-intrinsics.txt          3 x 3
frame-000000.color.jpg         sRGB
frame-000000.depth.png         16 bit, millimetres, 0 where there is none
frame-000000.pose.txt          camera to world, 4 x 4

Pixel centres of these files are at +0.5, as everywhere here.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from geomdl.errors import GeometryError
from geomdl.io.rgbd import RGBDWriter, write_rgbd_frame
from geomdl.structures import Camera, Mesh, Pose
from scenes.scan.sensor import DepthSensor, expose, measure
from scenes.scan.view import View, view


class Frame(NamedTuple):
    """color (H, W, 3) uint8 sRGB, depth (H, W) metres (0 for none), camera, the ideal view."""

    color: Tensor
    depth: Tensor
    camera: Camera
    truth: View


def scan(
    mesh: Mesh, radiance: Tensor, lens: Camera, poses: Pose, sensor: DepthSensor, seed: int = 0
) -> Iterator[Frame]:
    """Mesh, radiance (F, 3, 3), lens, world_to_camera (N,) -> N frames.

    Exposure follows the scene as a camera's automatic does, slowly and not quite right.
    """
    generator = torch.Generator().manual_seed(seed)
    gain = 0.0
    for number in range(len(poses)):
        camera = lens.with_pose(poses[number])
        ideal = view(mesh, radiance, camera)
        lit = ideal.radiance[ideal.face >= 0]
        wanted = 0.22 / max(float(lit.mean()), 1e-3) if lit.numel() else 1.0
        wanted = min(max(wanted, 0.8), 1.25)
        gain = wanted if number == 0 else gain + 0.15 * (wanted - gain)
        flicker = 1 + 0.01 * float(torch.randn((), generator=generator))
        color = expose(ideal.radiance, generator, gain=gain * flicker)
        depth = measure(ideal, float(camera.intrinsics[0, 0]), sensor, generator)
        yield Frame(color, depth, camera, ideal)


def scan_to_folder(
    folder: Path,
    mesh: Mesh,
    radiance: Tensor,
    lens: Camera,
    poses: Pose,
    *,
    sensor: DepthSensor | None = None,
    seed: int = 0,
    overwrite: bool = False,
    on_frame: Callable[[int, Frame], None] | None = None,
) -> Path:
    """Scan a mesh and write the frames; on_frame sees each of them too. Gives back the folder.

    With `overwrite` frames of an earlier scan in the folder are deleted first, without it they
    are an error. Raises GeometryError.
    """
    old = sorted(folder.glob("frame-[0-9][0-9][0-9][0-9][0-9][0-9].*"))
    if old and not overwrite:
        raise GeometryError(f"{folder}: it holds frames already; pass overwrite=True to replace")
    for path in old:
        path.unlink()
    RGBDWriter(folder, lens, overwrite=overwrite)
    frames = scan(mesh, radiance, lens, poses, sensor or DepthSensor(), seed)
    for number, frame in enumerate(frames):
        pose = frame.camera.camera_to_world
        write_rgbd_frame(folder, number, frame.depth, frame.color, pose, picture="jpg")
        if on_frame is not None:
            on_frame(number, frame)
    return folder
