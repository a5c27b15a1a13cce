"""Which way is up in a scan of a place: floors and tables lie level, walls stand plumb."""

import math

import torch
from torch import Tensor

from geomdl.errors import expect_number, expect_tensor

NEAR = math.radians(6.0)  # within which a surface counts as level or plumb
DIRECTIONS = 600  # tried in the cone around z
LEAST = 0.25  # share of level and plumb surfaces below which nothing is said; of random ones 0.11
MOST = 20_000  # normals that are looked at


def upright(normals: Tensor, *, most: float = math.radians(40.0)) -> Tensor:
    """Unit normals (N, 3) of either sign, z up to `most` radians off -> rotation (3, 3), float64.

    Its rows turn up into z: points @ rotation.T stand upright. Up is the direction along or across
    which most normals lie, so that rooms in which no two walls are square to each other stand as
    well. The identity where too few surfaces lie level or stand plumb to tell.
    """
    normals = expect_tensor("normals", normals, "N 3", dtypes="float", finite=True).detach()
    expect_number("most", most, above=0)
    chosen = normals[:: max(1, len(normals) // MOST)].double()
    if not len(chosen):
        return torch.eye(3, dtype=torch.float64)
    tried = cap(most, DIRECTIONS)
    support = supported(chosen, tried)
    up = tried[int(support.argmax())]
    for _ in range(8):
        cosine = (chosen @ up).abs()
        level, plumb = chosen[cosine > math.cos(NEAR)], chosen[cosine < math.sin(NEAR)]
        up = torch.linalg.eigh(level.mT @ level - plumb.mT @ plumb)[1][:, -1]
        up = up * (1 if up[2] >= 0 else -1)
    if float(supported(chosen, up[None])) < LEAST:
        return torch.eye(3, dtype=torch.float64)
    return onto_z(up)


def cap(most: float, count: int) -> Tensor:
    """`count` directions (count, 3) float64, evenly within `most` radians of z, z the first."""
    place = torch.arange(count, dtype=torch.float64)
    height = 1 - (1 - math.cos(most)) * place / count
    turn = place * math.pi * (3 - math.sqrt(5))
    radius = (1 - height**2).clamp(min=0).sqrt()
    return torch.stack([radius * turn.cos(), radius * turn.sin(), height], 1)


def supported(normals: Tensor, ups: Tensor) -> Tensor:
    """Normals (N, 3), directions (M, 3) -> shares (M,) of normals along or across each of them."""
    cosine = (normals @ ups.mT).abs()
    return ((cosine > math.cos(NEAR)) | (cosine < math.sin(NEAR))).double().mean(0)


def onto_z(up: Tensor) -> Tensor:
    """A unit vector (3,), not -z -> the rotation (3, 3) that takes it to z by the shortest way."""
    x, y, z = up.tolist()
    k = 1 / (1 + z)
    rows = [[1 - k * x * x, -k * x * y, -x], [-k * x * y, 1 - k * y * y, -y], [x, y, z]]
    return torch.tensor(rows, dtype=torch.float64)


def lean(rotation: Tensor) -> float:
    """A rotation (3, 3) -> radians between z and where it takes z."""
    return math.acos(max(-1.0, min(1.0, float(rotation[2, 2]))))
