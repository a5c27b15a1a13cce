"""Convolution at listed sites: one sum over a table, for every kind of it.

A table (M, K) int32 says, for each of M output sites and K entries of the kernel, the row of the
input site that it reads, -1 for none (`geomdl.ops.sites.kernel_map`). Submanifold, strided,
dilated and transposed convolution differ in their table only (Graham and van der Maaten,
"Submanifold sparse convolutional networks", 2017; Choy et al., "4D spatio-temporal ConvNets",
2019, eq. 3).
"""

from typing import Any, Optional

import torch
from torch import Tensor

from geomdl.errors import GeometryError, describe, expect_number, expect_tensor
from geomdl.ops.dispatch import op
from geomdl.ops.sites import children, kernel_map, parents, reached, transposed_map

__all__ = [
    "children",
    "gather_conv",
    "gather_multiply",
    "gather_outer",
    "kernel_map",
    "parents",
    "reached",
    "transposed_map",
]

FLOATS = (torch.float32, torch.float64, torch.bfloat16, torch.float16)
KERNELS = (torch.float32, torch.bfloat16)


def sum_dtype(dtype: torch.dtype) -> torch.dtype:
    """The dtype in which products are added: float64 for float64, else float32."""
    return dtype if dtype == torch.float64 else torch.float32


def _check_multiply(
    features: Tensor,
    weight: Tensor,
    table: Tensor,
    bias: Optional[Tensor],
    groups: int,
    turn: bool,
) -> None:
    named = "K O/groups C" if turn else "K C/groups O"
    expect_tensor("features", features, "N C", dtypes=FLOATS)
    expect_tensor("weight", weight, named, dtypes=(features.dtype,), like=features)
    expect_tensor("table", table, "M K", dtypes=(torch.int32,), like=features)
    expect_number("groups", groups, low=1)
    entries, inner, outer = weight.shape
    channels, outputs = (outer, inner * groups) if turn else (inner * groups, outer)
    if features.shape[1] != channels or outer % groups or entries != table.shape[1]:
        raise GeometryError(
            f"weight: expected ({named}) with K = {table.shape[1]}, C = {features.shape[1]} and "
            f"{groups} groups, got {tuple(weight.shape)}"
        )
    if bias is not None:
        expect_tensor("bias", bias, "O", dtypes=(features.dtype,), like=features)
        if len(bias) != outputs:
            raise GeometryError(f"bias: expected ({outputs},), got {tuple(bias.shape)}")
    _expect_rows(table, len(features))


def _expect_rows(table: Tensor, count: int) -> None:
    if not table.numel():
        return
    low, high = (int(bound) for bound in table.aminmax())
    if low < -1 or high >= count:
        raise GeometryError(
            f"table: rows run from {low} to {high}, expected -1 to {count - 1} of features"
        )


def turned(weight: Tensor, groups: int) -> Tensor:
    """Weight (K, C/groups, O) -> (K, O/groups, C): the weight of the transposed convolution."""
    split = weight.unflatten(2, (groups, -1))  # (K, C/G, G, O/G)
    return split.permute(0, 3, 2, 1).flatten(2)


def _fake_multiply(
    features: Tensor,
    weight: Tensor,
    table: Tensor,
    bias: Optional[Tensor],
    groups: int,
    turn: bool,
) -> Tensor:
    outputs = weight.shape[1] * groups if turn else weight.shape[2]
    return features.new_empty(table.shape[0], outputs, dtype=sum_dtype(features.dtype))


@op(fake=_fake_multiply, check=_check_multiply, dtypes=KERNELS)
def gather_multiply(
    features: Tensor,
    weight: Tensor,
    table: Tensor,
    bias: Optional[Tensor] = None,
    groups: int = 1,
    turn: bool = False,
) -> Tensor:
    """Features (N, C), weight (K, C/groups, O), table (M, K) -> (M, O), as in `gather_conv`.

    With `turn` the weight is (K, O/groups, C), that of the convolution from O to C channels which
    this one transposes. Not differentiable; float32 for 16-bit features, since sums are float32.
    Raises GeometryError.
    """
    wide = sum_dtype(features.dtype)
    values, weight = features.to(wide), weight.to(wide)
    split = (turned(weight, groups) if turn else weight).unflatten(2, (groups, -1))
    total = values.new_zeros(len(table), groups, split.shape[3])
    for k in range(table.shape[1]):
        here = (table[:, k] >= 0).nonzero()[:, 0]
        taken = values[table[here, k].long()].unflatten(1, (groups, -1))  # (P, G, C/G)
        total.index_add_(0, here, torch.einsum("pgc,cgo->pgo", taken, split[k]))
    result = total.flatten(1)
    return result if bias is None else result + bias.to(wide)


def _check_outer(features: Tensor, gradient: Tensor, table: Tensor, groups: int) -> None:
    expect_tensor("features", features, "N C", dtypes=FLOATS)
    expect_tensor("gradient", gradient, "M O", dtypes=(features.dtype,), like=features)
    expect_tensor("table", table, "M K", dtypes=(torch.int32,), like=features)
    expect_number("groups", groups, low=1)
    if len(gradient) != len(table):
        raise GeometryError(f"gradient: expected {len(table)} rows, got {len(gradient)}")
    if features.shape[1] % groups or gradient.shape[1] % groups:
        raise GeometryError(
            f"groups: {groups} does not divide {features.shape[1]} and {gradient.shape[1]} channels"
        )
    _expect_rows(table, len(features))


@op(
    fake=lambda features, gradient, table, groups: features.new_empty(
        table.shape[1],
        features.shape[1] // groups,
        gradient.shape[1],
        dtype=sum_dtype(features.dtype),
    ),
    check=_check_outer,
    dtypes=KERNELS,
)
def gather_outer(features: Tensor, gradient: Tensor, table: Tensor, groups: int = 1) -> Tensor:
    """Features (N, C), gradient (M, O), table (M, K) -> (K, C/groups, O): the weight's gradient.

    Entry k is the sum over m of features[table[m, k]] gradient[m]^T. Not differentiable; float32
    for 16-bit features. Raises GeometryError.
    """
    wide = sum_dtype(features.dtype)
    values, out = features.to(wide), gradient.to(wide).unflatten(1, (groups, -1))  # (M, G, O/G)
    shape = (table.shape[1], features.shape[1] // groups, gradient.shape[1])
    result = values.new_zeros(shape)
    for k in range(table.shape[1]):
        here = (table[:, k] >= 0).nonzero()[:, 0]
        taken = values[table[here, k].long()].unflatten(1, (groups, -1))
        result[k] = torch.einsum("pgc,pgo->cgo", taken, out[here]).flatten(1)
    return result


class _Multiply(torch.autograd.Function):
    """It holds both tables, so that either gradient is again a _Multiply or an _Outer."""

    @staticmethod
    def forward(ctx: Any, *args: Any) -> Tensor:
        features, weight, bias, table, transposed, groups, turn = args
        ctx.save_for_backward(features, weight, table, transposed)
        ctx.groups, ctx.turn = groups, turn
        return gather_multiply(features, weight, table, bias, groups, turn).to(features.dtype)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Optional[Tensor], ...]:
        features, weight, table, transposed = ctx.saved_tensors
        groups, turn, gradient = ctx.groups, ctx.turn, gradients[0].contiguous()
        values = kernel = bias = None
        if ctx.needs_input_grad[0]:
            values = _Multiply.apply(gradient, weight, None, transposed, table, groups, not turn)
        if ctx.needs_input_grad[1] and turn:
            kernel = _Outer.apply(gradient, features, transposed, table, groups)
        elif ctx.needs_input_grad[1]:
            kernel = _Outer.apply(features, gradient, table, transposed, groups)
        if ctx.needs_input_grad[2]:
            bias = gradient.sum(0)
        return values, kernel, bias, None, None, None, None


class _Outer(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, *args: Any) -> Tensor:
        features, gradient, table, transposed, groups = args
        ctx.save_for_backward(features, gradient, table, transposed)
        ctx.groups = groups
        return gather_outer(features, gradient, table, groups).to(features.dtype)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Optional[Tensor], ...]:
        features, gradient, table, transposed = ctx.saved_tensors
        groups, weight = ctx.groups, gradients[0].contiguous()
        values = out = None
        if ctx.needs_input_grad[0]:
            values = _Multiply.apply(gradient, weight, None, transposed, table, groups, True)
        if ctx.needs_input_grad[1]:
            out = _Multiply.apply(features, weight, None, table, transposed, groups, False)
        return values, out, None, None, None


def gather_conv(
    features: Tensor,
    weight: Tensor,
    table: Tensor,
    bias: Optional[Tensor] = None,
    groups: int = 1,
    transposed: Optional[Tensor] = None,
) -> Tensor:
    """Features (N, C), weight (K, C/groups, O), table (M, K) -> (M, O): a sparse convolution.

    Row m is bias + sum over k of features[table[m, k]] weight[k], entries -1 left out; group g of
    the channels goes to group g of the outputs. float32, float64, bfloat16 or float16 (16-bit
    features are summed in float32).
    Differentiable in features, weight and bias, any number of times. `transposed` is
    `transposed_map(table, N)`, computed here where it is needed and not given: keep it for many
    calls. Under torch.autocast everything is cast as for a linear layer. Raises GeometryError.

    >>> features, weight = torch.tensor([[1.0], [2.0]]), torch.ones(3, 1, 1)
    >>> table = torch.tensor([[-1, 0, 1], [0, 1, -1]], dtype=torch.int32)
    >>> gather_conv(features, weight, table).tolist()
    [[3.0], [3.0]]
    """
    kind = features.device.type
    if torch.is_autocast_enabled(kind):
        low = torch.get_autocast_dtype(kind)
        features, weight = features.to(low), weight.to(low)
        bias = None if bias is None else bias.to(low)
    learning = [t for t in (features, weight, bias) if t is not None and t.requires_grad]
    if not learning or not torch.is_grad_enabled():
        return gather_multiply(features, weight, table, bias, groups).to(features.dtype)
    if transposed is None:
        transposed = transposed_map(table, len(features))
    if transposed.shape != (len(features), table.shape[1]):
        wanted = f"transposed_map(table, {len(features)})"
        raise GeometryError(f"transposed: expected {wanted}, got {describe(transposed)}")
    weight = weight.contiguous()  # once, and not again on the way back
    return _Multiply.apply(features, weight, bias, table, transposed, groups, False)
