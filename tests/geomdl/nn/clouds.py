"""Packed batches and weights for the tests of layers on points."""

import itertools

import numpy as np
import torch
from torch import Tensor, nn

from geomdl.nn.shared_mlp import SharedMLP
from tests.oracles.golden import uniform


def batch(*sizes: int, channels: int = 0) -> tuple[Tensor, Tensor, Tensor]:
    """Points (N, 3) on unit spheres, offsets, features (N, channels), all float64."""
    count = sum(sizes)
    points = nn.functional.normalize(uniform("points", (count, 3)).double() * 2 - 1, dim=1)
    features = uniform("features", (count, channels)).double() * 2 - 1
    return points, torch.tensor([0, *np.cumsum(sizes)]), features


@torch.no_grad()
def filled(module: nn.Module) -> nn.Module:
    """float64, with weights of either sign that depend on their names."""
    for name, value in module.double().named_parameters():
        value.copy_(uniform(name, tuple(value.shape)).double() * 2 - 1)
    return module


def numpy_layers(mlp: SharedMLP) -> list[tuple[np.ndarray, ...]]:
    """What tests/oracles/point_layers_oracle.py calls Layers."""
    made = []
    for linear, norm in zip(mlp.linears, mlp.norms, strict=True):
        bias = torch.zeros(len(linear.weight)) if linear.bias is None else linear.bias
        four = (linear.weight, bias, norm.weight, norm.bias)
        made.append(tuple(t.detach().double().numpy() for t in four))
    return made


def items(offsets: Tensor) -> list[slice]:
    bounds = offsets.tolist()
    return [slice(a, b) for a, b in itertools.pairwise(bounds)]
