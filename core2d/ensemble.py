"""Several networks that answer together: averaging, bagging, snapshots, averaged weights.

Errors that the members do not share cancel. The mean of probabilities is never worse, in
cross-entropy, than its members on average (Jensen), and better the more they differ.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Generator, Tensor, nn

from core2d.errors import InputError, describe
from core2d.train.recipe import Batch, Examples


class Ensemble(nn.Module):
    """x -> scores (B, C, *S): the log of the members' mean probabilities.

    Members map x to scores before softmax. The softmax of the result is the mean of theirs.
    """

    def __init__(self, members: Sequence[nn.Module]) -> None:
        super().__init__()
        if not members:
            raise InputError("members: expected at least one network, got none")
        self.members = nn.ModuleList(members)

    def forward(self, x: Tensor) -> Tensor:
        return average([member(x) for member in self.members])


def average(scores: Sequence[Tensor]) -> Tensor:
    """Scores (B, C, *S) of each member -> log of their mean softmax (B, C, *S)."""
    logs = torch.stack([s.log_softmax(1) for s in scores])
    return logs.logsumexp(0) - math.log(len(scores))


def vote(scores: Sequence[Tensor]) -> Tensor:
    """Scores (B, C, *S) of each member -> most frequent class (B, *S); ties to the lower class."""
    classes = torch.stack([s.argmax(1) for s in scores])
    counts = torch.stack([(classes == k).sum(0) for k in range(scores[0].shape[1])])
    return counts.argmax(0)


def bootstrap(count: int, generator: Generator) -> tuple[Tensor, Tensor]:
    """Draw `count` of `count` examples with replacement (bagging: Breiman 1996).

    Gives the indices (count,) int64, and those that were never drawn (about count / e), on which
    this member can be measured. `Drawn` makes a training set of the first.
    """
    if count < 1:
        raise InputError(f"count: expected at least 1, got {count}")
    drawn = torch.randint(count, (count,), generator=generator, device=generator.device)
    left = torch.ones(count, dtype=torch.bool, device=drawn.device).index_fill(0, drawn, False)
    return drawn, left.nonzero()[:, 0]


@dataclass(frozen=True)
class Drawn:
    """Some rows (M,) of a set as a set, with repeats: what one bagged member trains on."""

    examples: Examples
    rows: Tensor

    def __len__(self) -> int:
        return len(self.rows)

    def batch(self, index: Tensor, generator: Generator | None = None) -> Batch:
        """Indices (B,) of this set -> a batch."""
        return self.examples.batch(self.rows[index], generator)


def snapshot_rate(step: int, steps: int, cycles: int, rate: float) -> float:
    """Learning rate of step 0 .. steps - 1 with warm restarts (Huang et al. 2017, eq. 2).

    Falls as a cosine from `rate` to almost 0 in each of `cycles`; the weights at the end of each
    (where `ends_cycle`) are the members that one training gives for free.
    """
    length = math.ceil(steps / cycles)
    return rate / 2 * (math.cos(math.pi * (step % length) / length) + 1)


def ends_cycle(step: int, steps: int, cycles: int) -> bool:
    """Whether a snapshot is due after this step."""
    return (step + 1) % math.ceil(steps / cycles) == 0 or step + 1 == steps


def average_weights(states: Sequence[Mapping[str, Tensor]]) -> dict[str, Tensor]:
    """State dicts of one architecture -> their mean (Izmailov et al. 2018); counters from the last.

    Only weights of one training, or of one start, lie in one valley. Running statistics of batch
    norms are averaged too: measure them anew. Raises InputError where the names differ.
    """
    if not states or any(state.keys() != states[0].keys() for state in states):
        raise InputError(f"states: expected some with equal names, got {describe(len(states))}")
    return {
        name: torch.stack([state[name].double() for state in states]).mean(0).to(last.dtype)
        if last.is_floating_point()
        else last.clone()
        for name, last in states[-1].items()
    }
