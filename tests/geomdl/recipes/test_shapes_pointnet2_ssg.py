"""The recipe's network has its size, and its loss reaches every parameter."""

import torch
from torch import Generator

from geomdl.recipes import shapes_pointnet2_ssg as recipe


def test_size() -> None:
    model = recipe.model(recipe.Config())
    assert sum(p.numel() for p in model.parameters()) == 1472861


def test_every_parameter_learns() -> None:
    torch.manual_seed(0)
    g = Generator().manual_seed(0)
    model = recipe.model(recipe.Config())
    batch = {
        "points": torch.rand(2048, 3, generator=g) - 0.5,
        "offsets": torch.tensor([0, 1024, 2048]),
        "label": torch.tensor([0, 5]),
    }
    loss = recipe.loss(model, batch, 0, g)
    loss.backward()
    assert all(p.grad is not None and bool(p.grad.isfinite().all()) for p in model.parameters())
    chances = recipe.predict(model.eval(), batch)
    assert torch.allclose(chances.sum(1), torch.ones(len(batch["label"])), atol=1e-5)
