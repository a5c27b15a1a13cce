"""The work of the sparse rows of the bench: voxels of a surface and one convolution on them."""

import functools
import math
from dataclasses import dataclass

import torch
from torch import Tensor

from geomdl.ops.keys import morton_keys
from geomdl.ops.sites import kernel_map
from geomdl.ops.sparse import gather_conv

CUBE, ONES = [3, 3, 3], [1, 1, 1]
RADIUS, THICK = 0.43, 1.5  # of the extent; cells
NEIGHBORS = 15  # of 27 that a voxel of the shell has, itself included


@dataclass(frozen=True)
class Surface:
    """A spherical shell in a cube: sites (N, 3) int32, offsets, the table of a 3^3 kernel."""

    extent: int
    sites: Tensor
    offsets: Tensor
    table: Tensor

    @property
    def pairs(self) -> int:
        """Products of a row of features with a kernel's entry."""
        return int((self.table >= 0).sum())


def sorted_sites(cells: Tensor) -> Tensor:
    """Cells (N, 3) in any order -> in Morton order."""
    return cells[morton_keys(cells).argsort()].int().contiguous()


def shell_pairs(extent: int) -> float:
    """About `surface(extent).pairs`, before anything is made."""
    return NEIGHBORS * THICK * 4 * math.pi * (RADIUS * extent) ** 2


@functools.cache
def surface(extent: int) -> Surface:
    """The shell of radius RADIUS * extent."""
    axis = torch.arange(extent) - (extent - 1) / 2
    layers = []
    for x in range(extent):
        far = (axis[x] ** 2 + axis[:, None] ** 2 + axis[None] ** 2).sqrt()
        yz = ((far - RADIUS * extent).abs() < THICK / 2).nonzero()
        layers.append(torch.cat([torch.full((len(yz), 1), x), yz], 1))
    sites = sorted_sites(torch.cat(layers))
    offsets = torch.tensor([0, len(sites)])
    table = kernel_map(sites, offsets, sites, offsets, CUBE, ONES, ONES)
    return Surface(extent, sites, offsets, table)


@dataclass(frozen=True)
class Layer:
    """One convolution: features (N, C), weight (27, C, C) and the gradient of its result (N, C)."""

    where: Surface
    features: Tensor
    weight: Tensor
    gradient: Tensor

    def forward(self) -> Tensor:
        """With its map."""
        s = self.where
        table = kernel_map(s.sites, s.offsets, s.sites, s.offsets, CUBE, ONES, ONES)
        return gather_conv(self.features, self.weight, table)


def layer(extent: int, channels: int) -> Layer:
    where = surface(extent)
    g = torch.Generator().manual_seed(0)
    features = torch.randn(len(where.sites), channels, generator=g)
    weight = torch.randn(27, channels, channels, generator=g) / (27 * channels) ** 0.5
    gradient = torch.randn(len(where.sites), channels, generator=g)
    return Layer(where, features, weight, gradient)
