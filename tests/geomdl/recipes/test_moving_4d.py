"""The recipe's network has its size, and its loss reaches every parameter."""

import torch
from torch import Generator

from geomdl.recipes import moving_4d as recipe


def test_size() -> None:
    model = recipe.model(recipe.Config())
    assert sum(p.numel() for p in model.parameters()) == 3118866


def test_every_parameter_learns() -> None:
    torch.manual_seed(0)
    g = Generator().manual_seed(0)
    model = recipe.model(recipe.Config())
    batch = {
        "points": torch.rand(400, 3, generator=g),
        "offsets": torch.tensor([0, 400]),
        "time": torch.arange(400) // 100,
        "features": torch.rand(400, 3, generator=g),
        "label": torch.randint(2, (400,), generator=g),
    }
    recipe.loss(model, batch, 0, g).backward()
    assert all(p.grad is not None and bool(p.grad.isfinite().all()) for p in model.parameters())
    assert recipe.predict(model.eval(), batch).shape == (400, 2)
