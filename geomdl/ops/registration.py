"""Rigid alignment: iterative closest point on clouds, projective alignment on depth frames.

Both minimise point-to-plane (or point-to-point) distances by Gauss-Newton: an op sums the 6x6
normal equations of all pairs in float64, a step of the pose solves them (Chen and Medioni 1991;
variants after Rusinkiewicz and Levoy 2001). A step is xi = (rotation vector, translation), applied
from the left. The ops find pairs and sums only; no gradient flows through an alignment.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Optional

import torch
from torch import Tensor

from geomdl.errors import GeometryError, expect_number, expect_tensor
from geomdl.ops.differential import point_normals
from geomdl.ops.dispatch import op
from geomdl.ops.keys import morton_keys
from geomdl.ops.neighbors import build_tree, nearest_within

KERNELS = ("none", "huber", "tukey")
UPPER = torch.triu_indices(6, 6)


@dataclass(frozen=True)
class Alignment:
    """Where the source lies in the target's frame, and how well it fits there.

    `transform` (4, 4) float64 maps source to target; `fitness` is the share of source points with
    a partner, `rmse` the root mean square distance of those pairs in metres; `information` (6, 6)
    the normal matrix at the end (rotation first, about the frame's origin); `converged` says
    whether the last step was below the tolerance.
    """

    transform: Tensor
    fitness: float
    rmse: float
    iterations: int
    converged: bool
    information: Tensor


def _check_pairs(
    source: Tensor,
    target: Tensor,
    index: Tensor,
    normals: Optional[Tensor],
    pose: Tensor,
    max_distance: float,
    kernel: int,
    scale: float,
) -> None:
    expect_tensor("source", source, "N 3", dtypes=(torch.float32, torch.float64))
    expect_tensor("target", target, "M 3", dtypes=(source.dtype,), like=source)
    expect_tensor("index", index, f"{source.shape[0]}", dtypes=(torch.int64,), like=source)
    expect_tensor("pose", pose, "4 4", dtypes=(torch.float64,), finite=True)
    if normals is not None:
        expect_tensor("normals", normals, f"{target.shape[0]} 3", dtypes=(source.dtype,))
    if index.numel() and int(index.max()) >= target.shape[0]:
        raise GeometryError(f"index: {int(index.max())} is not one of {target.shape[0]} targets")


@op(
    fake=lambda source, *_: source.new_empty(30, dtype=torch.float64),
    check=_check_pairs,
    dtypes=(torch.float32, torch.float64),
)
def pair_equations(
    source: Tensor,
    target: Tensor,
    index: Tensor,
    normals: Optional[Tensor],
    pose: Tensor,
    max_distance: float,
    kernel: int,
    scale: float,
) -> Tensor:
    """Source (N, 3), target (M, 3), partner (N,), normals (M, 3), pose (4, 4) -> sums (30,).

    The sums, float64: upper triangle of J^T W J (21), J^T W r (6), the robust cost, the sum of
    squared pair distances and the number of pairs. Pairs farther than `max_distance` or with
    index -1 do not count. With normals r = n . (p - q), else r = p - q. `kernel` is a place in
    KERNELS.
    """
    points = source.double() @ pose[:3, :3].T + pose[:3, 3]
    partner = target[index.clamp(min=0)].double()
    offset = points - partner
    square = (offset * offset).sum(1)
    keep = (index >= 0) & (square <= max_distance * max_distance)
    points, offset = points[keep], offset[keep]
    if normals is not None:
        return plane_sums(points, normals[index[keep]].double(), offset, kernel, scale)
    one = torch.eye(3, dtype=points.dtype, device=points.device).expand(len(points), 3, 3)
    rows = torch.cat([-_cross_matrices(points), one], 2)  # (K, 3, 6)
    return _sums(rows, offset, square[keep], kernel, scale)


def plane_sums(points: Tensor, planes: Tensor, offset: Tensor, kernel: int, scale: float) -> Tensor:
    """Points, their planes' unit normals and offsets p - q, each (K, 3) -> sums (30,)."""
    rows = torch.cat([torch.linalg.cross(points, planes), planes], 1)[:, None]  # (K, 1, 6)
    residual = (offset * planes).sum(1, keepdim=True)
    return _sums(rows, residual, (offset * offset).sum(1), kernel, scale)


def _cross_matrices(v: Tensor) -> Tensor:
    """Vectors (N, 3) -> matrices (N, 3, 3) with [v] x = v cross x."""
    x, y, z = v.unbind(1)
    zero = torch.zeros_like(x)
    return torch.stack([zero, -z, y, z, zero, -x, -y, x, zero], 1).reshape(-1, 3, 3)


def _sums(rows: Tensor, residual: Tensor, square: Tensor, kernel: int, scale: float) -> Tensor:
    """Rows (K, R, 6), residuals (K, R), squared pair distances (K,) -> sums (30,)."""
    size2 = (residual * residual).sum(1)
    weight, cost = robust_weight(size2, kernel, scale)
    weighted = rows * weight[:, None, None]
    matrix = torch.einsum("kri,krj->ij", weighted, rows.to(weighted))
    vector = torch.einsum("kri,kr->i", weighted, residual)
    count = torch.tensor([float(len(square))], dtype=torch.float64, device=square.device)
    upper = matrix[UPPER[0], UPPER[1]]
    return torch.cat([upper, vector, cost.sum()[None], square.sum()[None], count])


def robust_weight(size2: Tensor, kernel: int, scale: float) -> tuple[Tensor, Tensor]:
    """Squared residuals (K,) -> weights (K,) and costs (K,): none, Huber or Tukey at `scale`."""
    if kernel == 0:
        return torch.ones_like(size2), size2
    if kernel == 1:
        size = size2.sqrt()
        weight = torch.where(size <= scale, 1.0, scale / size.clamp(min=1e-300))
        return weight, torch.where(size <= scale, size2, 2 * scale * size - scale * scale)
    inside = (1 - size2 / (scale * scale)).clamp(min=0)
    return inside**2, scale * scale / 3 * (1 - inside**3)


def exponential(step: Tensor) -> Tensor:
    """Step (6,) = (rotation vector, translation) -> transform (4, 4) float64.

    The rotation is Rodrigues' formula; the translation is taken as it is.
    """
    omega = step[:3].double()
    angle = float(omega.norm())
    cross = _cross_matrices(omega[None])[0]
    half = math.sin(angle / 2) / angle if angle > 1e-12 else 0.5
    sine = math.sin(angle) / angle if angle > 1e-12 else 1.0
    out = torch.eye(4, dtype=torch.float64)
    out[:3, :3] += sine * cross + 2 * half * half * (cross @ cross)
    out[:3, 3] = step[3:]
    return out


def solve_step(sums: Tensor, floor: float = 1e-9) -> tuple[Tensor, Tensor]:
    """Sums (30,) -> step (6,) that lowers the cost, and the normal matrix (6, 6).

    Directions that the pairs do not determine (eigenvalues under `floor` of the largest, as when
    a plane slides in itself) are left alone (Zhang, Kaess and Singh 2016).
    """
    sums = sums.cpu()
    matrix = torch.zeros(6, 6, dtype=torch.float64)
    matrix[UPPER[0], UPPER[1]] = sums[:21]
    matrix = matrix + matrix.T - matrix.diag().diag()
    values, vectors = torch.linalg.eigh(matrix)
    good = values > floor * values[-1].clamp(min=1e-300)
    inverse = torch.where(good, 1 / torch.where(good, values, 1.0), 0.0)
    return -(vectors * inverse) @ (vectors.T @ sums[21:27]), matrix


def thin_index(points: Tensor, cell: float) -> Tensor:
    """Points (N, 3) -> index (S,): the first point of every cubic cell, ascending."""
    cells = torch.floor((points - points.amin(0)) / cell).long()
    span = cells.amax(0) + 1
    key = (cells[:, 0] * span[1] + cells[:, 1]) * span[2] + cells[:, 2]
    kinds, inverse = torch.unique(key, return_inverse=True)
    first = torch.full_like(kinds, len(points))
    order = torch.arange(len(points), device=points.device)
    return first.scatter_reduce(0, inverse, order, "amin").sort().values


def kabsch(source: Tensor, target: Tensor, weights: Optional[Tensor] = None) -> Tensor:
    """Source (N, 3), target (N, 3), weights (N,) -> rigid transform (4, 4), least squares.

    Known pairs, closed form (Kabsch 1976, Umeyama 1991); differentiable, in the inputs' dtype.
    """
    expect_tensor("source", source, "N 3", dtypes="float", finite=True)
    expect_tensor("target", target, f"{source.shape[0]} 3", dtypes="float", finite=True)
    if source.shape[0] < 3:
        raise GeometryError(f"source: expected at least 3 pairs, got {source.shape[0]}")
    w = torch.ones_like(source[:, 0]) if weights is None else weights
    w = (w / w.sum())[:, None]
    a, b = (w * source).sum(0), (w * target).sum(0)
    u, _, vt = torch.linalg.svd((w * (target - b)).T @ (source - a))
    flip = torch.ones_like(a)
    flip = torch.cat([flip[:2], torch.sign(torch.linalg.det(u @ vt))[None]])
    rotation = (u * flip) @ vt
    top = torch.cat([rotation, (b - rotation @ a)[:, None]], 1)
    bottom = torch.tensor([[0.0, 0.0, 0.0, 1.0]], dtype=top.dtype, device=top.device)
    return torch.cat([top, bottom])


def icp(
    source: Tensor,
    target: Tensor,
    max_distance: float,
    normals: Optional[Tensor] = None,
    method: str = "point_to_plane",
    initial: Optional[Tensor] = None,
    robust: str = "none",
    robust_scale: Optional[float] = None,
    cells: Sequence[float] = (),
    iterations: int = 50,
    tolerance: float = 1e-5,
    change: float = 0.0,
) -> Alignment:
    """Source (N, 3), target (M, 3), normals (M, 3) -> Alignment that maps source onto target.

    Partners are nearest neighbours within `max_distance` metres. `normals` belong to the target;
    point_to_plane estimates them from 16 neighbours where none are given. `robust` is 'none',
    'huber' or 'tukey' with `robust_scale` in metres (default: a third of max_distance). `cells`
    makes it coarse to fine: for each edge length, largest first, both clouds are thinned to a
    point per cell and partners may be max(max_distance, 3 cells) away; the last pass takes all.
    A pass ends after `iterations` steps or when a step moves the source by less than
    `tolerance * max_distance`, or changes both fitness and rmse by less than `change` (the
    criterion of Open3D). `initial` (4, 4) is the first guess. Raises GeometryError.
    """
    _check_icp(source, target, normals, method, robust)
    expect_number("max_distance", max_distance, above=0)
    scale = expect_number("robust_scale", robust_scale or max_distance / 3, above=0)
    start = torch.eye(4, dtype=torch.float64) if initial is None else initial.cpu().double()
    expect_tensor("initial", start, "4 4", finite=True)
    planes = _planes(target, normals, method)
    center = target.double().mean(0)
    moved = _shift(center).cpu()
    pose = moved @ start
    near = (target.double() - center).to(source.dtype)
    local, anchor = source, source.double().mean(0)
    local = (source.double() - anchor).to(source.dtype)
    pose = pose @ _shift(-anchor).cpu()
    limits = (iterations, tolerance * max_distance, expect_number("change", change, low=0))
    done = 0
    for cell in sorted(cells, reverse=True):
        expect_number("cells", cell, above=0)
        a, b = thin_index(local, cell), thin_index(near, cell)
        far = max(max_distance, 3 * cell)
        part = planes[b] if planes is not None else None
        state = _passes(
            local[a],
            near[b],
            part,
            pose,
            far,
            robust,
            scale * far / max_distance,
            *limits,
        )
        pose, done = state.transform, done + state.iterations
    last = _passes(local, near, planes, pose, max_distance, robust, scale, *limits)
    transform = _shift(-center).cpu() @ last.transform @ _shift(anchor).cpu()
    count = done + last.iterations
    return Alignment(transform, last.fitness, last.rmse, count, last.converged, last.information)


def _check_icp(
    source: Tensor, target: Tensor, normals: Optional[Tensor], method: str, robust: str
) -> None:
    expect_tensor("source", source, "N 3", dtypes="float", finite=True)
    expect_tensor("target", target, "M 3", dtypes=(source.dtype,), finite=True, like=source)
    if min(len(source), len(target)) < 3:
        raise GeometryError(
            f"source and target: expected 3 points each, got {len(source)} and {len(target)}"
        )
    if normals is not None:
        expect_tensor("normals", normals, f"{len(target)} 3", dtypes=(source.dtype,), finite=True)
    if method not in ("point_to_plane", "point_to_point"):
        raise GeometryError(f"method: expected point_to_plane or point_to_point, got {method!r}")
    if robust not in KERNELS:
        raise GeometryError(f"robust: expected one of {', '.join(KERNELS)}, got {robust!r}")


def _planes(target: Tensor, normals: Optional[Tensor], method: str) -> Optional[Tensor]:
    """The normals that `method` needs, estimated where none are given."""
    if method == "point_to_point":
        return None
    return point_normals(target, 16) if normals is None else normals


def _shift(center: Tensor) -> Tensor:
    """Center (3,) -> transform (4, 4) that moves it to the origin."""
    out = torch.eye(4, dtype=torch.float64, device=center.device)
    out[:3, 3] = -center
    return out


def _spatial_order(points: Tensor) -> Tensor:
    """Points (N, 3) -> order (N,) along a Morton curve: what is near in space is near in memory."""
    low = points.amin(0)
    edge = ((points - low).amax() / 1023).clamp(min=torch.finfo(points.dtype).tiny)
    return morton_keys(((points - low) / edge).int()).argsort(stable=True)


def _passes(
    source: Tensor,
    target: Tensor,
    normals: Optional[Tensor],
    pose: Tensor,
    max_distance: float,
    robust: str,
    scale: float,
    iterations: int,
    reach: float,
    change: float,
) -> Alignment:
    """One resolution of `icp`: pairs, equations, step, until a step moves less than `reach`."""
    kernel = KERNELS.index(robust)
    source, order = source[_spatial_order(source)], _spatial_order(target)
    target, normals = target[order], normals[order] if normals is not None else None
    tree, wide = build_tree(target), source.double()
    radius = float(wide.square().sum(1).mean().sqrt())
    converged, done, fitness, rmse = False, 0, math.inf, math.inf
    while True:
        here = wide @ pose[:3, :3].T.to(source.device) + pose[:3, 3].to(source.device)
        index = nearest_within(target, here.to(source.dtype), 1.001 * max_distance, tree)
        sums = pair_equations(
            source, target, index, normals, pose.to(source.device), max_distance, kernel, scale
        )
        step, matrix = solve_step(sums)
        pairs, before = float(sums[29]), (fitness, rmse)
        fitness = pairs / len(source)
        rmse = math.sqrt(float(sums[28]) / pairs) if pairs else math.inf
        converged |= max(abs(fitness - before[0]), abs(rmse - before[1])) < change
        if done == iterations or converged or pairs < 3:
            break
        update = exponential(step)
        moved = update[:3, :3] @ pose[:3, 3] + update[:3, 3] - pose[:3, 3]
        pose = update @ pose
        done += 1
        converged = float(moved.norm()) + radius * float(step[:3].norm()) < reach
    return Alignment(pose, fitness, rmse, done, converged, matrix)
