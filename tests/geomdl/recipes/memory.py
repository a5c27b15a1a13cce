"""A recipe of classification on a handful of noise pictures: it must start even and learn them."""

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Generator, Tensor

from core2d.train.evaluate import evaluating
from core2d.train.recipe import Batch

CLASSES = 10


class Noise:
    """`count` pictures of noise, (C, side, side), in ten classes, in turn."""

    def __init__(self, count: int, channels: int, side: int) -> None:
        shape = (count, channels, side, side)
        self.image = torch.randn(shape, generator=Generator().manual_seed(7))
        self.label = torch.arange(count) % CLASSES

    def __len__(self) -> int:
        return len(self.image)

    def batch(self, index: Tensor, generator: Generator | None = None) -> Batch:
        return {"image": self.image[index], "label": self.label[index]}


@dataclass(frozen=True)
class Memory:
    """Number of parameters, accuracy on the pictures, mean loss before and after."""

    parameters: int
    accuracy: float
    before: float
    after: float
    sum_of_probabilities: Tensor


def memorised(
    recipe: Any, config: Any, *, channels: int, side: int, steps: int, rate: float = 3e-3
) -> Memory:
    """Train the recipe's model on ten pictures; every parameter must get a gradient."""
    torch.manual_seed(0)
    model, examples = recipe.model(config), Noise(CLASSES, channels, side)
    batch, g = examples.batch(torch.arange(len(examples))), Generator().manual_seed(0)
    with evaluating(model):
        before = recipe.metrics(model, examples)["loss"]
    optimiser = torch.optim.Adam(model.parameters(), rate)
    for step in range(steps):
        optimiser.zero_grad()
        recipe.loss(model, batch, step, g).backward()
        if step == 1:  # heads that start at zero stop the first gradient
            still = [n for n, p in model.named_parameters() if p.grad is None or not p.grad.any()]
            assert not still, f"no gradient: {still}"
        optimiser.step()
    with evaluating(model):
        found = recipe.metrics(model, examples)
        p = recipe.predict(model, batch["image"])
    assert bool((p.argmax(1) == batch["label"]).float().mean() == found["accuracy"])
    assert math.isfinite(before)
    count = sum(p.numel() for p in model.parameters())
    return Memory(count, found["accuracy"], before, found["loss"], p.sum(1))
