"""Rosenblatt's perceptron: a linear threshold unit and the rule that trains it.

    while some i has y^_i = 1[w.x_i > 0] != y_i:   w <- w + rate (y_i - y^_i) x_i

with x extended by a 1 for the bias. For separable data the rule stops: with R the largest |x_i|
and g the margin of some separating w of length 1, after at most (R / g)^2 updates (Novikoff 1962).
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from core2d.errors import InputError, describe, expect_number, expect_tensor
from core2d.models.linear import flat


class Perceptron(nn.Module):
    """Vectors (B, features) -> class (B,) int64: 1 where w.x + b > 0, else 0.

    Its output has no slope, so no gradient trains it; `learn` does.
    """

    weight: Tensor

    def __init__(self, features: int) -> None:
        super().__init__()
        self.register_buffer("weight", torch.zeros(features + 1))  # the bias last

    def forward(self, x: Tensor) -> Tensor:
        x = flat("x", x, len(self.weight) - 1)
        return (x @ self.weight[:-1] + self.weight[-1] > 0).long()

    def learn(self, x: Tensor, y: Tensor, *, rate: float = 1.0, passes: int = 1000) -> "Learned":
        """Apply the rule to points (N, features) and labels (N,) until none is wrong."""
        learned = perceptron_rule(x, y, start=self.weight, rate=rate, passes=passes)
        self.weight.copy_(learned.weight)
        return learned


@dataclass(frozen=True)
class Learned:
    """weight (features + 1,), bias last; how often it changed; whether no point is wrong."""

    weight: Tensor
    updates: int
    converged: bool


def perceptron_rule(
    x: Tensor, y: Tensor, *, start: Tensor | None = None, rate: float = 1.0, passes: int = 1000
) -> Learned:
    """Points (N, D), labels (N,) in {0, 1} -> the weights of the perceptron rule, in data order.

    Ends when a pass over the data changes nothing, or after `passes`. Raises InputError.
    """
    x = expect_tensor("x", x, "N D", dtypes="float", finite=True)
    expect_number("rate", rate, above=0)
    if y.shape != x.shape[:1] or not bool(((y == 0) | (y == 1)).all()):
        raise InputError(f"y: expected {len(x)} labels 0 or 1, got {describe(y)}")
    points = torch.cat([x, x.new_ones(len(x), 1)], 1)
    w = points.new_zeros(points.shape[1]) if start is None else start.to(points).clone()
    target, updates = y.to(x.dtype), 0
    for _ in range(passes):
        before = updates
        for point, wanted in zip(points, target, strict=True):
            error = wanted - (point @ w > 0).to(x.dtype)
            if error:
                w = w + rate * error * point
                updates += 1
        if updates == before:
            return Learned(w, updates, True)
    return Learned(w, updates, bool(((points @ w > 0) == (y == 1)).all()))
