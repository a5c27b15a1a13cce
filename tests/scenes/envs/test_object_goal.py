"""Steps, walls, rewards and success of object-goal navigation."""

import math

import numpy as np
import pytest

from core2d.errors import InputError
from scenes.envs.object_goal import (
    APART,
    FORWARD,
    GOALS,
    LEFT,
    PRICE,
    REACH,
    RIGHT,
    STEP,
    STOP,
    ObjectGoalEnv,
    ObjectGoalVectorEnv,
    starts_of,
)
from scenes.envs.room_map import CELL, SIDE


def test_turns_and_steps():
    env = ObjectGoalEnv(rooms=2)
    env.reset(seed=0)
    world = env.world
    heading, place = world.heading[0], world.place[0].copy()
    env.step(LEFT)
    assert world.heading[0] == pytest.approx(heading + math.pi / 6)
    env.step(RIGHT)
    assert world.heading[0] == pytest.approx(heading)
    moved = 0
    for _ in range(12):
        before = world.place[0].copy()
        env.step(FORWARD)
        way = world.place[0] - before
        if way.any():
            moved += 1
            angle = world.heading[0]
            ahead = STEP * np.array([math.cos(angle), math.sin(angle)])
            np.testing.assert_allclose(way, ahead, atol=1e-12)
        env.step(LEFT)
    assert moved
    assert world.walked[0] == pytest.approx(moved * STEP)
    assert np.linalg.norm(world.place[0] - place) <= moved * STEP


def test_a_wall_stops_and_costs():
    env = ObjectGoalEnv(rooms=2)
    env.reset(seed=3)
    for _ in range(60):
        before = env.world.place[0].copy()
        reward = env.step(FORWARD)[1]
        if np.array_equal(before, env.world.place[0]):
            assert reward == pytest.approx(-PRICE)
            break
    else:
        pytest.fail("no wall within 60 steps")


def test_rewards_add_up_to_the_way_gained():
    envs = ObjectGoalVectorEnv(6, rooms=2)
    envs.reset(seed=0)
    world, rng, total = envs.world, np.random.default_rng(0), np.zeros(6)
    start = world.left.copy()
    assert (start >= APART).all()
    for _ in range(30):
        total += envs.step(rng.integers(FORWARD, RIGHT + 1, size=6))[1]
    np.testing.assert_allclose(total, start - world.left - 30 * PRICE)


def test_stopping_ends_and_succeeds_only_within_reach():
    env = ObjectGoalEnv(rooms=2)
    env.reset(seed=1)
    _, reward, terminated, _, info = env.step(STOP)
    assert terminated
    assert reward == pytest.approx(-PRICE)
    assert not info["success"]
    assert info["spl"] == 0
    env.reset(seed=1)
    world = env.world
    cell = np.argwhere(world.to_go(0) == 0)[0]
    world.place[0], world.left[0] = world.floor(0).middle(cell), 0.0
    world.walked[0] = 2 * world.shortest[0]
    _, reward, terminated, _, info = env.step(STOP)
    assert terminated
    assert reward == pytest.approx(1 - PRICE)
    assert info["success"]
    assert info["spl"] == pytest.approx(0.5)


def test_the_goal_is_masked_where_it_is_seen():
    """The mask and the classes of the two kinds of observation tell the same."""
    goal = ObjectGoalVectorEnv(6, rooms=2)
    classes = ObjectGoalVectorEnv(6, rooms=2, parts=("depth", "semantic", "goal"))
    view, other = goal.reset(seed=0)[0]["view"], classes.reset(seed=0)[0]
    found = 0
    for _ in range(12):
        number = goal.world.goal + 1
        assert (other["goal"].argmax(1) + 1 == number).all()
        assert np.array_equal(other["depth"], view[:, 0])
        assert np.array_equal(view[:, 1] == 255, other["semantic"] == number[:, None, None])
        assert set(np.unique(view[:, 1])) <= {0, 255}
        found += int((view[:, 1] > 0).any((1, 2)).sum())
        view, other = goal.step(np.full(6, LEFT))[0]["view"], classes.step(np.full(6, LEFT))[0]
    assert found > 6  # a whole turn shows the goal to most
    assert int(other["semantic"].max()) <= len(GOALS)


def test_voxels_are_what_the_floor_is_like():
    """After a whole turn: floor is seen where one can stand, and things where one cannot.

    Blocked is where a cell of the floor's map is, or one two beside it, as a voxel is two wide.
    """
    envs = ObjectGoalVectorEnv(4, rooms=4, parts=("voxels",))
    seen = envs.reset(seed=2)[0]
    for _ in range(12):
        seen = envs.step(np.full(4, LEFT))[0]
    world, all_free = envs.world, 0
    for lane in range(4):
        floor, angle = world.floor(lane), world.heading[lane]
        turn = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
        things, goals, pillars = seen["voxels"][lane]
        assert (goals <= things).all()
        here = pillars[SIDE // 2 - 1 : SIDE // 2 + 1, SIDE // 2 - 1 : SIDE // 2 + 1]
        assert here.max((0, 1)).tolist() == [1, 1, 1, 0]  # 13 steps at one place
        for layer in (0, 1):
            cells = np.argwhere(things[:, :, layer])
            places = world.place[lane] + (cells + 0.5 - SIDE / 2) * CELL @ turn
            indices = np.floor((places - floor.corner) / 0.1).astype(int)
            free = [
                floor.free[max(x - 2, 0) : x + 3, max(y - 2, 0) : y + 3].all()
                for x, y in indices.tolist()
            ]
            if layer == 0:
                all_free += sum(free)
            else:
                assert len(free) > 5
                assert np.mean(free) < 0.2
    assert all_free > 100


def test_what_the_walker_runs_into_is_marked():
    envs = ObjectGoalVectorEnv(1, rooms=2, parts=("voxels",))
    seen = envs.reset(seed=3)[0]
    ahead = (slice(SIDE // 2, SIDE // 2 + 2), slice(SIDE // 2 - 1, SIDE // 2 + 1), 1)
    for _ in range(60):
        before = envs.world.place.copy()
        seen = envs.step(np.array([FORWARD]))[0]
        if np.array_equal(before, envs.world.place):
            break
    assert seen["voxels"][0, 0][ahead].any()
    envs.step(np.array([STOP]))
    fresh = envs.step(np.array([FORWARD]))[0]
    assert fresh["voxels"].sum() < seen["voxels"].sum()  # forgotten in the next episode


def test_starts_and_rooms():
    env = ObjectGoalEnv(rooms=2)
    for seed in range(10):
        _, info = env.reset(seed=seed)
        assert GOALS[env.world.goal[0]] in starts_of(env.world.floor(0))
        assert info["distance"] >= APART
    assert REACH < APART
    for bad in ({"rooms": 0}, {"split": "x"}, {"parts": ("map",)}, {"clutter": -1.0}):
        with pytest.raises(InputError, match=next(iter(bad))):
            ObjectGoalEnv(**bad)
