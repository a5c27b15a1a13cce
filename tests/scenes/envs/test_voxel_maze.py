"""Mazes that can be walked, paths against a plain search, maps that turn with the walker."""

from collections import deque

import numpy as np
import pytest
import torch

from core2d.errors import InputError
from scenes.envs.voxel_maze import (
    AXES,
    DOWN,
    FORWARD,
    KNOWN,
    LEFT,
    PRICE,
    RIGHT,
    UP,
    Mazes,
    VoxelMazeEnv,
    VoxelMazeVectorEnv,
    shell,
)


def searched(solid: np.ndarray, start: tuple[int, int, int]) -> dict[tuple[int, ...], int]:
    """Breadth first from a cell: steps to every cell."""
    found, queue = {start: 0}, deque([start])
    while queue:
        here = queue.popleft()
        for axis in AXES.tolist():
            wall = tuple(2 * h + 1 + a for h, a in zip(here, axis, strict=True))
            there = tuple(h + a for h, a in zip(here, axis, strict=True))
            if not solid[wall] and there not in found:
                found[there] = found[here] + 1
                queue.append(there)
    return found


@pytest.mark.parametrize(("cells", "loops"), [(2, 0.0), (4, 0.0), (4, 0.3)])
def test_every_cell_is_reached_by_the_paths_told(cells, loops):
    plan = Mazes(0, cells, loops)(3).extra
    opened = int((~plan.solid).sum()) - cells**3
    assert opened == cells**3 - 1 if loops == 0 else opened > cells**3 - 1
    assert plan.solid[0].all()
    assert plan.solid[:, :, -1].all()
    found = searched(plan.solid, (1, 0, 1))
    assert len(found) == cells**3
    number = cells**2 + 1
    for cell, steps in found.items():
        assert plan.paths[number, cell[0] * cells**2 + cell[1] * cells + cell[2]] == steps


def test_mazes_differ_and_come_again():
    one, other = Mazes(0, 3, 0.1)(0), Mazes(0, 3, 0.1)(1)
    assert not np.array_equal(one.extra.solid, other.extra.solid)
    assert np.array_equal(one.extra.solid, Mazes(0, 3, 0.1)(0).extra.solid)


def test_the_shell_is_the_sides_between_solid_and_empty():
    solid = np.ones((5, 5, 5), bool)
    solid[2, 2, 1:4] = False
    vertices, faces = shell(solid)
    assert len(faces) == 2 * (4 * 3 + 2)
    a, b, c = vertices[faces].unbind(1)
    area = torch.linalg.vector_norm(torch.linalg.cross(b - a, c - a), dim=1) / 2
    torch.testing.assert_close(area, torch.full_like(area, 0.5))
    assert vertices.amin(0).tolist() == [2, 2, 1]
    assert vertices.amax(0).tolist() == [3, 3, 4]


def test_moves_rewards_and_the_exit():
    env = VoxelMazeEnv(mazes=4, cells=2)
    rng = np.random.default_rng(0)
    env.reset(seed=0)
    ended = False
    for _ in range(600):
        world = env.world
        before, left, action = world.cell[0].copy(), world.to_go(0), int(rng.integers(5))
        way = {FORWARD: AXES[world.heading[0]], UP: AXES[4], DOWN: AXES[5]}.get(action)
        is_open = way is not None and not world.solid[0][tuple(2 * before + 1 + way)]
        _, reward, terminated, _, info = env.step(action)
        assert np.array_equal(world.cell[0], before + way if is_open else before)
        gained = 0.1 * (left - world.to_go(0))
        assert reward == pytest.approx(gained - PRICE + terminated)
        assert terminated == (world.to_go(0) == 0) == bool(info["success"])
        if terminated:
            assert 0 < info["spl"] <= 1
            env.reset()
            ended = True
    assert ended


def test_the_map_is_true_and_turns_with_the_walker():
    envs = VoxelMazeVectorEnv(4, mazes=4, cells=4)
    seen, _ = envs.reset(seed=1)
    rng, middle = np.random.default_rng(0), KNOWN // 2
    for _ in range(40):
        world = envs.world
        for lane in range(4):
            at, ahead = 2 * world.cell[lane] + 1, AXES[world.heading[lane]]
            axes = np.stack([ahead, AXES[(world.heading[lane] + 1) % 4], AXES[4]])
            for kind, solid in ((0, True), (1, False)):
                for cell in np.argwhere(seen["voxels"][lane, kind]):
                    assert world.solid[lane][tuple(at + (cell - middle) @ axes)] == solid
            assert seen["voxels"][lane, 1, middle, middle, middle] == 1
            around = seen["voxels"][lane].sum(0)[middle - 1 : middle + 2, middle - 1 : middle + 2]
            assert (around[:, :, middle - 1 : middle + 2] == 1).all()
            offset = (world.goal[lane] - world.cell[lane]) / 3
            np.testing.assert_allclose(seen["compass"][lane], axes @ offset, atol=1e-6)
        seen = envs.step(rng.integers(5, size=4))[0]


def test_depth_is_that_of_the_corridor():
    """Straight ahead lies the first solid voxel of the row."""
    envs = VoxelMazeVectorEnv(6, mazes=6, cells=4)
    seen, _ = envs.reset(seed=0)
    for action in (LEFT, FORWARD, RIGHT, UP, FORWARD):
        for lane in range(6):
            world = envs.world
            at, steps = 2 * world.cell[lane] + 1, 0
            while not world.solid[lane][tuple(at)]:
                at, steps = at + AXES[world.heading[lane]], steps + 1
            middle = seen["depth"][lane][31:33, 31:33]
            assert np.abs(middle / 25.5 - (steps - 0.5)).max() < 0.05
        seen = envs.step(np.full(6, action))[0]


def test_arguments():
    for bad in ({"cells": 1}, {"mazes": 0}, {"split": "x"}, {"loops": -0.1}):
        with pytest.raises(InputError, match=next(iter(bad))):
            VoxelMazeEnv(**bad)
