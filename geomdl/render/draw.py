"""One view of one shape: layer, light, smooth edges, background."""

import dataclasses
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from geomdl.errors import GeometryError
from geomdl.render.image import color, over, shrink
from geomdl.render.layer import Layer, Paint, mesh_layer
from geomdl.render.shade import shade
from geomdl.render.splat import cloud_layer, disc_radius
from geomdl.render.viewpoint import Shape, is_interior
from geomdl.structures import Camera, Mesh, PointCloud


@dataclass(frozen=True, kw_only=True)
class Style:
    """How a picture looks.

    color_by: own (texture, material, vertex colours), plain, normal, height, depth, or the name
    of a scalar attribute (whole numbers are labels). shading: smooth, flat, or none (unlit).
    color, background: '#rrggbb'; background None is transparent. occlusion: strength 0..1.
    supersample: samples per pixel along each side. cull: hide back faces; None hides them for
    shapes whose faces look inwards, so that one sees into a room. point_radius: metres; None
    closes the gaps. limits: values at the ends of the ramp ('viridis' or 'turbo').
    """

    color_by: str = "own"
    shading: Literal["smooth", "flat", "none"] = "smooth"
    color: str = "#c9cdd2"
    background: str | None = "#ffffff"
    occlusion: float = 0.8
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
    factor = style.supersample
    camera = dataclasses.replace(camera, distortion=None).to(dtype=torch.float32)
    fine = camera.resized(camera.width * factor, camera.height * factor)
    with torch.no_grad():
        layer = _layer(shape, fine, style)
        if style.shading == "none":
            hit = torch.isfinite(layer.depth)
            image = torch.cat([layer.albedo, hit.to(layer.albedo)[..., None]], -1)
        else:
            image = shade(layer, fine, style.occlusion)
        image = shrink(image, factor)
    return image if style.background is None else over(image, color(style.background))


def _layer(shape: Shape, camera: Camera, style: Style) -> Layer:
    paint = Paint(style.color_by, color(style.color), style.ramp, style.limits)
    if isinstance(shape, PointCloud):
        radius = disc_radius(shape) if style.point_radius is None else style.point_radius
        return cloud_layer(shape, camera, paint, radius)
    cull = is_interior(shape) if style.cull is None else style.cull
    return mesh_layer(shape, camera, paint, style.shading == "smooth", cull)
