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

    The first crossing from positive to negative along each ray. Steps are 0.7 times the value, at
    least 0.7 cells; where the volume is unknown they go to the next multiple of 0.7 cells, so that
    a kernel may leave out what is empty and still read at the same depths. A value is the nearest
    voxel's where that is 2 cells outside or more, else trilinear and unknown unless all 8 corners
    are known. A ray that leaves a surface by its back ends.
    """
    blocks = (tsdf, weights, coordinates, min_weight)
    rows = torch.arange(height, device=tsdf.device) + 0.5
    columns = torch.arange(width, device=tsdf.device) + 0.5
    x = ((columns - intrinsics[0, 2]) / intrinsics[0, 0]).expand(height, -1).flatten()
    y = ((rows - intrinsics[1, 2]) / intrinsics[1, 1])[:, None].expand(-1, width).flatten()
    right, down, ahead = pose[:3, :3]
    size, reach = tsdf.new_tensor(cell), tsdf.new_tensor(truncation)
    step = (right * x[:, None] + down * y[:, None] + ahead) * (1 / size)
    center = -(right * pose[0, 3] + down * pose[1, 3] + ahead * pose[2, 3])
    rays = ((center - origin) * (1 / size) - 0.5, step)
    least = 0.7 * (size / torch.sqrt(x * x + y * y + 1))
    close = (2 * size / reach).clamp(max=1.0)
    crossing = _first_crossing(blocks, rays, least, close, reach, near, far)
    depth = _refine(blocks, rays, close, *crossing)
    hit = torch.isfinite(depth)
    points = _at(rays, hit, depth[hit])
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
Rays = tuple[Tensor, Tensor]  # the common start (3,) in voxels, steps (R, 3) per metre of depth


def _at(rays: Rays, chosen: Tensor, depth: Tensor) -> Tensor:
    """Positions (N, 3) in voxels of some rays at depths (N,)."""
    start, step = rays
    return start + step[chosen] * depth[:, None]


def _look_up(blocks: Blocks, voxel: Tensor) -> tuple[Tensor, Tensor]:
    """Voxels (N, 3) int64 -> flat index (N,), 0 where there is none, and whether it is known."""
    _, weights, coordinates, min_weight = blocks
    row = locate_blocks(coordinates, torch.div(voxel, SIDE, rounding_mode="floor").int())
    x, y, z = (voxel % SIDE).unbind(-1)
    at = torch.where(row < 0, 0, row * SIDE**3 + (x * SIDE + y) * SIDE + z)
    return at, (row >= 0) & (weights.flatten()[at] > min_weight)


def _trilinear(
    blocks: Blocks, points: Tensor, plane: Optional[Tensor] = None
) -> tuple[Tensor, Tensor]:
    """Points (N, 3) in voxels -> value (N,), 0 if unknown, and if all 8 corners are known (N,)."""
    values = blocks[0].flatten() if plane is None else plane
    low = torch.floor(points)
    corners = torch.cartesian_prod(*[torch.arange(2, device=points.device)] * 3)
    at, known = _look_up(blocks, (low.long() + corners[:, None]).flatten(0, 1))
    mixed, known = values[at].reshape(8, -1), known.reshape(8, -1).all(0)
    for share in (points - low).unbind(-1)[::-1]:
        below, above = mixed[0::2], mixed[1::2]
        mixed = below + (above - below) * share
    return torch.where(known, mixed[0], 0.0), known


def _sample(blocks: Blocks, points: Tensor, close: Tensor) -> tuple[Tensor, Tensor]:
    """Points (N, 3) in voxels -> value (N,), of the nearest voxel if >= close, and if known."""
    at, known = _look_up(blocks, torch.floor(points + 0.5).long())
    value = blocks[0].flatten()[at]
    near = torch.nonzero(known & (value < close))[:, 0]
    value[near], known[near] = _trilinear(blocks, points[near])
    return value, known


def _first_crossing(
    blocks: Blocks,
    rays: Rays,
    least: Tensor,
    close: Tensor,
    truncation: Tensor,
    near: float,
    far: float,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Depth and value of the first negative sample (inf: none) and of the positive before it."""
    count = len(least)
    depth = least.new_full((count,), near)
    result = least.new_full((count,), float("inf"))
    value_result, before, value_before = torch.zeros_like(result), result.clone(), result.clone()
    behind = torch.zeros(count, dtype=torch.bool, device=least.device)
    alive = torch.arange(count if len(blocks[0]) else 0, device=least.device)
    while len(alive):
        z, small = depth[alive], least[alive]
        value, known = _sample(blocks, _at(rays, alive, z), close)
        outside, inside = known & (value >= 0), known & (value < 0)
        crossed = inside & torch.isfinite(before[alive])
        result[alive[crossed]], value_result[alive[crossed]] = z[crossed], value[crossed]
        ended = crossed | (outside & behind[alive])
        behind[alive] = inside
        kept = torch.where(crossed, before[alive], float("inf"))
        before[alive] = torch.where(outside, z, kept)
        value_before[alive] = torch.where(outside, value, value_before[alive])
        stride = torch.where(outside, torch.maximum(0.7 * value * truncation, small), small)
        lattice = (torch.floor(z * (1 / small) + 0.5) + 1) * small
        depth[alive] = torch.where(known, z + stride, lattice)
        alive = alive[~ended & (depth[alive] < far)]
    return result, value_result, before, value_before


def _refine(
    blocks: Blocks,
    rays: Rays,
    close: Tensor,
    depth: Tensor,
    value_depth: Tensor,
    before: Tensor,
    value_before: Tensor,
) -> Tensor:
    """Three steps of regula falsi between the depths before and after the crossing."""
    hit = torch.nonzero(torch.isfinite(depth))[:, 0]
    low, value_low, up, value_up = before[hit], value_before[hit], depth[hit], value_depth[hit]
    found, known = _trilinear(blocks, _at(rays, hit, low))
    value_low = torch.where((value_low >= close) & known & (found > 0), found, value_low)
    middle, going = up, torch.ones_like(known)
    for _ in range(3):
        middle = torch.where(going, low + (up - low) * value_low / (value_low - value_up), middle)
        found, known = _trilinear(blocks, _at(rays, hit, middle))
        going = going & known & (found.abs() >= 1e-4)
        outside = found >= 0
        low, value_low = torch.where(outside, middle, low), torch.where(outside, found, value_low)
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
