"""EnvPool's environments, by a stand-in of the package and, where it is installed, by itself."""

import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
from gymnasium.spaces import Box, Discrete
from gymnasium.vector import AutoresetMode

from core2d.errors import InputError
from rl.environments import make, reset, seeds
from rl.envpool import pool


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """A package `envpool` that notes what was asked of it."""
    calls: list[dict[str, Any]] = []
    package = ModuleType("envpool")
    package.__spec__ = SimpleNamespace(name="envpool")  # type: ignore[assignment]

    def made(name: str, **settings: Any) -> SimpleNamespace:
        calls.append({"name": name, **settings})
        return SimpleNamespace(reset=lambda: (np.zeros((settings["num_envs"], 4)), {}))

    spec = SimpleNamespace(
        gymnasium_observation_space=Box(-1, 1, (4,), np.float32),
        gymnasium_action_space=Discrete(2),
    )
    package.list_all_envs = lambda: ["CartPole-v1"]  # type: ignore[attr-defined]
    package.make_spec = lambda name: spec  # type: ignore[attr-defined]
    package.make = made  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "envpool", package)
    return calls


def test_every_lane_has_its_own_seed_at_every_seeded_reset(asked: list[dict[str, Any]]) -> None:
    envs = make("CartPole-v1", 3, vectorise="envpool", limit=20)
    assert envs.observation_space.shape == (3, 4)
    assert envs.metadata["autoreset_mode"] is AutoresetMode.NEXT_STEP
    reset(envs, 7)
    reset(envs, 7, "evaluation")
    envs.reset()
    assert [call["env_seed"] for call in asked] == [seeds(7, 3), seeds(7, 3, "evaluation")]
    assert asked[0]["max_episode_steps"] == 20
    assert asked[0]["num_envs"] == 3


def test_one_seed_for_all_lanes_of_older_releases(
    asked: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    package = sys.modules["envpool"]
    newer = package.make

    def older(name: str, **settings: Any) -> Any:
        if "env_seed" in settings:
            raise TypeError("got an unexpected keyword argument 'env_seed'")
        return newer(name, **settings)

    monkeypatch.setattr(package, "make", older)
    reset(make("CartPole-v1", 3, vectorise="envpool"), 7)
    assert [call["seed"] for call in asked] == seeds(7, 3)[:1]


def test_unknown_to_envpool(asked: list[dict[str, Any]]) -> None:
    with pytest.raises(InputError, match="EnvPool has no MountainCar-v0"):
        pool("MountainCar-v0", 2)


def test_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "envpool", None)
    monkeypatch.setattr("rl.envpool.importlib.util.find_spec", lambda name: None)
    with pytest.raises(InputError, match="envpool is not installed"):
        make("CartPole-v1", 2, vectorise="envpool")


def test_a_broken_package_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "envpool", None)  # what an import then raises
    monkeypatch.setattr("rl.envpool.importlib.util.find_spec", lambda name: True)
    with pytest.raises(InputError, match="envpool cannot be imported: "):
        make("CartPole-v1", 2, vectorise="envpool")


def test_the_package_itself() -> None:
    pytest.importorskip("envpool", reason="EnvPool is not installed")
    envs = make("CartPole-v1", 2, vectorise="envpool", limit=5)
    first, _ = reset(envs, 1)
    again, _ = reset(envs, 1)
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first[0], first[1])
    ends = [envs.step(np.array([0, 1]))[3].all() for _ in range(5)]
    assert ends == [False] * 4 + [True]
    assert envs.step(np.array([0, 1]))[1].tolist() == [0, 0]
