"""How far a value is from its target: one loss per sample, and the priority to sample it again.

The caller takes the mean of weight * loss, with the replay's importance weights: no loss here
knows them, so none can forget them. Targets get no gradient.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from core2d.errors import expect_number


class Error(NamedTuple):
    """loss (B,), of which the caller takes the weighted mean; priority (B,) >= 0, no gradient."""

    loss: Tensor
    priority: Tensor


def td(value: Tensor, target: Tensor, *, huber: float = 1.0) -> Error:
    """Values (B,), targets (B,) -> loss of the temporal-difference errors d = target - value.

    d^2 / 2 up to |d| = huber and huber (|d| - huber / 2) beyond: its gradient is d, clipped
    (Mnih et al. 2015, "clipping the error term"). huber=0: d^2 / 2 throughout. The priority is |d|
    (Schaul et al. 2016, section 3.3).
    """
    expect_number("huber", huber, low=0)
    target = target.detach()
    if huber:
        loss = F.huber_loss(value, target, reduction="none", delta=huber)
    else:
        loss = (target - value).square() / 2
    return Error(loss, (target - value.detach()).abs())


def cross_entropy(log_p: Tensor, target: Tensor) -> Error:
    """Log-probabilities (B, Z), target probabilities (B, Z) -> -sum target log p.

    The loss of C51 (Bellemare et al. 2017, algorithm 1). The priority is the Kullback-Leibler
    divergence, the loss less the entropy of the target, as in Rainbow (Hessel et al. 2018): it
    has the same gradient, and is 0 where the prediction is right.
    """
    target = target.detach()
    loss = -(target * log_p).sum(1)
    entropy = -torch.xlogy(target, target).sum(1)
    return Error(loss, (loss.detach() - entropy).clamp(min=0))


def midpoints(count: int, like: Tensor) -> Tensor:
    """(2 i + 1) / 2N for i = 0 .. N-1: the levels (N,) whose quantiles are learned.

    Those of the N equal masses that lie nearest to a distribution (Dabney et al. 2018, lemma 2).
    """
    return (torch.arange(count, dtype=like.dtype, device=like.device) + 0.5) / count


def quantile_huber(value: Tensor, target: Tensor, *, huber: float = 1.0) -> Error:
    """Quantiles (B, N), target quantiles (B, M) -> sum_i mean_j rho_i(target_j - value_i).

    rho_i(u) = |level_i - [u < 0]| L(u) / huber with Huber's L of that width (Dabney et al. 2018,
    eq. 9, 10, their width 1); huber=0: |level_i - [u < 0]| |u|, exact quantile regression (eq. 8).
    The priority is the error of the means, |mean target - mean value|.
    """
    expect_number("huber", huber, low=0)
    target, mean = target.detach(), value.detach().mean(1)
    with torch.no_grad():
        level = midpoints(value.shape[1], value)[:, None]
        gap = target[:, None, :] - value[:, :, None]  # (B, N, M)
        slope = gap.clamp(-huber, huber).div_(huber) if huber else gap.sign()  # L' / huber
        weighted = torch.where(gap < 0, 1 - level, level).mul_(slope)
        # L(u) = c (u - c / 2) with c the clamped u
        size = gap.sub_(slope, alpha=huber / 2) if huber else gap
        loss = (weighted * size).mean(2).sum(1)
        gradient = -weighted.mean(2)  # (B, N), of the loss by the values
    # Its value is the loss and its gradient the one above: autograd would keep six (B, N, M).
    loss = loss + ((value - value.detach()) * gradient).sum(1)
    return Error(loss, (target.mean(1) - mean).abs())
