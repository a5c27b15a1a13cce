"""Steps of the 3D worlds in their vector form, against the same worlds one by one.

Asked are 2,000 steps a second of 64 x 64 depth on two cores: STEPS in 0.512 s at most.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import gymnasium
import numpy as np
from gymnasium.vector import SyncVectorEnv, VectorEnv

import scenes.envs
from geomdl.bench.measure import Floor, Row, Work

STEPS, LANES = 1024, 32
WORLDS: dict[str, dict[str, Any]] = {
    "NextBestView": {"objects": 32},
    "ObjectGoal": {"rooms": 8},
    "VoxelMaze": {"mazes": 32},
}


def world(name: str) -> Work:
    """Each call is STEPS steps at random from a reset with the same seed -> what was seen last."""
    scenes.envs.register()
    full, given = f"geomdl/{name}-v0", WORLDS[name]
    many = gymnasium.make_vec(full, LANES, "vector_entry_point", **given)

    def single() -> gymnasium.Env[Any, Any]:
        return gymnasium.make(full, disable_env_checker=True, **given)

    alone = SyncVectorEnv([single] * LANES)
    count = int(many.single_action_space.n)  # type: ignore[attr-defined]
    actions = np.random.default_rng(0).integers(count, size=(STEPS // LANES, LANES))
    played = partial(play, actions=actions)
    return Work(lambda: played(many), lambda: played(alone), same)


def play(envs: VectorEnv[Any, Any, Any], actions: np.ndarray) -> tuple[Any, float]:
    """The last observation, and the sum of all rewards."""
    envs.reset(seed=0)
    total = 0.0
    for row in actions:
        seen, reward, _, _, _ = envs.step(row)
        total += float(np.sum(reward))
    return seen, total


def same(ours: tuple[Any, float], theirs: tuple[Any, float]) -> None:
    """The same episodes."""
    assert abs(ours[1] - theirs[1]) < 1e-6
    pairs = [(ours[0], theirs[0])]
    if isinstance(ours[0], dict):
        pairs = [(part, theirs[0][name]) for name, part in ours[0].items()]
    assert all(np.array_equal(a, b) for a, b in pairs)


def rows() -> Iterator[Row]:
    """The floor is the depth that leaves the renderer."""
    for name in WORLDS:
        prepare: Callable[[], Work] = partial(world, name)
        yield Row(
            name="world_steps",
            group="rl",
            work=f"{STEPS:,} steps, {name}, {LANES} lanes, 64 x 64 depth",
            peer="Gymnasium's SyncVectorEnv",
            prepare=prepare,
            floor=Floor(moved=STEPS * 64 * 64 * 4),
            repeats=5,
        )
