"""Rotations: matrices (..., 3, 3), axis-angle vectors (..., 3), unit quaternions (..., 4) w x y z.

Formulas: Sola, Deray, Atchuthan, "A micro Lie theory for state estimation in robotics", 2018,
appendix B. All are differentiable, also at the angle 0.
"""

import torch
from torch import Tensor

from geomdl.errors import GeometryError, expect_tensor


def skew(vector: Tensor) -> Tensor:
    """Vectors (..., 3) -> matrices (..., 3, 3) with skew(a) b = a x b."""
    x, y, z = vector.unbind(-1)
    zero = torch.zeros_like(x)
    rows = [zero, -z, y, z, zero, -x, -y, x, zero]
    return torch.stack(rows, dim=-1).reshape(*vector.shape[:-1], 3, 3)


def exp(vector: Tensor) -> Tensor:
    """Axis times angle (..., 3) radians -> rotations (..., 3, 3) (Rodrigues, eq. 132)."""
    expect_tensor("vector", vector, "*S 3", dtypes="float", finite=True)
    a, b, _ = _coefficients(vector)
    w = skew(vector)
    return _eye(vector) + a * w + b * (w @ w)


def left_jacobian(vector: Tensor) -> Tensor:
    """Axis times angle (..., 3) -> V (..., 3, 3), which maps rho of a twist to t (eq. 145)."""
    _, b, c = _coefficients(vector)
    w = skew(vector)
    return _eye(vector) + b * w + c * (w @ w)


def log(rotation: Tensor) -> Tensor:
    """Rotations (..., 3, 3) -> axis times angle (..., 3), the angle in 0..pi."""
    quaternion = to_quaternion(rotation)
    w, xyz = quaternion[..., :1], quaternion[..., 1:]
    squared = (xyz * xyz).sum(-1, keepdim=True)
    small = squared < _tiny(squared)
    sine = torch.where(small, torch.ones_like(squared), squared).sqrt()
    # 2 atan2(s, w) / s, and its series 2 / w (1 - s^2 / (3 w^2)) about s = 0
    factor = 2 * torch.atan2(sine, w) / sine
    near = 2 / torch.where(small, w, torch.ones_like(w))
    return torch.where(small, near, factor) * xyz


def from_quaternion(quaternion: Tensor) -> Tensor:
    """Quaternions (..., 4) as w x y z, of any length > 0 -> rotations (..., 3, 3)."""
    expect_tensor("quaternion", quaternion, "*S 4", dtypes="float", finite=True)
    if bool((quaternion.detach().norm(dim=-1) < 1e-8).any()):
        raise GeometryError("quaternion: its length is 0, so it is no rotation")
    w, x, y, z = torch.nn.functional.normalize(quaternion, dim=-1).unbind(-1)
    rows = [
        *(1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)),
        *(2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)),
        *(2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)),
    ]
    return torch.stack(rows, dim=-1).reshape(*quaternion.shape[:-1], 3, 3)


def to_quaternion(rotation: Tensor) -> Tensor:
    """Rotations (..., 3, 3) -> unit quaternions (..., 4) as w x y z with w >= 0.

    Of four equivalent formulas the one with the largest divisor is taken (Shepperd 1978).
    """
    m = rotation
    xx, yy, zz = m[..., 0, 0], m[..., 1, 1], m[..., 2, 2]
    yz, zx, xy = (m[..., i, j] + m[..., j, i] for i, j in ((2, 1), (0, 2), (1, 0)))
    dx, dy, dz = (m[..., i, j] - m[..., j, i] for i, j in ((2, 1), (0, 2), (1, 0)))
    candidates = torch.stack(  # row r is 4 q_r q
        [
            torch.stack([1 + xx + yy + zz, dx, dy, dz], dim=-1),
            torch.stack([dx, 1 + xx - yy - zz, xy, zx], dim=-1),
            torch.stack([dy, xy, 1 - xx + yy - zz, yz], dim=-1),
            torch.stack([dz, zx, yz, 1 - xx - yy + zz], dim=-1),
        ],
        dim=-2,
    )
    best = candidates.diagonal(dim1=-2, dim2=-1).argmax(-1)
    index = best[..., None, None].expand(*best.shape, 1, 4)
    chosen = candidates.gather(-2, index)[..., 0, :]
    chosen = torch.where(chosen[..., :1] < 0, -chosen, chosen)
    return torch.nn.functional.normalize(chosen, dim=-1)


def nearest(matrix: Tensor) -> Tensor:
    """Matrices (..., 3, 3) -> the rotations closest to them in the Frobenius norm."""
    u, _, vh = torch.linalg.svd(matrix)
    sign = torch.linalg.det(u @ vh).sign()
    u = torch.cat([u[..., :2], u[..., 2:] * sign[..., None, None]], dim=-1)
    return u @ vh


def orthonormality_error(rotation: Tensor) -> float:
    """The largest entry of |R^T R - 1| over a batch; infinity where a matrix mirrors."""
    still = rotation.detach()
    if still.numel() == 0:
        return 0.0
    if bool((torch.linalg.det(still) <= 0).any()):
        return float("inf")
    return float((still.mT @ still - _eye(still[..., 0])).abs().max())


def _coefficients(vector: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """sin t / t, (1 - cos t) / t^2, (t - sin t) / t^3, each (..., 1, 1), by series near 0."""
    squared = (vector * vector).sum(-1)[..., None, None]
    small = squared < 1e-2  # below, three terms are exact to 1e-12; above, no cancellation
    safe = torch.where(small, torch.ones_like(squared), squared)
    t = safe.sqrt()
    s = torch.where(small, squared, torch.zeros_like(squared))
    a = torch.where(small, 1 - s / 6 * (1 - s / 20 * (1 - s / 42 * (1 - s / 72))), t.sin() / t)
    b_near = (1 - s / 12 * (1 - s / 30 * (1 - s / 56 * (1 - s / 90)))) / 2
    b = torch.where(small, b_near, 2 * (t / 2).sin() ** 2 / safe)
    c_near = (1 - s / 20 * (1 - s / 42 * (1 - s / 72 * (1 - s / 110)))) / 6
    c = torch.where(small, c_near, (t - t.sin()) / (safe * t))
    return a, b, c


def _eye(vector: Tensor) -> Tensor:
    return torch.eye(3, dtype=vector.dtype, device=vector.device)


def _tiny(like: Tensor) -> float:
    return torch.finfo(like.dtype).eps ** 2
