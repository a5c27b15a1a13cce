"""Rays through a volume: the ball that was fused is the ball that is seen."""

import numpy as np
import pytest
import torch

from geomdl.errors import GeometryError
from geomdl.ops import dispatch
from geomdl.ops.fuse import TSDFVolume
from geomdl.ops.march import raycast_volume
from tests.oracles import fuse_oracle as oracle

LENS = torch.tensor([[60.0, 0, 32], [0, 60, 24], [0, 0, 1]])
RADIUS = 0.4


def ball(cell: float = 0.02) -> TSDFVolume:
    """The exact distance to a ball in the blocks near it, colours by position."""
    volume = TSDFVolume(cell, 4 * cell)
    line = torch.arange(-4, 4)
    blocks = torch.cartesian_prod(line, line, line).int()
    local = torch.cartesian_prod(*[torch.arange(8)] * 3).reshape(8, 8, 8, 3)
    points = (blocks.long()[:, None, None, None] * 8 + local + 0.5) * cell
    distance = (points.norm(dim=-1) - RADIUS) / volume.truncation
    near = distance.abs().flatten(1).amin(1) < 1
    volume.rows_of(blocks[near])
    volume.tsdf.copy_(distance[near].clamp(-1, 1))
    volume.weights.copy_((distance[near] > -1).float())
    volume.colors.copy_((points[near].permute(0, 4, 1, 2, 3) + 1) / 2)
    return volume


def camera(eye: tuple[float, float, float]) -> torch.Tensor:
    return torch.from_numpy(oracle.look_at(np.array(eye), np.zeros(3))).float()


def test_depth_normals_and_colours_of_a_ball(backend):
    pose = camera((0.9, 0.5, -1.1))
    depth, normal, color = raycast_volume(ball(), LENS, pose, 48, 64)
    truth = oracle.ball_depth(pose.double().numpy(), LENS.double().numpy(), 48, 64, RADIUS)
    truth = torch.from_numpy(truth).float()
    hit = torch.isfinite(depth)
    assert float((hit != (truth > 0)).float().mean()) < 0.01
    both = hit & (truth > 0)
    assert float((depth - truth)[both].abs().quantile(0.98)) < 0.002
    v, u = torch.meshgrid(torch.arange(48) + 0.5, torch.arange(64) + 0.5, indexing="ij")
    rays = torch.stack([(u - 32) / 60, (v - 24) / 60, torch.ones_like(u)], -1)
    points = ((rays * depth[..., None])[both] - pose[:3, 3]) @ pose[:3, :3]
    cosine = (normal[both] * points / RADIUS).sum(-1)
    assert float(cosine.quantile(0.02)) > 0.99
    assert float((color[both] - (points + 1) / 2).abs().max()) < 0.02
    assert float(normal[~hit].abs().max()) == 0


def test_from_within_the_back_of_the_surface_is_not_seen(backend):
    depth, _, _ = raycast_volume(ball(), LENS, camera((0.01, 0.0, 0.05)), 48, 64, near=0.01)
    assert not bool(torch.isfinite(depth).any())


def test_near_far_and_weights_bound_what_is_seen(backend):
    volume, pose = ball(), camera((0.0, 0.0, -1.5))
    assert bool(torch.isfinite(raycast_volume(volume, LENS, pose, 48, 64)[0]).any())
    assert not bool(torch.isfinite(raycast_volume(volume, LENS, pose, 48, 64, far=1.0)[0]).any())
    none = raycast_volume(volume, LENS, pose, 48, 64, min_weight=1.0)[0]
    assert not bool(torch.isfinite(none).any())


def test_an_empty_volume_shows_nothing(backend):
    volume = TSDFVolume(0.02, 0.08, colored=False)
    depth, normal, color = raycast_volume(volume, LENS, torch.eye(4), 5, 7)
    assert depth.shape == (5, 7)
    assert normal.shape == (5, 7, 3)
    assert color is None
    assert not bool(torch.isfinite(depth).any())


def holed(cell: float) -> TSDFVolume:
    """A ball with unknown voxels and unknown blocks, and noise on its values."""
    volume, random = ball(cell), torch.Generator().manual_seed(7)
    volume.tsdf.add_(torch.randn(volume.tsdf.shape, generator=random) * 0.1).clamp_(-1, 1)
    volume.weights.mul_(torch.rand(volume.weights.shape, generator=random) > 0.02)
    volume.weights[torch.rand(len(volume.weights), generator=random) < 0.1] = 0
    return volume


@pytest.mark.parametrize(
    ("volume", "eye"),
    [(ball(), (-0.7, 0.6, 1.0)), (ball(0.05), (0.9, 0.5, -1.1)), (holed(0.04), (0.0, 0.3, -1.2))],
)
def test_backends_agree_and_threads_do_not_matter(volume, eye):
    before = torch.get_num_threads()
    results = []
    for name, threads in (("torch", 1), ("native", 1), ("native", 2)):
        torch.set_num_threads(threads)
        with dispatch.backend(name):
            results.append(raycast_volume(volume, LENS, camera(eye), 48, 64, far=2.5))
    torch.set_num_threads(before)
    slow, fast, again = results
    assert all(torch.equal(a, b) for a, b in zip(fast, again, strict=True))
    assert int(torch.isfinite(fast[0]).sum()) > 300
    for body, kernel, bound in zip(slow, fast, (1e-4, 1e-2, 1e-3), strict=True):
        same = torch.isclose(body, kernel, rtol=0, atol=bound).reshape(48, 64, -1).all(-1)
        assert float((~same).float().mean()) < 0.002


def test_bad_arguments_are_named():
    with pytest.raises(GeometryError, match="height"):
        raycast_volume(ball(0.05), LENS, torch.eye(4), 0, 7)
    with pytest.raises(GeometryError, match="far"):
        raycast_volume(ball(0.05), LENS, torch.eye(4), 4, 7, near=2.0, far=1.0)
    with pytest.raises(GeometryError, match="world_to_camera"):
        raycast_volume(ball(0.05), LENS, torch.eye(3), 4, 7)
