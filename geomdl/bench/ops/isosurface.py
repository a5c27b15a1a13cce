"""Marching cubes against scikit-image (Lewiner's tables)."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch

from geomdl.bench.measure import Floor, Row, Work, if_installed
from geomdl.ops.isosurface import isosurface

SIDE = 128


def field() -> torch.Tensor:
    """A ball with waves, (SIDE, SIDE, SIDE)."""
    x, y, z = torch.meshgrid(*[torch.linspace(-1, 1, SIDE)] * 3, indexing="ij")
    waves = 0.1 * torch.sin(12 * x) * torch.sin(11 * y) * torch.sin(13 * z)
    return (x * x + y * y + z * z).sqrt() - 0.7 + waves


def same(ours: tuple[torch.Tensor, ...], peer: Any) -> None:
    """As many vertices, at the same places, and the same area."""
    mine, theirs = ours[0].numpy() - 0.5, peer[0]
    if len(mine) != len(theirs) or len(np.setdiff1d(round_rows(mine), round_rows(theirs))) > 5:
        raise AssertionError(f"{len(mine)} and {len(theirs)} vertices differ")
    first, second = area(mine, ours[1].numpy()), area(theirs, peer[1])
    if abs(first - second) > 1e-3 * second:
        raise AssertionError(f"areas {first} and {second}")


def round_rows(vertices: np.ndarray) -> np.ndarray:
    whole = np.round(vertices.astype(np.float64) * 100).astype(np.int64)
    return (whole[:, 0] * 20000 + whole[:, 1]) * 20000 + whole[:, 2]


def area(vertices: np.ndarray, faces: np.ndarray) -> float:
    a, b, c = (vertices[faces[:, i]].astype(np.float64) for i in range(3))
    return float(np.linalg.norm(np.cross(b - a, c - a), axis=1).sum() / 2)


def prepare() -> Work:
    values = field()
    return Work(lambda: isosurface(values), if_installed(lambda: lewiner(values.numpy())), same)


def lewiner(values: np.ndarray) -> Callable[[], Any]:
    from skimage.measure import marching_cubes

    return lambda: marching_cubes(values, 0.0, gradient_direction="ascent")


def rows() -> Iterator[Row]:
    traffic = SIDE**3 * (4 + 3 * 2) + 60_000 * 100
    yield Row(
        name="isosurface",
        group="ops",
        work=f"{SIDE}^3 grid",
        peer="skimage marching_cubes",
        prepare=prepare,
        floor=Floor(moved=traffic),
        target=3.0,
    )
