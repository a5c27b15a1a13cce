"""Convolution of sparse fields onto given sites: every kind differs in its sites only.

Graham and van der Maaten 2017 ("Submanifold sparse convolutional networks"): onto the sites
themselves. Choy et al. 2019 ("4D spatio-temporal ConvNets", eq. 3): onto any sites.
"""

from collections.abc import Callable
from typing import TypeAlias

import torch.nn.functional as F
from torch import Tensor

from geomdl.errors import GeometryError
from geomdl.nn.sites import Sites, Steps
from geomdl.nn.sparse_field import SparseField
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
    expect_channels(x, weight.shape[1] * groups)
    kernel = tuple(weight.shape[2:])
    if onto is x.sites and max(kernel) == 1 and groups == 1 and not any(padding or ()):
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
    expect_channels(x, len(weight))
    how = (tuple(weight.shape[2:]), stride, dilation, padding)
    table, back = onto.transposed(x.sites, *how), onto.table(x.sites, *how)
    split = weight.flatten(2).unflatten(0, (groups, -1))  # (G, C/G, O/G, K)
    packed = split.permute(3, 1, 0, 2).flatten(2)  # (K, C/G, O)
    return SparseField(multiply(x.values, packed, table, bias, groups, back), onto)


def expect_channels(x: object, channels: int) -> None:
    """A sparse field of that many channels. Raises GeometryError."""
    if not isinstance(x, SparseField) or x.values.shape[1] != channels:
        raise GeometryError(f"x: expected a SparseField of {channels} channels, got {x!r}"[:200])
