"""The recipe's network has its size, and its loss reaches every parameter."""

import torch

from geomdl.recipes import modelnet40_pointnet as recipe
from tests.geomdl.recipes.clouds import batch_of, reaches_every_parameter


def test_size() -> None:
    model = recipe.model(recipe.Config())
    assert sum(p.numel() for p in model.parameters()) == 3_480_049


def test_every_parameter_learns() -> None:
    reaches_every_parameter(recipe, batch_of([128, 100], 40, label=torch.tensor([0, 5])))
