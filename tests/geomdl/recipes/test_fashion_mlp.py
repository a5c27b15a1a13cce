"""Two hidden layers: their size, dropout, and that they learn."""

import math

from geomdl.recipes import fashion_mlp as recipe
from tests.geomdl.recipes.memory import memorised


def test_it_learns_ten_pictures() -> None:
    found = memorised(recipe, recipe.Config(), channels=1, side=28, steps=30)
    assert found.parameters == 269_322
    assert abs(found.before - math.log(10)) < 0.3
    assert found.accuracy == 1


def test_sizes_and_dropout_are_those_of_the_settings() -> None:
    model = recipe.model(recipe.Config(hidden=(5, 6, 7), dropout=0.3))
    assert [tuple(p.shape) for p in model.parameters() if p.ndim > 1] == [
        (5, 784), (6, 5), (7, 6), (10, 7)
    ]  # fmt: skip
    assert model.dropout == 0.3
