"""Environments side by side: any Gymnasium id, in the fastest form that it has.

    envs = make("CartPole-v1", 8)                      its NumPy form, 8 lanes
    envs = make("ALE/Pong-v5", 8, protocol=nature())   ale-py's own threads, 84 x 84 grey frames
    observation, infos = reset(envs, seed=1)           every lane has a seed of its own
    observation, reward, terminated, truncated, infos = envs.step(actions)

Rewards are always raw: what is learned from may be clipped, scores never are. Episodes are whole:
where a lost life shall end the learner's episode, `infos["life_lost"]` (L,) says so, and the game
goes on. After an episode the lane's next step resets it (Gymnasium's NEXT_STEP): its action is
ignored and its reward is 0. Frames are single; the replay and `rl.stack` pile them up.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import gymnasium
from gymnasium.vector import VectorEnv

from rl.atari import Protocol

Vectorise = Literal["auto", "sync", "async", "native", "envpool"]
Purpose = Literal["training", "evaluation", "recording"]
Wrapper = Callable[[gymnasium.Env], gymnasium.Env]


def make(
    name: str,
    lanes: int,
    *,
    vectorise: Vectorise = "auto",
    limit: int = 0,
    arguments: Mapping[str, Any] | None = None,
    wrappers: Sequence[Wrapper] = (),
    protocol: Protocol | None = None,
    render: bool = False,
) -> VectorEnv:
    """The environments of a Gymnasium id ("CartPole-v1", "module:Mine-v0") -> `lanes` of them.

    vectorise: "auto" takes the form that the id comes with where it is the faster one, else
    "sync"; "async" a process per lane. limit: steps after which an episode is truncated, 0 for
    the environment's own limit. arguments: of the environment's constructor. wrappers: put around
    every single environment, first one inmost; they rule out "native". protocol: of Atari games,
    None for `Protocol()`. render: environments whose `render` gives pictures.
    Raises InputError for unknown ids and for forms that the environment does not have.
    """
    raise NotImplementedError


def reset(
    envs: VectorEnv, seed: int, purpose: Purpose = "training"
) -> tuple[Any, dict[str, Any]]:
    """Start all lanes -> observations (L, *O) and infos. No two purposes share a lane's seed."""
    raise NotImplementedError


def expect_spaces(observation: gymnasium.Space, action: gymnasium.Space) -> None:
    """Refuse spaces that no agent of ours can take. Raises InputError."""
    raise NotImplementedError
