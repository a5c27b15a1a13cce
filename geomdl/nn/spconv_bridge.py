"""spconv where it is installed: its tensors to ours and back, and its kernels under our layers.

    space = SparseSpace(3, multiply=spconv_bridge.gather_conv)

makes every convolution on that space run in spconv (https://github.com/traveller59/spconv, 2.x),
with the same sites, tables, weights and results. Its wheels for CUDA go both ways; its wheel for
CPUs computes forwards only, which is what our tests compare.
"""

from collections.abc import Sequence
from types import ModuleType
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.utils.weak import WeakTensorKeyDictionary

from geomdl.errors import GeometryError, describe
from geomdl.nn.sparse_field import expect_inside
from geomdl.structures import SparseVoxels
from geomdl.structures.tensors import expect_extent

if TYPE_CHECKING:
    from spconv.pytorch import SparseConvTensor

# What depends on nothing but the table is kept as long as the table is.
_pairs: WeakTensorKeyDictionary = WeakTensorKeyDictionary()


def installed() -> ModuleType:
    """spconv.pytorch. Raises ImportError that says how to get it."""
    try:
        import spconv.pytorch
    except ImportError as error:
        raise ImportError(
            "spconv is not installed: `pip install spconv` (CPU, forwards only) or the wheel of "
            "your CUDA, e.g. spconv-cu120"
        ) from error
    return spconv.pytorch


def to_spconv(voxels: SparseVoxels, extent: Sequence[int] | None = None) -> "SparseConvTensor":
    """SparseVoxels -> SparseConvTensor: indices (N, 1 + D) int32 of item and coordinates.

    Axes keep their order (spconv calls the first one z). extent: its spatial_shape, by default as
    far as the sites go. Rows keep their order.
    """
    if not isinstance(voxels, SparseVoxels):
        raise GeometryError(f"voxels: expected SparseVoxels, got {describe(voxels)}")
    if extent is None:
        extent = (voxels.bounds[1] + 1).tolist()
    extent = expect_extent("extent", extent, voxels.coordinates.shape[1])
    expect_inside(voxels.coordinates, extent)
    indices = torch.cat([voxels.items[:, None].int(), voxels.coordinates], 1)
    tensor = installed().SparseConvTensor
    return tensor(voxels.features, indices, list(extent), voxels.batch_size)


def from_spconv(tensor: "SparseConvTensor", stride: int = 1) -> SparseVoxels:
    """SparseConvTensor -> SparseVoxels, rows sorted by item and Morton key.

    stride: cells of the input per cell here, which spconv does not note down.
    """
    items, cells = tensor.indices[:, 0].long(), tensor.indices[:, 1:].int()
    order = items.argsort(stable=True)
    counts = torch.bincount(items, minlength=tensor.batch_size)
    offsets = torch.nn.functional.pad(counts.cumsum(0), (1, 0))
    return SparseVoxels.sorted(cells[order], tensor.features[order], stride, offsets)


def pairs_of(table: Tensor) -> tuple[Tensor, Tensor]:
    """Table (M, K) -> spconv's pairs (2, K, M) int32 of rows in and out, count (K,) int32."""
    if table not in _pairs:
        entry, out = (table.t() >= 0).nonzero(as_tuple=True)  # entry by entry
        count = torch.bincount(entry, minlength=table.shape[1])
        place = torch.arange(len(entry), device=table.device) - (count.cumsum(0) - count)[entry]
        pairs = table.new_full((2, table.shape[1], len(table)), -1)
        pairs[0, entry, place] = table[out, entry]
        pairs[1, entry, place] = out.int()
        _pairs[table] = pairs, count.int()
    return _pairs[table]


def gather_conv(
    features: Tensor,
    weight: Tensor,
    table: Tensor,
    bias: Tensor | None = None,
    groups: int = 1,
    transposed: Tensor | None = None,
) -> Tensor:
    """As `geomdl.ops.sparse.gather_conv`, by spconv, which has no groups and needs no `transposed`.

    Differentiable once, on CUDA. Raises GeometryError for groups and for gradients on a CPU.
    """
    if groups != 1:
        raise GeometryError(f"groups: spconv's convolution has none, got {groups}")
    kernel = weight.permute(2, 0, 1)  # (O, K, C), spconv's KRSC
    out = _Convolution.apply(features, kernel, table)
    return out if bias is None else out + bias


class _Convolution(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, *args: Tensor) -> Tensor:
        features, kernel, table = args
        ctx.save_for_backward(features, kernel, table)
        pairs, count = pairs_of(table)
        if not len(table) or not len(features):
            return features.new_zeros(len(table), len(kernel))
        run = installed().ops.indice_conv
        return run(features.contiguous(), _cubed(kernel), pairs, count, len(table))

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        features, kernel, table = ctx.saved_tensors
        if features.device.type == "cpu":
            raise GeometryError(
                "multiply: spconv computes no gradients on a CPU; use geomdl.ops.sparse.gather_conv"
            )
        pairs, count = pairs_of(table)
        run = installed().ops.indice_conv_backward
        value, weight = run(
            features.contiguous(), _cubed(kernel), gradients[0].contiguous(), pairs, count
        )
        return value, weight.reshape(kernel.shape), None


def _cubed(kernel: Tensor) -> Tensor:
    """(O, K, C) -> (O, K, 1, 1, C): the entries may stand along one axis, pairs name them."""
    return kernel.contiguous()[:, :, None, None]
