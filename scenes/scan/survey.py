"""A room seen by a depth camera from many free places: one labelled cloud, a point in each cube.

Quick on purpose, so that hundreds of rooms can be scanned: small views, known poses, points
averaged in cubes instead of a fused surface. `scenes.scan.folder` makes whole recordings.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Generator, Tensor

from geomdl import ops
from geomdl.errors import GeometryError, expect_number
from geomdl.structures import Camera, Mesh, Pose
from scenes.build.room import Room
from scenes.scan.sensor import DepthSensor, expose, measure
from scenes.scan.view import view

WIDTH, HEIGHT, FIELD = 128, 96, math.radians(75)
CLEARANCE = (0.35, 0.25, 0.15)  # metres about a camera: the first that gives enough places
# Half the noise and no steps: what is left when a few frames are averaged.
SENSOR = DepthSensor(far=4.5, noise=0.5, disparity_step=0.0, grazing=1.48, drop_edge=0.3)


class Survey(NamedTuple):
    """points (N, 3) metres; colors (N, 3) sRGB uint8; label and instance (N,) int64 of the room."""

    points: Tensor
    colors: Tensor
    label: Tensor
    instance: Tensor


def survey(
    room: Room,
    generator: Generator,
    *,
    views: int = 24,
    cell: float = 0.03,
    sensor: DepthSensor = SENSOR,
    poses: Sequence[Pose] | None = None,
    light: Generator | None = None,
) -> Survey:
    """A room whose mesh has attributes `label` and `instance` -> what `views` views show of it.

    Points are the mean of what fell into a cube of `cell` metres, which takes the label that most
    of it has; a cube holds one point. poses: world_to_camera of the views, else `viewpoints` draws
    them. light: draws the light, else the generator does. Raises GeometryError.
    """
    expect_number("views", views, low=1)
    mesh = room.mesh
    radiance = lit(mesh, light or generator)
    focal = WIDTH / (2 * math.tan(FIELD / 2))
    points, colors, faces = [], [], []
    for pose in poses or viewpoints(room, views, generator):
        camera = Camera.from_fov(WIDTH, HEIGHT, FIELD, pose)
        ideal = view(mesh, radiance, camera)
        depth = measure(ideal, focal, sensor, generator)
        shown = expose(ideal.radiance, generator)
        hit = ((depth > 0) & (ideal.face >= 0)).flatten()
        pixels = camera.pixel_centres().reshape(-1, 2)[hit]
        points.append(camera.unproject(pixels, depth.flatten()[hit]))
        colors.append(shown.reshape(-1, 3)[hit])
        faces.append(ideal.face.flatten()[hit])
    corner = mesh.faces[torch.cat(faces), 0]
    own = [mesh.attributes[name][corner].long() for name in ("label", "instance")]
    return gathered(torch.cat(points), torch.cat(colors), own[0], own[1], cell)


def gathered(
    points: Tensor, colors: Tensor, label: Tensor, instance: Tensor, cell: float
) -> Survey:
    """Points of many views -> one for each occupied cube of `cell` metres."""
    joint = torch.cat((points.double(), colors.double()), 1)
    cubes = ops.voxelize(points, cell, features=joint)
    assert cubes.features is not None
    mean, index, count = cubes.features, cubes.inverse, len(cubes.counts)
    # A mean of points near the wall of a cube may round across it; the cube's own middle decides.
    low = cubes.origin.double() + cubes.cells.double() * cell
    places = torch.minimum(torch.maximum(mean[:, :3], low + 1e-4 * cell), low + (1 - 1e-4) * cell)
    most = [most_of(value, index, count) for value in (label, instance)]
    shade = mean[:, 3:].round().to(torch.uint8)
    return Survey(places.float(), shade, most[0], most[1])


def most_of(values: Tensor, index: Tensor, count: int) -> Tensor:
    """Values (N,) int64 >= 0, index (N,) -> the most frequent value of each index (count,).

    Of equally frequent ones the larger.
    """
    base = int(values.max()) + 1 if len(values) else 1
    pairs, often = (index * base + values).unique(return_counts=True)
    code = often * base + pairs % base
    best = torch.zeros(count, dtype=torch.int64).scatter_reduce(0, pairs // base, code, "amax")
    return best % base


def viewpoints(room: Room, count: int, generator: Generator) -> list[Pose]:
    """world_to_camera of `count` views from free places at the height of eyes, in all directions.

    Places lie in the room at 1 to 1.8 m, where nothing is near; most views look a little down.
    Raises GeometryError where the room has hardly any free place.
    """
    vertices, faces = room.mesh.vertices, room.mesh.faces
    bvh = ops.build_bvh(vertices, faces)
    low = torch.tensor([-room.size[0] / 2, -room.size[1] / 2, 1.0])
    high = torch.tensor([room.size[0] / 2, room.size[1] / 2, 1.8])
    eyes = torch.zeros(0, 3)
    for clearance in CLEARANCE:
        draws = torch.rand(20 * count, 3, generator=generator)
        some = low + draws * (high - low)
        nearest, _, _ = ops.closest_point(vertices, faces, some, bvh)
        eyes = torch.cat((eyes, some[(some - nearest).norm(dim=1) > clearance]))[:count]
        if len(eyes) == count:
            break
    if len(eyes) < count:
        raise GeometryError(f"room: only {len(eyes)} of {count} free places for a camera")
    turn = 2 * math.pi * (torch.arange(count) + torch.rand(count, generator=generator)) / count
    pitch = -0.35 + 0.35 * torch.randn(count, generator=generator)
    pitch = pitch.clamp(-1.2, 0.7)
    rays = torch.stack([turn.cos() * pitch.cos(), turn.sin() * pitch.cos(), pitch.sin()], 1)
    up = torch.tensor([0.0, 0.0, 1.0])
    return [Pose.look_at(eye, eye + ray, up) for eye, ray in zip(eyes, rays, strict=True)]


def lit(mesh: Mesh, generator: Generator) -> Tensor:
    """A mesh with colours -> radiance (F, 3, 3) at the corners: light from above and one side."""
    if mesh.colors is None:
        raise GeometryError("room: expected a mesh with colours")
    turn = 2 * math.pi * torch.rand((), generator=generator)
    strength = 0.7 + 0.6 * torch.rand((), generator=generator)
    warmth = 1 + 0.08 * torch.randn(3, generator=generator)
    light = torch.stack([0.6 * turn.cos(), 0.6 * turn.sin(), torch.tensor(0.8)])
    normal = ops.face_normals(mesh.vertices, mesh.faces)
    shade = 0.65 + 0.35 * (normal @ light)
    return mesh.colors[mesh.faces] * (strength * warmth) * shade[:, None, None]
