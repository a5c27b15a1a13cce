"""The pictures of the room demo: what was there, what the camera saw, what came out of it."""

import dataclasses
from pathlib import Path

import torch
from torch import Tensor

from geomdl.render import Style, frame_shape, from_srgb, render, save_image, sheet
from geomdl.render.colormap import ramp
from geomdl.structures import Camera, Mesh
from scenes.build.room import Room

UNLIT = Style(shading="none")
HUNG = ("window", "curtain", "door", "picture")
WORST = 0.03  # metres at the red end of the error picture


def vertex_light(mesh: Mesh, radiance: Tensor) -> Mesh:
    """Radiance (F, 3, 3) of corners -> the mesh with its mean at every vertex as colour."""
    total = torch.zeros_like(mesh.vertices)
    count = torch.zeros(mesh.vertices.shape[0])
    for corner in range(3):
        total = total.index_add(0, mesh.faces[:, corner], radiance[:, corner])
        count = count.index_add(0, mesh.faces[:, corner], torch.ones(len(mesh)))
    return dataclasses.replace(mesh, colors=(total / count.clamp(min=1)[:, None]).clamp(0, 1))


def with_error(mesh: Mesh, error: Tensor) -> Mesh:
    """The mesh with `error` (V,) metres as a scalar attribute."""
    return dataclasses.replace(mesh, attributes={**mesh.attributes, "error": error[:, None]})


def overview(
    world: Room,
    truth: Mesh,
    found: Mesh,
    error: Tensor,
    path: Path,
    size: tuple[int, int] = (800, 600),
) -> None:
    """Three views from above: the truth, the reconstruction, and how far it is off (0..3 cm).

    Faces that look away are not drawn, so that one sees into the room.
    """
    camera = corner_view(truth, size)
    truth = truth.submesh(~hung_in_the_way(world, camera))
    inside = dataclasses.replace(UNLIT, cull=True)
    errors = Style(color_by="error", ramp="turbo", limits=(0.0, WORST), cull=True)
    panels = [
        render(truth, camera, inside),
        render(found, camera, inside),
        render(found, camera, Style(color_by="plain", cull=True)),
        render(with_error(found, error), camera, errors),
    ]
    names = ["truth", "reconstruction", "its surface", "distance to the truth, blue 0, red 3 cm"]
    save_image(path, sheet(panels, names, columns=2))


def corner_view(truth: Mesh, size: tuple[int, int]) -> Camera:
    """All of a room from above its brightest corner."""
    return frame_shape(truth, brightest_corner(truth), size=size)


def brightest_corner(truth: Mesh) -> tuple[float, float, float]:
    """The direction above a corner of the room from which least of the picture is dark.

    Dark are the backs of furniture at the walls that one looks through.
    """
    lit = Style(shading="none", cull=True, supersample=1)

    def brightness(direction: tuple[float, float, float]) -> float:
        small = frame_shape(truth, direction, size=(160, 120))
        image = render(truth, small, lit)
        return float((image[..., :3].mean(-1) > 0.02).float().mean())

    corners = [(x, y, 0.85) for x in (0.8, -0.8) for y in (-1.0, 1.0)]
    return max(corners, key=brightness)


def hung_in_the_way(world: Room, camera: Camera) -> Tensor:
    """Faces (F,) of what hangs on the walls between a camera outside and the room."""
    middle = world.mesh.triangles.mean(1)
    half = torch.tensor(world.size) / 2
    near = torch.zeros(len(world.mesh), dtype=torch.bool)
    for axis in (0, 1):
        side = float(camera.centre[axis])
        if abs(side) > float(half[axis]):
            near |= middle[:, axis] * (1 if side > 0 else -1) > half[axis] - 0.2
    hung = torch.tensor([name in HUNG for name in world.labels])
    return near & hung[world.mesh.attributes["label"][world.mesh.faces[:, 0]]]


def inside_views(
    found: Mesh, cameras: list[Camera], colors: list[Tensor], depths: list[Tensor], path: Path
) -> None:
    """A row for each camera: its picture, its depth image, the reconstruction seen from there."""
    panels = []
    for camera, color, depth in zip(cameras, colors, depths, strict=True):
        panels += [opaque(from_srgb(color.float() / 255)), opaque(depth_picture(depth))]
        panels.append(render(found, camera, UNLIT))
    names = ["camera", "noisy depth", "reconstruction"] * len(cameras)
    save_image(path, sheet(panels, names, columns=3))


def depth_picture(depth: Tensor, near: float = 0.4, far: float = 4.5) -> Tensor:
    """Depth (H, W) metres, 0 for none -> colours (H, W, 3), near is red, far blue, none black."""
    return torch.where((depth > 0)[..., None], ramp(far - depth, 0.0, far - near, "turbo"), 0.0)


def opaque(image: Tensor) -> Tensor:
    """(H, W, 3) -> (H, W, 4)."""
    return torch.nn.functional.pad(image, (0, 1), value=1.0)
