"""Small environments for the tests of rl; registered when imported ("tests.rl.worlds:Count-v0")."""

import os
import signal
from typing import Any

import gymnasium
import numpy as np
from gymnasium.spaces import Box, Dict, Discrete, MultiDiscrete


class Count(gymnasium.Env):
    """Observes the steps of its episode so far and its seed, of which float32 holds 20 bits; +2.

    The episode terminates after `length` steps, or after as many as the seed's last digit + 1 if
    `length` is 0.
    """

    metadata = {"render_modes": ["rgb_array"], "render_fps": 10}  # noqa: RUF012

    def __init__(self, length: int = 5, render_mode: str | None = None) -> None:
        self.observation_space = Box(0, 2.0**31, (2,), np.float64)
        self.action_space = Discrete(3)
        self.length, self.render_mode = length, render_mode
        self.count, self.seed = 0, 0

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        super().reset(seed=seed)
        self.seed = seed if seed is not None else self.seed
        self.count = 0
        return self._seen(), {}

    def step(self, action: int) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        self.count += 1
        over = self.count >= (self.length or self.seed % 10 + 1)
        return self._seen(), 2.0, over, False, {}

    def render(self) -> np.ndarray:
        picture = np.zeros((20, 30, 3), np.uint8)
        picture[:, : 3 * self.count] = 255
        return picture

    def _seen(self) -> np.ndarray:
        return np.array([self.count, self.seed % 2**20], np.float64)


class Blind(Count):
    """Draws nothing."""

    def render(self) -> np.ndarray:
        return np.zeros(0)


class Deadly(Count):
    """Kills its process, as a machine that runs out of memory does."""

    def step(self, action: int) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        os.kill(os.getpid(), signal.SIGKILL)
        return super().step(action)


class Broken(Count):
    """Observes what is not in its space."""

    def _seen(self) -> np.ndarray:
        return np.array([-1.0, 0.0])


class Short(Count):
    """Gives four values for a step, as before Gymnasium."""

    def step(self, action: int) -> Any:
        return super().step(action)[:4]


class Odd(Count):
    """Two actions at once, which none of our agents can take."""

    def __init__(self) -> None:
        super().__init__()
        self.action_space = MultiDiscrete([2, 2])  # type: ignore[assignment]


class Nested(Count):
    """Observations two levels deep."""

    def __init__(self) -> None:
        super().__init__()
        self.observation_space = Dict({"a": Dict({"b": Discrete(2)})})  # type: ignore[assignment]


for kind in (Count, Blind, Deadly, Broken, Short, Odd, Nested):
    gymnasium.register(f"{kind.__name__}-v0", entry_point=kind)
