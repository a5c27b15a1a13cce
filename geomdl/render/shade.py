"""Light on a Layer: a key light, a headlight, sky and ground, and the shadow of near surfaces."""

import math

import torch
from torch import Tensor

from geomdl.render.layer import Layer
from geomdl.structures import Camera

KEY = (-0.45, -0.75, -0.55)  # directions to the lights in camera axes: left, above, towards us
RIM = (0.7, -0.35, 0.25)


def shade(layer: Layer, camera: Camera, occlusion: float) -> Tensor:
    """Layer -> linear RGBA (H, W, 4), alpha 1 where something is.

    Lambert under a key light, a headlight and a hemisphere of sky above and ground below, a faint
    highlight (Blinn 1977), ambient occlusion of the given strength. Where normals are unknown,
    eye-dome lighting from depth alone.
    """
    hit = torch.isfinite(layer.depth)
    known = (layer.normal != 0).any(-1) & hit
    rgb = torch.zeros_like(layer.albedo)
    light, highlight = _light(layer.normal[known], camera, known)
    closed = torch.ones_like(layer.depth)
    if occlusion > 0 and bool(known.any()):
        closed = 1 - occlusion * (1 - ambient_occlusion(layer, camera))
    open_sky = closed[known][:, None]
    rgb[known] = layer.albedo[known] * light * open_sky + highlight * open_sky
    bare = hit & ~known
    if bool(bare.any()):
        rgb[bare] = (layer.albedo * eye_dome(layer.depth)[..., None])[bare]
    return torch.cat([rgb, hit.to(rgb)[..., None]], -1)


def _light(normal: Tensor, camera: Camera, where: Tensor) -> tuple[Tensor, Tensor]:
    """Normals (N, 3) at the pixels `where` -> light (N, 3) on white, highlight (N, 3)."""
    rays = camera.camera_directions(camera.pixel_centres()[where])
    view = -torch.nn.functional.normalize(rays, dim=1)
    key = torch.nn.functional.normalize(torch.tensor(KEY), dim=0)
    rim = torch.nn.functional.normalize(torch.tensor(RIM), dim=0)
    facing = (normal * view).sum(1).clamp(min=0)
    direct = ((normal @ key + 0.15) / 1.15).clamp(min=0)
    edge = (normal @ rim).clamp(min=0)
    sky = (0.5 - 0.5 * normal[:, 1])[:, None]  # 1 looking up
    ambient = torch.lerp(torch.tensor([0.20, 0.185, 0.17]), torch.tensor([0.34, 0.37, 0.42]), sky)
    warm = torch.tensor([1.0, 0.965, 0.91])
    light = ambient + direct[:, None] * 0.62 * warm + 0.16 * facing[:, None] + 0.10 * edge[:, None]
    half = torch.nn.functional.normalize(view + key, dim=1)
    shine = 0.05 * (normal * half).sum(1).clamp(min=0) ** 24
    return light, shine[:, None].expand(-1, 3)


def ambient_occlusion(
    layer: Layer, camera: Camera, samples: int = 16, reach: float = 0.08
) -> Tensor:
    """Layer -> openness (H, W) in 0..1 from the depth image (Alchemy: McGuire et al. 2011, eq. 10).

    reach: the radius within which surfaces darken each other, as a share of the picture's side at
    the depth of the nearest quarter of it.
    """
    hit = torch.isfinite(layer.depth)
    height, width = hit.shape
    z = torch.where(hit, layer.depth, 0.0)
    place = camera.camera_directions(camera.pixel_centres()) * z[..., None]  # (H, W, 3)
    row, column = hit.nonzero().unbind(1)
    focal = float(camera.intrinsics[0, 0])
    middle = float(layer.depth[hit].median())
    radius = reach * min(height, width) / focal * middle  # metres
    disc = (radius * focal / z[hit]).clamp(2, 0.25 * width)  # pixels
    turn = _turns(height, width)[hit]
    here, normal = place[hit], layer.normal[hit]
    total = torch.zeros(len(row))
    for i in range(samples):
        angle = turn + 2 * math.pi * (i * 7 / samples)
        away = disc * ((i + 0.5) / samples) ** 0.75
        x = (column + (angle.cos() * away).round().long()).clamp(0, width - 1)
        y = (row + (angle.sin() * away).round().long()).clamp(0, height - 1)
        d = place[y, x] - here
        square = (d * d).sum(1)
        above = ((d * normal).sum(1) - 0.02 * radius).clamp(min=0)
        fade = (1 - square / radius**2).clamp(min=0) * hit[y, x]
        total += above / square.clamp(min=1e-12).sqrt() * fade
    openness = torch.ones(height, width)
    openness[hit] = (1 - 2.2 * total / samples).clamp(0, 1)
    return _blur(openness, torch.where(hit, layer.depth, torch.inf), 0.2 * radius)


def _turns(height: int, width: int) -> Tensor:
    """A turn (H, W) in radians for each pixel; every block of 4 x 4 holds sixteen of them."""
    order = torch.tensor([[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]])
    tiled = order.repeat(height // 4 + 1, width // 4 + 1)[:height, :width]
    return tiled * (2 * math.pi / 16)


def _blur(image: Tensor, depth: Tensor, apart: float) -> Tensor:
    """Mean (H, W) over 4 x 4 pixels of about the same depth, which evens out `_turns`."""
    total, weight = torch.zeros_like(image), torch.zeros_like(image)
    for dy in range(-2, 2):
        for dx in range(-2, 2):
            other = depth.roll((dy, dx), (0, 1))
            near = ((other - depth).abs() < apart).to(image)
            total += near * image.roll((dy, dx), (0, 1))
            weight += near
    return torch.where(weight > 0, total / weight.clamp(min=1), image)


def eye_dome(depth: Tensor, strength: float = 6.0) -> Tensor:
    """Depth (H, W) -> light (H, W) in 0..1, dark where neighbours are nearer (Boucheny 2009)."""
    log = torch.where(depth.isfinite(), depth, torch.inf).log2()
    far = log[log.isfinite()].max() if bool(log.isfinite().any()) else torch.tensor(0.0)
    log = torch.where(log.isfinite(), log, far + 0.1)
    drop = torch.zeros_like(log)
    for step in (2, 5):
        for dy, dx in ((0, step), (step, 0), (0, -step), (-step, 0)):
            drop += (log - log.roll((dy, dx), (0, 1))).clamp(0, 0.1) / 8
    return torch.exp(-strength * 6 * drop)
