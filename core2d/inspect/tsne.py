"""t-SNE: points of many dimensions on a plane, so that neighbours stay neighbours.

van der Maaten and Hinton 2008, "Visualizing data using t-SNE", JMLR 9. It keeps the probabilities
with which points pick each other as neighbours, not distances: how far clusters lie apart, and
how large they are, means nothing. Exact gradients, O(N^2) time and memory per step: for up to
some 5,000 points.
"""

import math
from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from core2d.errors import InputError, expect_number, expect_tensor
from core2d.inspect.features import principal

TINY = 1e-12


@dataclass(frozen=True)
class Layout:
    """perplexity: about how many neighbours each point has. steps, rate (0: N / 48, at least 50)
    of the descent; for the first `early` steps the attraction is `exaggeration` times as strong.
    """

    perplexity: float = 30.0
    steps: int = 1000
    rate: float = 0.0
    early: int = 250
    exaggeration: float = 12.0

    def __post_init__(self) -> None:
        expect_number("perplexity", self.perplexity, above=1)
        expect_number("exaggeration", self.exaggeration, low=1)
        for name in ("steps", "rate", "early"):
            expect_number(name, getattr(self, name), low=0)


@torch.no_grad()
def tsne(x: Tensor, layout: Layout = Layout(), *, generator: Generator) -> Tensor:
    """Points (N, F) -> (N, 2), centred. Starts from the two principal axes.

    Raises InputError where the perplexity asks for more than (N - 1) / 3 neighbours.
    """
    expect_tensor("x", x, "N F", dtypes="float", finite=True)
    count = len(x)
    if 3 * layout.perplexity > count - 1:
        most = f"(N - 1) / 3 = {(count - 1) / 3:.3g}"
        raise InputError(f"perplexity: expected at most {most}, got {layout.perplexity}")
    p = joint(x, layout.perplexity).to(x.dtype)
    y = 1e-2 * torch.randn(count, 2, generator=generator, dtype=x.dtype).to(x.device)
    axes = principal(x, min(2, *x.shape))[0]
    y[:, : axes.shape[1]] += axes / axes[:, :1].std().clamp(min=TINY)
    y *= 1e-4
    rate = layout.rate or max(count / 48, 50.0)
    speed, gains = torch.zeros_like(y), torch.ones_like(y)
    for step in range(layout.steps):
        early = step < layout.early
        slope = descent(p * layout.exaggeration if early else p, y)
        same = (slope > 0) == (speed > 0)
        gains = torch.where(same, gains * 0.8, gains + 0.2).clamp(min=0.01)
        speed = (0.5 if early else 0.8) * speed - rate * gains * slope
        y = y + speed
        y = y - y.mean(0)
    if not bool(torch.isfinite(y).all()):
        raise InputError(f"rate: the layout became infinite or NaN at {rate}; try a smaller")
    return y


def joint(x: Tensor, perplexity: float) -> Tensor:
    """Points (N, F) -> P (N, N): symmetric, sum 1, zero diagonal (section 3.1)."""
    rows = conditional(x, perplexity)
    return (rows + rows.T) / (2 * len(x))


def conditional(x: Tensor, perplexity: float, rounds: int = 64) -> Tensor:
    """Points (N, F) -> p(j | i) (N, N) float64: Gaussians (eq. 1) as wide as the perplexity asks.

    The width of each row is searched by halving until exp(entropy) is the perplexity. Points that
    coincide share their probability evenly.
    """
    square = torch.cdist(x.double(), x.double()).square()
    itself = torch.eye(len(x), dtype=torch.bool, device=x.device)
    square = square.masked_fill(itself, math.inf)
    square = square - square.amin(1, keepdim=True)
    scale = square.masked_fill(itself, 0).sum(1, keepdim=True) / max(len(x) - 1, 1)
    square = square / scale.clamp(min=TINY)
    low, high = square.new_full((len(x), 1), -30.0), square.new_full((len(x), 1), 60.0)
    for _ in range(rounds):  # beta = 1 / (2 sigma^2) = exp(middle)
        middle = (low + high) / 2
        entropy, _ = _row(square, middle.exp())
        wide = entropy > math.log(perplexity)
        low, high = torch.where(wide, middle, low), torch.where(wide, high, middle)
    return _row(square, ((low + high) / 2).exp())[1]


def _row(square: Tensor, beta: Tensor) -> tuple[Tensor, Tensor]:
    """Entropy (N, 1) in nats and probabilities (N, N) of Gaussians exp(-beta d^2)."""
    p = (-beta * square).softmax(1)
    return -torch.special.xlogy(p, p).sum(1, keepdim=True), p


def student(y: Tensor) -> tuple[Tensor, Tensor]:
    """Plane (N, 2) -> weights 1 / (1 + d^2) (N, N), zero diagonal, and q, the same summing to 1."""
    length = y.square().sum(1)
    square = (length[:, None] + length - 2 * y @ y.T).clamp(min=0)
    weight = (1 / (1 + square)).fill_diagonal_(0)
    return weight, weight / weight.sum()


def divergence(p: Tensor, y: Tensor) -> Tensor:
    """KL(P | Q) in nats (eq. 2): what t-SNE lowers."""
    _, q = student(y)
    off = ~torch.eye(len(y), dtype=torch.bool, device=y.device)
    return (torch.special.xlogy(p[off], p[off]) - p[off] * q[off].clamp(min=TINY).log()).sum()


def descent(p: Tensor, y: Tensor) -> Tensor:
    """Gradient of KL(P | Q) (eq. 5): 4 sum_j (p_ij - q_ij) (y_i - y_j) / (1 + d_ij^2)."""
    weight, q = student(y)
    pull = (p - q) * weight
    return 4 * (pull.sum(1, keepdim=True) * y - pull @ y)
