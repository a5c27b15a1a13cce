"""Segments of the world as lines of a width in pixels, hidden by what is before them."""

import torch
from torch import Tensor

from geomdl.ops.rasterize import rasterize
from geomdl.structures import Camera

LIFT = 1e-3  # share of its depth by which a line is nearer than the surface that it lies on


def strokes(
    segments: Tensor, colors: Tensor, width: Tensor, camera: Camera
) -> tuple[Tensor, Tensor]:
    """Segments (S, 2, 3), linear colours (S, 3), widths (S,) in pixels -> depth, colour.

    depth (H, W), inf for none; colour (H, W, 3). Ends are square and reach half a width beyond.
    """
    seen = camera.world_to_camera.apply(segments.float().flatten(0, 1)).view(-1, 2, 3)
    near = max(float(seen[..., 2].abs().amax()) * 1e-4, 1e-9) if len(seen) else 1.0
    there = (seen[..., 2] > near).any(1).nonzero()[:, 0]
    seen = _before(seen[there], near)
    lens = camera.intrinsics
    focal, centre = lens.diagonal()[:2], lens[:2, 2]
    z = seen[..., 2:]
    place = seen[..., :2] / z * focal + centre  # (S, 2, 2)
    along = place[:, 1] - place[:, 0]
    length = along.norm(dim=1, keepdim=True)
    along = torch.where(length > 1e-6, along / length.clamp(min=1e-6), torch.tensor([1.0, 0.0]))
    half = (width[there] / 2)[:, None]
    across = torch.stack([-along[:, 1], along[:, 0]], 1) * half
    start, end = place[:, 0] - along * half, place[:, 1] + along * half
    corner = torch.stack([start - across, end - across, end + across, start + across], 1)
    deep = z[:, [0, 1, 1, 0]] * (1 - LIFT)
    corner = torch.cat([(corner - centre) / focal * deep, deep], 2)  # (S, 4, 3)
    first = 4 * torch.arange(len(there))[:, None, None]
    faces = (first + torch.tensor([[0, 1, 2], [0, 2, 3]])).view(-1, 3)
    size = (camera.height, camera.width)
    face, depth, _ = rasterize(corner.view(-1, 3), faces, lens, *size, near / 2)
    image = torch.zeros(*size, 3)
    hit = face[0] >= 0
    image[hit] = colors.float()[there[face[0][hit] // 2]]
    return depth[0], image


def edges_of(faces: Tensor) -> Tensor:
    """Faces (F, 3) -> their different edges (E, 2), the lower vertex first."""
    pairs = torch.cat([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    low, high = pairs.amin(1), pairs.amax(1)
    most = int(high.max()) + 1 if len(high) else 1
    keys = (low * most + high).unique()
    return torch.stack([keys // most, keys % most], 1)


def _before(seen: Tensor, near: float) -> Tensor:
    """Segments (S, 2, 3) with an end beyond the near plane -> the part beyond it."""
    z = seen[..., 2]
    share = ((near - z) / (z.flip(1) - z)).clamp(0, 1).nan_to_num(0.0)
    moved = torch.lerp(seen, seen.flip(1), share[..., None])
    return torch.where((z < near)[..., None], moved, seen)
