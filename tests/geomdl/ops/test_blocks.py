"""Blocks: which a depth image touches, and where they lie."""

import numpy as np
import pytest
import torch

from geomdl.errors import GeometryError
from geomdl.ops import dispatch
from geomdl.ops.blocks import block_keys, blocks_of_keys, locate_blocks, touched_blocks

LENS = torch.tensor([[80.0, 0, 40], [0, 80, 30], [0, 0, 1]])


def bumps() -> tuple[torch.Tensor, torch.Tensor]:
    """Depth (60, 80) with a hole and an edge, and a pose that turns."""
    v, u = torch.meshgrid(torch.arange(60), torch.arange(80), indexing="ij")
    depth = 1.5 + 0.3 * torch.sin(u / 9) + 0.4 * (v > 35)
    depth[10:20, 10:30] = 0
    pose = torch.eye(4)
    pose[:3, :3] = torch.linalg.matrix_exp(
        torch.tensor([[0, -0.3, 0.2], [0.3, 0, -0.5], [-0.2, 0.5, 0]])
    )
    pose[:3, 3] = torch.tensor([0.3, -0.2, 0.5])
    return depth, pose


def test_keys_come_back_and_sort():
    blocks = torch.tensor([[-5, 3, 1 << 19], [0, 0, 0], [-(1 << 19), 7, -1], [-5, 3, -2]]).int()
    keys = block_keys(blocks)
    assert torch.equal(blocks_of_keys(keys), blocks)
    assert torch.argsort(keys).tolist() == [2, 3, 0, 1]


@pytest.mark.parametrize("stride", [1, 4])
def test_every_band_point_lies_in_a_touched_block(backend, stride):
    depth, pose = bumps()
    cell, truncation = 0.02, 0.07
    origin = torch.tensor([0.013, -0.4, 7.0])
    blocks = touched_blocks(depth, LENS, pose, origin, cell, truncation, stride)
    there = {tuple(b) for b in blocks.tolist()}
    assert len(there) == len(blocks)
    assert bool((block_keys(blocks)[1:] > block_keys(blocks)[:-1]).all())
    back = np.linalg.inv(pose.double().numpy())
    for v in range(0, 60, 3):
        for u in range(0, 80, 3):
            for shift in (-0.99, -0.3, 0.0, 0.4, 0.99) if depth[v, u] > 0 else ():
                z = float(depth[v, u]) + (shift * truncation if stride == 1 else 0)
                ray = np.array([(u + 0.5 - 40) / 80 * z, (v + 0.5 - 30) / 80 * z, z])
                world = back[:3, :3] @ ray + back[:3, 3]
                block = tuple(np.floor((world - origin.double().numpy()) / (8 * cell)).astype(int))
                near_edge = stride > 1 and (34 <= v <= 37 or 8 <= v <= 21)
                assert block in there or near_edge


def test_backends_and_threads_agree():
    depth, pose = bumps()
    before = torch.get_num_threads()
    found = []
    for name, threads in (("torch", 1), ("native", 1), ("native", 2), ("native", 5)):
        torch.set_num_threads(threads)
        with dispatch.backend(name):
            found.append(touched_blocks(depth, LENS, pose, torch.zeros(3), 0.02, 0.06, 4))
    torch.set_num_threads(before)
    assert all(torch.equal(found[0], other) for other in found[1:])


def test_no_depth_touches_nothing(backend):
    found = touched_blocks(torch.zeros((60, 80)), LENS, torch.eye(4), torch.zeros(3), 0.02, 0.06, 4)
    assert found.shape == (0, 3)


def test_rows_of_blocks(backend):
    generator = torch.Generator().manual_seed(0)
    blocks = torch.unique(torch.randint(-40, 40, (3000, 3), generator=generator).int(), dim=0)
    blocks = blocks[torch.randperm(len(blocks), generator=generator)]
    assert torch.equal(locate_blocks(blocks, blocks), torch.arange(len(blocks)))
    assert locate_blocks(blocks, blocks + 200).eq(-1).all()
    twice = torch.cat([blocks, blocks])
    assert torch.equal(locate_blocks(twice, blocks), torch.arange(len(blocks)))
    assert locate_blocks(blocks[:0], blocks).eq(-1).all()
    assert locate_blocks(blocks, blocks[:0]).shape == (0,)


def test_scenes_too_large_for_the_cell_are_refused(backend):
    depth, pose = bumps()
    for bad, cell in ((depth, 1e-8), (depth * float("nan"), 0.02)):
        with pytest.raises(GeometryError, match="too small for a scene"):
            touched_blocks(bad, LENS, pose, torch.zeros(3), cell, 0.06, 4)
