"""One view of one shape: layer, floor, light, smooth edges, background."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from geomdl.errors import GeometryError
from geomdl.ops.rasterize import rasterize
from geomdl.render.image import color, over, shrink
from geomdl.render.layer import Layer, Paint, mesh_layer, near_plane
from geomdl.render.light import Caster, Light, illuminate
from geomdl.render.relief import relieved
from geomdl.render.splat import cloud_layer, disc_radius, discs_depth, with_normals
from geomdl.render.viewpoint import Shape, frame_of, is_interior
from geomdl.structures import Camera, Mesh, PointCloud


@dataclass(frozen=True, kw_only=True)
class Style:
    """How a picture looks.

    color_by: own (texture, material, vertex colours), plain, normal, height, depth, or the name
    of a scalar attribute (whole numbers are labels). shading: smooth, flat, or none (unlit).
    color, background: '#rrggbb'; background None is transparent. occlusion, shadow: strengths in
    0..1 of the darkness in corners and of cast shadows. up: 'x', 'y', 'z', '-z' ... or a vector,
    for height and floor. floor: an invisible floor under the shape catches its shadow.
    supersample: samples per pixel along each side. cull: hide back faces; None hides them for
    shapes whose faces look inwards, so that one sees into a room. point_radius: metres; None
    closes the gaps. limits: values at the ends of the ramp ('viridis' or 'turbo').
    """

    color_by: str = "own"
    shading: Literal["smooth", "flat", "none"] = "smooth"
    color: str = "#cfd2d6"
    background: str | None = "#ffffff"
    occlusion: float = 0.85
    shadow: float = 0.8
    up: str | Sequence[float] = "z"
    floor: bool = False
    supersample: int = 2
    cull: bool | None = None
    point_radius: float | None = None
    ramp: str = "viridis"
    limits: tuple[float, float] | None = None


def render(shape: Shape, camera: Camera, style: Style = Style()) -> Tensor:
    """Mesh or PointCloud, Camera -> linear RGBA (H, W, 4) with straight alpha.

    Both sides of faces are drawn and lit, opaque (a material's opacity is not blended). The
    camera's distortion is left out: pictures are pinhole. Not differentiable; train on
    `geomdl.ops.rasterize`. Raises GeometryError for other shapes and unknown styles.
    """
    if not isinstance(shape, Mesh | PointCloud):
        raise GeometryError(f"shape: expected a Mesh or PointCloud, got {type(shape).__name__}")
    if camera.shape:
        raise GeometryError(f"camera: expected one view, got a batch {tuple(camera.shape)}")
    if not 1 <= style.supersample <= 8:
        raise GeometryError(f"supersample: expected 1 to 8, got {style.supersample}")
    if style.shading not in ("smooth", "flat", "none"):
        raise GeometryError(f"shading: expected smooth, flat or none, got {style.shading!r}")
    factor = style.supersample
    camera = dataclasses.replace(camera, distortion=None).to(dtype=torch.float32)
    with torch.no_grad():
        if isinstance(shape, PointCloud) and style.shading != "none":
            shape = with_normals(shape)
        view = camera.resized(camera.width * factor, camera.height * factor)
        image = shrink(_fine_image(shape, view, style), factor)
    return image if style.background is None else over(image, color(style.background))


def _fine_image(shape: Shape, camera: Camera, style: Style) -> Tensor:
    cull = is_interior(shape) if style.cull is None else style.cull
    radius = _point_radius(shape, style)
    layer = _layer(shape, camera, style, cull, radius)
    if style.shading == "none":
        hit = torch.isfinite(layer.depth)
        return torch.cat([layer.albedo, hit.to(layer.albedo)[..., None]], -1)

    def depth_of(lamp: Camera) -> Tensor:
        if isinstance(shape, PointCloud):
            return discs_depth(shape.points, shape.normals, radius, lamp)
        seen = lamp.world_to_camera.apply(shape.vertices.float())
        size = (lamp.height, lamp.width)
        return rasterize(seen, shape.faces, lamp.intrinsics, *size, near_plane(seen), cull)[1][0]

    points = shape.points if isinstance(shape, PointCloud) else shape.vertices
    floor = frame_of(style.up)[2] if style.floor else None
    light = Light(style.occlusion, style.shadow, floor)
    return illuminate(layer, camera, light, Caster(points, depth_of), style.supersample)


def _layer(shape: Shape, camera: Camera, style: Style, cull: bool, radius: float) -> Layer:
    up = frame_of(style.up)[2]
    paint = Paint(style.color_by, color(style.color), up, style.ramp, style.limits)
    if isinstance(shape, PointCloud):
        layer = cloud_layer(shape, camera, paint, radius)
        return layer if style.shading == "none" else relieved(layer, camera, radius)
    return mesh_layer(shape, camera, paint, style.shading == "smooth", cull)


def _point_radius(shape: Shape, style: Style) -> float:
    if style.point_radius is not None or isinstance(shape, Mesh):
        return style.point_radius or 0.0
    return disc_radius(shape)
