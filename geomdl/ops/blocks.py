"""Blocks of 8^3 voxels: which of them a depth image touches, and where they are stored."""

import math

import torch
from torch import Tensor

from geomdl.errors import GeometryError, expect_number, expect_tensor
from geomdl.ops.dispatch import op

SIDE = 8
LIMIT = 1 << 20  # block coordinates must stay within +-LIMIT


def block_keys(blocks: Tensor) -> Tensor:
    """Blocks (M, 3) int -> keys (M,) int64 that sort by x, then y, then z."""
    x, y, z = (blocks.long() + LIMIT).unbind(-1)
    return (x << 42) | (y << 21) | z


def blocks_of_keys(keys: Tensor) -> Tensor:
    """Inverse of `block_keys`: keys (M,) int64 -> blocks (M, 3) int32."""
    parts = [(keys >> shift) & 0x1FFFFF for shift in (42, 21, 0)]
    return (torch.stack(parts, -1) - LIMIT).int()


def _check_band(
    depth: Tensor,
    intrinsics: Tensor,
    pose: Tensor,
    origin: Tensor,
    cell: float,
    truncation: float,
    stride: int,
) -> None:
    expect_tensor("depth", depth, "H W", dtypes=(torch.float32,))
    expect_tensor("intrinsics", intrinsics, "3 3", dtypes=(torch.float32,), finite=True)
    expect_tensor("pose", pose, "4 4", dtypes=(torch.float32,), finite=True)
    expect_number("cell", cell, above=0.0)
    expect_number("truncation", truncation, above=0.0)
    expect_number("stride", stride, low=1)
    slope = depth.shape[1] / float(intrinsics[0, 0]) + depth.shape[0] / float(intrinsics[1, 1]) + 1
    far = float(depth.max()) * slope if depth.numel() else 0.0
    reach = far + float(pose[:3, 3].norm()) + float(origin.norm()) + truncation
    if not reach / (SIDE * cell) < LIMIT:  # also where a depth is NaN or infinite
        raise GeometryError(f"cell: {cell} m is too small for a scene of {reach:.3g} m")


@op(
    fake=lambda depth, intrinsics, pose, origin, cell, truncation, stride: depth.new_empty(
        (torch.library.get_ctx().new_dynamic_size(), 3), dtype=torch.int32
    ),
    check=_check_band,
)
def touched_blocks(
    depth: Tensor,
    intrinsics: Tensor,
    pose: Tensor,
    origin: Tensor,
    cell: float,
    truncation: float,
    stride: int,
) -> Tensor:
    """Depth (H, W), intrinsics (3, 3), pose (4, 4) -> distinct blocks (T, 3) int32, sorted.

    A block counts when it meets the box of half a pixel step (at least a cell) around a point on
    the ray of every `stride`-th pixel, from depth - truncation to depth + truncation in steps of
    at most half a block.
    """
    block = SIDE * cell
    steps = max(math.ceil(2 * truncation / (block / 2)) + 1, 2)
    rows, columns = depth.shape
    v = torch.arange(stride // 2, rows, stride, device=depth.device)
    u = torch.arange(stride // 2, columns, stride, device=depth.device)
    d = depth[v][:, u]
    ray_x = ((u + 0.5 - intrinsics[0, 2]) / intrinsics[0, 0]).expand(len(v), -1)[d > 0]
    ray_y = ((v + 0.5 - intrinsics[1, 2]) / intrinsics[1, 1])[:, None].expand(-1, len(u))[d > 0]
    d = d[d > 0]
    focal = torch.minimum(intrinsics[0, 0], intrinsics[1, 1])
    reach = (0.5 * stride * d / focal).clamp(min=cell)
    found = []
    for step in range(steps):
        z = d + truncation * (2.0 * step / (steps - 1) - 1)
        camera = torch.stack([ray_x * z, ray_y * z, z], -1) - pose[:3, 3]
        offset = camera @ pose[:3, :3] - origin
        low = torch.floor((offset - reach[:, None]) / block).long()
        high = torch.floor((offset + reach[:, None]) / block).long()
        found.append(_boxes(low, high))
    keys = torch.unique(torch.cat(found))
    return blocks_of_keys(keys)


def _boxes(low: Tensor, high: Tensor) -> Tensor:
    """Keys of all blocks in the boxes low..high (N, 3), inclusive."""
    keys = []
    extent = (high - low).amax(0).tolist() if len(low) else [0, 0, 0]
    for i in range(extent[0] + 1):
        for j in range(extent[1] + 1):
            for k in range(extent[2] + 1):
                block = low + torch.tensor([i, j, k], device=low.device)
                keys.append(torch.unique(block_keys(block[(block <= high).all(-1)])))
    return torch.cat(keys)


def _check_locate(coordinates: Tensor, queries: Tensor) -> None:
    expect_tensor("coordinates", coordinates, "M 3", dtypes=(torch.int32,))
    expect_tensor("queries", queries, "T 3", dtypes=(torch.int32,), like=coordinates)


@op(
    fake=lambda coordinates, queries: queries.new_empty(queries.shape[0], dtype=torch.int64),
    check=_check_locate,
)
def locate_blocks(coordinates: Tensor, queries: Tensor) -> Tensor:
    """Blocks (M, 3) int32, queries (T, 3) int32 -> rows (T,) int64 of the queries, -1 for none."""
    if len(coordinates) == 0:
        return queries.new_full((len(queries),), -1, dtype=torch.int64)
    keys, order = torch.sort(block_keys(coordinates), stable=True)
    wanted = block_keys(queries)
    at = torch.searchsorted(keys, wanted).clamp(max=len(keys) - 1)
    return torch.where(keys[at] == wanted, order[at], -1)
