"""Convolution as a matrix product, forwards and backwards, on dense grids of any number of axes.

Columns X (B, C * prod(K), L) hold the window of every output cell, weights W (O, C * prod(K)):

    forward                Z = W X + b
    backward to weights    dL/dW = sum over samples of D X', with D = dL/dZ (B, O, L)
    backward to input      dL/dX = W' D, added up where windows overlap

For training use `Conv`: here nothing is fused and X is prod(K) times as large as the input.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from core2d.layers.arithmetic import conv_extent


@dataclass(frozen=True)
class Windows:
    """How a kernel of extent `kernel` walks over a field, the same along every axis but kernel."""

    kernel: tuple[int, ...]
    stride: int = 1
    padding: int = 0
    dilation: int = 1

    def extent(self, extent: Sequence[int]) -> tuple[int, ...]:
        """Extent of the field -> extent of the output."""
        walk = (self.stride, self.padding, self.dilation)
        return tuple(conv_extent(n, k, *walk) for n, k in zip(extent, self.kernel, strict=True))

    def index(self, extent: Sequence[int]) -> Tensor:
        """Extent of the field -> row-major place in the padded field, (prod(K), L) int64."""
        index = torch.zeros(1, 1, dtype=torch.int64)
        for n, out, k in zip(extent, self.extent(extent), self.kernel, strict=True):
            inner = torch.arange(k) * self.dilation
            place = inner[:, None] + torch.arange(out) * self.stride  # (k, out)
            index = index[:, None, :, None] * (n + 2 * self.padding) + place[:, None, :]
            index = index.flatten(2).flatten(0, 1)
        return index


def unfold(x: Tensor, windows: Windows) -> Tensor:
    """Field (B, C, *S) -> columns (B, C * prod(K), L)."""
    index = windows.index(x.shape[2:]).to(x.device)
    padded = F.pad(x, (windows.padding,) * 2 * (x.ndim - 2)).flatten(2)
    return padded[:, :, index].flatten(1, 2)


def fold(columns: Tensor, extent: Sequence[int], windows: Windows) -> Tensor:
    """Columns (B, C * prod(K), L) -> field (B, C, *extent): the adjoint of `unfold`, a sum."""
    index = windows.index(extent).to(columns.device)
    padded = [n + 2 * windows.padding for n in extent]
    values = columns.unflatten(1, (-1, len(index))).flatten(2)  # (B, C, prod(K) * L)
    field = values.new_zeros(*values.shape[:2], math.prod(padded))
    field.index_add_(2, index.flatten(), values)
    inside = [slice(windows.padding, windows.padding + n) for n in extent]
    return field.unflatten(2, padded)[(slice(None), slice(None), *inside)]


def conv_matmul(x: Tensor, weight: Tensor, bias: Tensor | None, windows: Windows) -> Tensor:
    """Field (B, C, *S), weight (O, C, *K) -> field (B, O, *S'): Z = W X + b."""
    z = weight.flatten(1) @ unfold(x, windows)
    z = z if bias is None else z + bias[:, None]
    return z.unflatten(2, windows.extent(x.shape[2:]))


def backward_weight(delta: Tensor, x: Tensor, windows: Windows) -> Tensor:
    """dL/dZ (B, O, *S') and the input (B, C, *S) -> dL/dW (O, C, *K) = sum of D X'.

    The correlation of the input with dL/dZ, or its convolution with dL/dZ turned by 180 degrees;
    gradient descent subtracts it.
    """
    columns = unfold(x, windows)
    gradient = torch.einsum("bol,bkl->ok", delta.flatten(2), columns)
    return gradient.unflatten(1, (x.shape[1], *windows.kernel))


def backward_input(
    delta: Tensor, weight: Tensor, extent: Sequence[int], windows: Windows
) -> Tensor:
    """dL/dZ (B, O, *S') and weight (O, C, *K) -> dL/dx (B, C, *extent): W' D, folded.

    At stride 1 that is the correlation of dL/dZ with the flipped kernel, inputs and outputs
    exchanged.
    """
    return fold(weight.flatten(1).T @ delta.flatten(2), extent, windows)


def conv_matrix(weight: Tensor, extent: Sequence[int], windows: Windows) -> Tensor:
    """Weight (O, C, *K) -> the whole linear map (O * prod(S'), C * prod(S)), mostly zeros.

    Its rows hold the same weights at shifted places: a convolution is a shared, sparse layer.
    """
    cells = weight.shape[1] * math.prod(extent)
    points = torch.eye(cells, dtype=weight.dtype, device=weight.device)
    field = points.view(cells, weight.shape[1], *extent)
    return conv_matmul(field, weight, None, windows).flatten(1).T
