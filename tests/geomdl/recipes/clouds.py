"""Batches of random clouds, and what every recipe on clouds must do with them."""

from typing import Any

import torch
from torch import Generator, Tensor

from core2d.train.recipe import Batch


def batch_of(counts: list[int], classes: int, **more: Tensor) -> Batch:
    """Clouds in the unit cube with random labels of points and colours, and more tensors."""
    g, total = Generator().manual_seed(0), sum(counts)
    batch = {
        "points": torch.rand(total, 3, generator=g) - 0.5,
        "offsets": torch.tensor([0, *counts]).cumsum(0),
        "features": torch.rand(total, 3, generator=g),
        "label": torch.randint(classes, (total,), generator=g),
    }
    return batch | more


def reaches_every_parameter(recipe: Any, batch: Batch) -> None:
    """The loss gives every parameter a finite gradient; predictions are probabilities."""
    torch.manual_seed(0)
    model = recipe.model(recipe.Config())
    recipe.loss(model, batch, 0, Generator().manual_seed(0)).backward()
    assert all(p.grad is not None and bool(p.grad.isfinite().all()) for p in model.parameters())
    chances = recipe.predict(model.eval(), batch)
    assert len(chances) == len(batch["label"])
    assert torch.allclose(chances.sum(1), torch.ones(len(chances)), atol=1e-5)
