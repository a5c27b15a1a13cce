"""What an agent learns from: a batch of transitions, as `Replay.sample` gives them."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

Observation = Tensor | dict[str, Tensor]


def each(observation: Observation, apply: Callable[[Tensor], Tensor]) -> Observation:
    """`apply` on the tensor of an observation, or on every tensor of a dict of them."""
    if isinstance(observation, dict):
        return {name: apply(part) for name, part in observation.items()}
    return apply(observation)


@dataclass(slots=True)
class Transitions:
    """B transitions; *O is the shape of an observation (or of each of its named parts).

    observation and next_observation (B, *O): before the action, and after the last of the steps
    that `reward` sums; action (B,) int64. reward (B,) float32 is sum_k gamma^k r_{t+k} over the m
    steps taken (m <= n; fewer where the episode ended). discount (B,) float32 is gamma^m, and 0
    where the episode *terminated* within these steps; truncation keeps it. So every target is
    reward + discount * value(next_observation).
    weight (B,) float32: importance weights, ones when sampling was uniform. index (B,) int64: what
    `Replay.update` takes to set priorities.
    """

    observation: Observation
    action: Tensor
    reward: Tensor
    next_observation: Observation
    discount: Tensor
    weight: Tensor
    index: Tensor

    def __len__(self) -> int:
        return self.action.shape[0]

    def to(self, device: torch.device | str) -> "Transitions":
        """The same batch on another device; `index` stays, since the replay lives on the CPU."""
        if self.reward.device == torch.device(device):
            return self
        return self.mapped(lambda part: part.to(device, non_blocking=True))

    def mapped(self, apply: Callable[[Tensor], Tensor]) -> "Transitions":
        """`apply` on all tensors but `index`."""
        return Transitions(
            observation=each(self.observation, apply),
            action=apply(self.action),
            reward=apply(self.reward),
            next_observation=each(self.next_observation, apply),
            discount=apply(self.discount),
            weight=apply(self.weight),
            index=self.index,
        )
