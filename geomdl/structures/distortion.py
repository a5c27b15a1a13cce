"""Brown's lens distortion and its inverse.

Brown, "Close-range camera calibration", Photogrammetric Engineering 37(8), 1971, with OpenCV's
signs and order k1 k2 p1 p2 k3.
"""

import torch
from torch import Tensor

from geomdl.errors import GeometryError

STEPS = 20


def distort(flat: Tensor, distortion: Tensor) -> Tensor:
    """Ideal image points (..., 2) at z = 1, coefficients (..., 5) -> distorted points (..., 2)."""
    k1, k2, p1, p2, k3 = distortion.unbind(-1)
    x, y = flat.unbind(-1)
    r2 = x * x + y * y
    radial = 1 + r2 * (k1 + r2 * (k2 + r2 * k3))
    xd = x * radial + 2 * p1 * x * y + p2 * (r2 + 2 * x * x)
    yd = y * radial + p1 * (r2 + 2 * y * y) + 2 * p2 * x * y
    return torch.stack([xd, yd], dim=-1)


def jacobian(flat: Tensor, distortion: Tensor) -> Tensor:
    """Derivative (..., 2, 2) of `distort` by the ideal points."""
    k1, k2, p1, p2, k3 = distortion.unbind(-1)
    x, y = flat.unbind(-1)
    r2 = x * x + y * y
    radial = 1 + r2 * (k1 + r2 * (k2 + r2 * k3))
    slope = 2 * (k1 + r2 * (2 * k2 + r2 * 3 * k3))  # d radial / d r2, times 2
    xx = radial + x * x * slope + 2 * p1 * y + 6 * p2 * x
    yy = radial + y * y * slope + 6 * p1 * y + 2 * p2 * x
    xy = x * y * slope + 2 * p1 * x + 2 * p2 * y
    return torch.stack([xx, xy, xy, yy], dim=-1).reshape(*xx.shape, 2, 2)


def undistort(flat: Tensor, distortion: Tensor) -> Tensor:
    """Distorted points (..., 2) -> ideal points (..., 2), by Newton's method from the point itself.

    Differentiable in both arguments: the last step is the implicit function theorem. Raises
    GeometryError where Newton's method does not arrive, as the model folds over there.
    """
    with torch.no_grad():
        target, fixed = (
            torch.broadcast_tensors(flat.detach(), flat.detach())[0],
            distortion.detach(),
        )
        found = target.expand(torch.broadcast_shapes(target.shape, (*fixed.shape[:-1], 2))).clone()
        limit = 16 * torch.finfo(found.dtype).eps * (1 + target.abs())
        for _ in range(STEPS):
            miss = distort(found, fixed) - target
            if bool((miss.abs() <= limit).all()):
                break
            found = found - _solve(jacobian(found, fixed), miss)
        miss = distort(found, fixed) - target
        slope = jacobian(found, fixed)
        folded = (slope[..., 0, 0] * slope[..., 1, 1] - slope[..., 0, 1] ** 2) <= 0
        lost = folded | ~(miss.abs() <= 64 * limit).all(-1)
    if bool(lost.any()):
        where = target.expand_as(found)[lost][0].tolist()
        raise GeometryError(
            f"distortion: {int(lost.sum())} image points have no undistorted point (first at "
            f"x/z, y/z = {where[0]:.4g}, {where[1]:.4g}): the coefficients fold the image over"
        )
    return found - _solve(slope, distort(found, distortion) - flat)


def _solve(matrix: Tensor, vector: Tensor) -> Tensor:
    a, b, c, d = matrix.flatten(-2).unbind(-1)
    u, v = vector.unbind(-1)
    determinant = a * d - b * c
    safe = torch.where(determinant == 0, 1.0, determinant)
    return torch.stack([d * u - b * v, a * v - c * u], dim=-1) / safe[..., None]
