"""The linear score function f = W x + b, and its two classical fits in closed form.

With `l2` below it is linear regression, with `bce` or `cross_entropy` logistic regression, with
`hinge` a linear support vector machine; trained by steps like any network.
"""

import torch
from torch import Tensor, nn

from core2d.errors import InputError, describe, expect_number, expect_tensor


class LinearScore(nn.Module):
    """Field (B, C, *S) or vectors (B, features) -> scores (B, classes) = W x + b. One layer."""

    def __init__(self, features: int, *, classes: int = 10, bias: bool = True) -> None:
        super().__init__()
        self.fc = nn.Linear(features, classes, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(flat("x", x, self.fc.in_features))


def linear_regression(x: Tensor, y: Tensor, *, decay: float = 0.0) -> tuple[Tensor, Tensor]:
    """Points (N, D), targets (N, K) -> weight (K, D), bias (K,) of least squared error.

    Minimises sum |W x + b - y|^2 + decay |W|^2; the bias is not decayed, so data are centred
    first and (X'X + decay) W' = X'Y is solved by a least-squares solver. Where the points do not
    determine W, the smallest one is taken.
    """
    x = expect_tensor("x", x, "N D", dtypes="float", finite=True)
    y = expect_tensor("y", y, "N K", dtypes="float", finite=True, like=x)
    expect_number("decay", decay, low=0)
    if len(x) != len(y) or not len(x):
        raise InputError(f"y: expected {len(x)} > 0 targets, got {describe(y)}")
    mean_x, mean_y = x.mean(0), y.mean(0)
    ridge = decay**0.5 * torch.eye(x.shape[1], dtype=x.dtype, device=x.device)
    left = torch.cat([x - mean_x, ridge])
    right = torch.cat([y - mean_y, y.new_zeros(x.shape[1], y.shape[1])])
    driver = "gelsd" if x.device.type == "cpu" else "gels"
    weight = torch.linalg.lstsq(left, right, driver=driver).solution.T
    return weight, mean_y - weight @ mean_x


def logistic_regression(
    x: Tensor, y: Tensor, *, decay: float = 1e-6, steps: int = 50
) -> tuple[Tensor, Tensor]:
    """Points (N, D), labels (N,) in {0, 1} -> weight (1, D), bias (1,) of largest likelihood.

    Minimises mean `bce`(W x + b, y) + decay/2 |W|^2 by Newton's method (iteratively re-weighted
    least squares), halving steps that do not descend. Without decay separable data have no
    minimum. Raises InputError, also where `steps` do not suffice.
    """
    x = expect_tensor("x", x, "N D", dtypes="float", finite=True)
    expect_number("decay", decay, low=0)
    if y.shape != x.shape[:1] or not len(x) or not bool(((y == 0) | (y == 1)).all()):
        raise InputError(f"y: expected {len(x)} > 0 labels 0 or 1, got {describe(y)}")
    inputs = torch.cat([x, x.new_ones(len(x), 1)], 1).double()  # the bias as a last weight
    target, penalty = y.double(), torch.full((inputs.shape[1],), decay).to(inputs)
    penalty[-1] = 0
    w = inputs.new_zeros(inputs.shape[1])

    def objective(w: Tensor) -> Tensor:
        scores = inputs @ w
        loss = nn.functional.binary_cross_entropy_with_logits(scores, target)
        return loss + (penalty * w * w).sum() / 2

    for _ in range(steps):
        p = torch.sigmoid(inputs @ w)
        gradient = inputs.T @ (p - target) / len(x) + penalty * w
        if float(gradient.norm()) < 1e-9:
            return w[:-1].to(x)[None], w[-1:].to(x)
        curved = (inputs.T * (p * (1 - p))) @ inputs / len(x) + torch.diag(penalty)
        step = torch.linalg.lstsq(curved, gradient).solution
        size = 1.0
        while size > 1e-8 and not objective(w - size * step) <= objective(w):
            size /= 2
        w = w - size * step
    raise InputError(f"steps: {steps} Newton steps did not suffice; are the data separable?")


def flat(name: str, x: Tensor, features: int) -> Tensor:
    """(B, *S) -> (B, features). Raises InputError where the sizes do not fit."""
    if x.ndim < 2 or x.shape[1:].numel() != features:
        raise InputError(f"{name}: expected {features} numbers per example, got {describe(x)}")
    return x.flatten(1)
