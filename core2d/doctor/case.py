"""The case: a network, its data and its loss, as every check sees them."""

import copy
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeAlias

import torch
from torch import Generator, Tensor, nn

from core2d.doctor.limits import Limits
from core2d.errors import InputError, describe, expect_number
from core2d.losses import VOID
from core2d.metrics import hits
from core2d.train.packed import places_labelled
from core2d.train.recipe import Batch, Data, Examples

Loss: TypeAlias = Callable[[nn.Module, Batch], Tensor | dict[str, Tensor]]


@dataclass(frozen=True)
class Case:
    """What is examined. Checks work on copies of `model`, so that it stays as it came.

    loss(model, batch) -> a loss, or one per optimiser. batch: examples per step of the training.
    full: no batch is smaller, because an epoch's rest goes into the next one.
    rate: its learning rate. optimiser: parameters and rate -> the optimiser it uses.
    Raises InputError for what no check can use.
    """

    model: nn.Module
    data: Data
    loss: Loss
    batch: int = 64
    rate: float = 1e-3
    optimiser: Callable[[list[nn.Parameter], float], torch.optim.Optimizer] = field(
        default=lambda parameters, rate: torch.optim.Adam(parameters, rate)
    )
    seed: int = 0
    full: bool = False
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        if not isinstance(self.model, nn.Module):
            raise InputError(f"model: expected a torch module, got {describe(self.model)}")
        if not callable(self.loss):
            raise InputError(f"loss: expected loss(model, batch), got {describe(self.loss)}")
        for name in ("train", "validation"):
            if not len(getattr(self.data, name)):
                raise InputError(f"data: the {name} set is empty; the checks look at both")
        expect_number("batch", self.batch, low=1)
        expect_number("rate", self.rate, low=0)

    def fresh(self) -> nn.Module:
        """A copy of the network, in training mode, without gradients."""
        model = copy.deepcopy(self.model).train()
        model.zero_grad(set_to_none=True)
        return model

    def generator(self) -> Generator:
        return torch.Generator().manual_seed(self.seed)

    def load(self, examples: Examples, index: Tensor, generator: Generator | None = None) -> Batch:
        """Examples (n,) as a batch on the network's device; augmented where a generator is given"""
        device = next((p.device for p in self.model.parameters()), torch.device("cpu"))
        batch = examples.batch(index, generator)
        return {name: value.to(device) for name, value in batch.items()}

    def pick(self, examples: Examples, count: int) -> Tensor:
        """Up to `count` indices (n,) int64 of a set, at random, always the same."""
        return torch.randperm(len(examples), generator=self.generator())[:count]

    def total(self, model: nn.Module, batch: Batch) -> Tensor:
        """The loss as one number; those of several optimisers are added."""
        value = self.loss(model, batch)
        return value if isinstance(value, Tensor) else torch.stack(list(value.values())).sum()

    def observe(self, model: nn.Module, batch: Batch) -> tuple[Tensor, Tensor | None]:
        """Loss () and what the network put out last in it; None where that is no tensor."""
        seen: list[Any] = []
        hook = model.register_forward_hook(lambda _m, _x, out: seen.append(out))
        try:
            loss = self.total(model, batch)
        finally:
            hook.remove()
        return loss, first_tensor(seen[-1]) if seen else None

    @torch.no_grad()
    def judge(self, model: nn.Module, batch: Batch) -> tuple[float, float | None]:
        """Loss in the mode that the network is in, and share of right labels where there are."""
        loss, scores = self.observe(model, batch)
        label = batch.get("label")
        if label is None or not self.labels_matter:
            return float(loss), None
        return float(loss), right(scores, label, places_labelled(batch))

    @cached_property
    @torch.no_grad()
    def sample(self) -> int:
        """How many examples are looked at where a sample will do: see `affordable`."""
        model = self.fresh().eval()
        seconds = 0.0
        for index in self.pick(self.data.train, 4).split(2):  # the first two warm up
            begin = time.perf_counter()
            with seeded(self.seed), suppress(ValueError, IndexError, RuntimeError):
                self.total(model, self.load(self.data.train, index))
            seconds = (time.perf_counter() - begin) / len(index)
        return affordable(self.limits, seconds)

    @cached_property
    @torch.no_grad()
    def labels_matter(self) -> bool:
        """Whether the loss changes with the labels; where not, right answers mean nothing."""
        batch = self.load(self.data.train, self.pick(self.data.train, 32))
        losses = []
        for shift in (0, 1):
            with seeded(self.seed), suppress(ValueError, IndexError, RuntimeError):
                moved = batch | {"label": batch["label"].roll(shift, 0)}
                losses.append(float(self.total(self.fresh(), moved)))
        same = bool((batch["label"] == batch["label"][:1]).all())
        return same or len(losses) < 2 or losses[0] != losses[1]


def affordable(limits: Limits, seconds: float) -> int:
    """How many examples of so many seconds each one look may take in.

    `limits.examples`, or where those would take longer than `limits.seconds`, as whole rooms do, a
    power of two, so that the number is the same from run to run; 8 at least.
    """
    count = limits.seconds / max(seconds, 1e-9)
    if count >= limits.examples:
        return limits.examples
    return min(limits.examples, max(8, 1 << int(count).bit_length() >> 1))


def right(scores: Tensor | None, label: Tensor, places: bool = False) -> float | None:
    """Scores (B, C, *S), label (B, *S) -> share of right ones; None where these are not such.

    places: the labels are of pixels or points, some of which may be void.
    """
    if scores is None or label.dtype != torch.int64 or scores.ndim != label.ndim + 1:
        return None
    if scores.shape[:1] + scores.shape[2:] != label.shape or scores.shape[1] < 2:
        return None
    found, kept = hits(scores, label, ignore=VOID if places or label.ndim > 1 else None)
    return found / kept if kept else None


def first_tensor(value: Any) -> Tensor | None:
    """The tensor, or the first one of a tuple, list or dict."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (tuple, list)):
        return first_tensor(value[0]) if value else None
    return value if isinstance(value, Tensor) else None


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """torch's global randomness (dropout) from a seed, put back at the end."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        yield
