"""Observations of one size: `--wrappers rl.scaled:scaled`."""

from typing import Any

import numpy as np
from gymnasium import Env
from gymnasium.spaces import Box
from gymnasium.wrappers import RescaleObservation

from core2d.errors import InputError


def scaled(env: Env[Any, Any]) -> Env[Any, Any]:
    """Each number of an observation brought from its own range to -1 ... 1.

    A network that sees a place in metres and a speed of hundredths beside it learns of the place
    alone for long. Raises InputError where the observations are no Box with ends.
    """
    space = env.observation_space
    if not isinstance(space, Box) or not np.issubdtype(space.dtype, np.floating):
        raise InputError(f"wrappers: rl.scaled:scaled expects a Box of floats, got {space}")
    if not space.is_bounded():
        raise InputError(f"wrappers: rl.scaled:scaled expects a Box with finite ends, got {space}")
    low, high = np.float32(-1), np.float32(1)
    return RescaleObservation(env, np.full(space.shape, low), np.full(space.shape, high))
