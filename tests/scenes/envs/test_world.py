"""All worlds: Gymnasium's own check, the same episodes by every door, saved and copied worlds."""

import copy
import pickle

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import AutoresetMode, SyncVectorEnv

import scenes.envs
from core2d.errors import InputError
from rl.encoders import encoder
from rl.environments import check
from scenes.envs.next_best_view import NextBestViewEnv, NextBestViewVectorEnv
from scenes.envs.object_goal import ObjectGoalEnv, ObjectGoalVectorEnv
from scenes.envs.voxel_maze import VoxelMazeEnv, VoxelMazeVectorEnv
from scenes.envs.window import Window
from scenes.envs.world import WorldEnv, WorldVectorEnv, seeds_of

HEADINGS = (
    *("Description", "Action Space", "Observation Space", "Rewards", "Starting State"),
    *("Episode End", "Arguments", "Version History"),
)
NAMES = ("NextBestView", "ObjectGoal", "VoxelMaze")


def single(name: str, render_mode: str | None = None) -> WorldEnv:
    if name == "NextBestView":
        return NextBestViewEnv(render_mode, objects=4)
    if name == "ObjectGoal":
        return ObjectGoalEnv(render_mode, rooms=2)
    return VoxelMazeEnv(render_mode, mazes=3, cells=3)


def many(name: str, lanes: int, limit: int | None = None) -> WorldVectorEnv:
    if name == "NextBestView":
        return NextBestViewVectorEnv(lanes, objects=4, max_episode_steps=limit)
    if name == "ObjectGoal":
        return ObjectGoalVectorEnv(lanes, rooms=2, max_episode_steps=limit)
    return VoxelMazeVectorEnv(lanes, mazes=3, cells=3, max_episode_steps=limit)


def flat(seen: object) -> list[np.ndarray]:
    """Parts in the order of their names, as in Gymnasium's Dict."""
    parts = [seen[name] for name in sorted(seen)] if isinstance(seen, dict) else [seen]
    return [np.asarray(part) for part in parts]


def equal(a: object, b: object) -> bool:
    return all(np.array_equal(x, y) for x, y in zip(flat(a), flat(b), strict=True))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.filterwarnings("ignore:.*we recommend:UserWarning")
@pytest.mark.filterwarnings("ignore:.*For Box:UserWarning")
def test_gymnasium_accepts_it(name):
    check_env(single(name, "rgb_array"), skip_render_check=False)
    text = type(single(name)).__doc__ or ""
    assert [
        line[3:] for line in text.replace("    ", "").splitlines() if line[:3] == "## "
    ] == list(HEADINGS)


@pytest.mark.parametrize("name", NAMES)
def test_registered_with_a_time_limit_and_a_vector_form(name):
    spec = gymnasium.spec(f"geomdl/{name}-v0")
    assert spec.max_episode_steps
    assert spec.entry_point.endswith(f":{name}Env")
    assert spec.vector_entry_point.endswith(f":{name}VectorEnv")
    assert scenes.envs.WORLDS


@pytest.mark.parametrize("name", NAMES)
def test_every_lane_is_the_single_environment(name):
    """Against Gymnasium's own vectoriser, over ends, time limits and the episodes after them."""
    lanes, limit = 3, 7
    ours = many(name, lanes, limit)
    theirs = SyncVectorEnv(
        [lambda: gymnasium.wrappers.TimeLimit(single(name), limit)] * lanes,
        autoreset_mode=AutoresetMode.NEXT_STEP,
    )
    assert ours.metadata["autoreset_mode"] == AutoresetMode.NEXT_STEP
    assert ours.single_observation_space == theirs.single_observation_space
    seen, truth = ours.reset(seed=5)[0], theirs.reset(seed=5)[0]
    rng, ends = np.random.default_rng(0), 0
    for _ in range(25):
        assert equal(seen, truth)
        action = rng.integers(ours.world.actions, size=lanes)
        seen, *ours_rest = ours.step(action)
        truth, *rest = theirs.step(action)
        for a, b in zip(ours_rest[:3], rest[:3], strict=True):
            np.testing.assert_allclose(a, b, atol=1e-12)
        ends += int((ours_rest[1] | ours_rest[2]).sum())
    assert ends >= 6


@pytest.mark.parametrize("name", NAMES)
def test_copies_and_pickles_go_on_alike(name):
    envs = many(name, 2)
    envs.reset(seed=1)
    envs.step(np.array([1, 2]))
    others = [copy.deepcopy(envs), pickle.loads(pickle.dumps(envs))]
    assert len(pickle.dumps(envs)) < 1_000_000
    rng = np.random.default_rng(3)
    for _ in range(6):
        action = rng.integers(envs.world.actions, size=2)
        seen, reward, *_ = envs.step(action)
        for other in others:
            theirs, same, *_ = other.step(action)
            assert equal(seen, theirs)
            assert np.array_equal(reward, same)


@pytest.mark.parametrize("name", NAMES)
def test_pictures(name):
    env = single(name, "rgb_array")
    env.reset(seed=0)
    picture = env.render()
    assert picture.shape == (256, 512, 3)
    assert picture.dtype == np.uint8
    assert picture.std() > 10
    assert single(name).render() is None


@pytest.mark.parametrize("name", NAMES)
def test_a_person_sees_every_step(name, monkeypatch):
    """render_mode="human" shows by itself: the first view of an episode, and each one after."""
    shown, closed = [], []
    monkeypatch.setattr(Window, "show", lambda self, view, fresh: shown.append((view, fresh)))
    monkeypatch.setattr(Window, "close", lambda self: closed.append(self))
    env = single(name, "human")
    env.reset(seed=0)
    env.step(1)
    assert env.render() is None
    env.step(0)
    env.reset()
    assert [fresh for _, fresh in shown] == [True, False, False, True]
    assert all(view is env.world.view for view, _ in shown)
    env.close()
    env.close()
    assert len(closed) == 1


@pytest.mark.parametrize("name", NAMES)
def test_colours_are_observed_where_asked_for(name):
    """What the rasteriser draws of each lane, beside all that is observed without."""
    given = {"NextBestView": {"objects": 4, "parts": ("visited", "rgb")}}
    given["ObjectGoal"] = {"rooms": 2, "parts": ("view", "voxels", "rgb")}
    given["VoxelMaze"] = {"mazes": 3, "cells": 3, "parts": ("depth", "voxels", "compass", "rgb")}
    envs = type(many(name, 1))(3, **given[name])
    seen, _ = envs.reset(seed=0)
    for action in (1, 0):
        for lane in range(3):
            assert np.array_equal(seen["rgb"][lane], envs.world.view.shot(lane, 64)[0].numpy())
        assert envs.observation_space.contains(seen)
        seen, *_ = envs.step(np.full(3, action))
    assert seen["rgb"].std() > 10
    plain, _ = many(name, 3).reset(seed=0)
    again, _ = envs.reset(seed=0)
    assert all(equal(plain[part], again[part]) for part in plain if part in again)
    net = encoder(envs.single_observation_space)
    assert net({part: torch.from_numpy(x) for part, x in seen.items()}).shape == (3, net.width)


def test_bad_arguments_are_refused():
    env = single("VoxelMaze")
    with pytest.raises(InputError, match="after reset"):
        env.step(0)
    env.reset(seed=0)
    with pytest.raises(InputError, match="action"):
        env.step(9)
    envs = many("VoxelMaze", 2)
    envs.reset(seed=[3, None])
    for bad in (np.array([0]), np.array([0, 5]), np.array([0.0, 1.0])):
        with pytest.raises(InputError, match="actions"):
            envs.step(bad)
    with pytest.raises(InputError, match="None or one of 'rgb_array', 'human', got 'ansi'"):
        VoxelMazeEnv("ansi")
    with pytest.raises(InputError, match="render_mode"):
        VoxelMazeVectorEnv(2, "human")
    with pytest.raises(InputError, match="seed"):
        seeds_of([1, 2], 3)
    assert list(seeds_of(4, 2)) == [4, 5]


@pytest.mark.parametrize("name", NAMES)
def test_our_encoders_read_it(name):
    """rl takes the spaces as they are: pictures, voxels and vectors by their own encoders."""
    envs = many(name, 2)
    assert not check(f"geomdl/{name}-v0").warnings
    seen, _ = envs.reset(seed=0)
    net = encoder(envs.single_observation_space)
    features = net({part: torch.from_numpy(values) for part, values in seen.items()})
    assert features.shape == (2, net.width)
    assert bool(torch.isfinite(features).all())
    wanted = {"depth": "Image", "view": "Image", "voxels": "Voxels"}
    for part, space in envs.single_observation_space.items():
        assert type(encoder(space)).__name__ == wanted.get(part, "Vector")
