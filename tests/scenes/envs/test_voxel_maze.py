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
    FRESH,
    KNOWN,
    LEFT,
    PRICE,
    PROGRESS,
    RIGHT,
    STAYS,
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
    ended, stayed = False, {tuple(env.world.cell[0].tolist()): 1}
    for _ in range(600):
        world = env.world
        before, left, action = world.cell[0].copy(), world.to_go(0), int(rng.integers(5))
        way = {FORWARD: AXES[world.heading[0]], UP: AXES[4], DOWN: AXES[5]}.get(action)
        is_open = way is not None and not world.solid[0][tuple(2 * before + 1 + way)]
        _, reward, terminated, _, info = env.step(action)
        assert np.array_equal(world.cell[0], before + way if is_open else before)
        gained = PROGRESS * (left - world.to_go(0))
        here = tuple(world.cell[0].tolist())
        entered = FRESH / (1 + stayed.get(here, 0)) if is_open else 0.0
        assert reward == pytest.approx(gained + entered + terminated - PRICE)
        stayed[here] = min(stayed.get(here, 0) + 1, STAYS[-1])
        assert terminated == (world.to_go(0) == 0) == bool(info["success"])
        if terminated:
            assert 0 < info["spl"] <= 1
            env.reset()
            ended, stayed = True, {tuple(world.cell[0].tolist()): 1}
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
            around = seen["voxels"][lane, :2].sum(0)[
                middle - 1 : middle + 2, middle - 1 : middle + 2
            ]
            assert (around[:, :, middle - 1 : middle + 2] == 1).all()
            offset = (world.goal[lane] - world.cell[lane]) / 3
            np.testing.assert_allclose(seen["compass"][lane], axes @ offset, atol=1e-6)
            (exit_at,) = np.argwhere(seen["voxels"][lane, -1])
            assert exit_at.tolist() == (6 * axes @ offset + middle).round().clip(0, 8).tolist()
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


def test_the_map_says_where_one_stayed():
    envs, middle, counts = VoxelMazeVectorEnv(1, mazes=2, cells=4), KNOWN // 2, {}
    seen, _ = envs.reset(seed=5)
    rng = np.random.default_rng(1)
    for _ in range(40):
        here, way = tuple(envs.world.cell[0].tolist()), AXES[envs.world.heading[0]]
        counts[here] = counts.get(here, 0) + 1
        axes = np.stack([way, AXES[(envs.world.heading[0] + 1) % 4], AXES[4]])
        told = {}
        for cell in np.argwhere(seen["voxels"][0, 2]):
            offset = (cell - middle) @ axes // 2
            told[tuple((offset + here).tolist())] = seen["voxels"][0, 2:-1][:, *cell].sum()
        inside = {c: n for c, n in counts.items() if np.abs(np.subtract(c, here)).max() <= 2}
        assert told == {c: sum(n >= k for k in STAYS) for c, n in inside.items()}
        seen = envs.step(rng.integers(5, size=1))[0]
    assert max(counts.values()) >= STAYS[1]


def test_without_pictures_all_else_is_the_same():
    whole = VoxelMazeVectorEnv(3, mazes=3, cells=3)
    blind = VoxelMazeVectorEnv(3, mazes=3, cells=3, parts=("voxels", "compass"))
    seen, felt = whole.reset(seed=0)[0], blind.reset(seed=0)[0]
    assert set(blind.single_observation_space) == set(felt) == {"voxels", "compass"}
    for action in (FORWARD, LEFT, UP):
        assert all(np.array_equal(seen[part], felt[part]) for part in felt)
        seen, felt = (envs.step(np.full(3, action))[0] for envs in (whole, blind))
    blind.world.view.scene[:] = whole.world.view.scene
    assert np.array_equal(blind.world.picture(1), whole.world.picture(1))


def test_arguments():
    for bad in (
        {"parts": "depth"},
        {"parts": ("view",)},
        {"cells": 1},
        {"mazes": 0},
        {"split": "x"},
        {"loops": -0.1},
    ):
        with pytest.raises(InputError, match=next(iter(bad))):
            VoxelMazeEnv(**bad)
