"""A film of a trained agent: one file that shows what the numbers cannot.

record("runs/dqn", "cartpole.mp4")
record("runs/pong", "pong.gif", episodes=2, seed=3)
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from gymnasium.vector import VectorEnv
from torch import Generator, Tensor

from core2d.errors import InputError, expect_number, expect_share
from core2d.train.order import seed_of
from geomdl.render.video import save_video
from geomdl.structures.srgb import from_srgb
from rl.atari import described
from rl.collect import Collector, Episode
from rl.environments import make_for, reset
from rl.evaluate import Chance, Nowhere, Players, player_of, whole_games
from rl.replay import Replay
from rl.settings import Settings

SMALLEST = 240  # pixels of the shorter side; smaller pictures are enlarged by whole factors
LONGEST = 10_000  # frames of a film


@dataclass(frozen=True)
class Film:
    """What was written: frames in the file, and the episodes that it shows to their end."""

    path: Path
    frames: int
    fps: float
    episodes: tuple[Episode, ...]

    def __str__(self) -> str:
        totals = ", ".join(f"{episode.total:g}" for episode in self.episodes) or "none ended"
        return (
            f"{self.path}: {self.frames} frames, {self.frames / self.fps:.1f} s; returns {totals}"
        )


def record(
    who: Players,
    path: Path | str,
    *,
    episodes: int = 1,
    seed: int = 0,
    epsilon: float = 0.0,
    fps: float = 0.0,
    longest: int = LONGEST,
) -> Film:
    """Fresh episodes of a run or any player as .mp4, .gif or .webp, by the name's ending.

    fps: 0 for the speed that the environment names. longest: frames after which the film ends.
    Raises InputError, also where the environment draws nothing.
    """
    expect_number("episodes", episodes, low=1)
    expect_number("longest", longest, low=1)
    expect_number("fps", fps, low=0)
    if epsilon is not None:
        expect_share("epsilon", epsilon)
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    player = player_of(who)
    settings = whole_games(player.settings)
    envs = make_for(settings, lanes=1, render=True)
    ended: list[Episode] = []
    try:
        actor = player.actor or Chance(envs.single_action_space)
        collector = Collector(envs, actor, cast(Replay, Nowhere()), stack=settings.stack)
        collector.start(reset(envs, seed, "recording")[0])
        fps = fps or speed(envs, settings)
        generator = Generator().manual_seed(seed_of(seed, "recording"))
        frames = shown(collector, epsilon, generator, episodes, longest, ended)
        count = save_video(path, frames, fps)
    finally:
        envs.close()
    return Film(Path(path), count, fps, tuple(ended))


def shown(
    collector: Collector,
    epsilon: float,
    generator: Generator,
    episodes: int,
    longest: int,
    ended: list[Episode],
) -> Iterator[Tensor]:
    """Linear pictures (H, W, 3) of one lane: before the first action and after every one.

    `ended` gets the episodes that end on the way.
    """
    for _ in range(longest):
        yield linear(drawn(collector.envs))
        if len(ended) >= episodes:
            return
        ended += collector.step(epsilon, generator).episodes


def drawn(envs: VectorEnv) -> np.ndarray:
    """The picture (H, W, 3) uint8 of one lane, enlarged where it is small. Raises InputError."""
    pictures: Any = envs.render()
    picture = np.asarray(pictures[0] if isinstance(pictures, (tuple, list)) else pictures)
    if picture.ndim != 3 or picture.shape[2] != 3 or picture.dtype != np.uint8:
        raise InputError(
            f"render: expected a picture (H, W, 3) uint8, got {picture.dtype} {picture.shape}"
        )
    factor = max(1, math.ceil(SMALLEST / min(picture.shape[:2])))
    return picture.repeat(factor, 0).repeat(factor, 1)


def linear(picture: np.ndarray) -> Tensor:
    """sRGB bytes (H, W, 3) -> linear light, which `save_video` turns into the same bytes."""
    table = from_srgb(torch.arange(256) / 255)
    return table[torch.from_numpy(np.ascontiguousarray(picture)).long()]


def speed(envs: VectorEnv, settings: Settings) -> float:
    """Pictures a second: what the environment names; of Atari games 60 frames a second."""
    if told := described(settings.env, settings.protocol):
        return 60 / told["skip"]
    return float(envs.metadata.get("render_fps") or 30)
