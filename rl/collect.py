"""Acting: all lanes step side by side, and what happens goes to the replay.

No transition crosses the end of an episode, whichever way the environments reset themselves:

    NEXT_STEP   the step after the end resets: its action is ignored and nothing is kept of it
    SAME_STEP   the observation that comes with the end is the next episode's first already; the
                last one is infos["final_obs"]
    DISABLED    the lanes that ended are reset here

The frame after the last action goes to the replay with `close`, so that an episode that was cut
off keeps its value and one that terminated has none.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import gymnasium
import numpy as np
from gymnasium import spaces
from gymnasium.vector import AutoresetMode, VectorEnv
from torch import Generator

from core2d.errors import InputError
from rl.replay import Part, Replay
from rl.stack import Stacks

Frame = np.ndarray | dict[str, np.ndarray]


class Actor(Protocol):
    """What chooses actions: an `Agent`, or anything else that can."""

    def act(self, observation: Any, epsilon: float, generator: Generator, /) -> np.ndarray:
        """Observations (L, *O) -> actions (L,)."""
        ...


class Episode(NamedTuple):
    """A finished episode: the sum of its raw rewards, undiscounted, and its steps."""

    total: float
    length: int


class Turn(NamedTuple):
    """One step of all lanes: how many acted, the episodes that ended, and on which lanes."""

    steps: int
    episodes: list[Episode]
    lanes: list[int]


def parts_of(space: gymnasium.Space) -> Part | dict[str, Part]:
    """What `Replay` and `Stack` store of a space: (shape, dtype), or a dict of them."""
    if isinstance(space, spaces.Dict):
        return {name: _part(one) for name, one in space.spaces.items()}
    return _part(space)


def _part(space: gymnasium.Space) -> Part:
    kind = np.dtype(space.dtype or np.float32)
    return tuple(space.shape or ()), np.dtype(np.float32) if kind == np.float64 else kind


def stacked(space: gymnasium.Space, count: int) -> gymnasium.Space:
    """The space of `count` stacked frames: an axis in front where there are more than one."""
    if count == 1:
        return space
    if isinstance(space, spaces.Dict):
        return spaces.Dict({name: stacked(one, count) for name, one in space.spaces.items()})
    if not isinstance(space, spaces.Box):
        raise InputError(f"stack: frames to be stacked are Box spaces, got {space}")
    low, high = (np.repeat(end[None], count, 0) for end in (space.low, space.high))
    return spaces.Box(low, high, dtype=space.dtype.type)


@dataclass
class _Running:
    """The episodes that are being played: raw rewards so far (L,), steps so far (L,)."""

    total: np.ndarray
    length: np.ndarray


class Collector:
    """Steps L lanes by an agent's choice; the replay gets every transition.

    clip_rewards: the replay gets the signs of rewards; episodes tell them raw.
    `infos["life_lost"]` (L,), where an environment gives it, ends an episode for the replay and
    for nobody else.
    """

    def __init__(
        self,
        envs: VectorEnv,
        agent: Actor,
        replay: Replay,
        *,
        stack: int = 1,
        clip_rewards: bool = False,
    ) -> None:
        self.envs, self.agent, self.replay, self.clip_rewards = envs, agent, replay, clip_rewards
        self.lanes = envs.num_envs
        self.mode = AutoresetMode(envs.metadata.get("autoreset_mode", AutoresetMode.NEXT_STEP))
        parts = parts_of(envs.single_observation_space)
        self._named = isinstance(parts, dict)
        each = parts if isinstance(parts, dict) else {"": parts}
        self._kinds = {name: kind for name, (_, kind) in each.items()}
        self._stacks = Stacks(self.lanes, stack, each) if stack > 1 else None
        self._all = np.arange(self.lanes)
        self._frame: dict[str, np.ndarray] = {}
        self._seen = self._frame  # what the agent sees: the frames, or stacks of them
        self._dead = np.zeros(self.lanes, bool)
        self._running = _Running(np.zeros(self.lanes), np.zeros(self.lanes, np.int64))

    def start(self, observation: Any) -> None:
        """Begin with what `reset` of the environments gave; episodes that ran are forgotten."""
        self._advance(self._split(observation), np.ones(self.lanes, bool))
        self._dead = np.zeros(self.lanes, bool)
        self._running = _Running(np.zeros(self.lanes), np.zeros(self.lanes, np.int64))

    def step(self, epsilon: float, generator: Generator) -> Turn:
        """One step of every lane; lanes that a NEXT_STEP environment resets do not count."""
        action = self.agent.act(self._joined(self._seen), epsilon, generator)
        observation, reward, terminated, truncated, infos = self.envs.step(action)
        reward, dead = np.asarray(reward, np.float64), self._dead
        live = self._all[~dead] if dead.any() else self._all
        ended = (terminated | truncated) & ~dead
        lost = np.asarray(infos["life_lost"], bool) & ~dead if "life_lost" in infos else None
        over = terminated if lost is None else terminated | lost
        learned = np.sign(reward) if self.clip_rewards else reward
        before = self._frame
        if len(live) < self.lanes:
            before = {name: frame[live] for name, frame in before.items()}
        cut = truncated & ~over
        self.replay.add(
            self._joined(before), action[live], learned[live], over[live], cut[live], live
        )
        frame = self._split(observation)
        fresh = dead
        if ended.any():
            self._close(frame, infos, ended)
            if self.mode == AutoresetMode.DISABLED:
                options = {"reset_mask": ended}
                frame = self._split(self.envs.reset(options=options)[0])
            if self.mode != AutoresetMode.NEXT_STEP:
                fresh = ended
        self._advance(frame, fresh if lost is None else fresh | lost)
        self._dead = ended if self.mode == AutoresetMode.NEXT_STEP else dead
        told = self._told(reward, live, ended)
        return Turn(len(live), told, self._all[ended].tolist() if told else [])

    def cut(self) -> None:
        """Cut the running episodes off: for the replay they were truncated here."""
        running = self._all[(self._running.length > 0) & ~self._dead]
        if len(running):
            frames = {name: frame[running] for name, frame in self._frame.items()}
            self.replay.close(self._joined(frames), running)

    def _close(self, frame: dict[str, np.ndarray], infos: Mapping[str, Any], ended: Any) -> None:
        """The last frames of the episodes that ended."""
        lanes = self._all[ended]
        if self.mode != AutoresetMode.SAME_STEP:
            last = {name: part[lanes] for name, part in frame.items()}
        else:
            finals = [infos["final_obs"][lane] for lane in lanes]
            last = {
                name: np.stack([final[name] if self._named else final for final in finals])
                for name in frame
            }
        self.replay.close(self._joined(last), lanes)

    def _advance(self, frame: dict[str, np.ndarray], fresh: np.ndarray) -> None:
        """The newest frame of every lane; those that are `fresh` begin an episode."""
        self._frame = frame
        self._seen = frame if self._stacks is None else self._stacks.see(frame, fresh)

    def _told(self, reward: np.ndarray, live: np.ndarray, ended: np.ndarray) -> list[Episode]:
        """Count the step, and tell the episodes that it ended."""
        running = self._running
        running.total[live] += reward[live]
        running.length[live] += 1
        if not ended.any():
            return []
        rows = zip(running.total[ended].tolist(), running.length[ended].tolist(), strict=True)
        told = [Episode(total, length) for total, length in rows]
        running.total[ended], running.length[ended] = 0.0, 0
        return told

    def _split(self, observation: Any) -> dict[str, np.ndarray]:
        """An observation by parts, in the dtype that is stored; copied where lanes share it."""
        parts = observation if self._named else {"": observation}
        return {n: np.array(part, dtype=self._kinds[n]) for n, part in parts.items()}

    def _joined(self, parts: dict[str, np.ndarray]) -> Any:
        return parts if self._named else parts[""]
