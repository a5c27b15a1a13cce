"""Voxel means against Open3D's down-sampling, and trilinear reading against grid_sample."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch

from geomdl.bench.measure import Floor, Row, Work, if_installed
from geomdl.ops.voxelize import trilinear, voxelize

COUNT, CELL = 1_000_000, 0.02


def prepare_voxelize() -> Work:
    generator = torch.Generator().manual_seed(0)
    points = torch.randn((COUNT, 3), generator=generator)
    points = points / points.norm(dim=-1, keepdim=True)

    def same(ours: Any, peer: Any) -> None:
        mine, theirs = ours.features.numpy(), peer.point.positions.numpy()
        mine, theirs = (a[np.lexsort(a.T)] for a in (mine, theirs))
        if abs(len(mine) - len(theirs)) > 0.01 * len(theirs):
            raise AssertionError(f"{len(mine)} and {len(theirs)} voxels")

    return Work(
        ours=lambda: voxelize(points, CELL, features=points),
        peer=if_installed(lambda: open3d_means(points.numpy())),
        same=same,
    )


def open3d_means(points: np.ndarray) -> Callable[[], Any]:
    import open3d

    o3d: Any = open3d
    cloud = o3d.t.geometry.PointCloud(o3d.core.Tensor(points))
    return lambda: cloud.voxel_down_sample(CELL)


def prepare_trilinear() -> Work:
    generator = torch.Generator().manual_seed(0)
    grid = torch.randn((8, 64, 64, 64), generator=generator).requires_grad_()
    points = torch.rand((200_000, 3), generator=generator).requires_grad_()
    origin = torch.zeros(3)

    def gradients(values: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return torch.autograd.grad(values.square().sum(), (grid, points))

    def peer() -> tuple[torch.Tensor, ...]:
        places = (2 * points - 1).flip(-1)[None, None, None]
        read = torch.nn.functional.grid_sample(
            grid[None], places, padding_mode="border", align_corners=False
        )
        return gradients(read[0, :, 0, 0].T)

    def same(ours: tuple[torch.Tensor, ...], theirs: tuple[torch.Tensor, ...]) -> None:
        for a, b in zip(ours, theirs, strict=True):
            if float((a - b).norm() / b.norm()) > 1e-4:
                raise AssertionError("gradients differ from grid_sample's")

    return Work(
        ours=lambda: gradients(trilinear(grid, points, origin, 1 / 64)), peer=peer, same=same
    )


def rows() -> Iterator[Row]:
    yield Row(
        name="voxelize",
        group="ops",
        work="1M points of a sphere, 2 cm, means",
        peer="Open3D voxel_down_sample",
        prepare=prepare_voxelize,
        floor=Floor(moved=COUNT * (12 + 12 + 8 + 8)),
        target=1.5,
    )
    yield Row(
        name="trilinear",
        group="ops",
        work="200k points, 8x64^3, with gradients",
        peer="torch grid_sample",
        prepare=prepare_trilinear,
        floor=Floor(moved=200_000 * 8 * 8 * 4 * 3),  # eight corners, thrice
        target=1.0,
    )
