"""Rasterisation against Open3D's ray casting (Embree) of the same image."""

import importlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch

from geomdl.bench.measure import Floor, Row, Work, if_installed
from geomdl.ops.rasterize import rasterize

HEIGHT, WIDTH = 480, 640
INTRINSICS = torch.tensor([[525.0, 0.0, 320.0], [0.0, 525.0, 240.0], [0.0, 0.0, 1.0]])


def bumpy_wall(rows: int, columns: int) -> tuple[torch.Tensor, torch.Tensor]:
    """A height field that fills the picture, in camera space: 2 * rows * columns triangles."""
    y, x = torch.meshgrid(
        torch.linspace(-1.1, 1.1, rows + 1), torch.linspace(-1.5, 1.5, columns + 1), indexing="ij"
    )
    z = 2.0 + 0.3 * torch.sin(5 * x) * torch.cos(4 * y)
    corner = torch.arange(rows * (columns + 1)).view(rows, columns + 1)[:, :-1].flatten()
    below = corner + columns + 1
    first = torch.stack([corner, below, corner + 1], 1)
    second = torch.stack([corner + 1, below, below + 1], 1)
    return torch.stack([x, y, z], -1).view(-1, 3), torch.cat([first, second])


def prepare() -> Work:
    """Open3D's scene is built beforehand; ours starts from the bare mesh each time."""
    vertices, faces = bumpy_wall(175, 200)

    def same(ours: tuple[torch.Tensor, ...], peer: dict[str, Any]) -> None:
        theirs = torch.from_numpy(peer["t_hit"].numpy())  # along rays whose z is 1
        agree = torch.isclose(ours[1][0], theirs, atol=1e-4) | (ours[1][0] == theirs)
        if float(agree.float().mean()) < 0.9999:
            raise AssertionError(f"depths agree in {float(agree.float().mean()):.4%} of pixels")

    return Work(
        ours=lambda: rasterize(vertices, faces, INTRINSICS, HEIGHT, WIDTH),
        peer=if_installed(lambda: open3d_rays(vertices.numpy(), faces.numpy())),
        same=same,
    )


def open3d_rays(vertices: np.ndarray, faces: np.ndarray) -> Callable[[], Any]:
    o3d: Any = importlib.import_module("open3d")
    scene = o3d.t.geometry.RaycastingScene()
    scene.add_triangles(o3d.core.Tensor(vertices), o3d.core.Tensor(faces.astype(np.uint32)))
    rays = o3d.t.geometry.RaycastingScene.create_rays_pinhole(
        o3d.core.Tensor(INTRINSICS.double().numpy()),
        o3d.core.Tensor(np.eye(4)),
        WIDTH,
        HEIGHT,
    )
    return lambda: scene.cast_rays(rays)


def rows() -> Iterator[Row]:
    written = HEIGHT * WIDTH * (8 + 4 + 12)
    read = 70_000 * (24 + 3 * 12)
    yield Row(
        name="rasterize",
        group="render",
        work=f"{WIDTH}x{HEIGHT}, 70k triangles",
        peer="Open3D RaycastingScene.cast_rays",
        prepare=prepare,
        floor=Floor(moved=written + read),
        target=2.0,
        repeats=15,
    )
