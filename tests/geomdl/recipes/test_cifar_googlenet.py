"""GoogLeNet for small pictures: auxiliary heads that train and then are silent."""

import pytest
import torch
from torch import Generator

from core2d.losses import cross_entropy
from core2d.train.evaluate import evaluating
from geomdl.recipes import cifar_googlenet as recipe
from tests.geomdl.recipes.memory import Noise, memorised


def test_it_learns_ten_pictures() -> None:
    found = memorised(recipe, recipe.Config(width=8), channels=3, side=12, steps=40, rate=0.01)
    assert found.accuracy == 1


def test_the_heads_count_three_tenths_each_and_only_in_training() -> None:
    torch.manual_seed(0)
    model = recipe.model(recipe.Config(width=8))
    batch = Noise(10, 3, 32).batch(torch.arange(10))
    g = Generator()
    torch.manual_seed(1)
    with torch.no_grad():
        parts = [float(cross_entropy(scores, batch["label"])) for scores in model(batch["image"])]
    torch.manual_seed(1)
    found = float(recipe.loss(model, batch, 0, g).detach())
    assert found == pytest.approx(parts[0] + 0.3 * parts[1] + 0.3 * parts[2], rel=1e-5)
    with evaluating(model):
        alone = float(recipe.loss(model, batch, 0, g))
        assert alone == pytest.approx(float(cross_entropy(model(batch["image"]), batch["label"])))


def test_without_heads() -> None:
    names = [n for n, _ in recipe.model(recipe.Config(width=8, aux=False)).named_parameters()]
    assert not [name for name in names if name.startswith("aux")]
