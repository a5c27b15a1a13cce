"""Convolution of sparse fields onto given sites: every kind differs in its sites only.

Graham and van der Maaten 2017 ("Submanifold sparse convolutional networks"): onto the sites
themselves. Choy et al. 2019 ("4D spatio-temporal ConvNets", eq. 3): onto any sites.
"""

from collections.abc import Callable
from typing import TypeAlias

import torch.nn.functional as F
from torch import Tensor

from core2d.errors import expect_weighted
from geomdl.errors import GeometryError, expect_tensor
from geomdl.nn.sites import Sites, Steps
from geomdl.nn.sparse_field import SparseField, expect_field
from geomdl.ops.sparse import gather_conv

# As gather_conv: features, weight (K, C/groups, O), table, bias, groups, transposed table
Multiply: TypeAlias = Callable[[Tensor, Tensor, Tensor, Tensor | None, int, Tensor | None], Tensor]


def convolve(
    x: SparseField,
    weight: Tensor,
    bias: Tensor | None,
    onto: Sites,
    *,
    stride: Steps,
    dilation: Steps,
    groups: int = 1,
    padding: Steps | None = None,
    multiply: Multiply = gather_conv,
) -> SparseField:
    """Field (N, C), weight (O, C/groups, *K) -> field (M, O) on the sites `onto`. Correlation.

    Site c of `onto` reads c * stride + dilation * k - start, with the start of the site rule of
    `Space`, or `padding`. Raises GeometryError for channels that do not fit.
    """
    expect_channels(x, weight, groups)
    kernel = tuple(weight.shape[2:])
    if onto is x.sites and max(kernel) == 1 and groups == 1 and not any(padding or ()):
        if bias is not None:
            expect_tensor("bias", bias, f"{len(weight)}")
        return x.on(F.linear(x.values, weight.flatten(1), bias))
    how = (kernel, stride, dilation, padding)
    table = x.sites.table(onto, *how)
    back = x.sites.transposed(onto, *how) if x.values.requires_grad else None
    packed = weight.flatten(2).permute(2, 1, 0)  # (K, C/groups, O)
    return SparseField(multiply(x.values, packed, table, bias, groups, back), onto)


def convolve_transposed(
    x: SparseField,
    weight: Tensor,
    bias: Tensor | None,
    onto: Sites,
    *,
    stride: Steps,
    dilation: Steps,
    groups: int = 1,
    padding: Steps | None = None,
    multiply: Multiply = gather_conv,
) -> SparseField:
    """Field (M, C), weight (C, O/groups, *K) -> field (N, O) on the finer sites `onto`.

    The adjoint of `convolve` from `onto`: spconv's inverse convolution. Raises GeometryError.
    """
    expect_channels(x, weight, groups, transposed=True)
    how = (tuple(weight.shape[2:]), stride, dilation, padding)
    table, back = onto.transposed(x.sites, *how), onto.table(x.sites, *how)
    split = weight.flatten(2).unflatten(0, (groups, -1))  # (G, C/G, O/G, K)
    packed = split.permute(3, 1, 0, 2).flatten(2)  # (K, C/G, O)
    return SparseField(multiply(x.values, packed, table, bias, groups, back), onto)


def expect_channels(x: object, weight: Tensor, groups: int, transposed: bool = False) -> None:
    """A sparse field that the weight fits: channels, groups, dtype. Raises GeometryError."""
    field = expect_field("x", x)
    if groups < 1 or len(weight) % groups:
        raise GeometryError(f"groups: expected a divisor of {len(weight)} channels, got {groups}")
    channels = len(weight) if transposed else weight.shape[1] * groups
    if field.values.shape[1] != channels:
        raise GeometryError(f"x: expected a SparseField of {channels} channels, got {x!r}")
    expect_weighted(field.values, weight, channels)
