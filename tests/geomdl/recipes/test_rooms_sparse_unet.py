"""The recipe's network has its size, and its loss reaches every parameter."""

import torch
from torch import Generator

from geomdl.recipes import rooms_sparse_unet as recipe


def test_size() -> None:
    model = recipe.model(recipe.Config())
    assert sum(p.numel() for p in model.parameters()) == 972931


def test_every_parameter_learns() -> None:
    torch.manual_seed(0)
    g = Generator().manual_seed(0)
    model = recipe.model(recipe.Config())
    batch = {
        "points": torch.rand(600, 3, generator=g) * 1.5,
        "offsets": torch.tensor([0, 600]),
        "features": torch.rand(600, 3, generator=g),
        "label": torch.randint(5, (600,), generator=g),
    }
    recipe.loss(model, batch, 0, g).backward()
    assert all(p.grad is not None and bool(p.grad.isfinite().all()) for p in model.parameters())
    chances = recipe.predict(model.eval(), batch)
    assert chances.shape == (600, len(recipe.CLASSES))
    assert torch.allclose(chances.sum(1), torch.ones(600), atol=1e-5)
