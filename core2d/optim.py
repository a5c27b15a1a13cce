"""The update rules of gradient descent, written out: tensors in, new tensors out.

The engine uses torch.optim, which does the same faster; tests hold the two equal. w: parameters,
g: gradient of the loss (the mean over a mini-batch makes it stochastic), rate: learning rate.

On a quadratic of curvature c every step of `sgd` multiplies the distance to the minimum by
1 - rate c: it creeps at small rates, is there at once at 1 / c, swings above, and diverges from
2 / c on. The largest curvature sets the rate, the smallest the time.
"""

from collections.abc import Sequence

import torch
from torch import Tensor


def sgd(w: Tensor, g: Tensor, *, rate: float, decay: float = 0.0) -> Tensor:
    """w <- w - rate (g + decay w). With the loss + decay/2 |w|^2: weight decay."""
    return w - rate * (g + decay * w)


def momentum(
    w: Tensor, g: Tensor, v: Tensor, *, rate: float, beta: float = 0.9, nesterov: bool = False
) -> tuple[Tensor, Tensor]:
    """v <- beta v + g; w <- w - rate v. Gives (w, v); v starts at 0.

    v adds up gradients (there is no factor 1 - beta), so steady gradients move w by
    rate / (1 - beta) per step. nesterov: w <- w - rate (g + beta v), the slope a step ahead.
    """
    v = beta * v + g
    return w - rate * (g + beta * v if nesterov else v), v


def rmsprop(
    w: Tensor, g: Tensor, s: Tensor, *, rate: float, beta: float = 0.9, eps: float = 1e-8
) -> tuple[Tensor, Tensor]:
    """s <- beta s + (1 - beta) g^2; w <- w - rate g / (sqrt(s) + eps). Gives (w, s); s starts at 0.

    s is the uncentred variance: directions that swing are damped (Hinton, Coursera lecture 6e).
    """
    s = beta * s + (1 - beta) * g * g
    return w - rate * g / (s.sqrt() + eps), s


def adam(
    w: Tensor,
    g: Tensor,
    m: Tensor,
    v: Tensor,
    step: int,
    *,
    rate: float,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-8,
) -> tuple[Tensor, Tensor, Tensor]:
    """The update number `step` = 1, 2, ... of Adam (Kingma and Ba 2015, algorithm 1): (w, m, v).

    m <- b1 m + (1 - b1) g, v <- b2 v + (1 - b2) g^2, both from 0 and so too small at first;
    m / (1 - b1^step) and v / (1 - b2^step) mend that; w <- w - rate m^ / (sqrt(v^) + eps).
    """
    b1, b2 = betas
    m = b1 * m + (1 - b1) * g
    v = b2 * v + (1 - b2) * g * g
    m_hat = m / (1 - b1**step)
    v_hat = v / (1 - b2**step)
    return w - rate * m_hat / (v_hat.sqrt() + eps), m, v


def clip_norm(gradients: Sequence[Tensor], largest: float) -> list[Tensor]:
    """All gradients times the one factor <= 1 that brings their joint length to `largest`.

    Keeps the direction (Pascanu, Mikolov, Bengio 2013, algorithm 1).
    """
    norm = torch.stack([g.norm() for g in gradients]).norm()
    factor = (largest / norm.clamp(min=1e-300)).clamp(max=1)
    return [g * factor for g in gradients]


def clip_value(gradients: Sequence[Tensor], largest: float) -> list[Tensor]:
    """Every number into -largest..largest, which turns the direction."""
    return [g.clamp(-largest, largest) for g in gradients]
