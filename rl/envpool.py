"""EnvPool's environments as Gymnasium's vector environments are.

EnvPool (Apache-2.0) steps environments written in C++ on its own threads; `pip install envpool`
where there is a wheel. It resets a lane on the step after its episode, as all of ours do, but it
takes seeds when it is built and never again: so it is built anew by every seeded `reset`.
"""

import importlib.util
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space

from core2d.errors import InputError


def pool(name: str, lanes: int, limit: int = 0) -> VectorEnv:
    """EnvPool's form of a Gymnasium id. Raises InputError without the package, or the id in it."""
    if importlib.util.find_spec("envpool") is None:
        raise InputError("vectorise: envpool is not installed; `pip install envpool` where it has "
                         "a wheel, or use auto")  # fmt: skip
    try:
        import envpool
    except Exception as problem:  # it reads files of its games as it is imported
        raise InputError(f"vectorise: envpool cannot be imported: {problem}") from problem
    known = envpool.list_all_envs()
    if name not in known:
        raise InputError(f"vectorise: EnvPool has no {name}; it has {len(known)} others")
    return Pool(name, lanes, limit)


class Pool(VectorEnv):
    """L environments of EnvPool. Observations (L, *O), rewards (L,), as Gymnasium's NEXT_STEP."""

    def __init__(self, name: str, lanes: int, limit: int = 0) -> None:
        import envpool

        spec = envpool.make_spec(name)
        self.num_envs, self._name, self._limit = lanes, name, limit
        self.single_observation_space = spec.gymnasium_observation_space
        self.single_action_space = spec.gymnasium_action_space
        self.observation_space = batch_space(self.single_observation_space, lanes)
        self.action_space = batch_space(self.single_action_space, lanes)
        self.metadata = {"autoreset_mode": AutoresetMode.NEXT_STEP}
        self._pool: Any = None

    def reset(
        self,
        *,
        seed: int | Sequence[int] | None = None,
        options: dict[str, Any] | None = None,
    ) -> tuple[Any, dict[str, Any]]:
        if seed is not None or self._pool is None:
            first = seed if isinstance(seed, int) else 0
            every = [first + i for i in range(self.num_envs)] if isinstance(seed, int) else seed
            self._pool = self._made([int(s) for s in every] if every else [])
        return self._pool.reset()

    def _made(self, seeds: list[int]) -> Any:
        """A pool of EnvPool, whose lanes have these seeds, if any."""
        import envpool

        limit = {"max_episode_steps": self._limit} if self._limit else {}
        make = partial(
            envpool.make, self._name, env_type="gymnasium", num_envs=self.num_envs, **limit
        )
        if not seeds:
            return make()
        try:
            return make(env_seed=seeds)
        except TypeError:  # before its version 1 it took one seed, and gave lane i that + i
            return make(seed=seeds[0])

    def step(
        self, actions: np.ndarray
    ) -> tuple[Any, np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        return self._pool.step(np.asarray(actions))
