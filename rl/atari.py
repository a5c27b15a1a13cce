"""Atari games under a protocol that is told in full.

Scores of one game under two protocols are two different numbers: DQN's Breakout is about 370
without sticky actions and about 100 with them. So every knob is a field of `Protocol`, whatever
the environment's id says, and `described` states them beside a score. Two ways to play give the
same frames: `side_by_side` is ale-py's native form, `single` an environment of Gymnasium's kind.

ale-py (MIT) is the extra `atari`; the games lie in its wheel. Its own names mislead in places:
`episodic_life` starts the whole game anew after each life, so that nobody ever sees a second one
(we ask the infos for lives instead); rewards are clipped unless told otherwise; `noop_max` is one
more than the most frames without action.
"""

import importlib.util
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import gymnasium
import numpy as np
from gymnasium.spaces import Box
from gymnasium.vector import VectorEnv, VectorWrapper
from gymnasium.vector.utils import batch_space

from core2d.errors import expect_number, expect_share

# The games of Mnih et al. 2013.
GAMES = ("Pong", "Breakout", "SpaceInvaders", "Seaquest", "BeamRider")


@dataclass(frozen=True)
class Protocol:
    """How a game is played and shown.

    sticky: probability that the last action is repeated for a frame; None for that of the id:
    0.25 for ALE/*-v5 and *-v0, 0 for *-v4. skip: frames that an action lasts. pool: show the
    larger of the last two frames, since games draw sprites in turn. noops: fewer than so many
    frames without action begin an episode, 0 for none. life_loss: for the learner, not for the
    score, an episode ends with a life. full_actions: 18 actions in every game, not those alone
    that do something. fire: press fire at the beginning. frames: after which an episode is cut.
    size: of the picture.
    """

    sticky: float | None = None
    skip: int = 4
    pool: bool = True
    noops: int = 30
    life_loss: bool = True
    full_actions: bool = False
    fire: bool = False
    frames: int = 108_000
    size: int = 84

    def __post_init__(self) -> None:
        if self.sticky is not None:
            expect_share("sticky", self.sticky)
        for name in ("skip", "frames", "size"):
            expect_number(name, getattr(self, name), low=1)
        expect_number("noops", self.noops, low=0)


def nips() -> Protocol:
    """Mnih et al. 2013: no pooling, no frames without action, lives do not count.

    Space Invaders is played with `skip=3`: with 4 its lasers blink out of sight.
    """
    return Protocol(sticky=0.0, pool=False, noops=0, life_loss=False)


def nature() -> Protocol:
    """Mnih et al. 2015; their tests stopped after 5 minutes, which is `frames=18_000`."""
    return Protocol(sticky=0.0)


def machado() -> Protocol:
    """Machado et al. 2018: sticky actions are the only chance, all actions, whole games."""
    return Protocol(sticky=0.25, noops=0, life_loss=False, full_actions=True)


def rom_of(name: str) -> str | None:
    """The game's file that an id plays ("ALE/Pong-v5" -> "pong"); None if it is no Atari game."""
    register()
    spec = gymnasium.registry.get(name.rpartition(":")[2])
    atari = spec is not None and spec.entry_point == "ale_py.env:AtariEnv"
    return str(spec.kwargs["game"]) if atari and spec is not None else None


def register() -> None:
    """Make the ids of Atari games known where ale-py is installed."""
    if importlib.util.find_spec("ale_py") is not None:
        import ale_py

        gymnasium.register_envs(ale_py)


def resolved(name: str, protocol: Protocol) -> Protocol:
    """The protocol with the stickiness that the id stands for, where none was given."""
    if protocol.sticky is not None:
        return protocol
    return replace(protocol, sticky=float(gymnasium.spec(name).kwargs["repeat_action_probability"]))


def described(name: str, protocol: Protocol | None = None) -> dict[str, Any]:
    """What has to stand beside a score of an id: every knob; nothing for what is no Atari game."""
    if rom_of(name) is None:
        return {}
    return asdict(resolved(name, protocol or Protocol()))


def words(told: Mapping[str, Any]) -> str:
    """What `described` gave, in one line; "" for what is no Atari game."""
    if not told:
        return ""
    return ", ".join(
        [
            f"sticky actions {told['sticky']:g}",
            f"{told['skip']} frames a step",
            *([f"fewer than {told['noops']} frames without action first"] * bool(told["noops"])),
            "18 actions" if told["full_actions"] else "minimal actions",
            f"cut after {told['frames']:,} frames",
        ]
    )


def side_by_side(name: str, lanes: int, protocol: Protocol) -> VectorEnv:
    """Games of an id on ale-py's own threads: frames (L, size, size) uint8, raw rewards."""
    from ale_py.vector_env import AtariVectorEnv

    rom, told = rom_of(name), resolved(name, protocol)
    games = AtariVectorEnv(
        str(rom),
        lanes,
        max_num_frames_per_episode=told.frames,
        repeat_action_probability=told.sticky or 0.0,
        full_action_space=told.full_actions,
        img_height=told.size,
        img_width=told.size,
        stack_num=1,
        frameskip=told.skip,
        maxpool=told.pool,
        noop_max=told.noops,
        episodic_life=False,
        life_loss_info=False,
        reward_clipping=False,
        use_fire_reset=told.fire,
    )
    games.spec = gymnasium.spec(name)
    return Games(games, life_loss=told.life_loss)


class Games(VectorWrapper):
    """ale-py's games as all our environments are: one frame, raw float rewards, seeds in a list.

    Where lives count for the learner, `infos["life_lost"]` (L,) tells of the step that lost one.
    """

    def __init__(self, games: VectorEnv, *, life_loss: bool) -> None:
        super().__init__(games)
        self._life_loss, self._lives = life_loss, np.zeros(games.num_envs, np.int32)
        shape = games.single_observation_space.shape
        assert shape is not None
        self.single_observation_space = Box(0, 255, shape[1:], np.uint8)
        self.observation_space = batch_space(self.single_observation_space, games.num_envs)

    def reset(
        self,
        *,
        seed: int | Sequence[int] | np.ndarray | None = None,
        options: dict[str, Any] | None = None,
    ) -> tuple[np.ndarray, dict[str, Any]]:
        given = seed if seed is None or isinstance(seed, int) else np.asarray(seed)
        frames, infos = self.env.reset(seed=given, options=options)  # type: ignore[arg-type]
        self._lives = infos["lives"].copy()
        return frames[:, 0], self._told(infos, np.zeros(self.num_envs, bool))

    def step(
        self, actions: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        taken = np.asarray(actions, np.int64)
        frames, reward, terminated, truncated, infos = self.env.step(taken)
        lost, self._lives = infos["lives"] < self._lives, infos["lives"].copy()
        reward = reward.astype(np.float32)
        return frames[:, 0], reward, terminated, truncated, self._told(infos, lost)

    def _told(self, infos: dict[str, Any], lost: np.ndarray) -> dict[str, Any]:
        return {**infos, "life_lost": lost} if self._life_loss else infos


def single(name: str, protocol: Protocol, *, render: bool = False) -> gymnasium.Env:
    """One game of an id, the same frames and rewards as `side_by_side`: frame (size, size)."""
    told = resolved(name, protocol)
    game = gymnasium.make(
        name,
        render_mode="rgb_array" if render else None,
        disable_env_checker=True,
        obs_type="grayscale",
        frameskip=1,
        repeat_action_probability=told.sticky,
        full_action_space=told.full_actions,
        max_num_frames_per_episode=told.frames,
    )
    return Game(game, told)


class Game(gymnasium.Wrapper):
    """Frame skip, pooling, frames without action and size for a game of single grey frames."""

    def __init__(self, game: gymnasium.Env, protocol: Protocol) -> None:
        super().__init__(game)
        self._protocol, self._lives = protocol, 0
        shape = game.observation_space.shape
        assert shape is not None
        self._rows, self._columns = (shares(protocol.size, length) for length in shape)
        self.observation_space = Box(0, 255, (protocol.size, protocol.size), np.uint8)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        frame, info = self.env.reset(seed=seed, options=options)
        told = self._protocol
        waits = int(self.unwrapped.np_random.integers(told.noops)) if told.noops else 0
        meanings = self.unwrapped.get_action_meanings()  # type: ignore[attr-defined]
        presses = [meanings.index("FIRE")] if told.fire and "FIRE" in meanings else []
        for action in [0] * waits + presses:
            frame, _, terminated, truncated, info = self.env.step(action)
            if terminated or truncated:
                frame, info = self.env.reset(options=options)
        self._lives = info["lives"]
        return self._small(frame), self._told(info, False)

    def step(self, action: Any) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        total = 0.0
        frames: list[np.ndarray] = []
        for _ in range(self._protocol.skip):
            frame, reward, terminated, truncated, info = self.env.step(action)
            total += float(reward)
            frames = [*frames[-1:], frame]
            if terminated or truncated:
                break
        lost, self._lives = info["lives"] < self._lives, info["lives"]
        shown = np.maximum.reduce(frames) if self._protocol.pool else frames[-1]
        return self._small(shown), total, terminated, truncated, self._told(info, lost)

    def _small(self, frame: np.ndarray) -> np.ndarray:
        """Grey frame (210, 160) -> (size, size), every pixel the mean of the area it covers."""
        return np.rint(self._rows @ frame.astype(np.float32) @ self._columns.T).astype(np.uint8)

    def _told(self, info: dict[str, Any], lost: bool) -> dict[str, Any]:
        return {**info, "life_lost": lost} if self._protocol.life_loss else info


def shares(size: int, length: int) -> np.ndarray:
    """How much of each of `length` pixels lies in each of `size` new ones: (size, length)."""
    edges = np.arange(size + 1) * (length / size)
    left = np.maximum(edges[:-1, None], np.arange(length))
    right = np.minimum(edges[1:, None], np.arange(length) + 1)
    return (np.clip(right - left, 0, None) * (size / length)).astype(np.float32)
