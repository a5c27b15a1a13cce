"""What a camera would see of a TSDF volume: points and normals of its zero crossing, per pixel."""

import math

import torch
from torch import Tensor

from geomdl.errors import GeometryError, expect_number, expect_tensor
from geomdl.ops.blocks import SIDE, locate_blocks
from geomdl.ops.dispatch import op


def _check(
    tsdf: Tensor,
    weight: Tensor,
    coordinates: Tensor,
    origin: Tensor,
    intrinsics: Tensor,
    pose: Tensor,
    cell: float,
    truncation: float,
    height: int,
    width: int,
    near: float,
    far: float,
) -> None:
    expect_tensor("tsdf", tsdf, "S 8 8 8", dtypes=(torch.float32,))
    expect_tensor("weight", weight, f"{len(tsdf)} 8 8 8", dtypes=(torch.float32,), like=tsdf)
    expect_tensor("coordinates", coordinates, f"{len(tsdf)} 3", dtypes=(torch.int32,), like=tsdf)
    expect_tensor("origin", origin, "3", dtypes=(torch.float32,), finite=True, like=tsdf)
    expect_tensor("intrinsics", intrinsics, "3 3", dtypes=(torch.float32,), finite=True, like=tsdf)
    expect_tensor("pose", pose, "4 4", dtypes=(torch.float32,), finite=True, like=tsdf)
    expect_number("cell", cell, above=0)
    expect_number("truncation", truncation, above=0)
    expect_number("near", near, above=0)
    expect_number("far", far, above=near)
    if height < 1 or width < 1:
        raise GeometryError(f"height, width: expected at least 1, got {height} x {width}")


def _fake(tsdf: Tensor, *rest: object) -> tuple[Tensor, Tensor]:
    height, width = rest[7], rest[8]
    return tsdf.new_empty(height, width, 3), tsdf.new_empty(height, width, 3)  # type: ignore[call-overload]


@op(fake=_fake, check=_check)
def cast_blocks(
    tsdf: Tensor,
    weight: Tensor,
    coordinates: Tensor,
    origin: Tensor,
    intrinsics: Tensor,
    pose: Tensor,
    cell: float,
    truncation: float,
    height: int,
    width: int,
    near: float,
    far: float,
) -> tuple[Tensor, Tensor]:
    """Blocks (S, 8, 8, 8) at (S, 3), pose (4, 4) world to camera -> points, normals (H, W, 3).

    Both in the camera's frame, zero where the ray meets no surface between depths `near` and
    `far`. Rays leap over missing blocks, step 0.8 of the trilinear distance (at least a cell)
    within them, and end at the first crossing from front to back; a ray that comes upon the back
    of a surface ends without a hit (Newcombe et al. 2011). Normals are the volume's gradient.
    """
    device = tsdf.device
    x = (torch.arange(width, device=device) + 0.5 - intrinsics[0, 2]) / intrinsics[0, 0]
    y = (torch.arange(height, device=device) + 0.5 - intrinsics[1, 2]) / intrinsics[1, 1]
    lens = torch.stack(torch.broadcast_tensors(x[None], y[:, None], torch.ones(1, 1).to(x)), -1)
    lens = lens.reshape(-1, 3)  # (R, 3)
    rotation = pose[:3, :3]
    start = (-pose[:3, 3] @ rotation - origin) / cell
    direction = lens @ rotation / cell
    one = 1 / direction.norm(dim=1)
    t = torch.full_like(one, near)
    before, t_before = torch.full_like(t, math.nan), t.clone()
    depth, alive = torch.zeros_like(t), torch.arange(len(t), device=device)
    while len(alive):
        here = t[alive]
        p = start + here[:, None] * direction[alive]
        block = torch.floor(p / SIDE).int()
        present = locate_blocks(coordinates, block) >= 0
        value = _sample(tsdf, weight, coordinates, p)
        value = torch.where(present, value, math.nan)
        last, t_last = before[alive], t_before[alive]
        crossed = (value <= 0) & (last > 0)
        ratio = last / (last - value)
        depth[alive[crossed]] = (t_last + (here - t_last) * ratio)[crossed]
        step = torch.where(value > 0, 0.8 * truncation / cell * value, 0.0).clamp(min=1)
        leap = _leave(p, direction[alive], block) + 0.05 * one[alive]
        t[alive] = here + torch.where(present, step * one[alive], leap)
        before[alive], t_before[alive] = value, here
        alive = alive[~(value <= 0) & (t[alive] < far)]
    points = (lens * depth[:, None]).reshape(height, width, 3)
    hit = depth > 0
    normals = torch.zeros_like(lens)
    normals[hit] = _gradient(tsdf, weight, coordinates, start + depth[hit, None] * direction[hit])
    return points, (normals @ rotation.T).reshape(height, width, 3)


def _sample(tsdf: Tensor, weight: Tensor, coordinates: Tensor, p: Tensor) -> Tensor:
    """Positions (N, 3) in cells -> trilinear values (N,), NaN where a voxel was never seen."""
    if len(tsdf) == 0:
        return torch.full_like(p[:, 0], math.nan)
    low = torch.floor(p - 0.5)
    f = p - 0.5 - low
    total = torch.zeros_like(p[:, 0])
    for corner in range(8):
        bits = torch.tensor([corner >> 2, (corner >> 1) & 1, corner & 1], device=p.device)
        cell = low.int() + bits.int()
        row = locate_blocks(coordinates, torch.div(cell, SIDE, rounding_mode="floor"))
        i, j, k = (cell % SIDE).long().unbind(1)
        at = row.clamp(min=0)
        seen = (row >= 0) & (weight[at, i, j, k] > 0)
        share = torch.where(bits == 1, f, 1 - f).prod(1)
        total = total + torch.where(seen, share * tsdf[at, i, j, k], math.nan)
    return total


def _leave(p: Tensor, direction: Tensor, block: Tensor) -> Tensor:
    """Positions, directions, blocks (N, 3) -> depth (N,) to the block's far side."""
    wall = SIDE * (block + (direction > 0))
    out = torch.where(direction == 0, math.inf, (wall - p) / direction)
    return out.amin(1).clamp(min=0)


def _gradient(tsdf: Tensor, weight: Tensor, coordinates: Tensor, p: Tensor) -> Tensor:
    """Positions (N, 3) in cells -> unit gradients (N, 3), zero where unknown."""
    columns = []
    for axis in range(3):
        half = torch.zeros(3, device=p.device)
        half[axis] = 0.5
        above = _sample(tsdf, weight, coordinates, p + half)
        columns.append(above - _sample(tsdf, weight, coordinates, p - half))
    out = torch.stack(columns, 1)
    length = out.norm(dim=1, keepdim=True)
    return torch.where(length > 0, out / length, 0.0)
