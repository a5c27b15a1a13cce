"""The recipe's network has its size, and its loss reaches every parameter."""

from geomdl.recipes import scannet_minkunet34c as recipe
from tests.geomdl.recipes.clouds import batch_of, reaches_every_parameter


def test_size() -> None:
    model = recipe.model(recipe.Config())
    assert sum(p.numel() for p in model.parameters()) == 37_856_052


def test_every_parameter_learns() -> None:
    reaches_every_parameter(recipe, batch_of([300], 20))
