"""A scan on disk in the layout of 7-Scenes, as `geomdl reconstruct` and others read it.

camera-intrinsics.txt          3 x 3
frame-000000.color.jpg         sRGB
frame-000000.depth.png         16 bit, millimetres, 0 where there is none
frame-000000.pose.txt          camera to world, 4 x 4

Pixel centres of these files are at +0.5, as everywhere here.
"""

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from geomdl.errors import GeometryError
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
    on_frame: Callable[[int, Frame], None] | None = None,
) -> Path:
    """Scan a mesh and write the frames; on_frame sees each of them too. Gives back the folder.

    Raises GeometryError when the folder holds frames already.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.glob("frame-*")):
        raise GeometryError(f"{folder}: it holds frames already; expected an empty folder")
    np.savetxt(folder / "camera-intrinsics.txt", lens.intrinsics.double().numpy(), fmt="%.9g")
    frames = scan(mesh, radiance, lens, poses, sensor or DepthSensor(), seed)
    for number, frame in enumerate(frames):
        write_frame(folder, number, frame)
        if on_frame is not None:
            on_frame(number, frame)
    return folder


def write_frame(folder: Path, number: int, frame: Frame) -> None:
    """The three files of one frame."""
    stem = folder / f"frame-{number:06d}"
    if math.ceil(float(frame.depth.max()) * 1000) >= 65535:
        raise GeometryError("depth: 16-bit millimetres end at 65.534 m")
    Image.fromarray(frame.color.numpy()).save(f"{stem}.color.jpg", quality=93)
    millimetres = (frame.depth * 1000).round().numpy().astype(np.uint16)
    Image.fromarray(millimetres).save(f"{stem}.depth.png", compress_level=1)
    pose = frame.camera.camera_to_world.matrix().double().numpy()
    np.savetxt(f"{stem}.pose.txt", pose, fmt="%.9g")
