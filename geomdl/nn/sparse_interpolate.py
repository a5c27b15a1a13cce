"""Values between the sites of a sparse field: onto other sites, and at points."""

import itertools

import torch
from torch import Tensor

from core2d.errors import expect_choice
from geomdl.errors import GeometryError, expect_offsets, expect_tensor
from geomdl.nn.sites import Sites
from geomdl.nn.sparse_field import SparseField
from geomdl.ops.neighbors import take_rows


def interpolate(
    field: SparseField, places: Tensor, offsets: Tensor, mode: str = "linear"
) -> Tensor:
    """Field (N, C), places (M, D) in its own cells, offsets (B+1,) -> values (M, C).

    Site c covers c to c + 1. mode nearest: the site that covers a place; linear: the 2^D sites
    around it, those that exist, weighted to sum 1. 0 where there is none. Differentiable in the
    field's values and, where linear, in the places.
    """
    expect_choice("mode", mode, ("nearest", "linear"))
    if not len(field.sites):
        return field.values.new_zeros(len(places), field.values.shape[1])
    if mode == "nearest":
        rows = field.sites.rows_at(places.floor().long(), offsets)
        return take_rows(field.values, rows) * (rows >= 0)[:, None]
    low = (places - 0.5).floor()
    part = places - 0.5 - low
    total = field.values.new_zeros(len(places), field.values.shape[1])
    weights = part.new_zeros(len(places), 1)
    for corner in itertools.product((0, 1), repeat=field.sites.axes):
        up = torch.tensor(corner, device=places.device)
        rows = field.sites.rows_at(low.long() + up, offsets)
        share = torch.where(up > 0, part, 1 - part).prod(1, keepdim=True) * (rows >= 0)[:, None]
        total = total + take_rows(field.values, rows) * share.to(total.dtype)
        weights = weights + share
    return total / torch.where(weights > 0, weights, 1).to(total.dtype)


def at_points(
    field: SparseField, points: Tensor, offsets: Tensor | None = None, mode: str = "linear"
) -> Tensor:
    """Field (N, C), points (P, D) in cells of level 0, offsets (B+1,) -> values (P, C).

    Points in metres come as (points - origin) / cell. See `interpolate`. Raises GeometryError.
    """
    axes = field.sites.axes
    expect_tensor("points", points, f"P {axes}", dtypes="float", finite=True, like=field.values)
    offsets = expect_offsets("offsets", offsets, len(points), points)
    if len(offsets) != len(field.sites.offsets):
        wanted = len(field.sites.offsets) - 1
        raise GeometryError(f"offsets: expected {wanted} items, got {len(offsets) - 1}")
    stride = points.new_tensor([float(step) for step in field.sites.stride])
    return interpolate(field, points / stride, offsets, mode)


def resized(field: SparseField, onto: Sites, mode: str) -> SparseField:
    """Field -> field on the sites `onto`, of any stride, by the centres of its cells."""
    ratio = [float(a / b) for a, b in zip(onto.stride, field.sites.stride, strict=True)]
    places = (onto.coordinates.double() + 0.5) * torch.tensor(ratio, device=field.values.device)
    return SparseField(interpolate(field, places, onto.offsets, mode), onto)
