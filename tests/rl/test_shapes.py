"""Grids, clouds and depth images reach geomdl's networks as they are meant."""

import math

import numpy as np
import torch
from gymnasium import spaces
from torch import Generator

from geomdl.models.plain_pointnet import PlainPointNet
from geomdl.models.voxnet import VoxNetEncoder
from rl.encoders import encoder
from rl.shapes import Cloud, Points, Voxels


def floats(*shape: int, high: float = 1.0) -> spaces.Box:
    return spaces.Box(0, high, shape, np.float32)


def test_points_know_no_order_and_no_repetition() -> None:
    net = encoder(floats(20, 4, high=5))
    assert isinstance(net, Points)
    assert isinstance(net.network, PlainPointNet)
    x = torch.randn(2, 20, 4, generator=Generator().manual_seed(0))
    assert torch.equal(net(x), net(x.flip(1)))
    twice = torch.cat([x[:, :10], x[:, :10]], 1)
    thrice = torch.cat([x[:, :10], x[:, :5], x[:, :5]], 1)
    assert torch.equal(net(twice), net(thrice))
    assert not torch.equal(net(x), net(twice))
    y = x[:, :, None]
    for layer in net.network.layers:
        y = torch.relu(layer(y))
    assert torch.allclose(net(x), y[:, :, 0].amax(1), atol=1e-5)


def test_voxels_are_voxnets_and_less_for_small_ones() -> None:
    small, large = (encoder(floats(2, n, n, n)) for n in (9, 24))
    assert isinstance(small, Voxels)
    assert isinstance(large, Voxels)
    assert isinstance(large.network, VoxNetEncoder)
    x = torch.rand(2, 2, 24, 24, 24, generator=Generator().manual_seed(0))
    assert torch.equal(large(x), large.network(x).flatten(1))
    assert (small.network.pool, large.network.pool) == (1, 2)
    assert [len(p) for p in small.parameters()] == [16, 16, 32, 32]


def test_a_depth_image_becomes_its_points() -> None:
    """A wall 2 m ahead with a post 1 m ahead: positions by the pinhole formula."""
    net = Cloud(floats(32, 48, high=4))
    assert net.block == 2
    depth = torch.full((1, 32, 48), 2.0)
    depth[0, 10, 30] = 1.0
    depth[0, :2, :2] = 0.0  # nothing came back
    depth[0, :2, 2:4] = 4.0  # nothing as far as one sees
    points = net.points(depth)
    assert points.shape == (1, 16 * 24, 5)
    grid = points.view(16, 24, 5)
    post = grid[5, 15]
    right, down = (15.5 * 2 - 24) / 24, (5.5 * 2 - 16) / 24  # a lens that opens by 90 degrees
    want = [right / 4, down / 4, 0.25, 1.0, 0.0]
    assert all(math.isclose(a, b, abs_tol=1e-6) for a, b in zip(post.tolist(), want, strict=True))
    assert grid[0, 0].tolist()[2:4] == [1.0, 0.0]
    assert grid[0, 1].tolist()[2:4] == [1.0, 0.0]
    assert bool((grid[1:, :, 3] == 1).all())
    assert math.isclose(float(grid[8, 3, 2]), 0.5)


def test_stacked_frames_are_clouds_that_know_their_age() -> None:
    """(S, C, H, W): the first channel is depth, the others belong to its points."""
    space = spaces.Box(0, 255, (3, 2, 16, 16), np.uint8)
    net = encoder(space, "cloud")
    assert isinstance(net, Cloud)
    x = torch.randint(1, 255, (2, *space.shape), generator=Generator().manual_seed(0)).byte()
    points = net.points(x)
    assert points.shape == (2, 3 * 256, 6)
    byframe = points.view(2, 3, 16, 16, 6)
    assert torch.allclose(byframe[..., 2], x[:, :, 0] / 255)
    assert torch.allclose(byframe[..., 3], x[:, :, 1] / 255)
    assert [byframe[1, i, 0, 0, 5].item() for i in range(3)] == [1.0, 0.5, 0.0]
    y = net(x)
    assert y.shape == (2, net.width)
    y.sum().backward()
    assert all(p.grad is not None for p in net.parameters())
    last = Cloud(spaces.Box(0, 255, (16, 18, 2), np.uint8))
    turned = torch.randint(255, (1, 16, 18, 2), generator=Generator().manual_seed(1)).byte()
    first = Cloud(spaces.Box(0, 255, (2, 16, 18), np.uint8))
    assert torch.equal(last.points(turned), first.points(turned.movedim(3, 1)))
