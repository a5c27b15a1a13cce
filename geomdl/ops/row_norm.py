"""The passes of a batch norm over rows of which each may stand for several equal ones.

`weight` (N,) says how many; None is one each. geomdl/nn/row_norm.py makes a layer of them.
Kernels sum blocks of rows in a fixed order, so their bits do not depend on the number of threads.
"""

from typing import Optional

import torch
from torch import Tensor

from geomdl.errors import GeometryError, describe, expect_offsets, expect_tensor
from geomdl.ops.dispatch import op
from geomdl.ops.neighbors import FLOATS


def _two(values: Tensor, *_: object) -> Tensor:
    return values.new_empty(2, values.shape[1])


def _like(values: Tensor, *_: object) -> Tensor:
    return torch.empty_like(values)


def _expect(shape: tuple[int, ...], *tensors: Optional[Tensor]) -> None:
    """Tensors of that shape; None is left out. Raises GeometryError."""
    for tensor in tensors:
        if tensor is not None and tuple(tensor.shape) != shape:
            raise GeometryError(f"rows: expected a tensor {shape}, got {describe(tensor)}")


def _check_moments(values: Tensor, weight: Optional[Tensor]) -> None:
    expect_tensor("values", values, "N C", dtypes="float")
    _expect((len(values),), weight)


def _check_activate(values: Tensor, scale: Tensor, shift: Tensor, slope: float) -> None:
    expect_tensor("values", values, "N C", dtypes="float")
    _expect((values.shape[1],), scale, shift)


def _check_sums(
    gradient: Tensor, values: Tensor, scale: Tensor, shift: Tensor, mean: Tensor, slope: float
) -> None:
    expect_tensor("values", values, "N C", dtypes="float")
    _expect(tuple(values.shape), gradient)
    _expect((values.shape[1],), scale, shift, mean)


def _check_back(
    gradient: Tensor,
    values: Tensor,
    weight: Optional[Tensor],
    scale: Tensor,
    shift: Tensor,
    mean: Tensor,
    constant: Tensor,
    linear: Tensor,
    slope: float,
) -> None:
    _check_sums(gradient, values, scale, shift, mean, slope)
    _expect((values.shape[1],), constant, linear)
    _expect((len(values),), weight)


def _check_picked(gradient: Tensor, row: Tensor, count: int) -> None:
    expect_tensor("gradient", gradient, "S C", dtypes="float")
    expect_tensor("row", row, "S C", dtypes=(torch.int64,), like=gradient)
    _expect(tuple(gradient.shape), row)
    if row.is_cpu and row.numel():
        low, high = (int(bound) for bound in row.aminmax())
        if low < 0 or high >= count:
            raise GeometryError(f"row: expected 0 to {count - 1}, got {low} to {high}")


def _check_picked_back(
    gradient: Tensor,
    values: Tensor,
    row: Tensor,
    offsets: Tensor,
    weight: Optional[Tensor],
    mean: Tensor,
    constant: Tensor,
    linear: Tensor,
) -> None:
    _check_picked(gradient, row, len(values))
    expect_offsets("offsets", offsets, len(values), values)
    _expect((len(offsets) - 1, values.shape[1]), gradient)
    _expect((values.shape[1],), mean, constant, linear)
    _expect((len(values),), weight)


def _check_product(base: Tensor, gradient: Tensor, row: Tensor, matrix: Tensor) -> None:
    _check_picked(gradient, row, len(base))
    _expect((gradient.shape[1], base.shape[1]), matrix)


def _check_outer(gradient: Tensor, row: Tensor, values: Tensor) -> None:
    expect_tensor("values", values, "N C", dtypes="float")
    _check_picked(gradient, row, len(values))


@op(fake=_two, check=_check_moments, dtypes=FLOATS)
def row_moments(values: Tensor, weight: Optional[Tensor]) -> Tensor:
    """Values (N, C), weight (N,) -> (2, C): mean, and variance about it divided by sum(weight).

    >>> row_moments(torch.tensor([[1.0], [4.0]]), torch.tensor([2.0, 1.0]))
    tensor([[2.],
            [2.]])
    """
    w = values.new_ones(len(values)) if weight is None else weight
    mean = (w @ values) / w.sum()
    return torch.stack([mean, (w @ (values - mean).square()) / w.sum()])


@op(fake=_like, check=_check_activate, dtypes=FLOATS)
def row_activate(values: Tensor, scale: Tensor, shift: Tensor, slope: float) -> Tensor:
    """Values (N, C), scale and shift (C,) -> y = scale values + shift, or slope y where y < 0."""
    y = values * scale + shift
    return torch.where(y > 0, y, y * slope)


def _through(
    gradient: Tensor, values: Tensor, scale: Tensor, shift: Tensor, slope: float
) -> Tensor:
    return torch.where(values * scale + shift > 0, gradient, gradient * slope)


@op(fake=_two, check=_check_sums, dtypes=FLOATS)
def row_sums(
    gradient: Tensor, values: Tensor, scale: Tensor, shift: Tensor, mean: Tensor, slope: float
) -> Tensor:
    """The gradient (N, C) of row_activate's result -> (2, C): sums of g and of g (values - mean).

    g is the gradient behind the activation.
    """
    g = _through(gradient, values, scale, shift, slope)
    return torch.stack([g.sum(0), (g * (values - mean)).sum(0)])


@op(fake=_like, check=_check_back, dtypes=FLOATS)
def row_back(
    gradient: Tensor,
    values: Tensor,
    weight: Optional[Tensor],
    scale: Tensor,
    shift: Tensor,
    mean: Tensor,
    constant: Tensor,
    linear: Tensor,
    slope: float,
) -> Tensor:
    """The gradient of the values: scale g - weight (constant + linear (values - mean)), (N, C)."""
    g = _through(gradient, values, scale, shift, slope) * scale
    pull = constant + linear * (values - mean)
    return g - (pull if weight is None else pull * weight[:, None])


@op(
    fake=lambda gradient, values, *_: torch.empty_like(values),
    check=_check_picked_back,
    dtypes=FLOATS,
)
def picked_back(
    gradient: Tensor,
    values: Tensor,
    row: Tensor,
    offsets: Tensor,
    weight: Optional[Tensor],
    mean: Tensor,
    constant: Tensor,
    linear: Tensor,
) -> Tensor:
    """row_back where the gradient (S, C) reaches one row (S, C) of each segment and channel."""
    pull = constant + linear * (values - mean)
    back = -pull if weight is None else -pull * weight[:, None]
    return back.scatter_add_(0, row, gradient)


@op(fake=lambda base, *_: torch.empty_like(base), check=_check_product, dtypes=FLOATS)
def picked_product(base: Tensor, gradient: Tensor, row: Tensor, matrix: Tensor) -> Tensor:
    """Base (N, I) + the product with matrix (C, I) of what gradient (S, C) is at row (S, C).

    Like base + G matrix for a G (N, C) that is 0 but for G[row[s, c], c] = gradient[s, c].
    """
    sparse = base.new_zeros(len(base), len(matrix)).scatter_add_(0, row, gradient)
    return torch.addmm(base, sparse, matrix)


@op(
    fake=lambda gradient, row, values: values.new_empty(gradient.shape[1], values.shape[1]),
    check=_check_outer,
    dtypes=FLOATS,
)
def picked_outer(gradient: Tensor, row: Tensor, values: Tensor) -> Tensor:
    """G^T values (C, I) for values (N, I) and the G of picked_product."""
    sparse = values.new_zeros(len(values), gradient.shape[1]).scatter_add_(0, row, gradient)
    return sparse.mT @ values
