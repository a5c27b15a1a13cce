"""What weights are worth: raw returns of fresh episodes, and how sure one can be of their mean.

    print(evaluate("runs/dqn"))                  100 episodes that training never saw
    evaluate("runs/pong", episodes=30).content() returns, interval and protocol, for a JSON file
    print(evaluate(Player(None, settings)))      what chance gets there

Nothing is chosen by these episodes, so they may judge. Every lane plays a number of episodes that
was fixed before: to take those that end first would favour short ones.
"""

import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import gymnasium
import numpy as np
import torch
from gymnasium.vector import VectorEnv
from torch import Generator

from core2d.errors import InputError, expect_number, expect_share
from core2d.train.order import seed_of
from rl.atari import described, rom_of, words
from rl.collect import Actor, Collector, Episode
from rl.environments import Purpose, make_for, reset
from rl.replay import Replay
from rl.runs import Trained, open_run
from rl.settings import Settings

EPSILON = 0.05  # of the tests of Mnih et al. 2013 and 2015
LONGEST = 1_000_000  # steps of an episode after which nobody waits any more
RESAMPLES = 10_000


@dataclass(frozen=True)
class Evaluation:
    """Raw undiscounted returns and lengths in steps of N episodes, and how they were played.

    frames: of the game in a step. protocol: of Atari games, else empty.
    """

    env: str
    returns: tuple[float, ...]
    lengths: tuple[int, ...]
    epsilon: float
    seed: int
    frames: int
    protocol: dict[str, Any]

    @property
    def mean(self) -> float:
        return float(np.mean(self.returns))

    @property
    def std(self) -> float:
        """Of the episodes, not of the mean."""
        return float(np.std(self.returns, ddof=1)) if len(self.returns) > 1 else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """95 % bootstrap interval of the mean over episodes of these weights."""
        return interval(self.returns)

    def content(self) -> dict[str, Any]:
        """All of it, for a JSON file."""
        low, high = self.interval
        told = {"mean": self.mean, "std": self.std, "low": low, "high": high}
        return told | dataclasses.asdict(self)

    def __str__(self) -> str:
        low, high = self.interval
        return (
            f"{self.env}: {self.mean:.2f}, 95 % interval {low:.2f} to {high:.2f}, "
            f"std {self.std:.2f} over {len(self.returns)} episodes; {rules(self)}"
        )


def rules(evaluation: Evaluation) -> str:
    """The protocol of a score in one line."""
    told = [f"raw rewards, epsilon {evaluation.epsilon:g}", words(evaluation.protocol)]
    return ", ".join(filter(None, told))


class Chance:
    """Plays at random: what everything has to beat."""

    def __init__(self, actions: gymnasium.Space) -> None:
        assert isinstance(actions, gymnasium.spaces.Discrete)
        self.actions = actions

    def act(self, observation: Any, epsilon: float, generator: Generator, /) -> np.ndarray:
        parts = observation.values() if isinstance(observation, dict) else [observation]
        lanes = len(next(iter(parts)))
        drawn = torch.randint(int(self.actions.n), (lanes,), generator=generator)
        return drawn.numpy() + int(self.actions.start)


class Nowhere:
    """Takes transitions and keeps none."""

    def add(self, *_: Any) -> None: ...

    def close(self, *_: Any) -> None: ...


@dataclass(frozen=True)
class Player:
    """Anything that acts, in the environments of `settings`; None plays at random."""

    actor: Actor | None
    settings: Settings


Players = Path | str | Trained | Player


def player_of(who: Players, device: torch.device | str = "cpu") -> Player:
    """A player as it is, or the agent of a run. Raises InputError where there is no run."""
    if isinstance(who, Player):
        return who
    run = who if isinstance(who, Trained) else open_run(who, device)
    return Player(run.agent, run.settings)


def evaluate(
    who: Players,
    *,
    episodes: int = 100,
    epsilon: float | None = None,
    seed: int = 0,
    lanes: int = 0,
    device: torch.device | str = "cpu",
) -> Evaluation:
    """The weights that a run keeps, or any player -> raw returns of fresh, whole episodes.

    epsilon: share of random actions; None for 0.05 in Atari games whose actions do not stick, as
    published, and else 0. lanes: side by side, 0 for those of the run. Raises InputError.
    """
    expect_number("episodes", episodes, low=1)
    expect_number("lanes", lanes, low=0)
    if epsilon is not None:
        expect_share("epsilon", epsilon)
    player = player_of(who, device)
    settings = whole_games(player.settings)
    told = described(settings.env, settings.protocol)
    if player.actor is None:
        epsilon = 1.0
    elif epsilon is None:
        epsilon = EPSILON if told and not told["sticky"] else 0.0
    envs = make_for(settings, lanes=min(lanes or settings.lanes, episodes))
    try:
        actor = player.actor or Chance(envs.single_action_space)
        found = play(actor, envs, episodes, stack=settings.stack, epsilon=epsilon, seed=seed)
    finally:
        envs.close()
    totals, lengths = zip(*found, strict=True)
    frames = told.get("skip", 1)
    return Evaluation(settings.env, totals, lengths, epsilon, seed, frames, told)


def whole_games(settings: Settings) -> Settings:
    """The same settings where episodes are whole games, whatever ends them for the learner."""
    if rom_of(settings.env) is None:
        return settings
    protocol = dataclasses.replace(settings.protocol, life_loss=False)
    return dataclasses.replace(settings, protocol=protocol)


def play(
    actor: Actor,
    envs: VectorEnv,
    episodes: int,
    *,
    stack: int = 1,
    epsilon: float = 0.0,
    seed: int = 0,
    purpose: Purpose = "evaluation",
) -> list[Episode]:
    """Episodes of an actor, ordered by lane; every lane plays its share. Raises InputError."""
    lanes = envs.num_envs
    shares = [episodes // lanes + (lane < episodes % lanes) for lane in range(lanes)]
    played: list[list[Episode]] = [[] for _ in range(lanes)]
    collector = Collector(envs, actor, cast(Replay, Nowhere()), stack=stack)
    collector.start(reset(envs, seed, purpose)[0])
    generator = Generator().manual_seed(seed_of(seed, purpose))
    since = np.zeros(lanes, np.int64)  # steps since the lane's last end
    while any(len(own) < share for own, share in zip(played, shares, strict=True)):
        turn = collector.step(epsilon, generator)
        for episode, lane in zip(turn.episodes, turn.lanes, strict=True):
            played[lane].append(episode)
        since += 1
        since[turn.lanes] = 0
        if since.max() > LONGEST:
            raise InputError(f"env: an episode goes on after {LONGEST:,} steps; give a --limit")
    return [one for own, share in zip(played, shares, strict=True) for one in own[:share]]


def interval(
    values: Sequence[float], level: float = 0.95, resamples: int = RESAMPLES
) -> tuple[float, float]:
    """Percentile bootstrap interval of the mean of independent values (Efron 1979).

    Of few values it is too narrow; of one it is that value. Always the same for the same values.
    """
    given = np.asarray(values, np.float64)
    if given.ndim != 1 or not len(given):
        raise InputError(f"values: expected at least one number, got shape {given.shape}")
    generator, count = np.random.default_rng(0), len(given)
    rows = max(1, 100_000 // count)  # at a time, so that many values need little memory
    sizes = [min(rows, resamples - begun) for begun in range(0, resamples, rows)]
    drawn = [given[generator.integers(count, size=(size, count))].mean(1) for size in sizes]
    ends = np.quantile(np.concatenate(drawn), [(1 - level) / 2, (1 + level) / 2])
    return float(ends[0]), float(ends[1])


def read_evaluation(path: Path) -> Evaluation:
    """What `Evaluation.content` left in a JSON file."""
    content = json.loads(path.read_text())
    names = [field.name for field in dataclasses.fields(Evaluation)]
    rows = {name: content[name] for name in names}
    rows |= {"returns": tuple(rows["returns"]), "lengths": tuple(rows["lengths"])}
    return Evaluation(**rows)
