"""Coverage against an oracle by ray casting; the map of voxels; rewards that add up."""

import math

import numpy as np
import pytest
import torch

from core2d.errors import InputError
from geomdl.ops.raycast import any_hit
from scenes.envs.next_best_view import (
    AROUND,
    CELLS,
    DIRECTIONS,
    DISTANCE,
    HALF,
    POSES,
    VIEWS,
    NextBestViewEnv,
    NextBestViewVectorEnv,
    pixels_of,
    read_pixels,
    turned,
)


def test_views_stand_around_and_look_at_the_middle():
    assert POSES.shape == (VIEWS, 3, 4)
    assert np.allclose(np.linalg.norm(DIRECTIONS, axis=1), 1)
    np.testing.assert_allclose(POSES[:, :, 3], np.tile([0, 0, DISTANCE], (VIEWS, 1)), atol=1e-12)
    by_hand = [math.cos(math.radians(40)) * math.cos(math.pi / 4), math.sin(math.radians(-40))]
    np.testing.assert_allclose(DIRECTIONS[1, [0, 2]], by_hand)
    assert DIRECTIONS[2 * AROUND, 2] > 0.6


def test_turned_cameras_see_the_turned_world_as_before():
    rng = np.random.default_rng(0)
    points, angle = rng.normal(size=(7, 3)), 0.7
    c, s = math.cos(angle), math.sin(angle)
    spun = points @ np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]).T
    poses = turned(POSES, np.full(VIEWS, angle))
    for view in (0, 9, VIEWS - 1):
        before = points @ POSES[view, :, :3].T + POSES[view, :, 3]
        after = spun @ poses[view, :, :3].T + poses[view, :, 3]
        np.testing.assert_allclose(after, before, atol=1e-12)


def test_pixels_and_what_is_read_there():
    seen = np.array([[[0.0, 0.0, 2.0], [0.9, 0.0, 2.0], [0.0, -0.9, 2.0], [9.0, 0.0, 2.0]]])
    pixel, inside = pixels_of(seen)
    assert inside.tolist() == [[True, True, True, False]]
    assert pixel[0, 0] == 32 * 64 + 32
    assert pixel[0, 1] // 64 == 32
    assert pixel[0, 2] % 64 == 32
    depth = np.arange(2 * 64 * 64, dtype=np.float32).reshape(2, 64, 64)
    places = np.array([[5, 70], [0, 4095]], np.int32)
    assert read_pixels(depth, places).tolist() == [[5, 70], [4096, 8191]]


def test_what_counts_as_seen_is_what_rays_reach():
    env = NextBestViewEnv(objects=6)
    agree = []
    for seed in range(6):
        env.reset(seed=seed)
        world = env.world
        for action in (3, 20, 25):
            before = world.found[0].copy()
            env.step(action)
            body = world.view.library.body(int(world.view.scene[0]))
            pose = world.view.world_to_camera[0]
            eye = torch.from_numpy(-pose[:, :3].T @ pose[:, 3]).float()
            points = torch.from_numpy(world.points[0])
            way = points - eye
            # A hair before the point, so that it does not hide itself.
            hidden = any_hit(body.vertices, body.faces, eye.expand_as(way), way, 1 - 0.02)
            facing = (way * torch.from_numpy(world.normals[0])).sum(1) < 0
            truth = (~hidden & facing).numpy()
            agree.append(np.mean((world.found[0] & ~before) == (truth & ~before)))
    assert np.mean(agree) > 0.93  # pixels are 3 cm wide: borders differ


def test_rewards_are_the_coverage_gained():
    envs = NextBestViewVectorEnv(5, objects=6, budget=4)
    _, infos = envs.reset(seed=2)
    first, total = infos["coverage"], np.zeros(5)
    for step, action in enumerate([4, 11, 17, 25]):
        seen, reward, terminated, _, infos = envs.step(np.full(5, action))
        assert (reward >= 0).all()
        total += reward
        assert (terminated == (step == 3)).all()
    np.testing.assert_allclose(infos["coverage"], first + total)
    assert (infos["coverage"] > 0.6).all()
    assert (infos["coverage"] <= 1).all()
    assert (seen["visited"].sum(1) >= 4).all()
    again, reward, *_ = envs.step(np.zeros(5, np.int64))
    assert (reward == 0).all()
    assert (again["visited"].sum(1) == 1).all()


def test_the_same_view_twice_shows_nothing_new():
    env = NextBestViewEnv(objects=3)
    env.reset(seed=1)
    env.step(8)
    assert env.step(8)[1] == 0


def test_voxels_are_where_the_object_is():
    """Cells with a surface hold points of the object; empty cells hold none."""
    env = NextBestViewEnv(objects=6, budget=VIEWS)
    for seed in range(3):
        env.reset(seed=seed)
        for action in range(VIEWS):
            seen = env.step(action)[0]
        world = env.world
        c, s = math.cos(world.turn[0]), math.sin(world.turn[0])
        # Into the frame of the views: the world turned back.
        points = world.points[0][world.possible[0]] @ np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])
        cell = np.floor((points / HALF + 1) / 2 * CELLS).astype(int)
        surface, empty = (seen["voxels"][k][tuple(cell.T)] for k in (0, 1))
        # A surface may cut the corner of a cell whose middle it passes at a distance.
        assert surface.mean() > 0.9
        assert empty.mean() < 0.1
        assert seen["voxels"].sum(0).max() == 1
        assert seen["voxels"][1].mean() > 0.5  # most of the space around was seen to be empty


def test_arguments():
    assert list(NextBestViewEnv(parts=("visited",)).observation_space) == ["visited"]
    train, test = NextBestViewEnv(objects=2), NextBestViewEnv(objects=2, split="test")
    for env in (train, test):
        env.reset(seed=0)
    assert not np.array_equal(train.world.points, test.world.points)
    for bad in (
        {"budget": 0},
        {"objects": 0},
        {"split": "all"},
        {"parts": ("color",)},
        {"parts": "depth"},
    ):
        with pytest.raises(InputError, match=next(iter(bad))):
            NextBestViewEnv(**bad)
