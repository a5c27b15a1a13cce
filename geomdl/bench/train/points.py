"""A training step of PointNet++ against the usual way to write it in plain torch."""

import math
from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from geomdl.bench.measure import Floor, Row, Work
from geomdl.bench.plain_pointnet2 import PlainPointNet2
from geomdl.models.point_weights import translated
from geomdl.models.pointnet2 import PointNet2

BATCH, POINTS, CLASSES = 16, 1024, 40


def clouds(batch: int, count: int) -> Tensor:
    """Points (batch, count, 3) on random surfaces that fill the unit sphere, noisy by 1 %.

    A torus, a box, a cylinder or a wavy sheet by turns, stretched and turned at random: most of
    what a scanner or a mesh gives lies on surfaces.
    """
    g = torch.Generator().manual_seed(0)
    made = []
    for item in range(batch):
        u, v = torch.rand(2, count, generator=g) * 2 * math.pi
        if item % 4 == 0:
            ring = 1 + 0.4 * v.cos()
            shape = torch.stack([ring * u.cos(), ring * u.sin(), 0.4 * v.sin()], 1)
        elif item % 4 == 1:
            shape = torch.rand(count, 3, generator=g) * 2 - 1
            axis = torch.randint(3, (count, 1), generator=g)
            shape.scatter_(1, axis, shape.gather(1, axis).sign())
        elif item % 4 == 2:
            shape = torch.stack([0.5 * u.cos(), 0.5 * u.sin(), v / math.pi - 1], 1)
        else:
            shape = torch.stack([u / math.pi - 1, v / math.pi - 1, 0.3 * (u.sin() + v.cos())], 1)
        shape = shape * (0.5 + torch.rand(3, generator=g))
        shape = shape @ torch.linalg.qr(torch.randn(3, 3, generator=g)).Q
        shape = shape + 0.01 * torch.randn(count, 3, generator=g)
        shape = shape - shape.mean(0)
        made.append(shape / shape.norm(dim=1).max())
    return torch.stack(made)


def step(
    model: nn.Module, optimiser: torch.optim.Optimizer, logits: Tensor, label: Tensor
) -> Tensor:
    """One step on a batch -> its loss."""
    loss = F.cross_entropy(logits, label)
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
    return loss.detach()


def prepared(batch: int = BATCH, count: int = POINTS) -> Work:
    """Both networks at the same weights; each call is one more step -> its loss."""
    torch.manual_seed(0)
    plain = PlainPointNet2(CLASSES)
    model = PointNet2(CLASSES, dropout=0.0)
    model.load_state_dict(translated(plain.state_dict()))
    points, label = clouds(batch, count), torch.arange(batch) % CLASSES
    packed, offsets = points.reshape(-1, 3), torch.arange(batch + 1) * count
    ours_by = torch.optim.SGD(model.parameters(), 0.01, momentum=0.9)
    peer_by = torch.optim.SGD(plain.parameters(), 0.01, momentum=0.9)

    def ours() -> Tensor:
        return step(model, ours_by, model(packed, offsets), label)

    def peer() -> Tensor:
        return step(plain, peer_by, plain(points), label)

    return Work(ours, peer, same)


def same(ours: Tensor, theirs: Tensor) -> None:
    """Equal losses; a point on a rim may fall on either side of it."""
    torch.testing.assert_close(ours, theirs, rtol=5e-3, atol=0.0)


def flops(batch: int) -> float:
    """Of the layers behind the first of each level: forward, and twice as much backward.

    Groups have fewer distinct points than slots: 24 of 32 and 49 of 64 on these surfaces.
    """
    one = 512 * 24 * (64 * 64 + 64 * 128) + 512 * 128 * 128
    two = 128 * 49 * (128 * 128 + 128 * 256)
    three = 128 * (259 * 256 + 256 * 512 + 512 * 1024)
    return 3 * 2.0 * batch * (one + two + three)


def rows() -> Iterator[Row]:
    yield Row(
        name="pointnet2_step",
        group="train",
        work=f"PointNet++ SSG, {BATCH} x {POINTS} points",
        peer="plain torch, dense distances",
        prepare=prepared,
        floor=Floor(flops=flops(BATCH)),
        target=4,
        repeats=7,
    )
