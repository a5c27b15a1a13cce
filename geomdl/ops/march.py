"""Rays through a TSDF volume: what a camera at some pose would see of what was fused so far.

Frame-to-model tracking aligns a new frame with it (Newcombe et al., "KinectFusion", 2011).
"""

from typing import Optional

import torch
from torch import Tensor

from geomdl.errors import GeometryError, expect_number, expect_tensor
from geomdl.ops.blocks import SIDE, locate_blocks
from geomdl.ops.dispatch import op
from geomdl.ops.fuse import TSDFVolume


def raycast_volume(
    volume: TSDFVolume,
    intrinsics: Tensor,
    world_to_camera: Tensor,
    height: int,
    width: int,
    near: float = 0.1,
    far: float = 10.0,
    min_weight: float = 0.0,
) -> tuple[Tensor, Tensor, Optional[Tensor]]:
    """Intrinsics (3, 3), pose (4, 4) -> depth (H, W) z in m, normal (H, W, 3), color (H, W, 3).

    Depth is infinity where nothing is hit, normals are unit vectors in the world (0 where nothing
    is hit), colour is None for a volume without it. Voxels count with a weight above `min_weight`.
    """
    depth, normal, color = march_blocks(
        volume.tsdf,
        volume.weights,
        volume.colors,
        volume.coordinates,
        intrinsics.float(),
        world_to_camera.float(),
        volume.origin,
        volume.cell,
        volume.truncation,
        height,
        width,
        near,
        far,
        min_weight,
    )
    return depth, normal, color if volume.colored else None


def _check(
    tsdf: Tensor,
    weights: Tensor,
    colors: Optional[Tensor],
    coordinates: Tensor,
    intrinsics: Tensor,
    pose: Tensor,
    origin: Tensor,
    cell: float,
    truncation: float,
    height: int,
    width: int,
    near: float,
    far: float,
    min_weight: float,
) -> None:
    expect_tensor("tsdf", tsdf, "M 8 8 8", dtypes=(torch.float32,))
    expect_tensor("coordinates", coordinates, "M 3", dtypes=(torch.int32,), like=tsdf)
    expect_tensor("intrinsics", intrinsics, "3 3", dtypes=(torch.float32,), finite=True)
    expect_tensor("world_to_camera", pose, "4 4", dtypes=(torch.float32,), finite=True)
    expect_number("height", height, low=1)
    expect_number("width", width, low=1)
    expect_number("near", near, low=0.0)
    expect_number("far", far, above=near)
    expect_number("min_weight", min_weight, low=0.0)
    if weights.shape != tsdf.shape or len(coordinates) != len(tsdf):
        raise GeometryError(
            f"weights, coordinates: expected {tuple(tsdf.shape)} and ({len(tsdf)}, 3), got "
            f"{tuple(weights.shape)} and {tuple(coordinates.shape)}"
        )


def _fake(tsdf: Tensor, colors: Optional[Tensor], height: int, width: int) -> tuple[Tensor, ...]:
    image = (0, 0, 3) if colors is None else (height, width, 3)
    shapes = ((height, width), (height, width, 3), image)
    made = [tsdf.new_empty(shape) for shape in shapes]
    return made[0], made[1], made[2]


@op(
    fake=lambda *a: _fake(a[0], a[2], a[9], a[10]),
    check=_check,
)
def march_blocks(
    tsdf: Tensor,
    weights: Tensor,
    colors: Optional[Tensor],
    coordinates: Tensor,
    intrinsics: Tensor,
    pose: Tensor,
    origin: Tensor,
    cell: float,
    truncation: float,
    height: int,
    width: int,
    near: float,
    far: float,
    min_weight: float,
) -> tuple[Tensor, Tensor, Tensor]:
    """Blocks (M, 8, 8, 8) and a camera -> depth (H, W), normal (H, W, 3), color (H, W, 3).

    The first crossing from positive to negative of the trilinear values along each ray, marched in
    steps of 0.7 times the value (at least 0.7 cells); a ray that leaves a surface by its back ends.
    """
    blocks = (tsdf, weights, coordinates, min_weight)
    rows = torch.arange(height, device=tsdf.device) + 0.5
    columns = torch.arange(width, device=tsdf.device) + 0.5
    x = ((columns - intrinsics[0, 2]) / intrinsics[0, 0]).expand(height, -1)
    y = ((rows - intrinsics[1, 2]) / intrinsics[1, 1])[:, None].expand(-1, width)
    camera = torch.stack([x, y, torch.ones_like(x)], -1).reshape(-1, 3)
    step = camera @ pose[:3, :3] / cell
    start = (-pose[:3, 3] @ pose[:3, :3] - origin) / cell - 0.5
    least = cell / camera.norm(dim=-1)
    depth, low, value_low = _first_crossing(blocks, start, step, least, truncation, near, far)
    depth = _refine(blocks, start, step, depth, low, value_low)
    hit = torch.isfinite(depth)
    points = start + step[hit] * depth[hit][:, None]
    normal = torch.zeros_like(step)
    normal[hit] = _gradient(blocks, points)
    image = tsdf.new_zeros((0, 0, 3))
    if colors is not None:
        image = tsdf.new_zeros((height * width, 3))
        planes = colors.transpose(0, 1).flatten(1)
        image[hit] = torch.stack([_trilinear(blocks, points, p)[0] for p in planes], -1)
        image = image.reshape(height, width, 3)
    return depth.reshape(height, width), normal.reshape(height, width, 3), image


Blocks = tuple[Tensor, Tensor, Tensor, float]


def _trilinear(
    blocks: Blocks, points: Tensor, plane: Optional[Tensor] = None
) -> tuple[Tensor, Tensor]:
    """Points (N, 3) in voxels -> value (N,) and whether all 8 corners are known (N,)."""
    tsdf, weights, coordinates, min_weight = blocks
    values = tsdf.flatten() if plane is None else plane
    low = torch.floor(points)
    share = points - low
    total = torch.zeros_like(share[:, 0])
    known = torch.ones_like(total, dtype=torch.bool)
    for corner in range(8):
        offset = torch.tensor([corner >> 2, corner >> 1 & 1, corner & 1], device=points.device)
        voxel = low.long() + offset
        row = locate_blocks(coordinates, torch.div(voxel, SIDE, rounding_mode="floor").int())
        x, y, z = (voxel % SIDE).unbind(-1)
        at = torch.where(row < 0, 0, row * SIDE**3 + (x * SIDE + y) * SIDE + z)
        if values.numel() == 0:
            return total, torch.zeros_like(known)
        known &= (row >= 0) & (weights.flatten()[at] > min_weight)
        total += values[at] * torch.where(offset == 1, share, 1 - share).prod(-1)
    return total, known


def _first_crossing(
    blocks: Blocks,
    start: Tensor,
    step: Tensor,
    least: Tensor,
    truncation: float,
    near: float,
    far: float,
) -> tuple[Tensor, Tensor, Tensor]:
    """Depth of the first negative value (inf for none), the positive depth before it, its value."""
    count = len(step)
    depth = step.new_full((count,), near)
    result = step.new_full((count,), float("inf"))
    before, value_before = result.clone(), torch.zeros_like(result)
    behind = torch.zeros(count, dtype=torch.bool, device=step.device)
    alive = torch.arange(count, device=step.device)
    while len(alive):
        z, cells = depth[alive], least[alive]
        value, known = _trilinear(blocks, start + step[alive] * z[:, None])
        outside = known & (value >= 0)
        crossed = known & ~outside & torch.isfinite(before[alive])
        result[alive[crossed]] = z[crossed]
        ended = crossed | (outside & behind[alive])
        behind[alive] = known & ~outside
        moved = torch.where(outside, z, torch.where(crossed, before[alive], float("inf")))
        value_before[alive] = torch.where(outside, value, value_before[alive])
        before[alive] = moved
        stride = torch.where(outside, (0.7 * truncation * value).clamp(min=0.0), 0.0)
        depth[alive] = z + torch.maximum(stride, 0.7 * cells)
        alive = alive[~ended & (depth[alive] < far)]
    return result, before, value_before


def _refine(
    blocks: Blocks, start: Tensor, step: Tensor, depth: Tensor, low: Tensor, value_low: Tensor
) -> Tensor:
    """Three steps of regula falsi between the depths before and after the crossing."""
    hit = torch.nonzero(torch.isfinite(depth))[:, 0]
    low, up, down = low[hit], depth[hit], value_low[hit]
    value_up = _trilinear(blocks, start + step[hit] * up[:, None])[0]
    middle = up
    for _ in range(3):
        middle = low + (up - low) * down / (down - value_up)
        found = _trilinear(blocks, start + step[hit] * middle[:, None])[0]
        outside = found >= 0
        low, down = torch.where(outside, middle, low), torch.where(outside, found, down)
        up, value_up = torch.where(outside, up, middle), torch.where(outside, value_up, found)
    return depth.index_copy(0, hit, middle)


def _gradient(blocks: Blocks, points: Tensor) -> Tensor:
    """Unit central differences (N, 3) over two cells; one-sided where a side is unknown."""
    here = _trilinear(blocks, points)[0]
    slopes = []
    for axis in torch.eye(3, device=points.device):
        ahead, up = _trilinear(blocks, points + axis)
        behind, down = _trilinear(blocks, points - axis)
        ahead = torch.where(up, ahead, torch.where(down, 2 * here - behind, here))
        behind = torch.where(down, behind, torch.where(up, 2 * here - ahead, here))
        slopes.append(ahead - behind)
    return torch.nn.functional.normalize(torch.stack(slopes, -1), dim=-1)
