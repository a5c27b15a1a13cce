"""What holds for every game: Gymnasium's rules, lanes that play as single games, and errors."""

import copy
import pickle

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

import scenes.envs
from core2d.errors import InputError
from scenes.envs.pixel.game import NIGHT, Plane, paint
from scenes.envs.pixel.mason import MasonEnv

GAMES = [f"geomdl/{name}-v0" for name, _ in scenes.envs.PIXEL_GAMES]
HEADINGS = (
    "Description", "Action Space", "Observation Space", "Rewards", "Starting State",
    "Episode End", "Arguments", "Version History",
)  # fmt: skip


def actions(space, steps, seed=0):
    """Random actions (steps,) or (steps, L), whatever the space samples."""
    space.seed(seed)
    return [space.sample() for _ in range(steps)]


def run(env, todo, **reset):
    """All that an environment says in so many steps; it starts anew where an episode ends."""
    story = [env.reset(**reset)[0]]
    for action in todo:
        seen, *told, _ = env.step(action)
        story.append(np.append(seen.ravel(), told))
        if told[1] or told[2]:
            story.append(env.reset()[0])
    return story


def same(one, other):
    return len(one) == len(other) and all(map(np.array_equal, one, other))


@pytest.mark.parametrize("name", GAMES)
def test_gymnasium_finds_nothing_wrong(name, recwarn):
    check_env(gymnasium.make(name, render_mode="rgb_array").unwrapped)
    assert [str(w.message) for w in recwarn] == []


@pytest.mark.parametrize("name", GAMES)
def test_docstring_has_the_headings_in_order(name):
    document = type(gymnasium.make(name).unwrapped).__doc__
    found = [line.strip()[3:] for line in document.splitlines() if line.strip().startswith("## ")]
    assert found == list(HEADINGS)
    steps = gymnasium.spec(name).max_episode_steps
    assert f"Truncation: {steps} steps" in " ".join(document.split())
    count = len(type(gymnasium.make(name).unwrapped).game.planes)
    assert f"Box(0, 1, ({count}, 10, 10), uint8)" in document


@pytest.mark.parametrize("name", GAMES)
@pytest.mark.parametrize("sticky", [0.0, 0.25])
def test_vector_plays_as_gymnasiums_own_vectoriser(name, sticky):
    options = {"num_envs": 3, "max_episode_steps": 17, "sticky": sticky}
    ours = gymnasium.make_vec(name, vectorization_mode="vector_entry_point", **options)
    sync = gymnasium.make_vec(name, vectorization_mode="sync", **options)
    assert (ours.observation_space, ours.action_space) == (
        sync.observation_space, sync.action_space,
    )  # fmt: skip
    assert ours.metadata["autoreset_mode"] == sync.metadata["autoreset_mode"]
    ended = 0
    for reset in ({"seed": 5}, {}, {"seed": [9, 1, 4]}):
        np.testing.assert_array_equal(ours.reset(**reset)[0], sync.reset(**reset)[0])
        for action in actions(ours.action_space, 60):
            for one, other in zip(ours.step(action)[:4], sync.step(action)[:4], strict=True):
                np.testing.assert_array_equal(one, other)
                assert one.dtype == other.dtype
            ended += ours.ended.sum()
    assert ended >= 3 * 3 * 3


@pytest.mark.parametrize("name", GAMES)
def test_seed_decides_all_and_copies_play_on(name):
    env = gymnasium.make(name, sticky=0.1)
    todo = actions(env.action_space, 80)
    story = run(env, todo, seed=3)
    assert same(run(env, todo, seed=3), story)
    assert not same(run(env, todo, seed=4), story)
    assert not same(run(env, todo), run(env, todo))  # episodes differ
    env.reset(seed=8)
    env.step(1)
    copies = [copy.deepcopy(env), pickle.loads(pickle.dumps(env))]
    after = [run(one, todo) for one in (env, *copies)]
    assert same(after[1], after[0])
    assert same(after[2], after[0])


def test_unseeded_games_differ():
    first = [gymnasium.make_vec(GAMES[0], num_envs=8).reset()[0] for _ in range(2)]
    assert not np.array_equal(*first)
    assert len(np.unique(first[0].reshape(8, -1), axis=0)) > 1


def test_sticky_repeats_the_action_before():
    lanes = 2000
    env = gymnasium.make_vec("geomdl/Mason-v0", num_envs=lanes, sticky=0.25)
    env.reset(seed=0)
    paddle = env.unwrapped.world.rules.paddle.copy()
    inner = (paddle > 2) & (paddle < 6)
    env.step(np.full(lanes, 1))
    moved = env.unwrapped.world.rules.paddle - paddle
    assert (moved[inner] == 0).mean() == pytest.approx(0.25, abs=0.04)  # the first one is 0, stay
    assert set(moved[inner]) == {0, -1}
    env.step(np.full(lanes, 2))
    again = env.unwrapped.world.rules.paddle - paddle - moved
    went = inner & (moved == -1)
    assert (again[went] == -1).mean() == pytest.approx(0.25, abs=0.04)


def test_pictures():
    env = gymnasium.make(GAMES[0], render_mode="rgb_array")
    env.reset(seed=0)
    picture = env.render()
    assert picture.shape == (320, 320, 3)
    assert picture.dtype == np.uint8
    envs = gymnasium.make_vec(GAMES[0], num_envs=2, render_mode="rgb_array")
    envs.reset(seed=0)
    np.testing.assert_array_equal(envs.render()[0], picture)
    planes = (Plane("a", (200, 100, 0)), Plane("b", (0, 0, 255), 0.5))
    seen = np.zeros((2, 10, 10), np.uint8)
    seen[0, 0, 1] = seen[0, 2, 3] = seen[1, 2, 3] = 1
    picture = paint(planes, seen)
    assert picture[16, 48].tolist() == [200, 100, 0]
    assert picture[80, 112].tolist() == [100, 50, 128]
    assert picture[16, 16].tolist() == list(NIGHT)
    assert gymnasium.make(GAMES[0]).unwrapped.render() is None


def test_bad_arguments_are_named():
    name = GAMES[0]
    for argument, value in (("sticky", 1.0), ("sticky", -0.1), ("render_mode", "human")):
        with pytest.raises(InputError, match=argument):
            MasonEnv(**{argument: value})
    with pytest.raises(InputError, match="num_envs"):
        gymnasium.make_vec(name, num_envs=0)
    env, envs = gymnasium.make(name).unwrapped, gymnasium.make_vec(name, num_envs=2)
    with pytest.raises(InputError, match="after reset"):
        env.step(0)
    with pytest.raises(InputError, match="after reset"):
        envs.step(np.zeros(2, int))
    env.reset(), envs.reset()
    with pytest.raises(InputError, match=r"in 0\.\.2"):
        env.step(3)
    for bad in (np.array([0, 3]), np.array([0.0, 1.0]), np.zeros(3, int)):
        with pytest.raises(InputError, match=r"2 integers in 0\.\.2"):
            envs.step(bad)
