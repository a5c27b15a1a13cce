"""Observations between -1 and 1."""

import gymnasium
import numpy as np
import pytest

from core2d.errors import InputError
from rl.scaled import scaled
from rl.settings import Settings
from rl.train import train


def test_ends_and_middle_of_every_number() -> None:
    plain, env = gymnasium.make("MountainCar-v0"), scaled(gymnasium.make("MountainCar-v0"))
    (seen, _), (want, _) = env.reset(seed=3), plain.reset(seed=3)
    for _ in range(30):
        low, high = np.array([-1.2, -0.07]), np.array([0.6, 0.07])
        assert np.allclose(seen, 2 * (want - low) / (high - low) - 1, atol=1e-5)
        assert env.observation_space.contains(seen)
        seen, want = env.step(2)[0], plain.step(2)[0]


def test_refuses_what_has_no_ends() -> None:
    with pytest.raises(InputError, match="finite ends"):
        scaled(gymnasium.make("CartPole-v1"))
    with pytest.raises(InputError, match="Box of floats"):
        scaled(gymnasium.make("CliffWalking-v1"))


def test_a_run_takes_it_by_name(tmp_path) -> None:
    settings = Settings(env="MountainCar-v0", steps=80, wrappers=("rl.scaled:scaled",), episodes=1)
    assert train(settings, tmp_path / "run").metrics["return"] == -200
