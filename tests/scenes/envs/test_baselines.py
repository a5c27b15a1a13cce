"""Players in their order: random, scripted, oracle; and what `play` counts."""

import numpy as np
import pytest

from core2d.errors import InputError
from scenes.envs.baselines import (
    OVER_FLOOR,
    Compass,
    Farthest,
    Greedy,
    Planner,
    Random,
    Seeker,
    ShortestWalk,
    play,
)
from scenes.envs.next_best_view import DIRECTIONS, VIEWS, NextBestViewVectorEnv
from scenes.envs.object_goal import PITCH, ObjectGoalVectorEnv
from scenes.envs.voxel_maze import VoxelMazeVectorEnv

LANES = 8


def test_next_best_view():
    envs = NextBestViewVectorEnv(LANES, objects=12)
    players = (Random(VIEWS), Farthest(), Greedy(envs.world))
    random, uniform, greedy = (play(envs, p, 24, seed=1) for p in players)
    assert random["return"] + 0.03 < uniform["return"] < greedy["return"]
    assert random["steps"] == 3
    assert greedy["coverage"] > 0.85


def test_greedy_knows_what_a_view_will_show():
    envs = NextBestViewVectorEnv(3, objects=6)
    envs.reset(seed=4)
    gains = np.stack([Greedy(envs.world).gains(lane) for lane in range(3)])
    reward = envs.step(np.full(3, 12))[1]
    np.testing.assert_allclose(reward, gains[:, 12], atol=1e-9)


def test_farthest_goes_to_the_other_side():
    visited = np.zeros((1, VIEWS), np.int8)
    visited[0, 8] = 1
    action = Farthest()({"visited": visited}, np.zeros(1, bool))
    assert DIRECTIONS[action[0]] @ DIRECTIONS[8] == pytest.approx(-1)


def test_object_goal():
    envs = ObjectGoalVectorEnv(LANES, rooms=3, max_episode_steps=100)
    players = (Random(4), Seeker(LANES), ShortestWalk(envs.world))
    random, scripted, oracle = (play(envs, p, 16, seed=0) for p in players)
    assert random["success"] < 0.15
    assert scripted["success"] > 0.3
    assert oracle["success"] == 1
    assert oracle["spl"] > 0.85
    assert random["return"] < scripted["return"] < oracle["return"]


def test_metres_on_the_floor():
    """A point 2 m ahead and 1 m aside, 0.6 m below the eye, from its depth and pixel."""
    point = np.array([2.0, 1.0, -0.6])  # ahead, aside, up
    forward = np.array([np.cos(PITCH), 0, np.sin(PITCH)])
    down = np.array([np.sin(PITCH), 0, -np.cos(PITCH)])
    z = point @ forward
    column, row = 32 + 32 * point[1] / z, 32 + 32 * (point @ down) / z
    assert z * OVER_FLOOR[int(row), int(column)] == pytest.approx(np.hypot(2, 1), abs=0.05)


def test_voxel_maze():
    envs = VoxelMazeVectorEnv(LANES, mazes=8, cells=3, max_episode_steps=60)
    players = (Random(5), Compass(), Planner(envs.world), Planner(envs.world, whole=True))
    random, scripted, planner, oracle = (play(envs, p, 16, seed=0) for p in players)
    assert random["success"] < scripted["success"] < planner["success"] <= oracle["success"] == 1
    assert oracle["spl"] == 1
    assert planner["spl"] < 1
    assert random["return"] < scripted["return"] < planner["return"] < oracle["return"]


def test_play_counts_whole_episodes_alike():
    """With a time limit every episode has as many steps, and the dead step is not one of them."""
    envs = VoxelMazeVectorEnv(4, mazes=2, cells=4, max_episode_steps=5)
    turning = play(envs, lambda seen, fresh: np.ones(len(fresh), np.int64), 9)
    assert turning["steps"] == 5
    assert turning["return"] == pytest.approx(-0.1)
    begun = []

    def watch(seen, fresh):
        begun.append(fresh.copy())
        return np.ones(len(fresh), np.int64)

    play(envs, watch, 12)
    assert [i for i, f in enumerate(begun) if f.all()] == [0, 6, 12]
    with pytest.raises(InputError, match="episodes"):
        play(envs, watch, 0)
