"""Coordinates far from zero, such as those of maps, brought near before float32 rounds them.

At 4,000,000 m the numbers of float32 are 0.25 m apart: a scan there would be a staircase.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import torch
from torch import Tensor

from geomdl.errors import GeometryError
from geomdl.io.assemble import is_far
from geomdl.io.posed import PosedImages
from geomdl.structures import Camera, Mesh, PointCloud, Pose, SparseVoxels, VoxelGrid
from geomdl.viewer.scene import Item, Shape

Vector = tuple[float, float, float]
ZERO: Vector = (0.0, 0.0, 0.0)
MOST = 1e15  # metres; squares of distances beyond 1e19 are no float32


def origin_of(items: Sequence[Item]) -> Vector:
    """A round place (metres) near the first frames of the items; zero where that is near enough."""
    ends: list[Tensor] = []
    for item in items:
        bounds = None if callable(item.frames[0]) else _bounds(item.frames[0])
        if bounds is not None:
            if (most := float(torch.stack(bounds).abs().max())) > MOST:
                raise GeometryError(
                    f"{item.path or item.name}: expected coordinates below {MOST:g}, got {most:.3g}"
                )
            ends += bounds
    if not ends:
        return ZERO
    low, high = torch.stack(ends).aminmax(dim=0)
    size = float((high - low).norm())
    if not is_far(torch.stack([low, high]).numpy()):
        return ZERO
    step = 10.0 ** math.ceil(math.log10(size))
    middle = ((low + high) / 2 / step).round() * step
    x, y, z = (
        m if is_far(e[:, None].numpy(), size) else 0.0
        for m, e in zip(middle.tolist(), torch.stack([low, high], 1), strict=True)
    )
    return (x, y, z)


def brought(items: Sequence[Item], origin: Vector) -> list[Item]:
    """The items with `origin` at zero, frames that are read later among them; shapes in float32."""
    return [
        replace(item, frames=tuple(_brought(frame, origin) for frame in item.frames))
        for item in items
    ]


def moved(shape: Shape, origin: Vector) -> Shape:
    """The shape with `origin` at zero, in float32. SparseVoxels count cells and stay."""
    by = torch.tensor(origin, dtype=torch.float64)
    if isinstance(shape, Mesh):
        return replace(shape, vertices=_less(shape.vertices, by)).to(dtype=torch.float32)
    if isinstance(shape, PointCloud):
        return _near_cloud(shape, by)
    if isinstance(shape, VoxelGrid):
        return replace(shape, origin=_less(shape.origin, by).to(shape.origin.dtype))
    if isinstance(shape, Camera):
        return near_camera(shape, origin)
    if isinstance(shape, PosedImages):
        images = tuple(replace(i, camera=near_camera(i.camera, origin)) for i in shape.images)
        return PosedImages(images, None if shape.points is None else _near_cloud(shape.points, by))
    return shape


def near_camera(camera: Camera, origin: Vector) -> Camera:
    """The camera or batch of them with `origin` at zero."""
    pose = camera.world_to_camera.to(dtype=torch.float64)
    by = torch.tensor(origin, dtype=torch.float64, device=pose.rotation.device)
    shifted = Pose(pose.rotation, pose.rotation @ by + pose.translation)
    return camera.with_pose(shifted.to(dtype=camera.intrinsics.dtype))


def _near_cloud(cloud: PointCloud, by: Tensor) -> PointCloud:
    return replace(cloud, points=_less(cloud.points, by)).to(dtype=torch.float32)


def _brought(frame: Shape | Callable[[], Shape], origin: Vector) -> Shape | Callable[[], Shape]:
    if callable(frame):
        return partial(_read, frame, origin)
    return _near(frame, origin)


def _near(frame: Shape, origin: Vector) -> Shape:
    wide = isinstance(frame, Mesh | PointCloud) and _places(frame).dtype != torch.float32
    return moved(frame, origin) if wide or any(origin) else frame


def _read(frame: Callable[[], Shape], origin: Vector) -> Shape:
    return _near(frame(), origin)


def _less(points: Tensor, by: Tensor) -> Tensor:
    return points.double() - by.to(points.device)


def _places(shape: Mesh | PointCloud) -> Tensor:
    return shape.vertices if isinstance(shape, Mesh) else shape.points


def _bounds(shape: Shape) -> tuple[Tensor, Tensor] | None:
    """The corners (3,) float64 of the box around a shape; None where it has no place in metres."""
    if isinstance(shape, Mesh | PointCloud):
        points = _places(shape)
    elif isinstance(shape, VoxelGrid):
        points = torch.stack(shape.bounds)
    elif isinstance(shape, Camera):
        points = shape.centre.reshape(-1, 3)
    elif isinstance(shape, PosedImages):
        points = torch.stack([i.camera.centre for i in shape.images] or [torch.zeros(3)])
    else:
        assert isinstance(shape, SparseVoxels)
        return None
    if not len(points):
        return None
    points = points.detach()
    return points.amin(0).double().cpu(), points.amax(0).double().cpu()
