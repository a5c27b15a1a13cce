"""The multilayer perceptron: linear layers with an activation between them.

f = W_L s(W_{L-1} s(... s(W_1 x + b_1) ...) + b_{L-1}) + b_L; two layers already approximate any
continuous function on a cube (core2d/approximation.py shows how well).
"""

from collections.abc import Callable, Sequence
from itertools import pairwise

import torch.nn.functional as F
from torch import Tensor, nn

from core2d.errors import InputError
from core2d.models.linear import flat


class MLP(nn.Module):
    """Field (B, C, *S) or vectors (B, sizes[0]) -> (B, sizes[-1]).

    sizes: numbers of features, from input to output, so len(sizes) - 1 layers; two sizes make a
    linear function. dropout: share of hidden features that are dropped in training.
    """

    def __init__(
        self,
        sizes: Sequence[int],
        *,
        activation: Callable[[Tensor], Tensor] = F.relu,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        if len(sizes) < 2 or any(size < 1 for size in sizes):
            raise InputError(f"sizes: expected two or more numbers >= 1, got {list(sizes)}")
        if not 0 <= dropout < 1:
            raise InputError(f"dropout: expected a share in [0, 1), got {dropout}")
        self.features = sizes[0]
        self.activation, self.dropout = activation, dropout
        self.layers = nn.ModuleList(nn.Linear(n, m) for n, m in pairwise(sizes))

    def forward(self, x: Tensor) -> Tensor:
        x = flat("x", x, self.features)
        for layer in self.layers[:-1]:
            x = F.dropout(self.activation(layer(x)), self.dropout, self.training)
        return self.layers[-1](x)
