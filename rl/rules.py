"""Does an environment do what it says? One reset and one step tell, before a run begins.

`geomdl rl check` asks more, and takes longer. Here is only what would end a run, or spoil it
without a word.
"""

import math
from typing import Any

import gymnasium
import numpy as np
from gymnasium.spaces import Dict, Space

from core2d.errors import InputError


def expect_rules(name: str, env: gymnasium.Env) -> None:
    """Reset an environment and step once. Raises InputError where it breaks Gymnasium's rules.

    name: for people. What the environment itself raises comes through.
    """
    found: Any = env.reset(seed=0)
    if not (isinstance(found, tuple) and len(found) == 2 and isinstance(found[1], dict)):
        raise broken(name, "reset: expected (observation, infos)", found)
    _expect_seen(name, "reset", env.observation_space, found[0])
    actions = env.action_space
    found = env.step(getattr(actions, "start", 0))
    if not (isinstance(found, tuple) and len(found) == 5 and isinstance(found[4], dict)):
        wanted = "step: expected (observation, reward, terminated, truncated, infos)"
        raise broken(name, wanted, found)
    _expect_seen(name, "step", env.observation_space, found[0])
    reward = np.asarray(found[1])
    if reward.dtype.kind not in "biuf" or reward.shape != () or not math.isfinite(reward):
        raise broken(name, "step: expected a finite number as reward", found[1])
    for place, word in ((2, "terminated"), (3, "truncated")):
        flag = np.asarray(found[place])
        if flag.dtype != np.bool_ or flag.shape != ():
            raise broken(name, f"step: expected True or False as {word}", found[place])


def _expect_seen(name: str, where: str, space: Space[Any], seen: Any) -> None:
    """An observation has the parts and the shapes of its space, and numbers that are finite."""
    if isinstance(space, Dict):
        if not isinstance(seen, dict) or set(seen) != set(space.spaces):
            raise broken(name, f"{where}: expected a dict of {list(space.spaces)}", seen)
        for key, part in space.spaces.items():
            _expect_seen(name, f"{where}, {key!r}", part, seen[key])
        return
    try:
        array = np.asarray(seen)
        finite = array.dtype.kind not in "fc" or bool(np.isfinite(array).all())
    except (TypeError, ValueError):
        array, finite = np.zeros(0, object), False
    if array.dtype == object or array.shape != (space.shape or ()):
        raise broken(name, f"{where}: expected an observation of shape {space.shape}", seen)
    if not finite:
        raise broken(name, f"{where}: expected finite numbers", seen)


def broken(name: str, wanted: str, came: Any) -> InputError:
    """What to say of a rule that was broken."""
    got = came
    if isinstance(came, np.ndarray) and came.size > 8:
        got = f"an array {came.shape}"
    elif isinstance(came, tuple) and len(came) > 2:
        got = f"{len(came)} values"
    elif isinstance(came, dict):
        got = f"a dict of {list(came)}"
    return InputError(f"env {name}: {wanted}, got {got!s:.120}; `geomdl rl check {name}` says more")
