"""An exponential moving average of a model's weights, which often evaluates better."""

import copy

import torch
from torch import nn


class Average:
    """A copy of a model whose weights follow it: w <- d w + (1 - d) w_trained after each step.

    d starts low, min(decay, (1 + t) / (10 + t)), so that the first weights are soon forgotten.
    Running statistics are averaged as the weights are; counters are copied.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.model, self.decay = copy.deepcopy(model).requires_grad_(False), decay

    @torch.no_grad()
    def update(self, model: nn.Module, step: int) -> None:
        """Take the weights after `step` steps."""
        weight = 1 - min(self.decay, (1 + step) / (10 + step))
        ours, theirs = self.model.state_dict(), model.state_dict()
        floats = [name for name, value in ours.items() if value.is_floating_point()]
        torch._foreach_lerp_([ours[n] for n in floats], [theirs[n] for n in floats], weight)
        for name in ours.keys() - floats:
            ours[name].copy_(theirs[name])
