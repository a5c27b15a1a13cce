"""Environments by id: forms, seeds, limits, wrappers, and clear words where something is wrong."""

from dataclasses import replace
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.spaces import Box, Discrete, MultiBinary, MultiDiscrete, Tuple
from gymnasium.vector import AsyncVectorEnv, AutoresetMode, SyncVectorEnv, VectorEnv

from core2d.errors import InputError
from rl.environments import (
    check,
    expect_spaces,
    make,
    make_for,
    make_one,
    read_arguments,
    read_wrappers,
    reset,
    seeds,
)
from rl.settings import Settings

COUNT = "tests.rl.worlds:Count-v0"


class Doubled(gymnasium.RewardWrapper):
    def reward(self, reward: Any) -> Any:
        return 2 * reward


class PlusOne(gymnasium.RewardWrapper):
    def reward(self, reward: Any) -> Any:
        return reward + 1


def zeros(envs: VectorEnv) -> np.ndarray:
    return np.zeros(envs.num_envs, np.int64)


def test_auto_takes_the_form_that_pays() -> None:
    from gymnasium.envs.classic_control.cartpole import CartPoleVectorEnv

    assert isinstance(make("CartPole-v1", 8).unwrapped, CartPoleVectorEnv)
    assert isinstance(make("CartPole-v1", 1).unwrapped, SyncVectorEnv)
    assert isinstance(make("Acrobot-v1", 8).unwrapped, SyncVectorEnv)
    assert isinstance(make("CartPole-v1", 8, wrappers=[Doubled]).unwrapped, SyncVectorEnv)
    for envs in (make("CartPole-v1", 8), make("Acrobot-v1", 2)):
        assert envs.metadata["autoreset_mode"] is AutoresetMode.NEXT_STEP


def test_native_cartpole_moves_as_the_single_one_does() -> None:
    """The NumPy form is other code: put both in the same state and let both play on."""
    envs, one = make("CartPole-v1", 4, vectorise="native"), make_one("CartPole-v1")
    generator = np.random.default_rng(0)
    seen, _ = reset(envs, 0)
    one.reset()
    over = np.zeros(4, bool)
    for _ in range(60):
        actions, before = generator.integers(0, 2, 4), envs.unwrapped.state.copy()  # type: ignore[attr-defined]
        resets = over
        seen, reward, terminated, truncated, _ = envs.step(actions)
        for lane in np.flatnonzero(~resets):
            one.unwrapped.state = before[:, lane]  # type: ignore[attr-defined]
            one.unwrapped.steps_beyond_terminated = None  # type: ignore[attr-defined]
            expected = one.step(int(actions[lane]))
            np.testing.assert_array_equal(seen[lane], expected[0])
            assert (reward[lane], terminated[lane]) == (expected[1], expected[2])
        assert np.abs(seen[resets]).max(initial=0) <= 0.05
        assert not reward[resets].any()
        over = terminated | truncated
    assert over.shape == (4,)


@pytest.mark.parametrize("vectorise", ["sync", "native"])
def test_limit_truncates_and_does_not_terminate(vectorise: Any) -> None:
    envs = make("CartPole-v1", 4, vectorise=vectorise, limit=3)
    reset(envs, 0)
    ends = [envs.step(zeros(envs))[2:4] for _ in range(3)]
    assert [bool(truncated.all()) for _, truncated in ends] == [False, False, True]
    assert not any(terminated.any() for terminated, _ in ends)


def test_arguments_reach_the_environment_in_both_forms() -> None:
    for vectorise in ("sync", "native"):
        envs = make(
            "CartPole-v1",
            2,
            vectorise=vectorise,  # type: ignore[arg-type]
            arguments=read_arguments(["sutton_barto_reward=true"]),
        )
        reset(envs, 0)
        assert envs.step(zeros(envs))[1].tolist() == [0.0, 0.0]


def test_wrappers_first_one_inmost() -> None:
    envs = make(COUNT, 2, wrappers=[PlusOne, Doubled])
    reset(envs, 0)
    assert envs.step(zeros(envs))[1].tolist() == [6.0, 6.0]


def test_async_lanes_are_what_sync_lanes_are() -> None:
    both = [make(COUNT, 2, vectorise=form, limit=4) for form in ("sync", "async")]  # type: ignore[arg-type]
    assert isinstance(both[1], AsyncVectorEnv)
    try:
        starts = [reset(envs, 3)[0] for envs in both]
        np.testing.assert_array_equal(*starts)
        for _ in range(6):
            for one, other in zip(*(envs.step(zeros(envs))[:4] for envs in both), strict=True):
                np.testing.assert_array_equal(one, other)
    finally:
        both[1].close()


def test_every_lane_and_every_purpose_has_seeds_of_its_own() -> None:
    purposes = ("training", "evaluation", "recording")
    rows = [seeds(seed, 64, purpose) for seed in range(50) for purpose in purposes]  # type: ignore[arg-type]
    drawn = [set(rows[i::3][0]) for i in range(3)]
    every = [set().union(*(set(row) for row in rows[kind::3])) for kind in range(3)]
    assert not every[0] & every[1]
    assert not every[0] & every[2]
    assert not every[1] & every[2]
    assert all(len(seen) == 64 for seen in drawn)
    assert all(0 <= seed < 2**31 for row in rows for seed in row)
    # Gymnasium's own lanes of seed 0 and seed 1 would share all seeds but one.
    assert not set(seeds(0, 64)) & set(seeds(1, 64))
    envs = make(COUNT, 3)
    assert reset(envs, 5)[0][:, 1].tolist() == [seed % 2**20 for seed in seeds(5, 3)]


def test_native_forms_start_the_same_for_the_same_seed() -> None:
    envs = make("CartPole-v1", 8)
    first, other, again = (reset(envs, seed)[0] for seed in (1, 2, 1))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("takes_lists", [True, False])
def test_vector_forms_get_a_seed_per_lane_where_they_take_them(takes_lists: bool) -> None:
    class Own(VectorEnv):
        num_envs = 3

        def reset(self, *, seed: Any = None, options: Any = None) -> tuple[Any, dict[str, Any]]:
            if isinstance(seed, list) and not takes_lists:
                raise gymnasium.error.Error("expected one integer")
            return seed, {}

    rows = seeds(7, 3)
    assert reset(Own(), 7)[0] == (rows if takes_lists else rows[0])


def test_environments_of_settings() -> None:
    settings = Settings(env=COUNT, lanes=3, limit=2, arguments=("length=9",))
    envs = make_for(settings)
    assert envs.num_envs == 3
    reset(envs, 0)
    assert [bool(envs.step(zeros(envs))[3].all()) for _ in range(2)] == [False, True]
    assert make_for(settings, lanes=1).num_envs == 1
    native = replace(settings, env="CartPole-v1", arguments=(), vectorise="native")
    envs = make_for(native, lanes=1, render=True)
    reset(envs, 0)
    pictures = envs.render()
    assert pictures is not None
    assert np.asarray(pictures[0]).shape == (400, 600, 3)


def test_wrappers_by_name() -> None:
    settings = Settings(env=COUNT, lanes=2, wrappers=("gymnasium.wrappers:RescaleObservation",))
    with pytest.raises(InputError, match="min_obs"):
        make_for(settings)
    envs = make_for(replace(settings, wrappers=("gymnasium.wrappers:FlattenObservation",)))
    assert envs.single_observation_space.shape == (2,)
    assert "FlattenObservation" in str(envs.unwrapped.envs[0])  # type: ignore[attr-defined]
    for wrong in ("FlattenObservation", "gymnasium.wrappers:Nothing", "nowhere_at_all:Mine"):
        with pytest.raises(InputError, match="MODULE:NAME"):
            read_wrappers([wrong])


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("CartPol-v1", "CartPole"),
        ("CartPole-v77", "v77"),
        ("nowhere_at_all:Mine-v0", "nowhere_at_all"),
    ],
)
def test_unknown_ids(name: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        make(name, 2)


def test_what_cannot_be_had() -> None:
    with pytest.raises(InputError, match="Acrobot-v1 has no vector form"):
        make("Acrobot-v1", 2, vectorise="native")
    with pytest.raises(InputError, match="wrappers: native"):
        make("CartPole-v1", 2, vectorise="native", wrappers=[Doubled])
    with pytest.raises(InputError, match="vectorise: expected one of"):
        make("CartPole-v1", 2, vectorise="vector")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="lanes"):
        make("CartPole-v1", 0)
    with pytest.raises(InputError, match="wrong"):
        make("CartPole-v1", 2, arguments={"wrong": 1})
    with pytest.raises(InputError, match="NAME=VALUE"):
        read_arguments(["size"])
    assert read_arguments(["a=1", "b=true", "c=word"]) == {"a": 1, "b": True, "c": "word"}


def test_check_tells_what_an_environment_is() -> None:
    found = check("CartPole-v1")
    assert isinstance(found.action, Discrete)
    assert found.observation.shape == (4,)
    assert found.limit == 500
    assert any(text.startswith("A Box observation space max") for text in found.warnings)
    assert check(COUNT).limit == 0


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("tests.rl.worlds:Broken-v0", "breaks Gymnasium's rules"),
        ("tests.rl.worlds:Odd-v0", r"actions: expected a Discrete space, got MultiDiscrete"),
        ("tests.rl.worlds:Nested-v0", r"observations\['a'\]: expected a Box, Discrete"),
        ("Pendulum-v1", "actions: expected a Discrete space, got Box"),
    ],
)
def test_check_refuses(name: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        check(name)


def test_spaces_that_agents_take() -> None:
    expect_spaces(Discrete(5), Discrete(2))
    expect_spaces(Box(0, 255, (3, 3), np.uint8), Discrete(2))
    expect_spaces(gymnasium.spaces.Dict({"a": Box(0, 1, (2,)), "b": Discrete(2)}), Discrete(2))
    expect_spaces(MultiBinary(4), Discrete(2))
    expect_spaces(MultiDiscrete([3, 4]), Discrete(2))
    with pytest.raises(InputError, match="FlattenObservation"):
        expect_spaces(Tuple((Discrete(2), Discrete(3))), Discrete(2))
    with pytest.raises(InputError, match=r"observations\['a'\]: expected at least one number"):
        expect_spaces(gymnasium.spaces.Dict({"a": Box(0, 1, (0, 3))}), Discrete(2))


def test_installed_packages_register_their_worlds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Gymnasium stopped to load plug-ins in version 1.0."""
    from importlib.metadata import entry_points

    import rl.environments

    assert "scenes.envs:register" in [e.value for e in entry_points(group="gymnasium.envs")]
    assert make("geomdl/Hail-v0", 4).observation_space.shape == (4, 5, 10, 10)

    class Plugin:
        value = "broken:register"

        def load(self) -> Any:
            return lambda: 1 / 0

    monkeypatch.setattr(rl.environments, "entry_points", lambda group: [Plugin()])
    rl.environments.load_plugins.cache_clear()
    with pytest.warns(UserWarning, match=r"broken:register: ZeroDivisionError"):
        make("CartPole-v1", 1)
    rl.environments.load_plugins.cache_clear()
