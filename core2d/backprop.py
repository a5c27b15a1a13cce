"""Backpropagation by hand: the chain rule as functions, each one layer's part of it.

A layer that computes y = f(x) is handed the upstream gradient dL/dy and gives dL/dx = dL/dy dy/dx:
upstream times local. What it needs of the forward pass it is given. torch.autograd does this for
every network of this package; tests hold the two equal.
"""

from collections.abc import Sequence

import torch
from torch import Tensor


def affine_backward(upstream: Tensor, x: Tensor, weight: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """y = x W' + b with x (B, D), W (K, D): dL/dy (B, K) -> dL/dx, dL/dW, dL/db."""
    return upstream @ weight, upstream.T @ x, upstream.sum(0)


def sigmoid_backward(upstream: Tensor, y: Tensor) -> Tensor:
    """y = sigmoid(x): the local gradient is y (1 - y), at most 1/4, and 0.0025 at x = 6."""
    return upstream * y * (1 - y)


def relu_backward(upstream: Tensor, y: Tensor) -> Tensor:
    """y = max(0, x): the gradient passes where y > 0; a unit that is never > 0 is dead."""
    return upstream * (y > 0)


def cross_entropy_backward(scores: Tensor, label: Tensor) -> Tensor:
    """Scores (B, C), label (B,) -> dL/ds = (softmax(s) - 1[label]) / B of the mean loss L."""
    hot = torch.zeros_like(scores).scatter(1, label[:, None], 1)
    return (scores.softmax(1) - hot) / len(scores)


def mlp_gradients(
    x: Tensor, label: Tensor, layers: Sequence[tuple[Tensor, Tensor]]
) -> list[tuple[Tensor, Tensor]]:
    """Points (B, D), labels (B,), (weight, bias) of each layer -> dL/dweight, dL/dbias of each.

    The network is affine, relu, ..., affine; L the mean cross-entropy.
    """
    seen = [x]  # the input of each layer, then the scores
    for index, (weight, bias) in enumerate(layers):
        y = seen[-1] @ weight.T + bias
        seen.append(y if index == len(layers) - 1 else y.clamp(min=0))
    upstream = cross_entropy_backward(seen[-1], label)
    gradients = []
    for index in reversed(range(len(layers))):
        if index < len(layers) - 1:
            upstream = relu_backward(upstream, seen[index + 1])
        upstream, by_weight, by_bias = affine_backward(upstream, seen[index], layers[index][0])
        gradients.append((by_weight, by_bias))
    return gradients[::-1]
