"""The recipe's network has its size, and its loss reaches every parameter."""

import torch

from geomdl.recipes import shapenetpart_pointnet2 as recipe
from tests.geomdl.recipes.clouds import batch_of, reaches_every_parameter


def test_size() -> None:
    model = recipe.model(recipe.Config())
    assert sum(p.numel() for p in model.parameters()) == 1_411_250


def test_every_parameter_learns() -> None:
    reaches_every_parameter(recipe, batch_of([1024, 1024], 50, category=torch.tensor([0, 5])))
