"""Time and memory of a layer on five million voxels against five times those of one million."""

import functools
from collections.abc import Iterator

import torch
from torch import Tensor

from geomdl.bench.measure import Floor, Row, Work, megabytes
from geomdl.bench.sparse_surface import CUBE, ONES, Layer, Surface, layer, sorted_sites
from geomdl.ops.sites import kernel_map
from geomdl.ops.sparse import gather_conv

SHEET = 1000  # cells along the side of the smaller sheet: a million voxels
GROWTH = 5
CHANNELS = 8
VOXELS = 5e6
TABLE, ROW = 27 * 4, CHANNELS * 4  # bytes of a voxel


@functools.cache
def sheet(side: int, parts: int) -> Layer:
    """A wavy sheet of side x (side * parts) voxels."""
    x, y = torch.meshgrid(torch.arange(side), torch.arange(side * parts), indexing="ij")
    z = 100 + 20 * (x / 60).sin() + 20 * (y / 45).cos()
    sites = sorted_sites(torch.stack([x, y, z.long()], -1).reshape(-1, 3))
    work = layer(64, CHANNELS)
    features = torch.ones(len(sites), CHANNELS)
    where = Surface(0, sites, torch.tensor([0, len(sites)]), work.where.table)
    return Layer(where, features, work.weight, features)


def held(work: Layer) -> tuple[Tensor, Tensor]:
    """The map of a layer and its result, as a network keeps both."""
    s = work.where
    table = kernel_map(s.sites, s.offsets, s.sites, s.offsets, CUBE, ONES, ONES)
    return table, gather_conv(work.features, work.weight, table)


def prepare() -> Work:
    big, small = sheet(SHEET, GROWTH), sheet(SHEET, 1)
    return Work(lambda: held(big), lambda: [held(small) for _ in range(GROWTH)])


def rows() -> Iterator[Row]:
    work, peer = "5M voxels, map and forward, 8 channels", "five times 1M voxels"
    moved = Floor(moved=VOXELS * (12 + 2 * TABLE + 2 * ROW))
    yield Row("sparse_growth", "sparse", work, peer, prepare, moved, 0.8, 3)
    kept = Floor(moved=VOXELS * (TABLE + ROW))
    yield Row("sparse_memory", "sparse", work, peer, prepare, kept, 0.8, 3, take=megabytes)
