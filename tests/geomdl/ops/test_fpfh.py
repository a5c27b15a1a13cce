import math

import numpy as np
import pytest
import torch
from torch import Tensor

from geomdl.errors import GeometryError
from geomdl.ops.fpfh import fpfh, pair_angles, spfh
from geomdl.ops.neighbors import radius_index
from geomdl.ops.registration import exponential
from tests.oracles import fpfh_oracle as oracle

STEP = torch.tensor([0.9, -0.4, 0.3, 0.5, -0.3, 0.8], dtype=torch.float64)


def bumps(count: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Points and unit normals (N, 3) float64 of a wavy sheet of 1 m."""
    generator = torch.Generator().manual_seed(seed)
    x, y = torch.rand(2, count, generator=generator, dtype=torch.float64)
    z = 0.1 * torch.sin(9 * x) * torch.cos(7 * y) + 0.05 * x * x
    slope_x = 0.9 * torch.cos(9 * x) * torch.cos(7 * y) + 0.1 * x
    slope_y = -0.7 * torch.sin(9 * x) * torch.sin(7 * y)
    normals = torch.stack([-slope_x, -slope_y, torch.ones_like(x)], 1)
    return torch.stack([x, y, z], 1), torch.nn.functional.normalize(normals, dim=1)


@pytest.mark.parametrize("neighbors", [12, 60])
def test_descriptors_are_those_of_the_loops(backend: str, neighbors: int) -> None:
    points, normals = bumps(80)
    points[7] = points[3]  # a pair at distance 0
    points[11] = torch.tensor([5.0, 5.0, 5.0])  # a point without neighbours
    found = fpfh(points, normals, 0.25, neighbors)
    wanted = oracle.fpfh(points.numpy(), normals.numpy(), 0.25, neighbors)
    np.testing.assert_allclose(found, wanted, atol=1e-9)
    assert torch.equal(found[11], torch.zeros(33, dtype=torch.float64))
    sums = found.view(80, 3, 11).sum(2)
    torch.testing.assert_close(sums[:11], torch.full((11, 3), 200.0, dtype=torch.float64))


def test_single_precision_moves_few_points_to_other_bins(backend: str) -> None:
    points, normals = bumps(300)
    single = fpfh(points.float(), normals.float(), 0.2)
    double = fpfh(points, normals, 0.2)
    assert single.dtype == torch.float32
    assert float((single - double).abs().sum(1).mean()) < 1.0  # of 600


def test_a_motion_changes_nothing() -> None:
    points, normals = bumps(200)
    motion = exponential(STEP)
    moved = points @ motion[:3, :3].T + motion[:3, 3]
    found = fpfh(moved, normals @ motion[:3, :3].T, 0.2)
    torch.testing.assert_close(found, fpfh(points, normals, 0.2), atol=1e-6, rtol=0)


def test_different_surfaces_differ() -> None:
    points, normals = bumps(400)
    flat = points * torch.tensor([1.0, 1.0, 0.0], dtype=torch.float64)
    upright = torch.tensor([0.0, 0.0, 1.0], dtype=torch.float64).expand(400, 3).contiguous()
    plane = fpfh(flat, upright, 0.15)
    middle = torch.zeros(3, 11, dtype=torch.float64)
    middle[:, 5] = 200  # on a plane all three angles are 0
    torch.testing.assert_close(plane, middle.flatten().expand(400, 33))
    assert float((fpfh(points, normals, 0.15) - plane).abs().sum(1).min()) > 20


def test_items_of_a_batch_do_not_see_each_other(backend: str) -> None:
    first, second = bumps(60), bumps(90, seed=1)
    points, normals = (torch.cat(both) for both in zip(first, second, strict=True))
    found = fpfh(points, normals, 0.3, offsets=torch.tensor([0, 60, 60, 150]))
    alone = torch.cat([fpfh(*first, 0.3), fpfh(*second, 0.3)])
    assert torch.equal(found, alone)


def test_chunks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    points, normals = bumps(100)
    whole = fpfh(points, normals, 0.2, 30)
    monkeypatch.setattr("geomdl.ops.fpfh.PAIRS", 17 * 30)
    torch.testing.assert_close(fpfh(points, normals, 0.2, 30), whole, atol=1e-12, rtol=0)


def test_same_bits_with_one_and_two_threads() -> None:
    points, normals = (value.float() for value in bumps(2000))
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        one = fpfh(points, normals, 0.1)
        torch.set_num_threads(2)
        assert torch.equal(fpfh(points, normals, 0.1), one)
    finally:
        torch.set_num_threads(before)


def test_angles_of_a_pair_that_is_known() -> None:
    up, right = torch.tensor([[0.0, 0.0, 1.0]]), torch.tensor([[1.0, 0.0, 0.0]])
    here = torch.zeros(1, 3)
    # Of two points side by side along x, the second's normal lies along the line: it is u.
    angles, defined = pair_angles(here, up, right, right)
    assert not bool(defined)  # its frame has no v
    tilted = torch.nn.functional.normalize(torch.tensor([[1.0, 0.0, 1.0]]), dim=1)
    angles, defined = pair_angles(here, up, right, tilted)
    assert bool(defined)
    # u = tilted, line = -x, phi = -cos 45, v = line x u = y, w = u x v = (-1, 0, 1) / sqrt 2
    wanted = torch.tensor([[0.0, -math.sqrt(0.5), math.pi / 4]])
    torch.testing.assert_close(angles, wanted)
    swapped, _ = pair_angles(right, tilted, here, up)
    torch.testing.assert_close(swapped, angles)


def test_simple_histograms_of_a_part_are_those_of_the_whole() -> None:
    points, normals = bumps(50)
    index = radius_index(points, points, 0.3, 20)
    whole = spfh(points, normals, index)
    assert torch.equal(spfh(points, normals, index[20:30], 20), whole[20:30])


def test_no_points_and_bad_ones() -> None:
    none = torch.zeros(0, 3)
    assert fpfh(none, none, 0.1).shape == (0, 33)
    points, normals = bumps(10)
    with pytest.raises(GeometryError, match="normals"):
        fpfh(points, normals[:5], 0.1)
    with pytest.raises(GeometryError, match="normals"):
        fpfh(points, normals.float(), 0.1)
    with pytest.raises(GeometryError, match="radius"):
        fpfh(points, normals, 0.0)
    with pytest.raises(GeometryError, match="neighbors"):
        fpfh(points, normals, 0.1, 1)
