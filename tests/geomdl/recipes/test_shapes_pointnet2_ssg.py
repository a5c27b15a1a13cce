"""The recipe's network has its size, and its loss reaches every parameter."""

import torch

from geomdl.recipes import shapes_pointnet2_ssg as recipe
from tests.geomdl.recipes.clouds import batch_of, reaches_every_parameter


def test_size() -> None:
    model = recipe.model(recipe.Config())
    assert sum(p.numel() for p in model.parameters()) == 1472861


def test_every_parameter_learns() -> None:
    reaches_every_parameter(recipe, batch_of([1024, 1024], 29, label=torch.tensor([0, 5])))
