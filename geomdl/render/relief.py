"""Normals of what is only seen as depth, for the light on clouds that have none."""

import dataclasses

import torch
from torch import Tensor

from geomdl.render.layer import Layer
from geomdl.render.shadow import coarse
from geomdl.structures import Camera

STEEP = 4.0  # depth over width of the steepest slope that is still one surface
LEAST = 8  # pixels that tell a normal
AROUND = tuple((u, v) for v in range(-2, 3) for u in range(-2, 3))


def relieved(layer: Layer, camera: Camera, radius: float, factor: int = 1) -> Layer:
    """A Layer of points with discs of `radius` metres -> the same with normals where it has none.

    They are found at 1 / factor of the resolution.
    """
    small = coarse(layer, factor)
    lens = camera.resized(camera.width // factor, camera.height // factor)
    found = depth_normals(small.depth, lens, radius)
    found = found.repeat_interleave(factor, 0).repeat_interleave(factor, 1)
    bare = layer.depth.isfinite() & (layer.normal == 0).all(-1)
    return dataclasses.replace(layer, normal=torch.where(bare[..., None], found, layer.normal))


def depth_normals(depth: Tensor, camera: Camera, radius: float = 0.0) -> Tensor:
    """Depth (H, W), inf for none -> unit normals (H, W, 3) in camera axes, towards the camera.

    1 / depth of a plane is linear in the pixels: such a function is fitted to 5 x 5 of them,
    farther apart where discs of `radius` metres are large, as far as their depths can be of one
    surface. Zero where these are too few.
    """
    height, width = depth.shape
    hit = depth.isfinite()
    if not bool(hit.any()):
        return torch.zeros(height, width, 3)
    fx, fy = camera.intrinsics.diagonal()[:2].tolist()
    disc = radius * fx / float(depth[hit].median())
    step = max(1, min(round(0.7 * disc), min(height, width) // 16))
    inverse = torch.where(hit, 1 / depth, 0.0)
    sums = _moments(inverse, step, STEEP * step / fx, 2 * radius)
    n, u, v, uu, uv, vv, w, uw, vw = sums
    share = 1 / n.clamp(min=1)
    uu, uv, vv = uu - u * u * share, uv - u * v * share, vv - v * v * share
    uw, vw = uw - u * w * share, vw - v * w * share
    across = uu * vv - uv * uv
    known = hit & (n >= LEAST) & (across > 1e-3 * n * n)
    across = torch.where(known, across, 1.0)
    a, b = (uw * vv - vw * uv) / across, (vw * uu - uw * uv) / across
    middle = inverse + (w - a * u - b * v) * share
    rays = camera.camera_directions(camera.pixel_centres())
    a, b = a / step * fx, b / step * fy
    normal = -torch.stack([a, b, middle - a * rays[..., 0] - b * rays[..., 1]], -1)
    return torch.nn.functional.normalize(normal, dim=-1, eps=1e-30) * known[..., None]


def _moments(inverse: Tensor, step: int, slope: float, rough: float) -> tuple[Tensor, ...]:
    """Sums (H, W) over the pixels around of 1, u, v, uu, uv, vv, w, uw, vw.

    u, v count steps; w is how much 1 / depth differs from that of the middle. Left out is what is
    farther than the slope and `rough` metres explain.
    """
    height, width = inverse.shape
    wide = torch.nn.functional.pad(inverse, (2 * step,) * 4)
    sums = torch.zeros(9, height, width)
    loose = rough * inverse * inverse
    for u, v in AROUND:
        top, left = (2 + v) * step, (2 + u) * step
        there = wide[top : top + height, left : left + width]
        apart = there - inverse
        limit = inverse * (slope * (u * u + v * v) ** 0.5) + loose
        one = ((apart.abs() <= limit) & (there > 0)).float()
        apart = apart * one
        for place, factor in enumerate((1, u, v, u * u, u * v, v * v)):
            if factor:
                sums[place].add_(one, alpha=factor)
        for place, factor in enumerate((1, u, v)):
            if factor:
                sums[6 + place].add_(apart, alpha=factor)
    return sums.unbind(0)
