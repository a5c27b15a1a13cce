"""The same convolution by others: plain torch, spconv's CPU wheel, ocnn and Open3D."""

import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

import torch
from torch import Tensor

from geomdl.bench.sparse_surface import Layer


def gradients(conv: Callable[[Tensor, Tensor], Tensor], work: Layer) -> tuple[Tensor, ...]:
    """Forwards and backwards: the result and the gradients of features and weight."""
    features, weight = (t.detach().requires_grad_() for t in (work.features, work.weight))
    result = conv(features, weight)
    result.backward(work.gradient)
    assert features.grad is not None
    assert weight.grad is not None
    return result.detach(), features.grad, weight.grad


def torch_pairs(table: Tensor) -> list[tuple[Tensor, Tensor]]:
    """The table as a list of pairs by entry: rows of the result, rows of the features."""
    pairs = []
    for column in table.T:
        here = (column >= 0).nonzero()[:, 0]
        pairs.append((here, column[here].long()))
    return pairs


def torch_conv(pairs: list[tuple[Tensor, Tensor]], rows: int) -> Callable[[Tensor, Tensor], Tensor]:
    """Gather, multiply, scatter onto `rows` rows: the loop that one writes in torch."""

    def conv(features: Tensor, weight: Tensor) -> Tensor:
        result = features.new_zeros(rows, weight.shape[2])
        for k, (to, source) in enumerate(pairs):
            result = result.index_add(0, to, features[source] @ weight[k])
        return result

    return conv


def spconv_forward(work: Layer) -> Callable[[], Tensor]:
    """spconv's CPU wheel; its map is made anew in each call. It has no way back on a CPU.

    With two threads 2.3.8 loses a few sums (its rows race); with one it is right.
    """
    import spconv.pytorch as spconv

    channels = work.features.shape[1]
    conv = spconv.SubMConv3d(channels, channels, 3, bias=False)
    dense = work.weight.unflatten(0, (3, 3, 3)).permute(4, 0, 1, 2, 3)
    conv.weight.data.copy_(dense)
    sites = work.where.sites
    indices = torch.cat([torch.zeros_like(sites[:, :1]), sites], 1)

    def call() -> Tensor:
        extent = [work.where.extent] * 3
        with torch.no_grad():
            return conv(spconv.SparseConvTensor(work.features, indices, extent, 1)).features

    return call


def on_one_thread(call: Callable[[], Any]) -> Any:
    """What a call gives where its threads would race."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return call()
    finally:
        torch.set_num_threads(before)


class OcnnLayer:
    """ocnn's octree of the same voxels and its convolution on the leaves."""

    def __init__(self, work: Layer) -> None:
        if "torchvision" not in sys.modules:  # its classifiers want it; convolutions do not
            sys.modules.setdefault("ocnn.models", ModuleType("ocnn.models"))
        from ocnn.nn import OctreeConv

        self.work, self.depth = work, (work.where.extent - 1).bit_length()
        channels = work.features.shape[1]
        self.conv = OctreeConv(channels, channels, [3], nempty=True)
        self.conv.weights.data.copy_(work.weight)
        self.octree = self.built()
        extent = work.where.extent
        self.order = self._rows_of(self.octree, work.where.sites.long(), extent)
        self.features = work.features[self.order]

    def built(self) -> Any:
        """The octree with its neighbourhoods, as a training step makes it for every batch."""
        from ocnn.octree import Octree, Points

        octree = Octree(self.depth, 2)
        octree.build_octree(Points((self.work.where.sites + 0.5) / (1 << self.depth - 1) - 1))
        octree.construct_all_neigh()
        return octree

    def _rows_of(self, octree: Any, sites: Tensor, extent: int) -> Tensor:
        x, y, z, _ = octree.xyzb(self.depth, True)
        theirs = (x.long() * extent + y) * extent + z
        mine = (sites[:, 0] * extent + sites[:, 1]) * extent + sites[:, 2]
        order = mine.argsort()
        return order[torch.searchsorted(mine[order], theirs)]

    def forward(self) -> Tensor:
        """With the octree and its neighbourhoods."""
        with torch.no_grad():
            return self.conv(self.features, self.built(), self.depth)

    def backward(self) -> tuple[Tensor, ...]:
        """With the octree at hand."""
        features = self.features.detach().requires_grad_()
        self.conv.weights.grad = None
        result = self.conv(features, self.octree, self.depth)
        result.backward(self.work.gradient[self.order])
        assert features.grad is not None
        return result.detach(), features.grad, self.conv.weights.grad

    def in_our_order(self, values: Tensor) -> Tensor:
        result = torch.empty_like(values)
        result[self.order] = values
        return result


def ocnn_layer(work: Layer) -> OcnnLayer | None:
    """None where ocnn is not installed."""
    try:
        return OcnnLayer(work)
    except ImportError:
        return None


def open3d_forward(work: Layer) -> Callable[[], Tensor]:
    """Open3D's layer, whose wheel wants the torch that it was built with."""
    from open3d.ml.torch.layers import SparseConv

    channels = work.features.shape[1]
    conv = SparseConv(channels, channels, [3, 3, 3], use_bias=False)
    conv.kernel.data.copy_(work.weight.unflatten(0, (3, 3, 3)))
    places = work.where.sites + 0.5

    def call() -> Tensor:
        with torch.no_grad():
            return conv(work.features, places, places, voxel_size=1.0)

    return call
