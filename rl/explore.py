"""Exploring: how often to act at random, and acting so."""

import math
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
import torch
from gymnasium.spaces import Discrete
from torch import Generator, Tensor

from core2d.errors import InputError, expect_choice, expect_number, expect_tensor


class Greedy(Protocol):
    """What chooses actions, randomly with probability epsilon."""

    def act(self, observation: Any, epsilon: float, generator: Generator, /) -> np.ndarray: ...


@dataclass(frozen=True)
class Epsilon:
    """The share of random actions as it falls. Raises InputError.

    start: the share at the beginning. end: the share after `steps` and ever after. steps: over
    which it falls; 0 is a constant `end`. kind: linear falls by the same amount every step (Mnih et
    al. 2015: 1 to 0.1 over a million frames), exponential by the same factor, so `end` must be
    above 0. held: steps for which a random action may be held, lane by lane, see `Holding`; 1 draws
    anew at each.
    """

    start: float = 1.0
    end: float = 0.05
    steps: int = 10_000
    kind: Literal["linear", "exponential"] = "linear"
    held: int = 1

    def __post_init__(self) -> None:
        for name in ("start", "end"):
            value = expect_number(f"epsilon.{name}", getattr(self, name), low=0)
            if value > 1:
                raise InputError(f"epsilon.{name}: expected a share in [0, 1], got {value}")
        expect_number("epsilon.steps", self.steps, low=0)
        expect_number("epsilon.held", self.held, low=1)
        expect_choice("epsilon.kind", self.kind, ("linear", "exponential"))
        if self.kind == "exponential" and not (self.start > 0 and self.end > 0):
            raise InputError("epsilon.end: an exponential fall needs start and end above 0")

    def at(self, step: int) -> float:
        """The share after `step` steps."""
        if step >= self.steps:
            return self.end
        done = max(step, 0) / self.steps
        if self.kind == "linear":
            return self.start + (self.end - self.start) * done
        return self.start * math.exp(done * math.log(self.end / self.start))


def greedy(q: Tensor) -> Tensor:
    """Values (L, A) -> the best action of each lane (L,) int64; of equal ones the first."""
    return q.argmax(1)


def epsilon_greedy(q: Tensor, epsilon: float, generator: Generator) -> Tensor:
    """Values (L, A) -> actions (L,) int64: random with probability `epsilon`, else the best.

    Every lane throws its own dice. A random action may be the best one, so that is taken with
    probability 1 - epsilon + epsilon / A. The generator is drawn from alike for every epsilon, so
    a run's dice do not depend on its schedule; it lives on the CPU or on the device of `q`.
    """
    expect_tensor("q", q, "L A", dtypes="float")
    lanes, actions = q.shape
    if not actions:
        raise InputError("q: expected at least one action, got none")
    device = generator.device
    roll = torch.rand(lanes, generator=generator, device=device)
    other = torch.randint(actions, (lanes,), generator=generator, device=device)
    return torch.where((roll < epsilon).to(q.device), other.to(q.device), greedy(q))


class Holding:
    """An actor whose random actions last, as those of people do (Dabney et al. 2021, algorithm 1).

    With probability epsilon a lane that is free begins a random action and holds it for n steps,
    n <= `longest` with a probability that goes with n^-2 (their zeta distribution, mu = 2). Single
    random steps cancel out; held ones get an agent out of a valley. actor: what acts otherwise.
    """

    def __init__(self, actor: Greedy, actions: Discrete, longest: int) -> None:
        self.actor, self.actions = actor, actions
        share = torch.arange(1, longest + 1, dtype=torch.float64) ** -2.0
        self._shares = share.cumsum(0) / share.sum()
        self._left = torch.zeros(0, dtype=torch.int64)  # steps that each lane still holds on
        self._held = self._left

    def act(self, observation: Any, epsilon: float, generator: Generator, /) -> np.ndarray:
        """Observations (L, *O) -> actions (L,) int64."""
        chosen = torch.from_numpy(self.actor.act(observation, 0.0, generator))
        lanes = len(chosen)
        if len(self._left) != lanes:
            self._left, self._held = torch.zeros(2, lanes, dtype=torch.int64)
        roll, length = torch.rand(2, lanes, generator=generator, dtype=torch.float64)
        other = torch.randint(int(self.actions.n), (lanes,), generator=generator)
        begins = (self._left == 0) & (roll < epsilon)
        self._held = torch.where(begins, other + int(self.actions.start), self._held)
        self._left = torch.where(begins, torch.searchsorted(self._shares, length) + 1, self._left)
        holds = self._left > 0
        self._left = (self._left - 1).clamp_(min=0)
        return torch.where(holds, self._held, chosen).numpy()
