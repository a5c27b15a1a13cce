"""Exploring: how often to act at random, and acting so."""

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Generator, Tensor

from core2d.errors import InputError, expect_choice, expect_number, expect_share, expect_tensor


@dataclass(frozen=True)
class Epsilon:
    """The share of random actions as it falls. Raises InputError.

    start: the share at the beginning. end: the share after `steps` and ever after. steps: over
    which it falls; 0 is a constant `end`. kind: linear falls by the same amount every step (Mnih et
    al. 2015: 1 to 0.1 over a million frames), exponential by the same factor, so `end` must be
    above 0. held: steps for which a random action may be held, lane by lane, see `rl.holding`; 1
    draws anew at each. falling: exponent by which longer holds are rarer; 0 for all lengths alike.
    """

    start: float = 1.0
    end: float = 0.05
    steps: int = 10_000
    kind: Literal["linear", "exponential"] = "linear"
    held: int = 1
    falling: float = 2.0

    def __post_init__(self) -> None:
        for name in ("start", "end"):
            expect_share(f"epsilon.{name}", getattr(self, name))
        expect_number("epsilon.steps", self.steps, low=0)
        expect_number("epsilon.held", self.held, low=1)
        expect_number("epsilon.falling", self.falling, low=0)
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
