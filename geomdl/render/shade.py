"""Light on a Layer: a key light, a headlight, sky and ground."""

import torch
from torch import Tensor

from geomdl.render.layer import Layer
from geomdl.structures import Camera

# Directions towards the lights in camera axes (x right, y down, z away from us).
KEY = torch.nn.functional.normalize(torch.tensor([-0.5, -0.8, -0.62]), dim=0)
RIM = torch.nn.functional.normalize(torch.tensor([0.75, -0.35, 0.3]), dim=0)
SKY = torch.tensor([0.36, 0.385, 0.43])
GROUND = torch.tensor([0.20, 0.185, 0.17])
SUN = torch.tensor([0.80, 0.765, 0.715])


def shade(layer: Layer, camera: Camera, sun: Tensor, sky: Tensor) -> Tensor:
    """Layer, shares (H, W) of the key light and of the sky that arrive -> linear RGBA (H, W, 4).

    Lambert under a key light and a headlight, a hemisphere of sky above and ground below, a faint
    rim and a faint highlight (Blinn 1977). Where normals are unknown, eye-dome lighting from depth
    alone. Alpha is 1 where something is. What is not lit keeps its albedo.
    """
    hit = torch.isfinite(layer.depth)
    light = hit if layer.lit is None else hit & layer.lit
    known = light & (layer.normal != 0).any(-1)
    there = hit.to(layer.albedo)[..., None]
    image = torch.cat([layer.albedo * there, there], -1)
    place = known.flatten().nonzero()[:, 0]
    rays = camera.camera_directions(camera.pixel_centres()).flatten(0, 1)[place]
    albedo, normal = layer.albedo.flatten(0, 1)[place], layer.normal.flatten(0, 1)[place]
    arriving = sun.flatten()[place, None], sky.flatten()[place, None]
    image.view(-1, 4)[place, :3] = lit(albedo, normal, rays, *arriving)
    bare = light & ~known
    if bool(bare.any()):
        image[bare, :3] = (layer.albedo * eye_dome(layer.depth)[..., None])[bare]
    return image


def lit(albedo: Tensor, normal: Tensor, rays: Tensor, sun: Tensor, sky: Tensor) -> Tensor:
    """Albedo, unit normals and rays in camera axes (N, 3), sun and sky (N, 1) -> colours (N, 3)."""
    view = -torch.nn.functional.normalize(rays, dim=1)
    facing = (normal * view).sum(1, keepdim=True).clamp(min=0)
    direct = ((normal @ KEY + 0.12) / 1.12).clamp(min=0)[:, None] * sun
    rim = (normal @ RIM).clamp(min=0)[:, None]
    ambient = torch.lerp(GROUND, SKY, 0.5 - 0.5 * normal[:, 1:2])
    light = (ambient + 0.16 * facing + 0.12 * rim) * sky + direct * SUN * (0.5 + 0.5 * sky)
    half = torch.nn.functional.normalize(view + KEY, dim=1)
    shine = 0.06 * (normal * half).sum(1, keepdim=True).clamp(min=0) ** 30 * sun
    return albedo * light + shine


def eye_dome(depth: Tensor, strength: float = 36.0) -> Tensor:
    """Depth (H, W) -> light (H, W) in 0..1, dark where neighbours are nearer (Boucheny 2009)."""
    log = depth.log2()
    there = log.isfinite()
    far = float(log[there].max()) if bool(there.any()) else 0.0
    log = torch.where(there, log, far + 0.1)
    drop = torch.zeros_like(log)
    for step in (2, 5):
        for dy, dx in ((0, step), (step, 0), (0, -step), (-step, 0)):
            drop += (log - log.roll((dy, dx), (0, 1))).clamp(0, 0.1) / 8
    return torch.exp(-strength * drop)
