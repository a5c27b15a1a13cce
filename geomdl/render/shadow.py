"""What shuts light out: shadow maps for the key light, and near surfaces for the sky's light."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from geomdl.render.layer import Layer
from geomdl.structures import Camera, Pose

MAP = 1024  # pixels along the shadow map


def coarse(layer: Layer, factor: int) -> Layer:
    """Layer (H, W) -> (H / factor, W / factor): of each block of pixels the nearest one."""
    if factor == 1:
        return layer
    height, width = layer.depth.shape
    depth = layer.depth.unflatten(1, (-1, factor)).unflatten(0, (-1, factor)).transpose(1, 2)
    nearest = depth.flatten(2).argmin(2)  # (H / factor, W / factor)
    row = torch.arange(0, height, factor)[:, None] + nearest // factor
    column = torch.arange(0, width, factor) + nearest % factor
    return Layer(layer.depth[row, column], layer.normal[row, column], layer.albedo[row, column])


def fine(image: Tensor, factor: int) -> Tensor:
    """Image (H, W) -> (H * factor, W * factor), every pixel repeated."""
    return image.repeat_interleave(factor, 0).repeat_interleave(factor, 1)


def positions(layer: Layer, camera: Camera) -> Tensor:
    """Layer -> camera-space points (H, W, 3), zero where there is nothing."""
    z = torch.where(torch.isfinite(layer.depth), layer.depth, 0.0)
    return camera.camera_directions(camera.pixel_centres()) * z[..., None]


def sunlight(
    layer: Layer,
    camera: Camera,
    direction: Tensor,
    bounds: Tensor,
    depth_of: Callable[[Camera], Tensor],
    softness: float = 0.012,
    samples: int = 16,
) -> Tensor:
    """Layer -> share (H, W) of a distant light that arrives, by a shadow map (Williams 1978).

    direction: camera-space (3,) towards the light. bounds: camera-space points (N, 3) that hold
    the shape. depth_of: the shape's depth image from a camera whose world is our camera's space.
    softness: radius of the penumbra as a share of the shape's size.
    """
    middle = (bounds.amin(0) + bounds.amax(0)) / 2
    radius = float((bounds - middle).norm(dim=1).max())
    distance = 20 * radius
    lamp_at = middle + direction * distance
    up = torch.tensor([1.0, 0.0, 0.0]) if abs(float(direction[1])) > 0.9 else torch.eye(3)[1]
    focal = MAP / 2 / (radius / (distance - radius))
    lens = torch.tensor([[focal, 0, MAP / 2], [0, focal, MAP / 2], [0, 0, 1]])
    lamp = Camera(lens, Pose.look_at(lamp_at, middle, up), MAP, MAP)
    shadow = depth_of(lamp)
    hit = torch.isfinite(layer.depth)
    texel = 2 * radius / MAP
    place = positions(layer, camera)[hit]
    lifted = place + layer.normal[hit] * (2.5 * texel)
    pixels, depth = lamp.project(lifted)
    turn = turns(*hit.shape)[hit]
    lit = torch.zeros(len(place))
    for i in range(samples):
        angle = turn + 2 * math.pi * (i * 7 / samples)
        away = softness * MAP / 2 * ((i + 0.5) / samples) ** 0.5
        x = (pixels[:, 0] + angle.cos() * away).long().clamp(0, MAP - 1)
        y = (pixels[:, 1] + angle.sin() * away).long().clamp(0, MAP - 1)
        slack = texel * (1.5 + 0.5 * away)
        lit += (depth - slack <= shadow[y, x]).float()
    inside = ((pixels >= 0) & (pixels < MAP)).all(1)
    image = torch.ones(hit.shape)
    image[hit] = torch.where(inside, lit / samples, 1.0)
    return blur(image, layer.depth, 0.02 * radius)


def openness(layer: Layer, camera: Camera, samples: int = 16, reach: float = 0.07) -> Tensor:
    """Layer -> share (H, W) of the sky that is open, from the depth image alone.

    Alchemy ambient occlusion (McGuire et al. 2011, eq. 10). reach: the radius within which
    surfaces darken each other, as a share of the picture's shorter side at the middle depth.
    """
    hit = torch.isfinite(layer.depth) & (layer.normal != 0).any(-1)
    if not bool(hit.any()):
        return torch.ones(hit.shape)
    height, width = hit.shape
    place = positions(layer, camera)
    row, column = hit.nonzero().unbind(1)
    focal = float(camera.intrinsics[0, 0])
    radius = reach * min(height, width) / focal * float(layer.depth[hit].median())  # metres
    disc = (radius * focal / layer.depth[hit]).clamp(2, 0.25 * width)  # pixels
    turn = turns(height, width)[hit]
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
    image = torch.ones(height, width)
    image[hit] = (1 - 2.2 * total / samples).clamp(0, 1)
    return blur(image, layer.depth, 0.2 * radius)


def turns(height: int, width: int) -> Tensor:
    """A turn (H, W) in radians for each pixel; every block of 4 x 4 holds sixteen of them."""
    order = torch.tensor([[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]])
    tiled = order.repeat(height // 4 + 1, width // 4 + 1)[:height, :width]
    return tiled * (2 * math.pi / 16)


def blur(image: Tensor, depth: Tensor, apart: float) -> Tensor:
    """Mean (H, W) over 4 x 4 pixels of about the same depth, which evens out `turns`."""
    height, width = image.shape
    around = torch.nn.functional.pad(image, (2, 1, 2, 1))
    deep = torch.nn.functional.pad(depth, (2, 1, 2, 1), value=torch.inf)
    total, weight = torch.zeros_like(image), torch.zeros_like(image)
    for y in range(4):
        for x in range(4):
            place = (slice(y, y + height), slice(x, x + width))
            near = ((deep[place] - depth).abs() < apart).to(image)
            total += near * around[place]
            weight += near
    return torch.where(weight > 0, total / weight.clamp(min=1), image)
