"""Camera motion from depth frames: projective alignment of a frame with a model's view.

A pixel of the new frame is moved by the pose so far, projected into the model's view and paired
with what the model shows there; point-to-plane equations give the next pose (KinectFusion, Newcombe
et al. 2011). Maps are images of points or normals in a camera's own frame; z = 0 means nothing.
"""

import math
from collections.abc import Sequence
from typing import Optional

import torch
from torch import Tensor

from geomdl.errors import GeometryError, expect_number, expect_tensor
from geomdl.ops.dispatch import op
from geomdl.ops.registration import Alignment, exponential, plane_sums, solve_step


def vertex_map(depth: Tensor, intrinsics: Tensor) -> Tensor:
    """Depth (H, W) in metres, intrinsics (3, 3) -> points (H, W, 3), zero where invalid."""
    expect_tensor("depth", depth, "H W", dtypes="float")
    expect_tensor("intrinsics", intrinsics, "3 3", dtypes="float", finite=True)
    height, width = depth.shape
    k = intrinsics.to(depth)
    x = (torch.arange(width, dtype=depth.dtype, device=depth.device) + 0.5 - k[0, 2]) / k[0, 0]
    y = (torch.arange(height, dtype=depth.dtype, device=depth.device) + 0.5 - k[1, 2]) / k[1, 1]
    z = torch.where((depth > 0) & torch.isfinite(depth), depth, 0.0)
    return torch.stack([x * z, y[:, None] * z, z], -1)


def _check_map(points: Tensor, jump: float) -> None:
    expect_tensor("points", points, "H W 3", dtypes=(torch.float32, torch.float64))
    expect_number("jump", jump, low=0)


@op(
    fake=lambda points, jump: torch.empty_like(points),
    check=_check_map,
    dtypes=(torch.float32, torch.float64),
)
def normal_map(points: Tensor, jump: float = 0.05) -> Tensor:
    """Points (H, W, 3) -> unit normals (H, W, 3) towards the camera; zero where unknown.

    Central differences; none at the border, beside missing points, or where depth jumps by more
    than the share `jump` of itself between the two neighbours.
    """
    out = torch.zeros_like(points)
    right, left = points[1:-1, 2:], points[1:-1, :-2]
    below, above = points[2:, 1:-1], points[:-2, 1:-1]
    normal = torch.linalg.cross(below - above, right - left)
    length = normal.norm(dim=-1, keepdim=True)
    z = torch.stack([right[..., 2], left[..., 2], below[..., 2], above[..., 2]])
    known = (z.amin(0) > 0) & (z.amax(0) - z.amin(0) <= jump * points[1:-1, 1:-1, 2])
    known = known & (points[1:-1, 1:-1, 2] > 0)
    good = known[..., None] & (length > 0)
    out[1:-1, 1:-1] = torch.where(good, normal / length.clamp(min=1e-30), 0.0)
    return out


def _check_shrink(depth: Tensor, jump: float) -> None:
    expect_tensor("depth", depth, "H W", dtypes=(torch.float32, torch.float64))
    expect_number("jump", jump, low=0)


@op(
    fake=lambda depth, jump: depth.new_empty(depth.shape[0] // 2, depth.shape[1] // 2),
    check=_check_shrink,
    dtypes=(torch.float32, torch.float64),
)
def shrink_depth(depth: Tensor, jump: float = 0.03) -> Tensor:
    """Depth (H, W) -> (H // 2, W // 2): mean of what in a 2x2 block is close to its nearest value.

    Missing depth (not > 0) is left out; values more than the share `jump` behind the nearest do
    not mix with it, so that edges stay edges.
    """
    height, width = depth.shape[0] // 2, depth.shape[1] // 2
    block = depth[: 2 * height, : 2 * width].reshape(height, 2, width, 2)
    block = block.permute(1, 3, 0, 2).reshape(4, height, width)
    known = (block > 0) & torch.isfinite(block)
    near = torch.where(known, block, math.inf).amin(0)
    use = known & (block <= near * (1 + jump))
    count = use.sum(0)
    return torch.where(count > 0, torch.where(use, block, 0.0).sum(0) / count.clamp(min=1), 0.0)


def scale_intrinsics(intrinsics: Tensor, factor: float) -> Tensor:
    """Intrinsics (3, 3) -> those of the image resized by `factor` (pixel centres at +0.5)."""
    out = intrinsics.clone()
    out[:2] = out[:2] * factor
    return out


def _check_track(
    points: Tensor,
    normals: Optional[Tensor],
    model: Tensor,
    planes: Tensor,
    intrinsics: Tensor,
    pose: Tensor,
    max_distance: float,
    min_cosine: float,
    kernel: int,
    scale: float,
) -> None:
    expect_tensor("points", points, "N 3", dtypes=(torch.float32, torch.float64))
    if normals is not None:
        expect_tensor("normals", normals, f"{points.shape[0]} 3", dtypes=(points.dtype,))
    expect_tensor("model", model, "H W 3", dtypes=(points.dtype,), like=points)
    size = f"{model.shape[0]} {model.shape[1]} 3"
    expect_tensor("planes", planes, size, dtypes=(points.dtype,), like=points)
    expect_tensor("intrinsics", intrinsics, "3 3", dtypes=(torch.float64,), finite=True)
    expect_tensor("pose", pose, "4 4", dtypes=(torch.float64,), finite=True)


@op(
    fake=lambda points, *_: points.new_empty(30, dtype=torch.float64),
    check=_check_track,
    dtypes=(torch.float32, torch.float64),
)
def track_equations(
    points: Tensor,
    normals: Optional[Tensor],
    model: Tensor,
    planes: Tensor,
    intrinsics: Tensor,
    pose: Tensor,
    max_distance: float,
    min_cosine: float,
    kernel: int,
    scale: float,
) -> Tensor:
    """Points (N, 3), model and planes (H, W, 3), pose (4, 4) -> sums (30,) as in pair_equations.

    A point moved by `pose` pairs with the model pixel that it falls into, if that is within
    `max_distance` and, where `normals` (N, 3) are given, the normals' cosine is at least
    `min_cosine`. `intrinsics` (3, 3) are the model view's.
    """
    height, width = model.shape[:2]
    moved = points.double() @ pose[:3, :3].T + pose[:3, 3]
    pixel = moved @ intrinsics.T
    front = (points[:, 2] > 0) & (moved[:, 2] > 0)
    uv = torch.floor(pixel[:, :2] / torch.where(front, pixel[:, 2], 1.0)[:, None])
    inside = front & (uv >= 0).all(1) & (uv[:, 0] < width) & (uv[:, 1] < height)
    at = torch.where(inside, uv[:, 1] * width + uv[:, 0], 0.0).long()
    partner, plane = model.reshape(-1, 3)[at].double(), planes.reshape(-1, 3)[at].double()
    offset = moved - partner
    square = (offset * offset).sum(1)
    keep = inside & (partner[:, 2] > 0) & (plane != 0).any(1)
    keep = keep & (square <= max_distance * max_distance)
    if normals is not None:
        turned = normals.double() @ pose[:3, :3].T
        keep = keep & ((turned * plane).sum(1) >= min_cosine)
    return plane_sums(moved[keep], plane[keep], offset[keep], kernel, scale)


def track(
    depth: Tensor,
    intrinsics: Tensor,
    model_points: Tensor,
    model_normals: Tensor,
    model_intrinsics: Optional[Tensor] = None,
    initial: Optional[Tensor] = None,
    max_distance: float = 0.1,
    min_cosine: float = 0.7,
    huber: float = 0.01,
    iterations: Sequence[int] = (10, 8, 6),
    tolerance: float = 1e-5,
) -> Alignment:
    """Depth (H, W), model maps (h, w, 3) -> Alignment from this camera to the model's camera.

    Coarse to fine: `iterations` per level, coarsest first; each level halves the depth image.
    `initial` (4, 4) is the first guess, `huber` the residual in metres from which a pair weighs
    less; a level ends when a step moves less than `tolerance` metres and radians. `fitness` is
    the share of valid pixels at the finest level that found a partner. Raises GeometryError.
    """
    if not iterations or min(iterations) < 1:
        raise GeometryError(f"iterations: expected positive counts, got {iterations!r}")
    expect_number("max_distance", max_distance, above=0)
    expect_number("huber", huber, above=0)
    lens = intrinsics if model_intrinsics is None else model_intrinsics
    lens = lens.double()
    pose = torch.eye(4, dtype=torch.float64) if initial is None else initial.double()
    levels = [(depth, intrinsics)]
    for _ in iterations[1:]:
        half, k = levels[-1]
        levels.append((shrink_depth(half), scale_intrinsics(k, 0.5)))
    done, converged = 0, False
    for (image, k), count in zip(reversed(levels), iterations, strict=True):
        points = vertex_map(image, k)
        normals = normal_map(points).reshape(-1, 3)
        flat = points.reshape(-1, 3)
        for turn in range(count + 1):
            sums = track_equations(
                flat, normals, model_points, model_normals, lens, pose, max_distance,
                min_cosine, 1, huber,
            )  # fmt: skip
            step, matrix = solve_step(sums)
            if turn == count or float(sums[29]) < 6:
                break
            pose = exponential(step) @ pose
            done += 1
            converged = float(step.abs().max()) < tolerance
            if converged:
                break
    valid = max(1, int((flat[:, 2] > 0).sum()))
    pairs = float(sums[29])
    rmse = math.sqrt(float(sums[28]) / pairs) if pairs else math.inf
    return Alignment(pose, pairs / valid, rmse, done, converged, matrix)
