"""Light on a finished Layer: dark corners, cast shadows, an invisible floor that catches them."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from geomdl.render.layer import Layer
from geomdl.render.shade import KEY, shade
from geomdl.render.shadow import coarse, fine, openness, sunlight
from geomdl.structures import Camera
from geomdl.structures.srgb import to_srgb

BORDER = 0.08  # of a picture's shorter side, over which shadows on the floor end


@dataclass(frozen=True, eq=False)
class Caster:
    """What casts shadows: world points (N, 3) that hold it, and its depth image from any camera."""

    bounds: Tensor
    depth_of: Callable[[Camera], Tensor]


@dataclass(frozen=True, eq=False)
class Light:
    """Strengths in 0..1 of the darkness in corners and of cast shadows.

    floor: a unit vector (3,) of the world that points up from a floor under the lowest point, or
    None for no floor.
    """

    occlusion: float
    shadow: float
    floor: Tensor | None = None


def illuminate(layer: Layer, camera: Camera, light: Light, caster: Caster, factor: int) -> Tensor:
    """Layer of `factor` samples per pixel's side -> linear RGBA (H, W, 4) with straight alpha."""
    hit = torch.isfinite(layer.depth)
    lit = hit if layer.lit is None else hit & layer.lit
    if not bool(lit.any()):
        return torch.cat([layer.albedo, hit.to(layer.albedo)[..., None]], -1)
    whole, floor = layer, None
    if light.floor is not None:
        whole, floor = _with_floor(layer, caster.bounds, camera, light.floor)
    sun, sky = _arriving(whole, camera, light, caster, factor)
    image = shade(layer, camera, sun, sky)
    if floor is not None:
        sun, sky = (on_floor(share, whole.depth, floor, factor) for share in (sun, sky))
        image[..., 3] = torch.where(floor, _darkness(whole, sun, sky, hit), image[..., 3])
    return image


def _arriving(
    layer: Layer, camera: Camera, light: Light, caster: Caster, factor: int
) -> tuple[Tensor, Tensor]:
    """The shares (H, W) of the key light and of the sky, found at the picture's own resolution."""
    small = coarse(layer, factor)
    lens = camera.resized(camera.width // factor, camera.height // factor)
    sky = sun = torch.ones_like(layer.depth)
    if light.occlusion > 0:
        sky = 1 - light.occlusion * (1 - fine(openness(small, lens), factor))
    if light.shadow > 0:
        bounds = camera.world_to_camera.apply(caster.bounds.float())

        def depth_of(lamp: Camera) -> Tensor:
            return caster.depth_of(lamp.with_pose(lamp.world_to_camera @ camera.world_to_camera))

        lit = sunlight(small, lens, KEY.to(bounds), bounds, depth_of)
        sun = 1 - light.shadow * (1 - fine(lit, factor))
    return sun, sky


def _with_floor(layer: Layer, points: Tensor, camera: Camera, up: Tensor) -> tuple[Layer, Tensor]:
    """The layer with a white floor under the points where nothing was, and where that is (H, W)."""
    lowest = (points.float() @ up).amin()
    normal = camera.world_to_camera.rotation @ up
    level = lowest + normal @ camera.world_to_camera.translation  # normal . p on the floor
    rays = camera.camera_directions(camera.pixel_centres())
    slope = rays @ normal
    depth = level / torch.where(slope == 0, 1e-9, slope)
    floor = ~torch.isfinite(layer.depth) & (depth > 0) & (level < 0)
    white = torch.tensor([0.85, 0.85, 0.85])
    return (
        Layer(
            torch.where(floor, depth, layer.depth),
            torch.where(floor[..., None], normal, layer.normal),
            torch.where(floor[..., None], white, layer.albedo),
            None if layer.lit is None else layer.lit | floor,
        ),
        floor,
    )


def on_floor(share: Tensor, depth: Tensor, floor: Tensor, factor: int) -> Tensor:
    """Shares (H, W) found for the nearest sample of each pixel -> those of the floor's samples.

    Where that sample is not of the floor, the mean of the pixels around of which it is.
    """
    if factor == 1:
        return share
    nearest, below = (
        torch.nn.functional.max_pool2d(-d[None], factor)[0]
        for d in (depth, torch.where(floor, depth, torch.inf))
    )
    own = (below >= nearest) & below.isfinite()
    weight = torch.nn.functional.avg_pool2d(own[None].float(), 3, 1, 1)[0]
    small = share[::factor, ::factor]
    around = torch.nn.functional.avg_pool2d((small * own)[None], 3, 1, 1)[0]
    filled = torch.where(own | (weight == 0), small, around / weight.clamp(min=1e-6))
    return fine(filled, factor)


def _darkness(layer: Layer, sun: Tensor, sky: Tensor, hit: Tensor) -> Tensor:
    """How dark (H, W) shadows make a floor, as the alpha of black that is mixed as sRGB.

    They end softly behind and before what was hit, and towards the border of the picture.
    """
    seen = layer.depth[hit]
    low, high = float(seen.min()), float(seen.max())
    beyond = torch.maximum(layer.depth - high, low - layer.depth).nan_to_num(torch.inf)
    fade = (1 - beyond / max(1.5 * (high - low), 1e-9)).clamp(0, 1)
    direct = 1.2 * sun * (0.5 + 0.5 * sky)
    lost = (1 - (0.5 * sky + direct) / 1.7) * fade
    return (1 - to_srgb(1 - lost)) * _from_border(*hit.shape)


def _from_border(height: int, width: int) -> Tensor:
    """Rises (H, W) smoothly from 0 at the border of a picture to 1."""
    rows, columns = (torch.minimum(n, n.flip(0)) for n in map(torch.arange, (height, width)))
    wide = max(BORDER * min(height, width), 1.0)
    rise = [(n.float() / wide).clamp(max=1) for n in (rows, columns)]
    down, across = (t * t * (3 - 2 * t) for t in rise)
    return down[:, None] * across
