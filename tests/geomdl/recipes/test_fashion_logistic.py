"""A linear function of pixels: its size, and that it learns."""

import math

from geomdl.recipes import fashion_logistic as recipe
from tests.geomdl.recipes.memory import memorised


def test_it_learns_ten_pictures() -> None:
    found = memorised(recipe, recipe.Config(), channels=1, side=28, steps=30, rate=0.01)
    assert found.parameters == 7850
    assert abs(found.before - math.log(10)) < 0.6
    assert found.accuracy == 1
    assert found.after < 0.05
