"""Environments that do not do what they say are named before a run begins."""

from collections.abc import Callable
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.spaces import Box, Dict, Discrete

from core2d.errors import InputError
from rl.rules import expect_rules
from tests.rl.worlds import Count


class Told(gymnasium.Env):
    """Gives what it is told to give."""

    def __init__(self, first: Any, step: Any) -> None:
        self.observation_space = Box(-1, 1, (2,), np.float32)
        self.action_space = Discrete(2, start=3)
        self.first, self.after, self.taken = first, step, -1

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> Any:
        return self.first

    def step(self, action: int) -> Any:
        self.taken = action
        return self.after


GOOD = np.zeros(2)
STEP = (GOOD, 1, False, np.False_, {})
Change = Callable[..., tuple[Any, Any]]


def test_what_keeps_the_rules_passes() -> None:
    env = Told((GOOD, {}), STEP)
    expect_rules("mine", env)
    assert env.taken == 3
    expect_rules("mine", Told(([0.5, 1], {}), (GOOD, np.array(1.0), True, False, {})))
    expect_rules("mine", Count())
    parts = Told(({"a": GOOD, "b": 1}, {}), ({"a": GOOD, "b": 0}, 0.5, False, False, {}))
    parts.observation_space = Dict(a=Box(-1, 1, (2,)), b=Discrete(2))  # type: ignore[assignment]
    expect_rules("mine", parts)
    parts.first = ({"a": GOOD}, {})
    with pytest.raises(InputError, match=r"reset: expected a dict of \['a', 'b'\], got a dict of"):
        expect_rules("mine", parts)
    parts.first = ({"a": GOOD, "b": [1, 2]}, {})
    with pytest.raises(InputError, match="reset, 'b': expected an observation of shape"):
        expect_rules("mine", parts)


@pytest.mark.parametrize(
    ("first", "step", "words"),
    [
        (GOOD, STEP, r"reset: expected \(observation, infos\), got \[0"),
        ((np.zeros(3), {}), STEP, r"reset: expected an observation of shape \(2,\), got \[0"),
        ((np.zeros((40, 2)), {}), STEP, r"got an array \(40, 2\)"),
        ((["a", None], {}), STEP, "reset: expected an observation of shape"),
        ((GOOD * np.nan, {}), STEP, "reset: expected finite numbers"),
        ((GOOD, {}), STEP[:4], "step: expected .* got 4 values; `geomdl rl check mine`"),
        ((GOOD, {}), (np.zeros(1), *STEP[1:]), "step: expected an observation"),
        ((GOOD, {}), (GOOD, None, *STEP[2:]), "step: expected a finite number as reward, got None"),
        ((GOOD, {}), (GOOD, np.nan, *STEP[2:]), "as reward, got nan"),
        ((GOOD, {}), (GOOD, np.ones(1), *STEP[2:]), r"as reward, got \[1"),
        ((GOOD, {}), (GOOD, 1.0, {}, False, {}), "True or False as terminated"),
        ((GOOD, {}), (GOOD, 1.0, False, 0, {}), "True or False as truncated, got 0"),
    ],
)
def test_broken_rules_are_named(first: Any, step: Any, words: str) -> None:
    with pytest.raises(InputError, match=words):
        expect_rules("mine", Told(first, step))
