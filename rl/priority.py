"""Prioritised replay (Schaul et al. 2016): which transitions to draw, and how to weigh them."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from core2d.errors import InputError, expect_number
from geomdl.ops.dispatch import bound
from geomdl.ops.sum_tree import (
    sum_tree,
    sum_tree_draw,
    sum_tree_prioritise,
    sum_tree_update,
    sum_tree_values,
)


@dataclass(frozen=True)
class Priority:
    """Proportional: P(i) ~ (priority_i + epsilon)^exponent, weights (N P(i))^-correction.

    exponent: alpha of the paper, 0 draws uniformly. correction: beta, which rises linearly to 1
    over correction_steps batches drawn. epsilon keeps transitions of priority 0 in the game.
    """

    exponent: float = 0.6
    correction: float = 0.4
    correction_steps: int = 100_000
    epsilon: float = 1e-6

    def __post_init__(self) -> None:
        expect_number("exponent", self.exponent, low=0)
        expect_number("correction", self.correction, low=0)
        expect_number("correction_steps", self.correction_steps, low=1)
        expect_number("epsilon", self.epsilon, above=0)


class Priorities:
    """The priorities of a ring of `slots` transitions; a slot that was not set is never drawn."""

    def __init__(self, slots: int, settings: Priority) -> None:
        self.settings = settings
        self.tree = sum_tree(slots)
        self._values = sum_tree_values(self.tree)[:slots].numpy()
        self._set = bound(sum_tree_update.__name__, self.tree)
        self._prioritise = bound(sum_tree_prioritise.__name__, self.tree)
        self._draw = bound(sum_tree_draw.__name__, self.tree)
        self.top = 1.0  # the highest value so far: new transitions get it (algorithm 1, line 6)
        self.drawn = 0

    def replace(self, gone: np.ndarray, new: np.ndarray) -> None:
        """Transitions that left the replay (G,) and that came to it (N,)."""
        slots = np.concatenate([gone, new])
        if len(slots):
            values = np.repeat([0.0, self.top], [len(gone), len(new)])
            self._set(torch.from_numpy(slots), torch.from_numpy(values))

    def update(self, slots: np.ndarray, priority: Tensor) -> None:
        """New priorities (K,) >= 0, as a rule |TD error|, of slots (K,)."""
        raw = priority.detach().to("cpu", torch.float32).contiguous()
        settings = self.settings
        highest = float(
            self._prioritise(torch.from_numpy(slots), raw, settings.epsilon, settings.exponent)
        )
        if math.isnan(highest):
            raise InputError("priority: expected finite numbers that are not negative")
        self.top = max(self.top, highest)

    def draw(self, batch: int, count: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Slots (B,) and weights (B,) float32, the largest of the batch 1, among `count` live ones.

        One of each of B equal parts of the mass (appendix B.2.1).
        """
        dice = torch.rand(batch, dtype=torch.float64, generator=generator)
        drawn: tuple[Tensor, Tensor] = self._draw(dice, count, self._beta())
        self.drawn += 1
        return drawn

    def _beta(self) -> float:
        low = self.settings.correction
        return low + (1 - low) * min(1.0, self.drawn / self.settings.correction_steps)

    def state(self) -> dict[str, object]:
        """All that changes; sums are not part of it."""
        values = torch.from_numpy(self._values.copy())
        return {"values": values, "top": self.top, "drawn": self.drawn}

    def restore(self, values: Tensor, top: float, drawn: int) -> None:
        """The opposite of `state`. Raises InputError where the number of slots differs."""
        if len(values) != len(self._values):
            raise InputError(f"values: expected {len(self._values)}, got {len(values)}")
        sum_tree_update(self.tree, torch.arange(len(values)), values)
        self.top, self.drawn = top, drawn
