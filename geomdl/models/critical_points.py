"""Which points decide: the critical points of a PointNet, and all that it could not tell apart.

Qi et al. 2017, "PointNet", section 4.3 and theorem 2: the network is a function of the largest
value of each channel alone. Points that hold one are critical; without the others the output is
the same. Points that exceed none may be added: all of them are the upper-bound shape.
"""

from collections.abc import Iterator

import torch
from torch import Tensor

from geomdl.errors import GeometryError, expect_tensor
from geomdl.models.pointnet import PointNetEncoder
from geomdl.nn.packed import expect_packed
from geomdl.nn.shared_mlp import SharedMLP
from geomdl.nn.tnet import transformed

ROUNDING = 1e-5  # of a channel: products of more rows round otherwise


@torch.no_grad()
def critical_points(
    encoder: PointNetEncoder,
    points: Tensor,
    offsets: Tensor,
    features: Tensor | None = None,
    *,
    transforms: bool = True,
) -> Tensor:
    """Points (N, 3), offsets (B+1,) -> mask (N,) bool of the points that decide, in evaluation.

    With transforms also those that decide the T-Nets: the network then gives the same output for
    the masked points alone. Without, those of the last maximum, as the paper draws them.
    """
    mask = torch.zeros(len(points), dtype=torch.bool, device=points.device)
    for mlp, x in _maxima(encoder, points, offsets, features, transforms):
        value, row = mlp.picked(x, offsets)
        mask[row[value > 0] if mlp.last else row.flatten()] = True  # 0 is anybody's
    return mask


@torch.no_grad()
def upper_bound_points(
    encoder: PointNetEncoder, candidates: Tensor, points: Tensor, *, transforms: bool = True
) -> Tensor:
    """Candidates (M, 3), one cloud of points (N, 3) -> mask (M,) bool: the candidates that could be
    added to it without a change of the output beyond rounding, in evaluation."""
    expect_tensor("candidates", candidates, "M 3", dtypes=(points.dtype,), like=points)
    both = torch.cat([points, candidates])
    offsets = torch.tensor([0, len(points)], device=points.device)
    free = torch.ones(len(candidates), dtype=torch.bool, device=points.device)
    inside = _maxima(encoder, points, offsets, None, transforms)
    for (mlp, x), (_, y) in zip(inside, _along(encoder, both, points, transforms), strict=True):
        limit = mlp.pooled(x, offsets)
        excess = mlp(y[len(points) :]) - limit
        free &= (excess <= ROUNDING * (1 + limit.abs())).all(1)
    return free


def _maxima(
    encoder: PointNetEncoder,
    points: Tensor,
    offsets: Tensor,
    features: Tensor | None,
    transforms: bool,
) -> Iterator[tuple[SharedMLP, Tensor]]:
    """Each shared MLP before a maximum, and its input (N, C)."""
    _expect_evaluation(encoder)
    expect_packed(points, offsets, features, encoder.inputs)
    encoding = encoder(points, offsets, features)
    if transforms:
        yield encoder.input_transform.shared, points
    x = transformed(points, offsets, encoding.input_transform)
    x = encoder.before(x if features is None else torch.cat([x, features], 1))
    if transforms and encoder.feature_transform is not None:
        yield encoder.feature_transform.shared, x
    yield encoder.after, encoding.local


def _along(
    encoder: PointNetEncoder, both: Tensor, points: Tensor, transforms: bool
) -> Iterator[tuple[SharedMLP, Tensor]]:
    """The same for all of `both`, under the transforms that `points` alone lead to."""
    one = torch.tensor([0, len(points)], device=points.device)
    every = torch.tensor([0, len(both)], device=points.device)
    encoding = encoder(points, one)
    if transforms:
        yield encoder.input_transform.shared, both
    x = encoder.before(transformed(both, every, encoding.input_transform))
    if encoding.feature_transform is not None:
        if transforms:
            assert encoder.feature_transform is not None
            yield encoder.feature_transform.shared, x
        x = transformed(x, every, encoding.feature_transform)
    yield encoder.after, x


def _expect_evaluation(encoder: PointNetEncoder) -> None:
    if not isinstance(encoder, PointNetEncoder):
        kind = type(encoder).__name__
        raise GeometryError(f"encoder: expected a PointNetEncoder (net.encoder), got {kind}")
    if encoder.training:
        raise GeometryError("encoder: expected evaluation mode (eval()), got training mode")
