"""ResNet-20: its published size, and that it learns."""

import torch

from geomdl.recipes import cifar_resnet20 as recipe
from tests.geomdl.recipes.memory import memorised


def test_it_learns_ten_pictures() -> None:
    found = memorised(recipe, recipe.Config(depth=8), channels=3, side=16, steps=30)
    assert found.accuracy == 1


def test_its_size_is_the_published_one() -> None:
    with torch.device("meta"):
        model = recipe.model(recipe.Config())
    assert sum(p.numel() for p in model.parameters()) == 269_722


def test_plain_twins_and_other_sizes() -> None:
    config = recipe.Config(depth=8, width=4, residual=False)
    found = memorised(recipe, config, channels=3, side=16, steps=2)
    residual = recipe.model(recipe.Config(depth=8, width=4))
    assert found.parameters == sum(p.numel() for p in residual.parameters()) < 6000
