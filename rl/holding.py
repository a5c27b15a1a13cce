"""Random actions that are held for a while: exploring in runs, not in single steps."""

from typing import Any

import numpy as np
import torch
from gymnasium.spaces import Discrete
from torch import Generator

from rl.collect import Actor


class Holding:
    """An actor whose random actions last, as those of people do (Dabney et al. 2021, algorithm 1).

    With probability epsilon a lane that is free begins a random action and holds it for n steps,
    n <= `longest` with a probability that goes with n^-falling (theirs: zeta, 2). Single random
    steps cancel out; held ones get an agent out of a valley. actor: what acts otherwise.
    """

    def __init__(self, actor: Actor, actions: Discrete, longest: int, falling: float = 2.0) -> None:
        self.actor, self.actions = actor, actions
        share = torch.arange(1, longest + 1, dtype=torch.float64) ** -falling
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
